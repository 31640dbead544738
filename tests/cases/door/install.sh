# labels: native
# Links, hard and symbolic, that are there already or cannot be made.
mkdir hard soft full
cp "$PROCTOOL" hard/proctool
status hard/proctool --install hard
for applet in $(proctool --list); do
    [ hard/proctool -ef "hard/$applet" ] && [ ! -L "hard/$applet" ] || echo "$applet: not a hard link"
done
status hard/proctool --install hard
status hard/proctool --install -s soft
for applet in $(proctool --list); do
    [ "$(readlink "soft/$applet")" = "$PWD/hard/proctool" ] || echo "$applet: not a symbolic link"
    [ "$("soft/$applet" --version)" = "$(proctool --version)" ] || echo "$applet: does not run"
done
status hard/proctool --install --symbolic soft
for applet in $(proctool --list); do
    echo precious >"full/$applet"
done
hard/proctool --install full 2>messages
[ $? = "$([ -s "messages" ] && echo 1 || echo 0)" ] || echo "wrong status"
[ "$(grep -c 'File exists' messages)" = "$(proctool --list | wc -l)" ] || cat messages
for applet in $(proctool --list); do
    [ "$(cat "full/$applet")" = precious ] || echo "$applet: overwritten"
done
status hard/proctool --install nowhere
