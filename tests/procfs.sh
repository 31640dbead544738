# For cases: a tree of files that stands for /proc, in $work/proc, which PROCTOOL_PROCFS then names.
# It was captured at 2026-01-01T00:16:40Z, 1000 seconds after boot.

export PROCTOOL_PROCFS="$work/proc"
mkdir "$PROCTOOL_PROCFS"
echo 1000.00 900.00 >"$PROCTOOL_PROCFS/uptime"
touch -d 2026-01-01T00:16:40Z "$PROCTOOL_PROCFS/uptime"

# process PID PPID COMM [NAME=VALUE]...: stat, statm, status and cmdline of a process. Names are state, tty,
# threads, utime, stime (ticks), start (ticks), rss (pages), flags, uid.
process() {
    pid=$1 ppid=$2 comm=$3
    state=S tty=0 threads=1 utime=0 stime=0 start=$pid rss=10 flags=0 uid=0
    shift 3
    for setting; do
        eval "${setting%%=*}=\${setting#*=}"
    done
    mkdir "$PROCTOOL_PROCFS/$pid"
    printf '%s (%s) %s %s %s %s %s -1 %s 0 0 0 0 %s %s 0 0 20 0 %s 0 %s 1048576 %s 0\n' \
        "$pid" "$comm" "$state" "$ppid" "$pid" "$pid" "$tty" "$flags" "$utime" "$stime" "$threads" \
        "$start" "$rss" >"$PROCTOOL_PROCFS/$pid/stat"
    echo "256 $rss 1 1 0 1 0" >"$PROCTOOL_PROCFS/$pid/statm"
    printf 'Name:\tx\nState:\t%s\nPid:\t%s\nPPid:\t%s\nTracerPid:\t0\nUid:\t%s\t%s\t%s\t%s\n' \
        "$state" "$pid" "$ppid" "$uid" "$uid" "$uid" "$uid" >"$PROCTOOL_PROCFS/$pid/status"
    printf 'Gid:\t%s\t%s\t%s\t%s\nNSpid:\t%s\nVmRSS:\t%s kB\nVmSwap:\t0 kB\nThreads:\t%s\n' \
        "$uid" "$uid" "$uid" "$uid" "$pid" $((rss * 4)) "$threads" >>"$PROCTOOL_PROCFS/$pid/status"
    printf 'SigPnd:\t0\nShdPnd:\t0\nSigBlk:\t0\nSigIgn:\t0\nSigCgt:\t0\n' \
        >>"$PROCTOOL_PROCFS/$pid/status"
    printf '%s\0' "$comm" >"$PROCTOOL_PROCFS/$pid/cmdline"
}

# pss PID KB: its smaps_rollup.
pss() {
    printf '0-1 ---p 0 0 0 [rollup]\nRss: %s kB\nPss: %s kB\nPrivate_Dirty: 1 kB\n' "$2" "$2" \
        >"$PROCTOOL_PROCFS/$1/smaps_rollup"
}
