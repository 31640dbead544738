#!/bin/sh
# Files include their own floor, as far as it stands before them, and lower ones, in the order of the map
# in applets/main.c; an applet's files include each other, lib and the common files. Every module
# has its line in the map.
set -u
cd "$SOURCE" || exit 1

modules() {
    sed -n '/^#include/q; s/^ \*   \([a-z_]*\)  *[^ ].*/\1/p' applets/main.c
}

# `applet ps` for the files that begin with ps_, out of the list of applets in CMakeLists.txt.
words() {
    sed -n '/^set(all_applets/,/)/p' CMakeLists.txt | tr -s ' ()' '\n' |
        sed -n 's/^\([a-z]*\)-.*/applet \1/p'
}

includes() {
    grep -H '^# *include "' lib/*.[ch] applets/*.[ch] |
        sed 's/^\([^:]*\):.*"\(.*\)\.h".*/include \1 \2/'
}

{
    modules | sed 's/^/module /'
    words
    printf 'file %s\n' lib/*.[ch] applets/*.[ch]
    includes
} | awk '
    function base(path) {
        sub(/.*\//, "", path)
        sub(/\.[ch]$/, "", path)
        return path
    }
    function word(name) {
        sub(/_.*/, "", name)
        return name in applet ? name : ""
    }
    function wrong(text) {
        print text
        failed = 1
    }
    $1 == "module" { rank[$2] = ++count }
    $1 == "applet" { applet[$2] = 1 }
    $1 == "file" && !(base($2) in rank) && ($2 ~ /^lib/ || word(base($2)) == "") {
        wrong($2 ": has no line in the map of applets/main.c")
    }
    $1 == "include" {
        from = base($2); to = $3
        if (from == to || to == "applet_rows")
            next
        if (from in rank && !(to in rank && rank[to] < rank[from]))
            wrong($2 " includes " to ".h, which does not stand before it")
        if (!(from in rank) && !(to in rank) && word(from) != word(to))
            wrong($2 " includes " to ".h of another applet")
        if (!(from in rank) && (to == "main" || to == "applets"))
            wrong($2 " includes the dispatcher")
    }
    END {
        if (count < 40) # the map was not found
            wrong("applets/main.c: no map of the modules")
        exit failed
    }'
