# A long name is its letter, and so are aliases and unique beginnings.
. "$TESTS/procfs.sh"
process 1 0 init
process 2 0 kthreadd flags=2097152
process 10 1 web uid=1 threads=3
process 11 10 work
process 12 10 work
process 13 12 'other name' tty=34816
mkdir "$PROCTOOL_PROCFS/10/attr"
echo unconfined >"$PROCTOOL_PROCFS/10/attr/current"
ln -s /usr/bin/web "$PROCTOOL_PROCFS/10/exe"

# same LETTERS NAME...: the picture is the same, and says something.
same() {
    letters=$1
    shift
    # shellcheck disable=SC2086
    ps-tree $drawn $letters >"$work/letters" 2>&1 || echo "$letters: status $?"
    for name; do
        # shellcheck disable=SC2086
        ps-tree $drawn $name >"$work/names" 2>&1 || echo "$name: status $?"
        cmp "$work/letters" "$work/names"
        ! cmp -s "$work/letters" "$work/plain" || echo "$name does nothing"
    done
}

drawn=-U
ps-tree -U >"$work/plain"
same -a --arguments --arg
same -A --ascii
same '-A -C never' '--ascii --color=never' '--ascii --colour never'
same '-Calways -H10' '--color=always --highlight-pid=10' '--colour always --highlight-pid 10'
same -c --compact-not
same -g --show-pgids
same -G --vt100 --vt
same -k --kernel-threads --kthreads
same -L1 --depth=1 '--depth 1'
same -p --show-pids
same -P --show-paths
same '-A -n' '--ascii --numeric-sort'
same '-N mnt' '--ns-sort=mnt'
same '-s 13' '--show-parents 13'
same -T --hide-threads
same '-A -u' '--ascii --uid-changes'
same -Z --security-context
same '-o pid' '--output=pid' '--output pid'
drawn=
same '-r --list' '--descendants --list'
same '--list -0' '--list --null'
same --help --hel
echo -- what shows nothing else here
ps-tree >"$work/plain"
for name in -A --ascii -l --long -h --highlight-all -S --ns-changes -t --thread-names; do
    ps-tree $name >"$work/names" || echo "$name: status $?"
    cmp "$work/plain" "$work/names" || echo "$name"
done
ps-tree -U | cmp - "$work/plain" | wc -l
ps-tree -U >"$work/plain"
ps-tree --unicode | cmp - "$work/plain"
echo -- the version, on stdout
ps-tree -V 2>/dev/null | sed 's/ [0-9].*/ VERSION/'
ps-tree --version 2>/dev/null | sed 's/ [0-9].*/ VERSION/'
echo -- what is not unique, or none
for name in --s --show-pid --c -x --bogus --list=x --color --depth -o -L; do
    status ps-tree $name
done
