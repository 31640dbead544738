# What each child is for, from its descriptors, its argv[0] and, where both are silent, its threads.
. "$TESTS/apache.sh"
meminfo 1000000 500000

listener() {
    printf '0000000000000000: 00000002 00000000 00010000 0001 01 %s %s\n' "$1" "$2"
}
{
    echo 'Num RefCount Protocol Flags Type St Inode Path'
    listener 601 /run/wsgi.100.0.1.sock
    listener 602 /run/wsgi.100.u33.12.sock
    listener 603 /run/wsgi.0.1.sock
    listener 604 /run/cgisock.100
    listener 605 /run/cgisock.101
} >unix

# child PID DESCRIPTORS [NAME=VALUE]...: sockets by inode, `poll`; 501 is TCP's.
child() {
    child=$1 descriptors=$2
    shift 2
    apache "$child" 100 "$@"
    rm "$PROCTOOL_PROCFS/$child/fd/"*
    number=3
    for descriptor in $descriptors; do
        case $descriptor in
        poll) ln -s 'anon_inode:[eventpoll]' "$PROCTOOL_PROCFS/$child/fd/$number" ;;
        *) ln -s "socket:[$descriptor]" "$PROCTOOL_PROCFS/$child/fd/$number" ;;
        esac
        number=$((number + 1))
    done
    cp unix "$PROCTOOL_PROCFS/$child/net/unix"
}

title() {
    printf '%s\0' "$2" >"$PROCTOOL_PROCFS/$1/cmdline"
}

show() {
    apache-mem --json --workers --measure rss | jq -c '.instances[] |
        (.groups[] | [.role, .name, .id, [.processes[] | if .stopping then -.pid else .pid end]]),
        ["helpers", [.helpers[].pid]], ["guessed", .roles_guessed]'
}

apache 100 1
cp unix "$PROCTOOL_PROCFS/100/net/unix"
title 100 /usr/sbin/apache2
echo "-- the most specific listener tells"
child 101 '501 poll'
child 102 '501 poll'
child 103 601
title 103 '(wsgi:shop)      '
child 104 601
title 104 '(wsgi:shop)      '
child 105 602
title 105 '(wsgi:shop-front-'
child 106 '601 602'
title 106 '(wsgi:shop-front-'
child 107 603
child 108 605
child 109 604
child 110 '601 604'
child 111 ''
child 112 ''
title 112 '(wsgi:gone)'
child 113 '601'
title 113 /usr/sbin/apache2
child 114 601
title 114 'billing          '
show
echo "-- with mod_fcgid's process manager, which polls nothing and may hold WSGI's sockets"
child 120 501
child 121 '501 601'
for pid in 120 121; do
    echo '7f00-7f01 r-xp 0 0:0 1 /usr/lib/apache2/modules/mod_fcgid.so' >>"$PROCTOOL_PROCFS/$pid/maps"
done
child 122 501
show | grep -e helpers -e worker
echo "-- descriptors are hidden: names, then threads of a prefork server"
rm -r "$PROCTOOL_PROCFS"/1[0-9][0-9]/fd
for pid in 104 105 106 107 108 109 110 111 112 113 114 120 121 122; do
    rm -r "${PROCTOOL_PROCFS:?}/$pid"
done
apache 130 100 threads=4
rm -r "$PROCTOOL_PROCFS/130/fd"
show
echo "-- which a threaded one does not have"
printf '7f00-7f01 r-xp 0 0:0 1 /usr/lib/apache2/modules/mod_mpm_event.so\n' >"$PROCTOOL_PROCFS/100/maps"
show
