# Nothing to show is status 1 with nothing on stdout, in every output; a watch does not wait for a root
# that was never there, but for what may still match.
. "$TESTS/procfs.sh"
process 1 0 init
mkdir "$PROCTOOL_PROCFS/2"
mkfifo "$PROCTOOL_PROCFS/2/stat"

said() {
    echo "-- $*"
    timeout 20 "$LINKS/ps-tree" "$@" 2>"$work/said" | od -c | head -n 1
    cat "$work/said"
    timeout 20 "$LINKS/ps-tree" "$@" >/dev/null 2>&1
    echo "status $?"
}

for output in --ascii --list --json --jsonl --folded=rss; do
    said $output --comm nobody
    said $output 99
done
echo -- only what is refused
said --pid 2
said --list --pid 2
echo -- watched
said --watch=0.05 99
timeout 20 "$LINKS/ps-tree" --watch=0.05 --comm nobody 2>/dev/null | head -n 1 | od -c
timeout 20 "$LINKS/ps-tree" --watch=0.05 1 2>/dev/null | head -n 3
