/* Pipes: who keeps one open. */
#include <check.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pipes.h"
#include "suite.h"

/* A child that has closed one end of PIPE, says so, and waits for its own end. */
static pid_t keep(const int pipe_ends[2], int closed)
{
    int ready[2];
    char byte;
    pid_t pid;

    ck_assert_int_eq(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        close(pipe_ends[closed]);
        if (write(ready[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    close(ready[1]);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

static pid_t holder_of(const struct pt_procfs *procfs, pid_t reader)
{
    struct pt_snapshot snapshot;
    pid_t holder = -1;

    ck_assert_int_eq(pt_snapshot_scan(&snapshot, procfs, 0), 0);
    ck_assert_int_eq(pt_pipe_holder(&snapshot, reader, &holder), 0);
    pt_snapshot_done(&snapshot);
    return holder;
}

START_TEST(holder)
{
    struct pt_procfs procfs;
    int ends[2];
    pid_t reader, reader_too, writer;

    ck_assert_int_eq(pt_procfs_open(&procfs, NULL), 0);
    ck_assert_int_eq(pipe(ends), 0);
    reader = keep(ends, 1);
    reader_too = keep(ends, 1);
    writer = keep(ends, 0);
    close(ends[0]);
    close(ends[1]);
    ck_assert_int_eq(holder_of(&procfs, reader), writer);
    end(writer);
    /* Another reader holds nothing. */
    ck_assert_int_eq(holder_of(&procfs, reader), 0);
    end(reader);
    end(reader_too);
    ck_assert_int_eq(holder_of(&procfs, reader), 0);
    pt_procfs_close(&procfs);
}

int main(void)
{
    return RUN_SUITE("pipes", holder);
}
