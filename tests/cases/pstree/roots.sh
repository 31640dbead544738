# Every visible process is shown, whatever its parent is.
. "$TESTS/procfs.sh"
process 1 0 init start=0
process 2 0 kthreadd flags=2097152 start=0
process 3 2 kworker/0:0 flags=2097152 start=0
process 4 2 core-helper
process 5 0 entered
process 6 5 bash
process 7 999 hidden
process 8 7 child
process 9 9 itself
process 10 11 ring start=1
process 11 12 ring start=1
process 12 10 ring start=1
process 20 1 wrapped start=500
process 19 20 below start=600
process 30 1 young start=900
process 31 30 old start=100
process 40 1 gone state=Z
process 41 1 led state=Z threads=3
process 42 41 kid
process 50 0 reaped state=X
sed -i 's/ X 0 50 50 / X 0 -1 -1 /' "$PROCTOOL_PROCFS/50/stat" # a read while it was being reaped

ps-tree -A -p
echo -- with kernel threads
ps-tree -A -p -k 2
ps-tree -A -k | head -1
echo -- asked for as roots: no mark
ps-tree -A 7 10 31
echo -- missing
status ps-tree -A 7 77
status ps-tree -A 3
echo -- why
ps-tree --list -o pid,ppid,depth,root_reason
