# What would be done, and by which schedule; nothing is.
sleep 1000 &
pid=$!
trap 'kill -9 $pid' EXIT
until [ "$(cat /proc/$pid/comm)" = sleep ]; do :; done

plan() {
    echo "-- $*"
    status kill-graceful -n "$@" $pid 2>&1 | sed "s/$pid/PID/"
}

plan
plan -s INT -t 1m30s
plan -9
plan --no-kill
plan -t 0
plan --retry TERM/30/INT/5/KILL/5
plan --retry 3
plan --retry TERM/5/forever/INT/5/KILL/5
plan --wait
plan --suspend
plan --resume
plan --signal-only -s HUP
plan --tree
plan --comm sleep
plan --comm other
plan -q
plan --descendants
plan --json | sed 's/"\(time\|id\|pid\|argv\|seconds\).*/"\1 .../'
echo -- alive
kill -0 $pid && echo yes
