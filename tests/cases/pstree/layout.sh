# The layout, and what stands beside names.
. "$TESTS/procfs.sh"
process 1 0 init
process 10 1 sshd
process 11 10 sshd
process 12 11 bash
process 13 12 vim
process 20 1 cron
process 21 20 cron
process 22 20 cron
process 23 21 sh
process 24 22 sh
process 30 1 web threads=4
process 31 1 bash
process 40 1 two threads=2
process 41 40 sh

ps-tree
ps-tree -U
LC_ALL=C ps-tree
LC_ALL=C ps-tree -U 40
LC_ALL=C ps-tree -G | cat -v
echo -- compact-not, pids, groups
ps-tree -A -c
ps-tree -A -p
ps-tree -A -g 20
ps-tree -A -pg 20
echo -- order, threads
ps-tree -A -n
ps-tree -A -T 30 40
echo -- parents, depth
ps-tree -A -s 12
ps-tree -A -s 41
ps-tree -A -L 0
ps-tree -A -L 1
ps-tree -A -L 2 10
