/*
 * Records are claimed by one atomic addition, so workers need no lock, and record i stays where it
 * is, so nothing is merged. A worker that may hang is judged by what is seen of it in several looks
 * and not by a clock: where we ourselves were stopped for a while, nobody has been waiting. Nor
 * does one hang that uses the CPU: smaps_rollup of some hundred GiB takes longer than a second.
 */
#include "watch.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "kernel.h"
#include "units.h"

#define WORKERS_MAX 8
/* Below so many records for each, another thread costs more than it brings. */
#define RECORDS_PER_WORKER 256
#define WATCHED_RECORDS_PER_WORKER 32
#define BATCH 64
#define STACK_SIZE ((size_t)256 << 10)

/* Seen waiting in the same read in so many looks after the first: a second. */
#define LOOK_INTERVAL (250 * PT_MILLISECOND)
#define LOOKS 4

/* How often we yield to a thread of ours that is ending. */
#define UNCOUNTED_YIELDS 10000

struct run;

/* The watching thread's; an abandoned thread does not touch it. */
struct worker {
    struct run *run;
    struct pt_gate *gate; /* the thread's own once it was abandoned; NULL: no thread */
    pthread_t thread;
    atomic_int tid; /* 0: the thread has not said it yet */
    struct pt_arena arena;
    uint32_t record;  /* the one being read */
    unsigned passage; /* of the gate when it was last looked at */
    int64_t cpu_time; /* nanoseconds, then */
    unsigned looks;   /* that found both the same */
};

struct run {
    const struct pt_procfs *procfs;
    struct pt_process *processes;
    const uint32_t *indexes;
    size_t count;
    size_t batch;
    pt_sources sources;
    bool may_hang;          /* workers are watched */
    struct pt_arena *arena; /* of the watching thread */
    pid_t self;             /* ours, read when no worker runs any more; 0: not among them */
    atomic_size_t next;     /* the first item that nobody claimed */
    atomic_int error;       /* the first one, negative */
    atomic_uint running;    /* workers that have neither ended nor been abandoned; a futex */
    struct worker workers[WORKERS_MAX];
};

/* --- reading --- */

static uint32_t record_of(const struct run *run, size_t item)
{
    return run->indexes ? run->indexes[item] : (uint32_t)item;
}

/* -ECANCELED: the gate was taken, and `run` may be there no more. */
static int read_record(struct run *run, uint32_t record, pt_sources sources, struct pt_arena *arena,
                       struct pt_gate *gate)
{
    struct pt_process *process = &run->processes[record];
    int error = pt_process_load(run->procfs, process, sources, arena, gate), none = 0;

    if (error == -ECANCELED)
        return error;
    if (error == -ESRCH)
        process->error[PT_SOURCE_STAT] = PT_GONE;
    else if (error < 0)
        atomic_compare_exchange_strong(&run->error, &none, error);
    return 0;
}

/* Reads the record without what may hang; that is unknown for this reason, unless it is known. */
static void read_barred(struct run *run, uint32_t record, int reason)
{
    struct pt_process *process = &run->processes[record];

    read_record(run, record, run->sources & ~PT_SOURCES_MMAP_LOCK, run->arena, NULL);
    for (unsigned source = 0; source < PT_SOURCE_COUNT; source++) {
        pt_sources bit = PT_SOURCE_BIT(source);

        if (!(run->sources & PT_SOURCES_MMAP_LOCK & ~process->asked & bit))
            continue;
        process->asked |= bit;
        process->error[source] = (uint8_t)reason;
    }
}

/* The next items that nobody claimed, up to `ret_end`; false: there are none. */
static bool claim(struct run *run, size_t *ret_begin, size_t *ret_end)
{
    size_t begin =
        atomic_load(&run->error) == 0 ? atomic_fetch_add(&run->next, run->batch) : run->count;

    if (begin >= run->count)
        return false;
    *ret_begin = begin;
    *ret_end = run->count - begin < run->batch ? run->count : begin + run->batch;
    return true;
}

static int read_items(struct run *run, struct pt_arena *arena, struct pt_gate *gate,
                      uint32_t *record)
{
    size_t item, end;

    while (claim(run, &item, &end))
        for (; item < end; item++) {
            *record = record_of(run, item);
            if (run->processes[*record].stat.pid != run->self &&
                read_record(run, *record, run->sources, arena, gate) == -ECANCELED)
                return -ECANCELED;
        }
    return 0;
}

/* When no worker runs any more. */
static void read_ourselves(struct run *run)
{
    for (size_t item = 0; item < run->count && run->self != 0; item++) {
        uint32_t record = record_of(run, item);

        if (run->processes[record].stat.pid == run->self)
            read_record(run, record, run->sources, run->arena, NULL);
    }
}

