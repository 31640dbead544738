# labels: long
# timeout: 1500
# On a bare Debian root the README's command installs what it needs, builds and runs; another user is
# told what root must install.
[ "$(id -u)" = 0 ] || skip "debootstrap needs root"
command -v debootstrap >/dev/null || skip "no debootstrap"

root=$work/root
debootstrap --variant=minbase stable "$root" >"$work/log" 2>&1 || { tail "$work/log"; skip "no mirror"; }
mkdir "$root/proctool"
(cd "$SOURCE" && git ls-files -z | tar -cf - --null -T -) | tar -xf - -C "$root/proctool"

# inside COMMAND: in the root, with a /proc of its own, and none of our environment.
inside() {
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root unshare --mount --pid --fork --kill-child --propagation private sh -c '
        mount -t proc proc "$1/proc" && chroot "$1" /bin/sh -c "$2"' sh "$root" "$1"
}

inside '/proctool/bootstrap run help' >"$work/seen" || fail "bootstrap run: status $?"
diff "$work/seen" - <<END || fail "bootstrap run: another output"
$(proctool --help)
END
inside 'useradd -m somebody && chown -R somebody /proctool'
inside 'su somebody -c "/proctool/bootstrap static"' >"$work/seen" 2>&1 && fail "static without musl"
grep -q 'needs root; run this, then again ./bootstrap: .*apt-get .*install musl-tools' "$work/seen" ||
    fail "$(cat "$work/seen")"
inside 'apt-get -qq update && apt-get -qq -y install musl-tools' >/dev/null 2>&1
inside 'su somebody -c "/proctool/bootstrap static"' || fail "static: status $?"
