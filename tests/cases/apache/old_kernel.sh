# Linux before 4.14 has smaps alone, before 4.3 no SwapPss, before 3.14 no MemAvailable.
. "$TESTS/apache.sh"
apache 100 1
apache 101 100
for pid in 100 101; do
    printf '%s\n' '00400000-004f4000 r-xp 00000000 08:01 1234   /usr/sbin/apache2' \
        'Rss: 3000 kB' 'Pss: 1000 kB' 'Private_Clean: 10 kB' 'Private_Dirty: 20 kB' 'Swap: 5 kB' \
        '7f0000000000-7f0000100000 rw-s 00000000 00:05 99   /dev/zero (deleted)' \
        'Rss: 400 kB' 'Pss: 200 kB' 'Private_Clean: 1 kB' 'Private_Dirty: 2 kB' 'Swap: 3 kB' \
        >"$PROCTOOL_PROCFS/$pid/smaps"
done
printf 'MemTotal: 1000 kB\nMemFree: 300 kB\nInactive(file): 200 kB\n' >"$PROCTOOL_PROCFS/meminfo"
apache-mem --json --workers --capacity --reserve 0 | jq -c '.instances[0] | .measure, .total_bytes / 1024,
    (.groups[0].processes[0] | [.rss, .pss, .uss, .swap] | map(. / 1024)), .capacity.largest, .capacity.reason'
apache-mem --json | jq -c '.memory | map_values(. / 1024)'
