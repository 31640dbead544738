# A USER's topmost processes, an empty line between their trees; other roots follow one another.
. "$TESTS/procfs.sh"
[ "$(id -u daemon) $(id -u www-data)" = "1 33" ] || skip "other users here than on Debian"
process 1 0 init
process 10 1 web uid=1
process 11 10 work uid=33
process 12 11 below uid=1
process 20 1 cron
process 21 20 job uid=1
process 30 0 top uid=1

ps-tree -A daemon
echo --
ps-tree -A -u daemon
echo --
ps-tree -A -p daemon www-data
echo --
ps-tree -A 20 30
echo -- twice, and within another
ps-tree -A -p daemon daemon 11
ps-tree -A -p 10 21 30 daemon
echo --
status ps-tree -A nobody
status ps-tree -A daemon 99
