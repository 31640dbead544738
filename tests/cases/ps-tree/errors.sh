# What could not be read, what is not there, what is empty: three things.
. "$TESTS/procfs.sh"
process 1 0 init
process 2 1 unknown
process 3 1 ended state=Z rss=0
process 4 1 nolabel
rm "$PROCTOOL_PROCFS/2/status" "$PROCTOOL_PROCFS/2/cmdline"
ln -s /etc/shadow "$PROCTOOL_PROCFS/2/cgroup"
mkfifo "$PROCTOOL_PROCFS/2/oom_score"
mkdir "$PROCTOOL_PROCFS/2/environ"
printf garbage >"$PROCTOOL_PROCFS/2/smaps_rollup"
: >"$PROCTOOL_PROCFS/3/cmdline"
: >"$PROCTOOL_PROCFS/4/cmdline"

fields=pid,exe,exe_path,exe_name,argv,environ,user,cgroup,unit,oom_score,label,pss,tty
ps-tree --list -o $fields,errors
ps-tree --jsonl -o $fields
echo -- sums that lack something
pss 1 100
pss 4 50
ps-tree --jsonl -o pid,total_pss
ps-tree --list -o pid,total_pss
echo -- a record that is no record
printf '5 (cut' >"$PROCTOOL_PROCFS/4/stat"
ps-tree --jsonl -o pid,ppid,euid,comm
