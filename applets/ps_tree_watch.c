#include "ps_tree_watch.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "report.h"
#include "waitset.h"

struct identity {
    pid_t pid;
    uint64_t starttime;
};

struct ps_tree_history {
    struct identity *before; /* ascending by pid; NULL before the first picture */
    size_t count;
};

static int compare_identities(const void *left, const void *right)
{
    const struct identity *a = left, *b = right;
    if (a->pid != b->pid)
        return a->pid < b->pid ? -1 : 1;
    return (a->starttime > b->starttime) - (a->starttime < b->starttime);
}

int ps_tree_history_mark(struct ps_tree_history *history, struct ps_tree_view *view)
{
    const struct pt_snapshot *snapshot = view->snapshot;
    size_t count = 0;
    struct identity *now = malloc((snapshot->count + 1) * sizeof *now);
    if (now == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < snapshot->count; i++) {
        if (!(view->marks[i] & PS_TREE_SHOWN))
            continue;
        const struct pt_stat *stat = &snapshot->processes[i].stat;
        struct identity *identity = &now[count++];
        *identity = (struct identity){stat->pid, stat->starttime};
        if (history->before != NULL && !bsearch(identity, history->before, history->count,
                                                sizeof *identity, compare_identities))
            view->marks[i] |= PS_TREE_HIGHLIGHTED;
    }
    free(history->before);
    history->before = now;
    history->count = count;
    return 0;
}

/* As much of the picture as the terminal has rows for: the rest would scroll its top away. */
static size_t visible_length(const char *picture, size_t length)
{
    struct winsize window;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) < 0 || window.ws_row < 2)
        return length;
    const char *end = picture;
    for (unsigned row = 1; row < window.ws_row; row++) {
        const char *newline = memchr(end, '\n', length - (size_t)(end - picture));
        if (newline == NULL)
            return length;
        end = newline + 1;
    }
    /* Without its last newline, so that the last row is not scrolled either. */
    return (size_t)(end - picture) - 1;
}

static int draw_picture(struct ps_tree_history *history, ps_tree_picture *picture, void *data)
{
    char *text = NULL;
    size_t length = 0;
    bool first = history->before == NULL;
    FILE *memory = open_memstream(&text, &length);
    if (memory == NULL)
        pt_die(PT_EXIT_IO, "out of memory");
    int status = picture(history, memory, data);
    if (fclose(memory) != 0)
        pt_die(PT_EXIT_IO, "out of memory");
    if (isatty(STDOUT_FILENO)) {
        fputs("\033[H\033[J", stdout);
        length = visible_length(text, length);
    } else if (!first) {
        fputc('\n', stdout);
    }
    bool written = pt_report_write(text, length);
    free(text);
    /* What matches nothing may do so later; a root that was missing from the start is an error. */
    if (status == PT_EXIT_NOTHING && history->before != NULL)
        status = PT_EXIT_OK;
    return !written && status == PT_EXIT_OK ? PT_EXIT_IO : status;
}

int ps_tree_watch(int64_t interval, ps_tree_picture *picture, void *data)
{
    static const int endings[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct ps_tree_history history = {0};
    struct pt_waitset *waitset;
    sigset_t signals;
    sigemptyset(&signals);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        sigaddset(&signals, endings[i]);
    sigaddset(&signals, SIGWINCH);
    int error = pt_waitset_new(&waitset, NULL, &signals);
    if (error < 0)
        pt_die(PT_EXIT_IO, "--watch: %s", strerror(-error));

    int status = PT_EXIT_OK;
    bool ended = false;
    while (!ended && status == PT_EXIT_OK) {
        int64_t next = pt_deadline(pt_monotonic(), interval);
        struct pt_event event = {.kind = PT_EVENT_TIME};
        status = draw_picture(&history, picture, data);
        if (status == PT_EXIT_OK && (error = pt_waitset_next(waitset, next, &event)) < 0)
            pt_die(PT_EXIT_IO, "--watch: %s", strerror(-error));
        /* A window that changed its size is drawn anew at once. */
        ended = event.kind == PT_EVENT_SIGNAL && event.signal != SIGWINCH;
    }
    pt_waitset_free(waitset);
    free(history.before);
    return status;
}
