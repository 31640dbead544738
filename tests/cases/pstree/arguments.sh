# -a: argv[0] where it says more than the name does, then the arguments.
. "$TESTS/procfs.sh"
process 1 0 init
arguments() {
    process "$1" 1 "$2"
    file=$PROCTOOL_PROCFS/$1/cmdline
    shift 2
    printf '%s\0' "$@" >"$file"
}
arguments 2 sshd /usr/sbin/sshd -D
arguments 3 nginx 'nginx: master process /usr/sbin/nginx'
arguments 4 bash -bash
arguments 5 a-long-name-of- /usr/bin/a-long-name-of-more -x
arguments 6 python3 /usr/bin/python3.11 /srv/app.py
arguments 7 sh sh -c 'echo "a b"' ''
arguments 8 title 'other words' more
arguments 9 evil evil "$(printf 'x\n\033[1m')" 'a\b'
arguments 14 nameless ''
process 10 1 empty
: >"$PROCTOOL_PROCFS/10/cmdline"
process 11 1 unknown threads=3
rm "$PROCTOOL_PROCFS/11/cmdline"
process 12 1 zombie state=Z
: >"$PROCTOOL_PROCFS/12/cmdline"

ps-tree -A -a -n
ps-tree -a -p 1 | head -3
ps-tree -A -a -g -p 2
echo -- all of it, however long
head -c 100000 /dev/zero | tr '\0' x >"$PROCTOOL_PROCFS/4/cmdline"
ps-tree -A -a 4 | wc -c
head -c 9000000 /dev/zero | tr '\0' x >"$PROCTOOL_PROCFS/4/cmdline"
ps-tree -A -a 4
echo -- the path
ln -s '/usr/bin/x y (deleted)' "$PROCTOOL_PROCFS/2/exe"
ln -s '/usr/bin/a---b' "$PROCTOOL_PROCFS/3/exe"
ln -s '/usr/bin/bash' "$PROCTOOL_PROCFS/5/exe"
process 13 1 kworker flags=2097152
ps-tree -A -p -P -n -k
ps-tree -A -a -P 5
echo -- the label
mkdir "$PROCTOOL_PROCFS/2/attr" "$PROCTOOL_PROCFS/3/attr"
echo 'unconfined' >"$PROCTOOL_PROCFS/2/attr/current"
: >"$PROCTOOL_PROCFS/3/attr/current"
ps-tree -A -p -Z -n | head -4
mkfifo "$PROCTOOL_PROCFS/1/attr"
ps-tree -A -Z 1 | head -1
