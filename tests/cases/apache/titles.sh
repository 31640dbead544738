# Other forking servers say in their titles what a child is for.
. "$TESTS/apache.sh"
meminfo 1000000 500000

# child PID PPID COMM TITLE: its titles are padded, as setproctitle leaves them.
child() {
    process "$1" "$2" "$3"
    ln -s "/usr/sbin/$3" "$PROCTOOL_PROCFS/$1/exe"
    printf '%s    \0' "$4" >"$PROCTOOL_PROCFS/$1/cmdline"
    mkdir "$PROCTOOL_PROCFS/$1/fd"
    ln -s 'socket:[501]' "$PROCTOOL_PROCFS/$1/fd/4"
    mkdir "$PROCTOOL_PROCFS/$1/net"
    printf '  sl  local_address rem_address   st\n   0: 00000000:0050 00000000:0000 0A %s 0 0 501 1\n' \
        '00000000:00000000 00:00000000 00000000' >"$PROCTOOL_PROCFS/$1/net/tcp"
}

show() {
    apache-mem --json --workers --measure rss "$@" | jq -c '.instances[] |
        (.groups[] | [.role, .name, [.processes[] | if .stopping then -.pid else .pid end]]),
        ["helpers", [.helpers[].pid]]'
}

child 100 1 nginx 'nginx: master process /usr/sbin/nginx'
child 101 100 nginx 'nginx: worker process'
child 102 100 nginx 'nginx: worker process is shutting down'
child 103 100 nginx 'nginx: cache manager process'
child 104 100 nginx 'nginx: cache loader process'
child 105 100 nginx 'nginx: privileged agent process'
show --exe-name nginx
child 200 1 php-fpm8.2 'php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)'
child 201 200 php-fpm8.2 'php-fpm: pool www'
child 202 200 php-fpm8.2 'php-fpm: pool shop front'
child 203 200 php-fpm8.2 'php-fpm: pool www'
show --exe-name php-fpm8.2
echo "-- nothing is known of one that has no titles, but whether it still listens"
child 300 1 uwsgi uwsgi
child 301 300 uwsgi uwsgi
child 302 300 uwsgi uwsgi
rm "$PROCTOOL_PROCFS/302/fd/4"
show --exe-name uwsgi
