# An option that would do nothing is a usage error: one line, nothing on stdout, status 2.
. "$TESTS/procfs.sh"
process 1 0 init
process 2 1 shell

echo -- drawn, and beside other outputs
status ps-tree -L 1 --list
status ps-tree --jsonl --depth 1
status ps-tree --list -pa
status ps-tree --json --ascii
status ps-tree --folded=rss --numeric-sort
status ps-tree --list --highlight-pid 1
status ps-tree --children -r
status ps-tree --list --grandchildren --children
status ps-tree --list -r --descendants
echo -- around matches, where there are none
status ps-tree --list --pid 2 --context none
status ps-tree --jsonl --pid 2 --context=both
status ps-tree --context ancestors
echo -- what other outputs heed too
status ps-tree --json -o pid -L 0
status ps-tree --list -C age -k
status ps-tree --json -o pid -s 2
status ps-tree --json -o pid --context ancestors --pid 2
echo -- values that cannot be
status ps-tree --env =x
status ps-tree --env ''
status ps-tree --procfs ''
status ps-tree --procfs /none
status ps-tree -L -1
status ps-tree -L 4294967296
status ps-tree --watch=0
status ps-tree --watch=49ms
status ps-tree --color=sometimes
status ps-tree -N nothing
status ps-tree -H 0
status ps-tree ''
status ps-tree self~
status ps-tree self~-1
status ps-tree 2147483648
status ps-tree --sort=-
status ps-tree --list -o pid,,ppid
status ps-tree --list -0 -o pid
echo -- an empty variable is none
PROCTOOL_PROCFS='' ps-tree --list --pid 1
