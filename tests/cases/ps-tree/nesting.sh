# 80 levels at a time: jq 1.6 refuses more than 84.
. "$TESTS/procfs.sh"
command -v jq >/dev/null || skip "no jq"
process 1 0 init
pid=1
while [ $pid -lt 250 ]; do
    process $((pid + 1)) $pid level
done
process 300 80 last
ps-tree --json >"$work/json"
jq -c '.processes | length, map([.pid, .root_reason, .depth])' "$work/json"
jq -c '[.. | objects | select(has("pid")) | .pid] | length, (sort == [range(1; 251)] + [300])' \
    "$work/json"
jq '[paths | map(select(. == "children")) | length] | max' "$work/json"
ps-tree --json -o pid -L 120 | jq -c '[.. | objects | select(has("pid")) | .pid] | length, max'
