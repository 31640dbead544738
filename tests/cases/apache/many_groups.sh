# Metrics of at most 64 groups a server, the rest summed up; groups with equal labels are one series.
. "$TESTS/apache.sh"
meminfo 1000000 500000
apache 100 1
smaps 100 9000 4000 500 0
pid=101
# pool NAME KB: a child without listeners, told by its title.
pool() {
    apache $pid 100
    smaps $pid 9000 "$2" 100 0
    rm "$PROCTOOL_PROCFS/$pid/fd/"*
    printf '(wsgi:%s)\0' "$1" >"$PROCTOOL_PROCFS/$pid/cmdline"
    pid=$((pid + 1))
}

number=10
while [ $number -lt 80 ]; do
    pool "group-$number" $number
    number=$((number + 1))
done
apache-mem --prometheus >metrics
grep -c '^apache_mem_group_processes{' metrics
grep '^apache_mem_group_[a-z_]*{.*group="\(…\|group-7[12]\)"' metrics
apache-mem --json | jq -c '.instances[0].groups | length'
