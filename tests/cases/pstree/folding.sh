# What folds prints alike in everything that is shown or asked for.
. "$TESTS/procfs.sh"
process 1 0 init
for n in 10 20 30; do
    process $n 1 sh
    process $((n + 1)) $n a
    process $((n + 2)) $n b
done
process 40 1 sh
process 41 40 b
process 50 1 sh state=Z
process 51 1 sh state=Z
process 60 1 sh threads=2
process 61 1 sh threads=2
process 62 1 sh threads=3

echo -- alike
ps-tree -A
echo -- not in the midst of others by PID
ps-tree -A -n
echo -- by process group
ps-tree -A -g
echo -- a highlight
ps-tree -A -H 20 --color=always | cat -v
echo -- only down to the depth
ps-tree -A -L 1
echo -- threads alone
ps-tree -A -a
echo -- neither
ps-tree -A -c | wc -l
echo -- nested
process 70 0 top
for n in 71 72; do
    process $n 70 x
    process $((n + 10)) $n y threads=3
    process $((n + 20)) $n y threads=3
done
ps-tree -A 70
