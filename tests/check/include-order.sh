#!/bin/sh
# Files include their own floor, as far as it stands before them, and lower ones. The order is that of
# the map in applets/main.c; applets include lib, the common files and their own stories.
set -u
cd "$SOURCE" || exit 1

order='kernel arena text units schedule json table
dir procparse procfs
process snapshot tree match sockets cgroup
spawn become handle waitset hold freeze ending
dbus xauth logind session_values session_probe session_evidence session service'
common='suggest report options options_help applet applets criteria fields session_options main'

# Prints `FILE INCLUDED` for each include of a header of ours.
includes() {
    sed -n "s|^# *include \"\\(.*\\)\\.h\".*|$1 \\1|p" "$1"
}

# Where a name stands in the order; nothing for one that is not in it.
{
    rank=0
    for name in $order; do
        rank=$((rank + 1))
        echo "lib $name $rank"
    done
    for name in $common; do
        rank=$((rank + 1))
        echo "common $name $rank"
    done
    for file in lib/*.[ch] applets/*.[ch]; do
        [ ! -e "$file" ] || includes "$file"
    done | sed 's/^/include /'
    for file in lib/*.c lib/*.h; do
        [ ! -e "$file" ] || echo "file $file"
    done
} | awk '
    function base(path) {
        sub(/.*\//, "", path)
        sub(/\.[ch]$/, "", path)
        return path
    }
    function wrong(text) {
        print text
        failed = 1
    }
    $1 == "lib" || $1 == "common" { rank[$2] = $3; floor[$2] = $1; next }
    $1 == "file" {
        if (floor[base($2)] != "lib")
            wrong($2 ": stands on no floor")
        next
    }
    {
        from = base($2); to = $3
        if (from == to || to == "applet_rows")
            next
        if (from in rank) {
            if (!(to in rank) || rank[to] >= rank[from])
                wrong($2 " includes " to ".h, which stands above it")
            next
        }
        # An applet file: its word, the part before the first _, is what its stories share.
        split(from, mine, "_"); split(to, its, "_")
        if (!(to in rank) && mine[1] != its[1])
            wrong($2 " includes another applet'"'"'s " to ".h")
        if (to == "main" || to == "applets")
            wrong($2 " includes the dispatcher")
    }
    END { exit failed }'
