/*
 * A cron daemon that forks and ends as cronie does, for want of a package of it.
 *
 *     crond FILE
 *
 * runs each line of FILE as a job, as cronie its @reboot jobs, and then sleeps until SIGTERM; after
 * SIGUSR1 it runs them again. At a line `await PATH` the launch loop takes until PATH is there.
 *
 * Checked against cronie's source (github.com/cronie-crond/cronie, src/cron.c, job.c, do_command.c,
 * all functions named): sigintterm_handler only sets a flag, which main and cron_sleep look at
 * between batches, so that job_runqueue launches its whole queue after a TERM; do_command forks,
 * child_process writes its argv[0] in capitals (CROND), resets SIGCHLD, forks the job, whose
 * cron_popen'd mailer begins with the first byte of its output, reads that output to its end and
 * only then waits for its children; the job calls setsid and executes the shell with -c.
 */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAILER "/run/mailer"

static char *program;
static volatile sig_atomic_t got_term, got_usr1;

static void note(int number)
{
    if (number == SIGTERM)
        got_term = 1;
    if (number == SIGUSR1)
        got_usr1 = 1;
}

static _Noreturn void run_shell(const char *command, const int output[2])
{
    setsid();
    dup2(output[1], 1);
    dup2(output[1], 2);
    close(output[0]);
    close(output[1]);
    execl("/bin/sh", "/bin/sh", "-c", command, (char *)NULL);
    _exit(127);
}

static _Noreturn void run_mailer(const int mail[2], int output)
{
    dup2(mail[0], 0);
    close(mail[0]);
    close(mail[1]);
    close(output);
    execl(MAILER, MAILER, (char *)NULL);
    _exit(127);
}

/* From the first byte on to a mailer. */
static void read_output(int output)
{
    int mail[2] = {-1, -1};
    char byte;

    while (read(output, &byte, 1) == 1) {
        if (mail[1] < 0) {
            if (pipe(mail) != 0)
                _exit(1);
            if (fork() == 0)
                run_mailer(mail, output);
            close(mail[0]);
        }
        if (write(mail[1], &byte, 1) != 1)
            break;
    }
    if (mail[1] >= 0)
        close(mail[1]);
}

static _Noreturn void middle(const char *command)
{
    int output[2];

    for (char *letter = program; *letter != '\0'; letter++)
        *letter = (char)toupper((unsigned char)*letter);
    signal(SIGCHLD, SIG_DFL);
    if (pipe(output) != 0)
        _exit(1);
    if (fork() == 0)
        run_shell(command, output);
    close(output[1]);
    read_output(output[0]);
    while (wait(NULL) > 0 || errno == EINTR)
        continue;
    _exit(0);
}

static void await(const char *path)
{
    const struct timespec pause = {.tv_nsec = 10000000};

    while (access(path, F_OK) != 0)
        nanosleep(&pause, NULL);
}

static void run_queue(const char *path)
{
    char line[4096];
    FILE *file = fopen(path, "r");

    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "await ", 6) == 0)
            await(line + 6);
        else if (fork() == 0)
            middle(line);
    }
    if (file != NULL)
        fclose(file);
}

int main(int argc, char **argv)
{
    static const int noted[] = {SIGTERM, SIGUSR1, SIGCHLD};
    sigset_t set, before;

    if (argc != 2)
        return 2;
    program = argv[0];
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof noted / sizeof noted[0]; i++) {
        struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};

        sigaction(noted[i], &action, NULL);
        sigaddset(&set, noted[i]);
    }
    run_queue(argv[1]);
    sigprocmask(SIG_BLOCK, &set, &before);
    while (!got_term) {
        sigsuspend(&before);
        while (waitpid(-1, NULL, WNOHANG) > 0)
            continue;
        if (!got_usr1)
            continue;
        got_usr1 = 0;
        sigprocmask(SIG_SETMASK, &before, NULL);
        run_queue(argv[1]);
        sigprocmask(SIG_BLOCK, &set, NULL);
    }
    return 0;
}
