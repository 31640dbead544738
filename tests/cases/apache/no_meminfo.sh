# Below a /proc of subset=pid (5.8; systemd's ProcSubset=pid) there is no meminfo: what it tells is
# unknown, and all else is as ever.
. "$TESTS/apache.sh"
apache 100 1
smaps 100 9000 4000 500 0
apache 101 100
smaps 101 20000 9000 5000 0

status apache-mem
echo -- 3: what was asked for cannot be had
status apache-mem --capacity
apache-mem --json --capacity | jq -c '.memory, (.instances[0] | .total_bytes / 1024,
    (.capacity | .largest, .reason, .source, .available_bytes, .reserve_bytes))'
echo -- plugins
status apache-mem --nagios --measure pss
apache-mem --prometheus | grep -c capacity
