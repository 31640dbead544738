#include "service.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "helper.h"

void pt_service_done(struct pt_service *service)
{
    if (service->control >= 0)
        close(service->control);
    service->control = -1;
}

void pt_service_forget(struct pt_service *service)
{
    pt_service_done(service);
    *service = (struct pt_service)PT_SERVICE_NONE;
}

const char *pt_service_kind(const struct pt_service *service)
{
    return service->kind != NULL ? service->kind : "none";
}

int pt_service_describe(const struct pt_service *service, struct pt_buffer *ret_text)
{
    if (service->kind == NULL)
        return pt_buffer_append_text(ret_text, "SIGTERM");
    if (service->control >= 0)
        return pt_buffer_append_format(ret_text, "d > %s/supervise/control", service->name);
    for (size_t i = 0; service->argv[i] != NULL; i++)
        pt_buffer_append_format(ret_text, "%s%s", i > 0 ? " " : "", service->argv[i]);
    return ret_text->error;
}

/* The reader may have gone: EPIPE, not our end. */
static int write_down(int control)
{
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    int error = write(control, "d", 1) == 1 ? 0 : -errno;

    signal(SIGPIPE, before);
    return error;
}

int pt_service_stop(const struct pt_service *service, pid_t *ret_pid)
{
    const struct pt_helper helper = {
        .path = service->path, .argv = service->argv, .output = STDERR_FILENO};

    if (service->control < 0)
        return pt_helper_start(&helper, ret_pid);
    *ret_pid = 0;
    return write_down(service->control);
}

int pt_service_ask(const struct pt_service *service, int output, pid_t *ret_pid)
{
    const struct pt_helper helper = {
        .path = service->path, .argv = service->state_argv, .output = output};

    if (service->state_argv == NULL)
        return -ENOTSUP;
    return pt_helper_start(&helper, ret_pid);
}

/* Whether the answer has this line. */
static bool has_line(const struct pt_buffer *answer, const char *line)
{
    const char *text = pt_buffer_text(answer);
    size_t length = strlen(line);

    while (*text != '\0') {
        size_t end = strcspn(text, "\n");

        if (end == length && memcmp(text, line, length) == 0)
            return true;
        text += end + (text[end] == '\n');
    }
    return false;
}

bool pt_service_confirm(struct pt_service *service, pid_t daemon, const struct pt_buffer *answer)
{
    struct pt_buffer line;
    bool is_main;

    pt_buffer_init(&line);
    pt_buffer_append_format(&line, "MainPID=%d", (int)daemon);
    is_main = line.error == 0 && has_line(answer, line.data);
    pt_buffer_done(&line);
    if (!is_main)
        return false;
    service->doubtful = false;
    service->stopping = has_line(answer, "ActiveState=deactivating");
    service->own_cgroup =
        !has_line(answer, "KillMode=process") && !has_line(answer, "KillMode=none");
    return true;
}

/* `cron:cron   STOPPED   Nov 30 07:00 PM`, and so for a program that never ran or gave up. */
static bool second_word_is_stopped(const char *text)
{
    static const char stopped[] = "STOPPED";
    const char *word = text + strcspn(text, " \t\n");

    word += strspn(word, " \t");
    return strncmp(word, stopped, sizeof stopped - 1) == 0 &&
           strchr(" \t\n", word[sizeof stopped - 1]) != NULL;
}

bool pt_service_is_stopped(const struct pt_service *service, const struct pt_buffer *answer)
{
    switch (service->answer) {
    case PT_ANSWER_SYSTEMD:
        /* failed: its last process ended by a signal, or not well; nothing starts it. */
        return has_line(answer, "ActiveState=inactive") || has_line(answer, "ActiveState=failed");
    case PT_ANSWER_SUPERVISORD:
        return second_word_is_stopped(pt_buffer_text(answer));
    case PT_ANSWER_NONE:
        break;
    }
    return false;
}
