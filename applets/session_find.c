#include "session_find.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "procfs.h"
#include "report.h"
#include "session_show.h"
#include "units.h"
#include "waitset.h"

/* While waiting we look again so often: a session comes about in steps that nothing announces (its
 * file, its bus, its display). */
#define AGAIN (500 * PT_MILLISECOND)
#define AGAIN_AT_LAST (5 * PT_SECOND)

static void say_candidate(const struct pt_candidate *candidate, const char *what)
{
    struct pt_buffer text = {0};

    pt_session_describe(candidate, &text);
    pt_warn("%s: %s", pt_buffer_text(&text), what);
    pt_buffer_done(&text);
}

static void say_none(const struct pt_session_settings *settings, const struct pt_sessions *sessions)
{
    char within[PT_DURATION_SIZE + 8] = "", text[PT_DURATION_SIZE];

    if (settings->waits)
        snprintf(within, sizeof within, " within %s", pt_format_duration(settings->wait, text));
    pt_warn("no session%s%s can be reached%s", settings->user != NULL ? " of " : "",
            settings->user != NULL ? settings->user : "", within);
    for (size_t i = 0; i < sessions->count; i++) {
        const char *refusal = pt_session_refusal(&sessions->list[i]);

        if (refusal != NULL)
            say_candidate(&sessions->list[i], refusal);
    }
    if (sessions->apart)
        pt_warn("this process has a mount namespace of its own, which may hide sessions "
                "(ProtectHome= hides /run/user, PrivateTmp= the sockets of X)");
}

static void say_tied(const struct pt_session_settings *settings, const struct pt_sessions *sessions,
                     size_t count)
{
    pt_warn("sessions of different users are equally good: choose by --%suser", settings->prefix);
    for (size_t i = 0; i < count; i++)
        say_candidate(&sessions->list[i], "can be reached");
}

/* The exit status of a search that failed. */
static int fail(int status, const char *what, int error)
{
    pt_warn("%s: %s", what, strerror(-error));
    return status;
}

static int search(const struct pt_session_settings *settings, struct pt_sessions **ret_sessions)
{
    struct pt_procfs procfs;
    int error = pt_procfs_open(&procfs, NULL);

    if (error != 0)
        return fail(PT_EXIT_NO_PROC, "/proc", error);
    error = pt_sessions_find(&procfs, &settings->query, ret_sessions);
    pt_procfs_close(&procfs);
    if (error == -EPERM) {
        pt_warn("%s: only root reaches the sessions of others", settings->user);
        return PT_EXIT_NOTHING;
    }
    return error != 0 ? fail(PT_EXIT_IO, "searching for sessions", error) : PT_EXIT_OK;
}

static int pause_until(int64_t moment)
{
    struct pt_waitset *waitset;
    struct pt_event event;
    sigset_t none;
    int error;

    sigemptyset(&none);
    error = pt_waitset_new(&waitset, NULL, &none);
    if (error == 0)
        error = pt_waitset_next(waitset, moment, &event);
    pt_waitset_free(waitset);
    return error != 0 ? fail(PT_EXIT_IO, "waiting", error) : PT_EXIT_OK;
}

/* When to search again: what searching takes is a twentieth of the time, as long as that does not
 * make us late. */
static int64_t next_search(int64_t began, int64_t now)
{
    int64_t pause = 19 * (now - began);

    if (pause < AGAIN)
        pause = AGAIN;
    return now + (pause < AGAIN_AT_LAST ? pause : AGAIN_AT_LAST);
}

/* Searches until there is one, or the time is over. */
static int search_for_long(const struct pt_session_settings *settings,
                           struct pt_sessions **ret_sessions)
{
    int64_t began = pt_monotonic();
    int64_t end = pt_deadline(began, settings->waits ? settings->wait : 0);
    int status;

    while ((status = search(settings, ret_sessions)) == PT_EXIT_OK &&
           (*ret_sessions)->reachable == 0) {
        int64_t now = pt_monotonic(), next = next_search(began, now);

        if (now >= end)
            break;
        pt_sessions_free(*ret_sessions);
        *ret_sessions = NULL;
        status = pause_until(next < end ? next : end);
        if (status != PT_EXIT_OK)
            break;
        began = pt_monotonic();
    }
    return status;
}

static int judge(const struct pt_session_settings *settings, bool all,
                 const struct pt_sessions *sessions)
{
    size_t tied = pt_sessions_tied(sessions);

    if (sessions->reachable == 0) {
        say_none(settings, sessions);
        return settings->waits ? PT_EXIT_TIMED_OUT : PT_EXIT_NOTHING;
    }
    if (all || tied == 0)
        return PT_EXIT_OK;
    say_tied(settings, sessions, tied);
    return PT_EXIT_NOTHING;
}

int pt_session_find(const struct pt_session_settings *settings, bool all,
                    struct pt_sessions **ret_sessions)
{
    int status;

    *ret_sessions = NULL;
    status = search_for_long(settings, ret_sessions);
    return status != PT_EXIT_OK ? status : judge(settings, all, *ret_sessions);
}

int pt_session_show(const struct pt_session_settings *settings, bool all)
{
    struct pt_sessions *sessions;
    int status = pt_session_find(settings, all, &sessions);
    size_t chosen = 0;

    if (sessions == NULL)
        return status;
    if (status == PT_EXIT_OK)
        chosen = all ? sessions->reachable : 1;
    if (settings->json)
        pt_sessions_print_json(sessions, chosen);
    else
        pt_sessions_print(sessions, chosen);
    pt_sessions_free(sessions);
    return status;
}
