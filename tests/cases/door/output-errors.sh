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
