# --list: PIDs, rows under a header, order.
. "$TESTS/procfs.sh"
process 1 0 init rss=20
process 30 1 sshd tty=34819 utime=150 stime=50
process 31 30 bash uid=4294967294
process 200 1 'two words' rss=5
process 40 31 sleep state=T
process 50 1 kworker/0:1 flags=2097152

ps-tree --list
echo --
ps-tree --list -0 | tr '\0' :
echo
ps-tree --list -o pid,ppid,tty,state,uid,rss,comm
echo --
ps-tree --list -o comm,pid --no-header
ps-tree --list -o comm -o pid,comm --pid 1
echo --
ps-tree --list -o pid,starttime,runtime,cpu_percent
echo -- other names, ours printed
ps-tree --list -o vsz,nlwp,pgid,args --pid 31
echo -- order
ps-tree --list --sort -rss -o pid,rss
ps-tree --list --sort comm --kernel-threads
echo -- criteria
ps-tree --list --comm sshd --comm bash
status ps-tree --list --comm nobody
status ps-tree --list -o pid,bogus
status ps-tree --list -o pid,
status ps-tree --list --sort bogus
echo -- all names
ps-tree -o help | sed -n '3,5p'
