# labels: native
# The static binary needs nothing beside itself: no libc, no /proc, no /dev, no passwd.
! ldd "$PROCTOOL" >/dev/null 2>&1 || skip "not a static binary"
[ "$(id -u)" = 0 ] || skip "chroot needs root"
mkdir root
cp "$PROCTOOL" root/proctool
chroot root /proctool --list >list
echo "status $?"
proctool --list | diff - list
chroot root /proctool --version | sed 's/[0-9.]*$/VERSION/'
chroot root /proctool bogus </dev/null
echo "status $?"
