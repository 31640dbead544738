# The table, JSON, metrics and the plugin's line of one server, whose names are nobody's friends.
. "$TESTS/apache.sh"
meminfo 1000000 500000
apache 100 1
smaps 100 9000 4000 500 0 64
apache 101 100
smaps 101 8000 3000 2000 0 32
apache 102 100
smaps 102 8400 3501 2500 16
apache 103 100
smaps 103 8400 3600 2600 0
rm "$PROCTOOL_PROCFS/103/fd/"*
printf '(wsgi:a"b\\c|d=\033[1m\303\251\377)\0' >"$PROCTOOL_PROCFS/103/cmdline"
process 104 100 'rotate|logs'
ln -s /usr/bin/rotatelogs "$PROCTOOL_PROCFS/104/exe"

apache-mem
echo "-- a row each, in bytes"
apache-mem --workers --bytes
echo "-- where UTF-8 is not read"
LC_ALL=C apache-mem | sed -n 4p
echo "-- JSON"
apache-mem --json --workers --capacity --limit 7 --measure swap
echo "-- metrics"
apache-mem --prometheus --capacity --limit 7
echo "-- the plugin's"
status apache-mem --nagios --warning 5M: --critical 1M: --capacity --limit 7
status apache-mem --nagios --on worker-max --warning @1M:4M
status apache-mem --nagios --on capacity-left --limit 7 --warning 100: --critical ~:1000
status apache-mem --nagios --server "a|b=c'd" --limit 3 --capacity
echo "-- two readings of one range: which alert"
for range in 1M 20M: ~:1M @1M:20M @~:1M 13.8M:14M; do
    apache-mem --nagios --critical "$range" | cut -d ' ' -f 2
done
echo "-- without smaps: what cannot be known is left out"
mkdir kept
for pid in 100 101 102 103; do
    mv "$PROCTOOL_PROCFS/$pid/smaps_rollup" kept/$pid
done
apache-mem --prometheus --capacity --limit 7 | grep -v '^#' | grep -v _group_
status apache-mem --capacity | grep -v GROUP
status apache-mem --nagios
for pid in 100 101 102 103; do
    mv kept/$pid "$PROCTOOL_PROCFS/$pid/smaps_rollup"
done
echo "-- no server"
for output in --json --prometheus --nagios; do
    status apache-mem $output --exe-name none
done
status apache-mem --exe-name none
echo "-- no procfs"
status apache-mem --procfs /nonexistent
mkdir none
status apache-mem --procfs none
