# Which processes are a server: by exe, else comm; its master, its workers; pidfiles of containers.
. "$TESTS/apache.sh"
meminfo 1000000 500000

show() {
    apache-mem --json --measure rss "$@" |
        jq -c '[.instances[] | [.pid, .server, .executable_replaced, .groups[0].count]]'
}

# named PID PPID COMM EXE [NAME=VALUE]...
named() {
    exe=$4
    pid=$1 ppid=$2 comm=$3
    shift 4
    process "$pid" "$ppid" "$comm" "$@"
    ln -s "$exe" "$PROCTOOL_PROCFS/$pid/exe"
}

named 1 0 init /sbin/init
named 50 1 supervisord /usr/bin/python3.11
echo "-- exe counts, whatever comm says; under whichever parent"
named 100 50 renamed /usr/sbin/httpd-prefork
named 101 100 renamed /usr/sbin/httpd-prefork
named 110 1 apache2 /bin/sleep
show
echo "-- a matching child of a worker is no server of its own; helpers are no workers"
named 102 101 renamed /usr/sbin/httpd-prefork
named 103 101 apache2 /usr/lib/cgi-bin/apache2
named 104 100 rotatelogs /usr/bin/rotatelogs
named 105 100 renamed /usr/sbin/other
show
echo "-- its executable was replaced"
rm "$PROCTOOL_PROCFS/100/exe"
ln -s '/usr/sbin/httpd-prefork (deleted)' "$PROCTOOL_PROCFS/100/exe"
show
echo "-- what ended, a kernel thread, a command that signals the master"
named 120 1 apache2 /usr/sbin/apache2 state=Z
named 121 1 apache2 /usr/sbin/apache2 flags=2097152
named 122 1 apache2 /usr/sbin/apache2
printf '%s\0' apache2 -f /etc/x -k graceful >"$PROCTOOL_PROCFS/122/cmdline"
named 123 1 apache2 /usr/sbin/apache2
printf '%s\0' apache2 -DSSL -t >"$PROCTOOL_PROCFS/123/cmdline"
show
echo "-- and masters whose words only look alike"
printf '%s\0' apache2 -f -k -d stop >"$PROCTOOL_PROCFS/122/cmdline"
printf '%s\0' apache2 -k start -- -X >"$PROCTOOL_PROCFS/123/cmdline"
show
echo "-- an interpreter goes by its comm, cut, and up to a colon"
named 200 1 'gunicorn: maste' /usr/bin/python3.11
named 201 200 'gunicorn: worke' /usr/bin/python3.11
named 202 200 'gunicorn: worke' /usr/bin/python3.11
named 210 1 a-very-long-nam /usr/bin/perl
show --exe-name gunicorn
show --exe-name a-very-long-name-indeed
show --exe-name python3.11
echo "-- by PID and by pidfile, that of a container too"
inner() {
    sed -i "s/^NSpid:.*/NSpid:\t$1\t$2/" "$PROCTOOL_PROCFS/$1/status"
}
inner 100 1
inner 122 7
echo 1 >one
echo 7 >seven
echo 50 >fifty
show --pid 100 --pid 122
show --pidfile one --pidfile seven
show --pidfile fifty
inner 123 7
show --pidfile seven
show --pid 101
show --pidfile none
echo x >bad
status apache-mem --pidfile bad
status apache-mem --pid 100 --pid 101
echo "-- an empty PROCTOOL_PROCFS is none, an empty --procfs a mistake"
PROCTOOL_PROCFS='' apache-mem --exe-name no-such-server
echo "status $?"
status apache-mem --procfs ''
