#include "watch.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

/* Items that a worker claims by one atomic addition. */
#define BATCH 64
/* Below this many items a worker, another thread costs more than it brings. */
#define ITEMS_PER_WORKER 256
#define WORKERS_MAX 8
/* Buffers live on the heap; musl's own default would do, glibc's is 8 MiB of address space. */
#define STACK_SIZE ((size_t)256 << 10)
/* How often the watching thread looks, in nanoseconds. */
#define LOOK_INTERVAL INT64_C(200000000)

enum { BUSY, IN_READ, ABANDONED };

struct run {
    const struct pt_watch *watch;
    atomic_size_t next_item;
    atomic_int error; /* the first one, positive */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t active; /* workers that have not ended; under `lock` */
};

/* On the heap: an abandoned worker keeps its own for ever. */
struct worker {
    struct run *run;
    struct worker *next; /* in the list of those to join */
    pthread_t thread;
    atomic_int state;
    _Atomic int64_t since; /* CLOCK_MONOTONIC, while IN_READ */
    size_t item, end;      /* the rest of the batch; `item` is being done */
    bool give_up_first;    /* `item` has hung once */
    struct pt_arena arena;
};

static atomic_uint abandoned_count;
static _Thread_local struct worker *this_worker;

static int64_t monotonic_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void pt_watch_enter(void)
{
    if (this_worker == NULL)
        return;
    atomic_store_explicit(&this_worker->since, monotonic_now(), memory_order_relaxed);
    atomic_store_explicit(&this_worker->state, IN_READ, memory_order_release);
}

void pt_watch_leave(void)
{
    int expected = IN_READ;
    if (this_worker != NULL &&
        !atomic_compare_exchange_strong(&this_worker->state, &expected, BUSY))
        pthread_exit(NULL);
}

static void do_item(struct run *run, size_t item, bool may_hang, struct pt_arena *arena,
                    void *result)
{
    const struct pt_watch *watch = run->watch;
    int error = watch->work(item, may_hang, arena, result, watch->data);
    error = watch->finish(item, error, result, watch->data);
    int none = 0;
    if (error < 0)
        atomic_compare_exchange_strong(&run->error, &none, -error);
}

static bool claim_batch(struct worker *worker)
{
    struct run *run = worker->run;
    /* Where each item may cost a second, the others shall not wait behind it. */
    size_t batch = run->watch->may_hang ? BATCH / 4 : BATCH;
    worker->item = atomic_fetch_add(&run->next_item, batch);
    if (worker->item >= run->watch->count || atomic_load(&run->error) != 0)
        return false;
    worker->end = run->watch->count - worker->item < batch ? run->watch->count
                                                           : worker->item + batch;
    return true;
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct run *run = worker->run;
    void *result = malloc(run->watch->result_size);
    this_worker = worker;
    if (result == NULL)
        atomic_store(&run->error, ENOMEM);
    while (result != NULL && (worker->item < worker->end || claim_batch(worker))) {
        bool may_hang = run->watch->may_hang && !worker->give_up_first &&
                        atomic_load(&abandoned_count) < PT_WATCH_ABANDONED_MAX;
        worker->give_up_first = false;
        do_item(run, worker->item, may_hang, &worker->arena, result);
        worker->item++;
    }
    free(result);
    pthread_mutex_lock(&run->lock);
    run->active--;
    pthread_cond_signal(&run->changed);
    pthread_mutex_unlock(&run->lock);
    return NULL;
}

/* Signals are the main thread's affair. */
static int start_thread(struct worker *worker)
{
    sigset_t all, before;
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error != 0)
        return -error;
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&worker->thread, &attributes, work, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return -error;
}

/* A new worker; `hung` is the abandoned one whose batch it goes on with, or NULL. */
static int add_worker(struct run *run, struct worker **workers, const struct worker *hung)
{
    struct worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL)
        return -ENOMEM;
    worker->run = run;
    if (hung != NULL) {
        worker->item = hung->item;
        worker->end = hung->end;
        worker->give_up_first = true;
    }
    pt_arena_init(&worker->arena);
    pthread_mutex_lock(&run->lock);
    run->active++;
    pthread_mutex_unlock(&run->lock);
    int error = start_thread(worker);
    if (error < 0) {
        pthread_mutex_lock(&run->lock);
        run->active--;
        pthread_mutex_unlock(&run->lock);
        free(worker);
        return error;
    }
    worker->next = *workers;
    *workers = worker;
    return 0;
}

