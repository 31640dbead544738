# -o and --totals: columns before the tree, a process a line.
. "$TESTS/procfs.sh"
process 1 0 init rss=100
process 10 1 web rss=20 threads=3
process 11 10 work rss=5
process 12 10 work rss=5
process 13 12 '日本' rss=1
process 20 1 cron rss=7

ps-tree -o pid,state,rss,comm
ps-tree -A -o pid --no-header 10
ps-tree -A -o pid -c -T 10
ps-tree -A --totals
ps-tree -A --totals=rss -o pid -L 1
pss 10 10
pss 11 20
pss 12 30
pss 13 1
ps-tree -A --totals=pss
