/* Supervisors: what their answers say, and how a stop is shown. */
#include <check.h>
#include <string.h>

#include "service.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct pt_buffer answer_of(const char *text)
{
    struct pt_buffer answer;

    pt_buffer_init(&answer);
    ck_assert_int_eq(pt_buffer_append_text(&answer, text), 0);
    return answer;
}

START_TEST(stopped)
{
    static const struct {
        enum pt_service_answer form;
        const char *text;
        bool stopped;
    } rows[] = {
        {PT_ANSWER_SYSTEMD, "MainPID=0\nActiveState=inactive\nKillMode=process\n", true},
        {PT_ANSWER_SYSTEMD, "ActiveState=failed", true},
        {PT_ANSWER_SYSTEMD, "ActiveState=activating\n", false},
        {PT_ANSWER_SYSTEMD, "ActiveState=inactivex\n", false},
        {PT_ANSWER_SYSTEMD, "XActiveState=inactive\n", false},
        {PT_ANSWER_SYSTEMD, "", false},
        /* supervisorctl exits with 3 for it */
        {PT_ANSWER_SUPERVISORD, "cron:cron     STOPPED   Nov 30 07:00 PM\n", true},
        {PT_ANSWER_SUPERVISORD, "cron STOPPED\n", true},
        {PT_ANSWER_SUPERVISORD, "cron STOPPED", true},
        {PT_ANSWER_SUPERVISORD, "cron     RUNNING   pid 12, uptime 0:00:01\n", false},
        {PT_ANSWER_SUPERVISORD, "cron     STOPPING\n", false},
        {PT_ANSWER_SUPERVISORD, "STOPPED  RUNNING\n", false},
        {PT_ANSWER_SUPERVISORD, "cron\nSTOPPED\n", false},
        {PT_ANSWER_SUPERVISORD, "STOPPED", false},
        {PT_ANSWER_SUPERVISORD, "", false},
        {PT_ANSWER_NONE, "ActiveState=inactive\n", false},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct pt_service service = {.answer = rows[i].form, .control = -1};
        struct pt_buffer answer = answer_of(rows[i].text);

        ck_assert_msg(pt_service_is_stopped(&service, &answer) == rows[i].stopped, "%s",
                      rows[i].text);
        pt_buffer_done(&answer);
    }
}

START_TEST(confirmed)
{
    static const struct {
        const char *text;
        bool confirmed, stopping, own_cgroup;
    } rows[] = {
        {"MainPID=12\nActiveState=active\nKillMode=process\n", true, false, false},
        {"ActiveState=deactivating\nKillMode=none\nMainPID=12", true, true, false},
        {"MainPID=12\nActiveState=active\nKillMode=control-group\n", true, false, true},
        {"MainPID=12\n", true, false, true},
        {"MainPID=123\nKillMode=process\n", false, false, false},
        {"MainPID=1\nKillMode=process\n", false, false, false},
        {"XMainPID=12\n", false, false, false},
        {"", false, false, false},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pt_service service = {.kind = "systemd", .doubtful = true, .control = -1};
        struct pt_buffer answer = answer_of(rows[i].text);
        bool taken = pt_service_confirm(&service, 12, &answer);

        ck_assert_msg(taken == rows[i].confirmed, "%s", rows[i].text);
        ck_assert_msg(service.doubtful != taken, "%s", rows[i].text);
        ck_assert_msg(service.stopping == rows[i].stopping, "%s", rows[i].text);
        ck_assert_msg(service.own_cgroup == rows[i].own_cgroup, "%s", rows[i].text);
        pt_buffer_done(&answer);
    }
}

START_TEST(described)
{
    char program[] = "systemctl", verb[] = "stop", dashes[] = "--", unit[] = "cron.service";
    char *argv[] = {program, verb, dashes, unit, NULL};
    struct pt_service none = PT_SERVICE_NONE;
    const struct pt_service systemd = {.kind = "systemd", .argv = argv, .control = -1};
    const struct pt_service runit = {.kind = "runit", .name = "/srv/cron", .control = 0};
    struct pt_buffer text;

    pt_buffer_init(&text);
    ck_assert_int_eq(pt_service_describe(&none, &text), 0);
    pt_buffer_append_text(&text, "; ");
    ck_assert_int_eq(pt_service_describe(&systemd, &text), 0);
    pt_buffer_append_text(&text, "; ");
    ck_assert_int_eq(pt_service_describe(&runit, &text), 0);
    ck_assert_str_eq(pt_buffer_text(&text),
                     "SIGTERM; systemctl stop -- cron.service; d > /srv/cron/supervise/control");
    ck_assert_str_eq(pt_service_kind(&none), "none");
    pt_service_done(&none);
    pt_buffer_done(&text);
}

int main(void)
{
    return RUN_SUITE("service", stopped, confirmed, described);
}
