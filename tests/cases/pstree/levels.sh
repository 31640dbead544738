# Every 1,000 levels the drawing starts anew at the left edge.
. "$TESTS/procfs.sh"
(cd "$PROCTOOL_PROCFS" && { seq 1 2010 && seq 3000 3004; } | xargs mkdir)
level() {
    echo "$1 ($3) S $2 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 ${4-1} 0 0 0 0" >"$PROCTOOL_PROCFS/$1/stat"
}
level 1 0 x
pid=1
while [ $pid -lt 2010 ]; do
    level $((pid + 1)) $pid x
    pid=$((pid + 1))
done
level 3000 500 side
level 3001 1000 last
level 3002 1000 last
level 3003 2000 threads 3
level 3004 2003 side

ps-tree -A >"$work/tree"
# Of each line its length, how many of the chain it holds, its begin and its end.
awk '{ print length, gsub(/x/, "x"), substr($0, 1, 24), substr($0, length - 30) }' "$work/tree"
echo -- nothing is lost
ps-tree -A -p | grep -o '([0-9]*)' | wc -l
ps-tree -A -a -p | grep -c ,
ps-tree -A -o pid --no-header | awk '{ print $1 }' | sort -un | wc -l
ps-tree -A -a -p | grep -n ppid
