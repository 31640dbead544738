# What could not be written is an error; a reader that went away is not worth a line.
proctool --help >/dev/full
echo "full: $?"
proctool --help >&-
echo "closed: $?"
proctool --help <&- | sed -n 1q
(
    trap '' PIPE
    mkfifo pipe
    exec 3<>pipe 4>pipe 3<&-
    proctool --help >&4
    echo "no reader: $?"
)
echo "-- what was found does not matter: with 0 and 1 alike a lost result is 3"
for command in 'ps-tree --jsonl' 'kill-graceful --dry-run --json --comm no-such-name' \
    'apache-mem --json --exe-name no-such-name' 'apache-mem --nagios --exe-name no-such-name'; do
    $command >/dev/full
    echo "status $?"
done
