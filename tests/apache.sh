# For cases of apache-mem: an Apache in a tree of files that stands for /proc. Its master is PID 100.
. "$TESTS/procfs.sh"

meminfo() {
    printf 'MemTotal: %s kB\nMemFree: 1 kB\nMemAvailable: %s kB\n' "$1" "$2" >"$PROCTOOL_PROCFS/meminfo"
}

# smaps PID RSS PSS USS SWAP [SHMEM]: its smaps_rollup, in kB.
smaps() {
    printf '0-1 ---p 0 0 0 [rollup]\nRss: %s kB\nPss: %s kB\nPss_Shmem: %s kB\n' "$2" "$3" "${6-0}" \
        >"$PROCTOOL_PROCFS/$1/smaps_rollup"
    printf 'Private_Clean: 4 kB\nPrivate_Dirty: %s kB\nSwap: %s kB\nSwapPss: %s kB\n' $(($4 - 4)) "$5" \
        "$5" >>"$PROCTOOL_PROCFS/$1/smaps_rollup"
}

# apache PID PPID [NAME=VALUE]...: one process of it, that listens on port 80; prefork unless it has
# threads.
apache() {
    pid=$1 ppid=$2
    shift 2
    process "$pid" "$ppid" apache2 "$@"
    printf 'VmPTE:\t%s kB\n' 100 >>"$PROCTOOL_PROCFS/$pid/status"
    ln -s /usr/sbin/apache2 "$PROCTOOL_PROCFS/$pid/exe"
    mkdir "$PROCTOOL_PROCFS/$pid/fd" "$PROCTOOL_PROCFS/$pid/net"
    ln -s 'socket:[501]' "$PROCTOOL_PROCFS/$pid/fd/4"
    ln -s 'anon_inode:[eventpoll]' "$PROCTOOL_PROCFS/$pid/fd/5"
    printf '  sl  local_address rem_address   st\n   0: 00000000:0050 00000000:0000 0A %s 0 0 501 1\n' \
        '00000000:00000000 00:00000000 00000000' >"$PROCTOOL_PROCFS/$pid/net/tcp"
    printf '7f00-7f01 r-xp 0 0:0 1 /usr/lib/apache2/modules/mod_mpm_prefork.so\n' \
        >"$PROCTOOL_PROCFS/$pid/maps"
}
