#!/bin/sh
# timeout: 300
# cmake --install: what is put where, and how the applets' names are linked, below DESTDIR.
. "$TESTS/util.sh"
set -e
export CFLAGS=-O0

completions=$SOURCE/applets/completions
applets=$("$PROCTOOL" --list)

# lay_out KIND: configures, builds and installs with that PROCTOOL_LINKS; leaves it in $root.
lay_out() {
    root=$work/$1
    cmake -S "$SOURCE" -B "$work/build" -DPROCTOOL_LINKS="$1" -DCMAKE_INSTALL_PREFIX=/usr >/dev/null
    cmake --build "$work/build" --target proctool >/dev/null
    DESTDIR=$root cmake --install "$work/build" >/dev/null
    share=$root/usr/share
    cmp "$completions/proctool.bash" "$share/bash-completion/completions/proctool"
    cmp "$completions/proctool.fish" "$share/fish/vendor_completions.d/proctool.fish"
    cmp "$completions/_proctool" "$share/zsh/site-functions/_proctool"
    [ "$("$root/usr/bin/proctool" --list)" = "$applets" ] || fail "$1: proctool does not run"
    # The second time nothing is in the way.
    DESTDIR=$root cmake --install "$work/build" >/dev/null
}

lay_out symbolic
for applet in $applets; do
    [ "$(readlink "$root/usr/bin/$applet")" = proctool ] || fail "$applet: no symbolic link"
    cmp "$completions/proctool.bash" "$share/bash-completion/completions/$applet"
    cmp "$completions/proctool.fish" "$share/fish/vendor_completions.d/$applet.fish"
done
find "$SOURCE/man" -name '*.[18]' | while read -r page; do
    section=${page##*.}
    cmp "$page" "$root/usr/share/man/man$section/${page##*/}"
done

lay_out hard
for applet in $applets; do
    [ "$root/usr/bin/$applet" -ef "$root/usr/bin/proctool" ] || fail "$applet: no hard link"
    [ ! -L "$root/usr/bin/$applet" ] || fail "$applet: a symbolic link"
done

# Below another prefix, given at installation only.
cmake --install "$work/build" --prefix "$work/own" >/dev/null
[ "$("$work/own/bin/ps-tree" --version)" = "$("$PROCTOOL" --version)" ] || fail "--prefix: no ps-tree"

lay_out none
[ "$(ls "$root/usr/bin")" = proctool ] || fail "none: $(ls "$root/usr/bin")"

if cmake -S "$SOURCE" -B "$work/bad" -DPROCTOOL_LINKS=soft >"$work/log" 2>&1; then
    fail "PROCTOOL_LINKS=soft was accepted"
fi
grep -q "'soft' is none of symbolic, hard, none" "$work/log"

# zsh reads the names from a comment.
for applet in proctool $applets; do
    echo "$applet"
done >"$work/names"
sed -n '1s/#compdef //p' "$completions/_proctool" | tr ' ' '\n' | diff "$work/names" -
