# How many fit, reckoned by hand. Cost of one = USS + swap + page tables (100 kB) + 16 KiB a thread.
. "$TESTS/apache.sh"
meminfo 2000000 800000
apache 100 1
smaps 100 9000 4000 500 0
worker() {
    apache "$1" 100
    smaps "$1" 20000 9000 "$2" "$3"
}
worker 101 5884 0    # 6000 kB
worker 102 7784 100  # 8000
worker 103 9884 0    # 10000, the largest
worker 104 2384 0    # 2500: a quarter of it, and so warm
worker 105 2383 0    # 2499: cold

show() {
    apache-mem --json --capacity "$@" | jq -c '.instances[0].capacity |
        .largest, .average, [.source, .cgroup, .unseen_cgroup], [.available_bytes, .reserve_bytes,
        .held_bytes, .largest_cost_bytes, .average_cost_bytes | . / 1024], [.running, .warm]'
}

echo -- the host binds: 800000 - 200000 + 28999 = 628999 kB
show
echo -- a reserve in percent, in bytes, none, all
for reserve in 50% 100000K 0 100%; do
    show --reserve $reserve | head -n 2 | tr '\n' ' '
    echo
done
echo -- the limit is in processes
apache-mem --capacity --limit 100

# group PATH LIMIT USAGE INACTIVE-FILE: version 2, in bytes of kB.
group() {
    mkdir -p "$work/cgroup$1"
    echo "$2" >"$work/cgroup$1/memory.max"
    echo $(($3 * 1024)) >"$work/cgroup$1/memory.current"
    printf 'anon 5\nfile 7\ninactive_file %s\n' $(($4 * 1024)) >"$work/cgroup$1/memory.stat"
}

# mounts ROOT: the hierarchy as our mount shows it.
mounts() {
    mkdir -p "$PROCTOOL_PROCFS/self"
    printf '21 1 0:21 / / rw - ext4 /dev/sda1 rw\n30 21 0:26 %s %s rw,nosuid - cgroup2 cgroup2 rw\n' \
        "$1" "$work/cgroup" >"$PROCTOOL_PROCFS/self/mountinfo"
}

echo "-- a group: limit 400000, of which 150000 - 50000 are used; a tenth of it is kept"
mkdir "$work/cgroup"
echo 0::/web/apache >"$PROCTOOL_PROCFS/100/cgroup"
group /web/apache $((400000 * 1024)) 150000 50000
group /web max 900000 0
mounts /
show
echo -- the group above has less left: 300000 - 250000
group /web $((300000 * 1024)) 250000 0
show
echo -- more is used than there is, or more is cache than is used
group /web $((300000 * 1024)) 350000 0
show | head -n 2 | tr '\n' ' '
group /web $((300000 * 1024)) 1 50000
show | head -n 2 | tr '\n' ' '
echo
echo -- our mount shows a subtree only, the group being its root
group '' $((300000 * 1024)) 250000 0
mounts /web/apache
show
echo -- or shows none of it
mounts /other
show
echo -- no limit at all, and a kernel without groups
mounts /
rm -r "$work/cgroup"
group /web/apache max 1 0
group /web max 1 0
show | sed -n 3p
rm "$PROCTOOL_PROCFS/100/cgroup"
show | sed -n 3p
echo -- version 1: a limit of 2^60 and more is none
echo '4:memory:/web
0::/x' >"$PROCTOOL_PROCFS/100/cgroup"
printf '30 21 0:26 / %s rw - cgroup cgroup rw,memory\n' "$work/cgroup" >"$PROCTOOL_PROCFS/self/mountinfo"
echo 9223372036854771712 >"$work/cgroup/web/memory.limit_in_bytes"
show | sed -n 3p
echo $((400000 * 1024)) >"$work/cgroup/web/memory.limit_in_bytes"
echo $((150000 * 1024)) >"$work/cgroup/web/memory.usage_in_bytes"
printf 'inactive_file 1\ntotal_inactive_file %s\n' $((50000 * 1024)) >"$work/cgroup/web/memory.stat"
show
echo "-- fewer fit than run; too few are warm"
echo $((35000 * 1024)) >"$work/cgroup/web/memory.limit_in_bytes"
echo $((30000 * 1024)) >"$work/cgroup/web/memory.usage_in_bytes"
for pid in 101 102; do
    smaps $pid 20000 9000 500 0
done
apache-mem --capacity | grep -e '^capacity' -e warning -e fewer -e binds
echo "-- the configuration allows as many as fit"
apache-mem --capacity --limit 2 | grep -e slots -e allowed
echo "-- shared memory that is swapped out is nobody's own"
printf '0-1 ---p 0 0 0 [rollup]\nRss: 20000 kB\nPss: 9000 kB\nPrivate_Dirty: 500 kB\nSwap: 70000 kB\nSwapPss: 0 kB\n' \
    >"$PROCTOOL_PROCFS/101/smaps_rollup"
apache-mem --json --workers | jq -c '.instances[0].groups[0].processes[] | select(.pid == 101) | .swap'
