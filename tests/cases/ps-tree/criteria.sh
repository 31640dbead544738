# Each criterion alone, then any of one kind, all kinds, none of them; and who cannot be decided.
. "$TESTS/procfs.sh"
process 1 0 init start=0
process 10 1 sshd uid=0
process 11 10 bash uid=1
process 12 11 a-long-name-of- uid=1 start=99000
process 13 1 a-long-name-of- uid=4294967294 state=T start=99900
process 14 1 cut-at-fifteen- state=Z
process 15 1 kworker/u8:2-events_unbound flags=2097152
arguments() {
    file=$PROCTOOL_PROCFS/$1/cmdline
    shift
    printf '%s\0' "$@" >"$file"
}
arguments 10 'sshd: /usr/sbin/sshd -D' 'x y'
arguments 11 -bash
arguments 12 /opt/bin/a-long-name-of-one --port 80 "$(printf '\377')"
arguments 13 a-long-name-of-another
: >"$PROCTOOL_PROCFS/14/cmdline"
ln -s /usr/sbin/sshd "$PROCTOOL_PROCFS/10/exe"
ln -s '/usr/bin/bash (deleted)' "$PROCTOOL_PROCFS/11/exe"
printf 'A=1\0EMPTY=\0LANG=C\0' >"$PROCTOOL_PROCFS/11/environ"
printf 'AB=1\0' >"$PROCTOOL_PROCFS/12/environ"
: >"$PROCTOOL_PROCFS/1/environ"
printf '12:cpu:/other\n0::/system.slice/ssh.service\n' >"$PROCTOOL_PROCFS/10/cgroup"
echo '0::/user.slice/user-1.slice/session-2.scope' >"$PROCTOOL_PROCFS/11/cgroup"
echo 0::/ >"$PROCTOOL_PROCFS/1/cgroup"

# find OPTION...: the PIDs on one line, the status where it is not 0, then what was said.
find() {
    ps-tree --list "$@" >"$work/found" 2>"$work/said"
    status=$?
    [ $status = 0 ] || echo "status $status" >>"$work/said"
    echo "$*: $(cat "$work/found" "$work/said" | tr '\n' ' ')"
}

find --pid 11
find --pid 11 --pid 13 --pid 4000000
find --pid 15
find --kernel-threads --pid 15
find --exe-name sshd
find --exe-name bash
find --exe-path /usr/bin/bash
find --exe-path '/usr/bin/bash (deleted)'
find --exe-path /opt/bin/a-long-name-of-one
find --comm sshd
find --comm ssh
find --comm a-long-name-of-
find --comm a-long-name-of-one
find --comm a-long-name-of-two
find --comm a-long-name-of-another
find -k --comm kworker/u8:2-events_unbound
find --cmdline '^/opt.* --port (80|443) .$'
find --cmdline '^sshd: .* x y$'
find --cmdline '^$'
find --user root
find --user 1
find --user 4294967294
find --group root --group 4294967294
find --state TZ
find --session 10 --session 11
find --pgrp 13
find --cgroup '/system.slice/*'
find --cgroup '*/session-[0-9].scope'
find --cgroup /other
find --older-than 15m
find --newer-than 15s
find --older-than 5s --newer-than 11s
find --env A
find --env A=1
find --env EMPTY=
find --env LANG=D
printf 'PAD=%04088d\0C=12345\0' 0 >"$PROCTOOL_PROCFS/12/environ" # what is kept ends behind C=1
find --env C=1
find --env C=12345
echo -- any, all, none
find --comm sshd --comm bash
find --comm sshd --comm bash --user 1
find --invert --comm sshd --comm bash
find --invert --comm bash --state S
