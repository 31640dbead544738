# -N: a tree for each namespace, also of roots that stand in each other's trees.
. "$TESTS/procfs.sh"
pids=
for pid in $(seq 1 20); do
    process "$pid" "$((pid - 1))" "p$pid"
    mkdir "$PROCTOOL_PROCFS/$pid/ns"
    ln -s "pid:[$((4000 + pid / 10))]" "$PROCTOOL_PROCFS/$pid/ns/pid"
    ln -s "mnt:[$((5000 + pid))]" "$PROCTOOL_PROCFS/$pid/ns/mnt"
    pids="$pids $pid"
done

ps-tree -A -N pid
echo "-- of two"
ps-tree -A -N pid 8 12
echo "-- of one within the other"
ps-tree -A -N pid 8 5
echo "-- of each within each"
ps-tree -A -N mnt $pids | sort | uniq -c
