#!/bin/sh
# A page for every applet, without a complaint of mandoc's; the page, --help and --options speak of the
# same options, and ps-tree's page of all fields by all their names.
. "$TESTS/util.sh"
cd "$SOURCE" || exit 1
command -v mandoc >/dev/null || skip "no mandoc"

bad=0
complain() {
    echo "$*"
    bad=1
}

# The options that a page has an item for, `-a` and `--arguments`, one a line.
items() {
    awk '$1 == ".It" {
        flag = 0
        for (i = 2; i <= NF; i++) {
            if ($i == "Fl")
                flag = 1
            else if (flag && $i ~ /^-?[A-Za-z0-9]/ && $i !~ /^(Ns|Ar|Op|No|Cm|Sm)$/)
                print "-" $i
            else if ($i != ",")
                flag = 0
        }
    }' "$1" | sort -u
}

# check_page NAME PAGE COMMAND...: the command shows the help.
check_page() {
    name=$1 page=$2
    shift 2
    "$@" >"$work/help" || complain "$name --help: status $?"
    mandoc -Tlint -Wwarning "$page" || bad=1
    items "$page" >"$work/items"
    "$PROCTOOL" --options "$name" >"$work/table"
    cut -f 1,2 "$work/table" | tr '\t,' '[\n*]' | grep -v '^-$' | sort -u >"$work/names"
    # Letters and the names that --help shows must have an item; aliases may.
    sed 's/,[^\t]*//' "$work/table" | cut -f 1,2 | tr '\t' '\n' | grep -v '^-$' |
        sort -u >"$work/shown"
    comm -13 "$work/items" "$work/shown" | while read -r option; do
        echo "$page: has no item for $option"
    done >"$work/missing"
    comm -23 "$work/items" "$work/names" | while read -r option; do
        echo "$page: has an item for $option, which is no option"
    done >>"$work/missing"
    while read -r option; do
        grep -q -e "^ *\\(-., \\)\\{0,1\\}$option\\([][ =,]\\|\$\\)" "$work/help" ||
            echo "$name --help: lacks $option"
    done <"$work/shown" >>"$work/missing"
    [ ! -s "$work/missing" ] || complain "$(cat "$work/missing")"
}

check_page proctool man/proctool.1 "$PROCTOOL" --help
for applet in $("$PROCTOOL" --list); do
    page=man/$applet.1
    [ -e "$page" ] || page=man/$applet.8
    if [ -e "$page" ]; then
        check_page "$applet" "$page" "$PROCTOOL" "$applet" --help
    else
        complain "$applet: has no page in man/"
    fi
done

# What pages and README start by its path is where packages put it.
for applet in $("$PROCTOOL" --list); do
    grep -o "[^ \"=]*bin/$applet" README.md man/*.[18] | grep -v ":/usr/bin/" &&
        complain "$applet is in /usr/bin"
done

# The fields' table and the page's: a name, other names in parentheses.
sed -n -e 's/^    {"\([a-z_]*\)", NULL, PT_VALUE.*/\1/p' \
    -e 's/^    {"\([a-z_]*\)", "\([^"]*\)", PT_VALUE.*/\1 (\2)/p' applets/field_values.c |
    sed 's/,/, /g' >"$work/fields"
sed -n '/^\.Sh FIELDS/,/^\.Sh JSON/s/^\.It Cm \([a-z_]*\) Ta \(([a-z%_, ]*)\)\{0,1\}.*/\1 \2/p' man/ps-tree.1 |
    sed 's/ $//' >"$work/described"
[ -s "$work/fields" ] || complain "applets/field_values.c: no table of fields"
diff "$work/fields" "$work/described" ||
    complain "man/ps-tree.1: its FIELDS are not those of applets/field_values.c"
exit $bad
