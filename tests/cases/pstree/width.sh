# On a terminal lines are cut at its width; wide characters, quotes and colours too.
. "$TESTS/procfs.sh"
process 1 0 init
process 10 1 '日本語日本語'
process 11 10 '日本'
process 12 10 '日'
process 20 1 'a(b' threads=3
process 21 1 'ab'

terminal() {
    columns=$1
    shift
    echo "-- $columns"
    COLUMNS=$columns script -qec "ps-tree $*" /dev/null </dev/null | tr -d '\r' | cat
}
for columns in 1 2 10 11 12 13 19 20 21 22 23 24 25 26 60; do
    terminal $columns -A
done
terminal 20 -l -A
terminal 16 -U
terminal 14 -G | cat -v
terminal 16 -a
terminal 24 -o pid
terminal 4 -o pid
terminal 15 -A --color=always -H 10 | cat -v
echo -- no terminal
COLUMNS=10 ps-tree -A
