# --json and --jsonl.
. "$TESTS/procfs.sh"
process 1 0 init
process 30 1 sshd
process 31 30 bash
process 32 30 bash
process 40 31 sleep
process 70 60 lost

ps-tree --json -o pid,comm
ps-tree --jsonl -o pid,ppid,depth,root_reason
echo -- criteria: with their context, or alone
ps-tree --json -o pid --comm bash
ps-tree --json -o pid --comm sleep --context none
ps-tree --json -o pid --comm sshd --context descendants
ps-tree --jsonl -o pid --comm bash
echo -- roots
ps-tree --json -o pid,root_reason 31 70
ps-tree --json -o pid,ppid,root_reason --pid 1 --pid 70 --context none
echo -- levels
ps-tree --json -o pid -L 1
echo -- sums
ps-tree --jsonl -o pid,total_rss,total_processes 30
echo -- one record, whole
ps-tree --jsonl --pid 40
