# labels: native
# Enough processes for several threads: the same with a table of descriptors for each and, where that
# is refused, with one for all.
. "$TESTS/procfs.sh"

pids=$(seq 1 1200)
# shellcheck disable=SC2086
(cd "$PROCTOOL_PROCFS" && mkdir $pids)
for pid in $pids; do
    echo "$pid (name) S $((pid / 2)) 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 $pid 1 1" \
        >"$PROCTOOL_PROCFS/$pid/stat"
done
ps-tree --list -o pid,ppid,comm >all
"$HELPERS/refuse" EPERM unshare -- ps-tree --list -o pid,ppid,comm >shared
cmp all shared && wc -l <all && tail -n 1 all

echo -- with fewer descriptors than threads would need, if they kept one
# shellcheck disable=SC3045
(ulimit -n 12 && ps-tree --list | cksum)
ps-tree --list | cksum

echo -- more threads than there can be
rm -r "$PROCTOOL_PROCFS"/[0-9]*
process 1 0 init threads=4194304
process 2 1 forged threads=4194304
process 3 1 forged threads=4194304
for options in "" -c; do
    echo "options: $options"
    # shellcheck disable=SC2086
    "$PROCTOOL" ps-tree $options | sed -n "1,3p;\$p"
done
