#!/bin/sh
# Who connects to sockets, or looks at or opens what a user's session names: session_live, and become
# for the home, which run in a child that has become the user; no other file of the sessions' does.
. "$TESTS/util.sh"
cd "$SOURCE" || exit 1

# What gives away a path or a socket's name to the kernel.
calls='(connect|bind|socket|stat|lstat|fstatat|statx|open|openat|opendir|access|faccessat|readlink|chdir|fopen)'
found=$(grep -nE "(^|[^a-z_])$calls ?\(" lib/session*.c lib/dbus*.c lib/xauth.c lib/logind.c lib/become.c \
    applets/session_*.c applets/notify_*.c applets/with_gui_environment.c |
    grep -vE '^[^:]*:[0-9]*: *(/?\*|//)' |
    grep -v -e '^lib/session_live\.c:' -e '^lib/become\.c:.*\(lstat\|chdir\)(' \
        -e '^applets/session_run\.c:.*open("/dev/null"')
[ -z "$found" ] || fail "outside of session_live:
$found"
# It is a proof only while session_live is that child's alone.
users=$(grep -lE '(^|[^a-z_])pt_live_[a-z_]+\(' lib/*.c applets/*.c | tr '\n' ' ')
expected='lib/session_live.c lib/session_look.c lib/session_probe.c '
[ "$users" = "$expected" ] || fail "session_live is used by: $users"
exit 0
