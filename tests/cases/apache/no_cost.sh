# A worker that claims no thread and holds nothing: what another would take cannot be told.
. "$TESTS/apache.sh"
meminfo 1000000 500000
apache 100 1
smaps 100 9000 4000 500 0
apache 101 100 threads=0
printf '0-1 ---p 0 0 0 [rollup]\nRss: 0 kB\nPss: 0 kB\n' >"$PROCTOOL_PROCFS/101/smaps_rollup"
grep -v VmPTE "$PROCTOOL_PROCFS/101/status" >"$work/status"
mv "$work/status" "$PROCTOOL_PROCFS/101/status"

status apache-mem --capacity
