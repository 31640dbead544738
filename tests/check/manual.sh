#!/bin/sh
# A page for every applet, without a complaint of mandoc's.
set -u
cd "$SOURCE" || exit 1
command -v mandoc >/dev/null || { echo "skipped: no mandoc"; exit 77; }
mandoc -Tlint -Wwarning man/*.[18] || exit 1
for applet in $("$PROCTOOL" --list); do
    [ -e "man/$applet.1" ] || [ -e "man/$applet.8" ] || { echo "no man page: $applet"; exit 1; }
done
