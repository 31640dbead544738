# labels: daemon
# timeout: 600
# -DPROCTOOL_APPLETS: each applet alone, static, built, run, and weighed into applet-sizes beside the binary.
build=$(dirname "$PROCTOOL")
compiler=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt")
all=$(wc -c <"$PROCTOOL")
version=$("$PROCTOOL" --version)

# alone APPLETS: a proctool of these only, in $work/build.
alone() {
    cmake -S "$SOURCE" -B "$work/build" -DPROCTOOL_APPLETS="$1" -DPROCTOOL_STATIC=ON -DPROCTOOL_LINKS=none \
        -DCMAKE_BUILD_TYPE=MinSizeRel -DCMAKE_C_COMPILER="$compiler" >"$work/log" 2>&1 &&
        cmake --build "$work/build" --target proctool >>"$work/log" 2>&1 || fail "$1: $(cat "$work/log")"
    DESTDIR=$work/installed-$1 cmake --install "$work/build" --prefix /usr >/dev/null
}

# weigh APPLET: alone.
weigh() {
    applet=$1
    alone "$applet"
    program=$work/build/proctool
    [ "$("$program" --list)" = "$applet" ] || fail "$applet alone lists: $("$program" --list)"
    ln -sf proctool "$work/build/$applet"
    "$work/build/$applet" --help >"$work/help" || fail "$applet alone: --help: status $?"
    "$applet" --help | cmp - "$work/help" || fail "$applet alone has another --help"
    [ "$("$program" "$applet" --version)" = "$version" ] || fail "$applet alone does not run"
    other=ps-tree
    [ "$applet" != ps-tree ] || other=kill-graceful
    "$program" "$other" --version >/dev/null 2>&1
    [ $? = 127 ] || fail "$applet alone: $other is there too"
    pages=$(ls "$work/installed-$applet"/usr/share/man/man?)
    case $pages in
    *"$applet."*) ;;
    *) fail "$applet alone: no manual, only: $pages" ;;
    esac
    case $pages in
    *"$other."*) fail "$applet alone: $other has a manual" ;;
    esac
    size=$(wc -c <"$program")
    echo "$applet alone: $size bytes" >>"$work/sizes"
    [ "$size" -lt "$all" ] || fail "$applet alone is no smaller than all: $all bytes"
}

for applet in $("$PROCTOOL" --list); do
    weigh "$applet"
done
cp "$work/sizes" "$build/applet-sizes"

alone 'ps-tree;kill-graceful'
[ "$("$work/build/proctool" --list | tr '\n' ' ')" = 'kill-graceful ps-tree ' ] || fail "two applets: another list"