/* --- workers --- */

static void *work(void *data)
{
    struct worker *worker = data;
    struct run *run = worker->run;
    struct pt_gate *gate = worker->gate;

    atomic_store(&worker->tid, pt_gettid());
    /* In a table of descriptors of its own the kernel needs no lock to open and close, and no
     * counting to read (fdget, fs/file.c). One that may be abandoned has none: it would keep open
     * what others close. Where it is refused, the table is shared. */
    if (!run->may_hang)
        unshare(CLONE_FILES);
    if (read_items(run, &worker->arena, gate, &worker->record) == -ECANCELED) {
        free(gate);
        return NULL;
    }
    atomic_fetch_sub(&run->running, 1);
    pt_futex_wake(&run->running); /* `run` stays until this thread is joined */
    return NULL;
}

/* Signals are the affair of the thread that waits for them. */
static int start_thread(struct worker *worker)
{
    sigset_t all, before;
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);

    if (error != 0)
        return -error;
    sigfillset(&all);
    error = pthread_attr_setstacksize(&attributes, STACK_SIZE);
    if (error == 0)
        error = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (error == 0) {
        error = pthread_create(&worker->thread, &attributes, work, worker);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    pthread_attr_destroy(&attributes);
    return -error;
}

/* What cannot be started is done without: others do it, or the caller. */
static void start_worker(struct run *run, struct worker *worker)
{
    worker->run = run;
    worker->looks = worker->passage = 0;
    worker->gate = calloc(1, sizeof *worker->gate);
    if (worker->gate == NULL)
        return;
    atomic_fetch_add(&run->running, 1);
    if (start_thread(worker) < 0) {
        atomic_fetch_sub(&run->running, 1);
        free(worker->gate);
        worker->gate = NULL;
    }
}

/* A joined thread has let go of its memory; the kernel counts it among ours until a moment later
 * (do_exit() clears its tid for pthread_join() first, release_task() comes last). */
static void await_uncounted(pid_t tid)
{
    for (int i = 0; i < UNCOUNTED_YIELDS && pt_thread_exists(tid); i++)
        sched_yield();
}

static void join_workers(struct run *run)
{
    for (size_t i = 0; i < WORKERS_MAX; i++) {
        struct worker *worker = &run->workers[i];

        if (worker->gate != NULL) {
            pthread_join(worker->thread, NULL);
            free(worker->gate);
            if (run->self != 0)
                await_uncounted(atomic_load(&worker->tid));
        }
        pt_arena_absorb(run->arena, &worker->arena);
    }
}

/* --- watching --- */

static void remember_held(const struct pt_procfs *procfs, const struct pt_process *process)
{
    struct pt_held *held = procfs->held;
    size_t count = atomic_load(&held->count);

    if (count == PT_HELD_MAX)
        return;
    held->process[count].pid = process->stat.pid;
    held->process[count].starttime = process->stat.starttime;
    atomic_store(&held->count, count + 1);
}

/* Takes the record of a worker that hangs; a read that ends just now wins or loses the exchange,
 * and both are right. */
static void abandon(struct run *run, struct worker *worker)
{
    pthread_t thread = worker->thread;
    unsigned passage = worker->passage;

    if (!atomic_compare_exchange_strong(&worker->gate->passage, &passage, PT_GATE_TAKEN))
        return;
    worker->gate = NULL;
    pthread_detach(thread);
    atomic_fetch_sub(&run->running, 1);
    remember_held(run->procfs, &run->processes[worker->record]);
    read_barred(run, worker->record, ETIMEDOUT);
}

static int64_t cpu_time(pthread_t thread)
{
    clockid_t clock;
    struct timespec used;

    if (pthread_getcpuclockid(thread, &clock) != 0 || clock_gettime(clock, &used) < 0)
        return 0;
    return used.tv_sec * PT_SECOND + used.tv_nsec;
}

/* Whether the thread only waits for a CPU. One that waits for a lock is in another state. */
static bool wants_cpu(const struct worker *worker)
{
    char path[64], text[1024];
    struct pt_stat stat;
    ssize_t length;

    if (!worker->run->procfs->own_namespace)
        return false;
    snprintf(path, sizeof path, "%d/task/%d/stat", (int)getpid(), atomic_load(&worker->tid));
    length = pt_dir_read(&worker->run->procfs->root, path, text, sizeof text);
    return length > 0 && pt_parse_stat(text, (size_t)length, &stat) == 0 && stat.state == 'R';
}

