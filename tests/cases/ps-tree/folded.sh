# --folded: a line a distinct path, own values.
. "$TESTS/procfs.sh"
process 1 0 init rss=20 utime=100
process 30 1 sshd rss=3
process 31 30 sshd rss=4 stime=5
process 32 31 bash
process 33 30 sshd rss=5
process 34 33 bash
process 35 33 'a;b c'
process 36 33 "$(printf 'x\ny')"
process 37 33 ''
process 50 1 ended state=Z rss=0
process 60 59 lost rss=7
for pid in 1 30 31 32 33 34 35 60; do
    pss $pid $((pid * 2))
done

status ps-tree --folded
status ps-tree --folded=rss
status ps-tree --folded=cpu
echo -- below a root, and around matches
status ps-tree --folded=rss 33
status ps-tree --folded=rss --comm bash --context ancestors
status ps-tree --folded=rss -L 1