static bool abandon_if_hung(struct worker *worker, int64_t now)
{
    int expected = IN_READ;
    if (atomic_load(&worker->state) != IN_READ ||
        now - atomic_load(&worker->since) < PT_WATCH_PATIENCE)
        return false;
    /* It may have left and entered again: then `since` is new. A read that ends right now wins or
     * loses the exchange; both are right. */
    return atomic_compare_exchange_strong(&worker->state, &expected, ABANDONED);
}

/* Takes hung workers off the list and puts others in their place. */
static int replace_hung(struct run *run, struct worker **workers)
{
    int64_t now = monotonic_now();
    for (struct worker **link = workers; *link != NULL;) {
        struct worker *worker = *link;
        if (!abandon_if_hung(worker, now)) {
            link = &worker->next;
            continue;
        }
        *link = worker->next;
        atomic_fetch_add(&abandoned_count, 1);
        pthread_detach(worker->thread);
        pthread_mutex_lock(&run->lock);
        run->active--;
        pthread_mutex_unlock(&run->lock);
        int error = add_worker(run, workers, worker);
        if (error < 0)
            return error;
        if (link == workers)
            link = &(*workers)->next;
    }
    return 0;
}

static void wait_a_little(struct run *run)
{
    int64_t until = monotonic_now() + LOOK_INTERVAL;
    struct timespec deadline = {.tv_sec = (time_t)(until / 1000000000),
                                .tv_nsec = (long)(until % 1000000000)};
    pthread_cond_timedwait(&run->changed, &run->lock, &deadline);
}

static int watch_workers(struct run *run, struct worker **workers)
{
    int error = 0;
    pthread_mutex_lock(&run->lock);
    while (run->active > 0) {
        wait_a_little(run);
        if (run->active == 0)
            break;
        pthread_mutex_unlock(&run->lock);
        int failed = replace_hung(run, workers);
        if (failed < 0) {
            /* Its item stays undone; the others end after what they have in hand. */
            atomic_store(&run->error, -failed);
            error = failed;
        }
        pthread_mutex_lock(&run->lock);
    }
    pthread_mutex_unlock(&run->lock);
    return error;
}

static void collect_workers(struct worker *workers, struct pt_arena *arena)
{
    struct worker *next;
    for (; workers != NULL; workers = next) {
        next = workers->next;
        pthread_join(workers->thread, NULL);
        pt_arena_absorb(arena, &workers->arena);
        free(workers);
    }
}

static size_t worker_count(const struct pt_watch *watch)
{
    size_t count = watch->count / ITEMS_PER_WORKER;
    cpu_set_t cpus;
    size_t limit = WORKERS_MAX;
    if (sched_getaffinity(0, sizeof cpus, &cpus) == 0 && (size_t)CPU_COUNT(&cpus) < limit)
        limit = (size_t)CPU_COUNT(&cpus);
    if (count > limit)
        count = limit;
    if (watch->may_hang)
        return count > 0 ? count : 1;
    return count > 1 ? count : 0;
}

static int run_here(struct run *run, struct pt_arena *arena)
{
    void *result = malloc(run->watch->result_size);
    if (result == NULL)
        return -ENOMEM;
    for (size_t item = 0; item < run->watch->count && atomic_load(&run->error) == 0; item++)
        do_item(run, item, false, arena, result);
    free(result);
    return -atomic_load(&run->error);
}

static void init_waiting(struct run *run)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&run->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&run->lock, NULL);
}

int pt_watch_run(const struct pt_watch *watch, struct pt_arena *arena)
{
    struct run run = {.watch = watch};
    struct worker *workers = NULL;
    size_t wanted = watch->count > 0 ? worker_count(watch) : 0;
    if (wanted == 0)
        return run_here(&run, arena);

    init_waiting(&run);
    int error = 0;
    for (size_t i = 0; i < wanted && error == 0; i++)
        error = add_worker(&run, &workers, NULL);
    /* One worker is enough. */
    if (workers != NULL)
        error = watch_workers(&run, &workers);
    collect_workers(workers, arena);
    pthread_cond_destroy(&run.changed);
    pthread_mutex_destroy(&run.lock);
    return error < 0 ? error : -atomic_load(&run.error);
}