/* Whether it has been waiting since the last look, and still may. */
static bool look_at(struct run *run, struct worker *worker)
{
    unsigned passage;
    int64_t used;

    if (worker->gate == NULL)
        return false;
    passage = atomic_load(&worker->gate->passage);
    used = cpu_time(worker->thread);
    if (passage % 2 == 0 || passage != worker->passage || used != worker->cpu_time ||
        wants_cpu(worker))
        worker->looks = 0;
    else if (++worker->looks == LOOKS)
        abandon(run, worker);
    worker->passage = passage;
    worker->cpu_time = used;
    return worker->looks > 0 && worker->gate != NULL;
}

/* Where all that are left wait, another one goes on meanwhile. */
static void look_at_all(struct run *run)
{
    struct worker *spare = NULL;
    size_t waiting = 0;

    for (size_t i = 0; i < WORKERS_MAX; i++) {
        waiting += look_at(run, &run->workers[i]);
        if (run->workers[i].gate == NULL)
            spare = &run->workers[i];
    }
    if (spare != NULL && waiting == atomic_load(&run->running) &&
        atomic_load(&run->next) < run->count)
        start_worker(run, spare);
}

static void watch_workers(struct run *run)
{
    unsigned running;

    while ((running = atomic_load(&run->running)) > 0)
        if (pt_futex_wait(&run->running, running, LOOK_INTERVAL) == -ETIMEDOUT)
            look_at_all(run);
}

/* --- runs --- */

static size_t count_cpus(void)
{
    cpu_set_t cpus;

    /* More CPUs than the set holds are enough. */
    return sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? (size_t)CPU_COUNT(&cpus) : WORKERS_MAX;
}

static size_t choose_workers(size_t count, size_t records_per_worker)
{
    size_t wanted = count / records_per_worker, cpus;

    if (wanted <= 1)
        return 1;
    cpus = count_cpus();
    if (wanted > cpus)
        wanted = cpus;
    return wanted > WORKERS_MAX ? WORKERS_MAX : wanted;
}

/* Everything by `workers` threads, or, where nothing may hang, by one less and this one. */
static void read_by_threads(struct run *run, size_t workers)
{
    uint32_t record;
    size_t item, end;

    for (size_t i = 0; i < workers - !run->may_hang; i++)
        start_worker(run, &run->workers[i]);
    if (!run->may_hang)
        read_items(run, run->arena, NULL, &record);
    watch_workers(run);
    while (claim(run, &item, &end)) /* no worker was left to do it */
        for (; item < end; item++)
            read_barred(run, record_of(run, item), EAGAIN);
    join_workers(run);
    read_ourselves(run);
}

int pt_watch_read(const struct pt_procfs *procfs, struct pt_process *processes,
                  const uint32_t *indexes, size_t count, pt_sources sources, struct pt_arena *arena)
{
    bool may_hang = procfs->live && (sources & PT_SOURCES_MMAP_LOCK);
    size_t workers =
        choose_workers(count, may_hang ? WATCHED_RECORDS_PER_WORKER : RECORDS_PER_WORKER);
    struct run run = {
        .procfs = procfs,
        .processes = processes,
        .indexes = indexes,
        .count = count,
        .batch = may_hang ? 1 : BATCH, /* nobody shall wait behind one that hangs */
        .sources = sources,
        .may_hang = may_hang,
        .arena = arena,
    };
    uint32_t record;

    if (count == 0)
        return 0;
    /* We must not see ourselves with the threads that look. */
    if ((may_hang || workers > 1) && procfs->own_namespace)
        run.self = getpid();
    if (may_hang || workers > 1)
        read_by_threads(&run, workers);
    else
        read_items(&run, arena, NULL, &record);
    return atomic_load(&run.error);
}

/* --- one record --- */

int pt_process_add_watched(const struct pt_procfs *procfs, struct pt_process *process,
                           pt_sources sources, struct pt_arena *arena)
{
    int error;

    if (!procfs->live || !(sources & PT_SOURCES_MMAP_LOCK))
        return pt_process_add(procfs, process, sources, arena);
    error = pt_watch_read(procfs, process, NULL, 1, sources, arena);
    if (error < 0)
        return error;
    return process->error[PT_SOURCE_STAT] == PT_GONE ? -ESRCH : 0;
}

int pt_process_read_watched(const struct pt_procfs *procfs, pid_t pid, pt_sources sources,
                            struct pt_arena *arena, struct pt_process *ret_process)
{
    struct pt_process process = {.stat = {.pid = pid}};
    int error = pt_process_add_watched(procfs, &process, sources, arena);

    if (error == 0)
        *ret_process = process;
    return error;
}
