# --list, --help and the bare call speak of the same applets, sorted; each explains itself.
proctool --list >list
sort -c list && echo sorted
proctool >bare
proctool --help | diff - bare && echo same
proctool help | diff - bare && echo same
sed -n '/^Applets:/,/^$/s/^  \([a-z-]*\) .*/\1/p' bare | diff - list && echo same
while read -r applet; do
    proctool help "$applet" >help || echo "help $applet"
    proctool "$applet" --help | diff - help || echo "$applet --help"
    "$applet" --help | diff - help || echo "$applet by its name"
    [ "$("$applet" --version)" = "$(proctool --version)" ] || echo "$applet --version"
    grep -q "^Exit status:" help || echo "$applet: no exit statuses"
    [ "$(awk 'length > 80' help)" = "" ] || echo "$applet: lines over 80 columns"
    proctool --options "$applet" | awk -F'\t' 'NF != 5' | sed "s/^/$applet: /"
done <list
