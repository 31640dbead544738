# labels: long
# timeout: 900
# ./bootstrap package: lintian finds no error in the .deb; installed into a bare Debian root it runs there, and
# removed it leaves nothing; the archive unpacks below any prefix and runs.
[ "$(id -u)" = 0 ] || skip "debootstrap needs root"
for program in debootstrap dpkg-deb dpkg-shlibdeps lintian; do
    command -v "$program" >/dev/null || skip "no $program"
done

mkdir "$work/source"
tar -C "$SOURCE" --exclude './build*' -cf - . | tar -C "$work/source" -xf -
"$work/source/bootstrap" package >"$work/made" 2>"$work/log" || fail "package: $(cat "$work/log")"
deb=$(grep '\.deb$' "$work/made") archive=$(grep '\.tar\.gz$' "$work/made")
lintian --allow-root --fail-on error "$deb" || fail "lintian: $deb"

mkdir "$work/prefix"
tar -xzf "$archive" -C "$work/prefix" --strip-components 1
for applet in $("$PROCTOOL" --list); do
    [ "$("$work/prefix/bin/$applet" --version)" = "$("$PROCTOOL" --version)" ] || fail "archive: $applet"
    set -- "$work/prefix"/share/man/man?/"$applet".?
    [ -e "$1" ] || fail "archive: $applet has no manual"
done

# Of the release that it was built on.
root=$work/root
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
if ! debootstrap --variant=minbase "$suite" "$root" >"$work/log" 2>&1; then
    tail "$work/log" "$root/debootstrap/debootstrap.log"
    grep -q '^I: Installing core packages' "$work/log" || skip "no mirror"
    fail "debootstrap"
fi

# inside COMMAND: in the root, with a /proc of its own, and none of our environment.
inside() {
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root unshare --mount --pid --fork --kill-child --propagation private sh -c '
        mount -t proc proc "$1/proc" && chroot "$1" /bin/sh -c "$2"' sh "$root" "$1"
}

# All that is there but for dpkg's and apt's own records.
files() {
    (cd "$root" && find . -xdev \( -path ./var/lib/dpkg -o -path ./var/log -o -path ./var/cache -o -path ./proc \
        -o -path ./tmp \) -prune -o -print | sort)
}

files >"$work/before"
cp "$deb" "$root/tmp/proctool.deb"
inside 'dpkg --install /tmp/proctool.deb' >"$work/log" 2>&1 || fail "install: $(cat "$work/log")"
[ "$(inside 'proctool --list')" = "$("$PROCTOOL" --list)" ] || fail "installed: another list of applets"
for applet in $("$PROCTOOL" --list); do
    inside "$applet --help" >"$work/help" || fail "installed: $applet --help: status $?"
done
inside 'ps-tree -a' | grep -q 'ps-tree -a' || fail "installed: ps-tree does not see itself"
inside 'sleep 1000 & kill-graceful --json $! && ! kill -0 $! 2>/dev/null' >"$work/log" 2>&1 ||
    fail "installed: kill-graceful: $(cat "$work/log")"
inside 'dpkg --purge proctool' >"$work/log" 2>&1 || fail "purge: $(cat "$work/log")"
files >"$work/after"
diff "$work/before" "$work/after" || fail "removed, it left something"
