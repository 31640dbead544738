/* Which session a cgroup names. */
#include <string.h>

#include "session_evidence.h"
#include "suite.h"

START_TEST(names_sessions)
{
    static const struct {
        const char *cgroup, *id;
        bool names;
    } rows[] = {
        {"0::/user.slice/user-1000.slice/session-2.scope\n", "2", true},
        {"0::/user.slice/user-1000.slice/session-2.scope/app\n", "2", true},
        {"0::/session-2.scope", "2", true},
        {"9:name=systemd:/user.slice/session-c1.scope\n0::/\n", "c1", true},
        {"5:name=elogind:/c1\n", "c1", true},
        {"0::/2\n", "2", true},
        {"0::/user.slice/user-1000.slice/user@1000.service/app.slice\n", "2", false},
        {"0::/user.slice/session-22.scope\n", "2", false},
        {"0::/user.slice/xsession-2.scope\n", "2", false},
        {"0::/user.slice/session-2.scopes\n", "2", false},
        {"0::/a/2\n", "2", false},
        {"0::/\n", "2", false},
        {"session-2.scope\n", "2", false},
        {"", "2", false},
        {"\n\n", "2", false},
        {"0::/session-2.scope\n",
         "2222222222222222222222222222222222222222222222222222222222222222222222222222222222222222"
         "2",
         false}, /* no id of logind's is that long */
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(pt_evidence_names_session(rows[i].cgroup, strlen(rows[i].cgroup),
                                                rows[i].id) == rows[i].names,
                      "%s", rows[i].cgroup);
}
END_TEST

int main(void)
{
    return RUN_SUITE("session_evidence", names_sessions);
}
