# Who vanishes while smaps are read is left out whole, and is no reason to measure the others otherwise.
. "$TESTS/apache.sh"
meminfo 1000000 500000
apache 100 1
for pid in 101 102 103 104 105; do
    apache $pid 100
done
smaps 100 9000 4000 500 0
smaps 101 8000 3000 2000 0
smaps 102 8400 3500 2500 0

show() {
    apache-mem --json --workers "$@" | jq -c '.instances[] | .measure, .measure_reason, .total_bytes,
        .groups[0].count, [.groups[0].processes[].pid], [.helpers[].pid]'
}

echo -- a directory that has no smaps any more, one that ended, empty smaps, an exited leader
process 2 1 other
sed -i 's/^104 (apache2) S/104 (apache2) Z/' "$PROCTOOL_PROCFS/104/stat"
: >"$PROCTOOL_PROCFS/105/smaps_rollup"
apache 106 100 state=Z threads=3
show
echo -- the same by another measure, and as a plugin, which falls back to none
show --measure uss
apache-mem --nagios --warning 1G
echo -- a kernel that has no smaps at all is another thing
rm "$PROCTOOL_PROCFS"/*/smaps_rollup
show
status apache-mem --measure pss
echo -- without their master they are nobody
smaps 101 8000 3000 2000 0
: >"$PROCTOOL_PROCFS/100/smaps_rollup"
status apache-mem
