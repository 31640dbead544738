# Where is looked: below the chosen roots, which are PID 1 where there is one, else all.
. "$TESTS/procfs.sh"
process 1 0 init
process 10 1 sshd
process 11 10 sshd
process 12 11 bash uid=1
process 13 12 sleep uid=1
process 14 1 sleep
process 15 14 bash
process 20 0 entered
process 21 20 sleep

find() {
    ps-tree --list "$@" >"$work/found" 2>"$work/said"
    status=$?
    [ $status = 0 ] || echo "status $status" >>"$work/said"
    echo "$*: $(cat "$work/found" "$work/said" | tr '\n' ' ')"
}

find
find --first
find --children
find --grandchildren
find --descendants
find -r
echo -- of operands
find 10
find --children 10
find --grandchildren 10
find -r 10 20
find -r 13
find -r 10 11 11
find --children root
find root
echo -- and criteria
find --comm sleep
find --comm sleep --children
find --comm sleep -r 10
find --comm sleep --first
find --comm sleep --first 20
find --comm sleep -r 15
echo -- in trees
ps-tree -p --children 10
ps-tree -p --comm sleep 10
ps-tree -p --comm sshd --context none
ps-tree -p --comm sshd --context=descendants
ps-tree -p --comm sleep --first --context ancestors
ps-tree -p -s --comm bash 11
echo -- without PID 1
rm -r "$PROCTOOL_PROCFS/1"
find --children
find --grandchildren
find -r
ps-tree -p
