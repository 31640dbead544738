# What cannot be written is one line and status 3, in every output; a reader that has gone is nothing to
# speak of. Nothing to show leaves stdout alone.
. "$TESTS/procfs.sh"
process 1 0 init
process 2 1 shell
pss 1 10
pss 2 10

for output in -A -a --totals '-o pid' --list '--list -o pid' --json --jsonl --folded --help --version; do
    echo "-- $output"
    # shellcheck disable=SC2086
    ps-tree $output >/dev/full
    full=$?
    # shellcheck disable=SC2086
    ps-tree $output >&-
    closed=$?
    # shellcheck disable=SC2086
    ps-tree $output | :
    echo "$full $closed"
done 2>&1
echo -- nobody
ps-tree --comm nobody >/dev/full
echo $?
ps-tree --list 99 >&-
echo $?
