# No name imitates the drawing or reaches the terminal as it is; plain ones are bare.
. "$TESTS/procfs.sh"
process 1 0 init
n=1
for name in 'sshd(1)---bash' '2*[{x}]' '(sd-pam)' '(a)(b)' '(a' '()' 'Web Content' 'a  b' ' a' 'a ' 'a-b' 'a--b' \
    'a-+b' 'kworker/0:1' 'back\slash' 'quo"te' 'tick`' 'star*' 'what?' '<zombie>' 'pi|pe' '' '^ppid=1 x' \
    'café' '日本' 'a─b' 'héllo"' "$(printf 'new\nline')" "$(printf '\033[1mx')" "$(printf 'bad\377')" \
    "$(printf 'bidi\342\200\256x')" '{x}' '-' '-x' 'x-' '.' "it's"; do
    n=$((n + 1))
    process $n 1 "$name"
done

ps-tree -A -n
LC_ALL=C ps-tree -A -n | grep '\\x'
echo -- threads
process 60 0 'x}' threads=2
mkdir -p "$PROCTOOL_PROCFS/60/task/60" "$PROCTOOL_PROCFS/60/task/61"
printf 'x}\n' >"$PROCTOOL_PROCFS/60/task/60/comm"
printf 'a} {b\n' >"$PROCTOOL_PROCFS/60/task/61/comm"
ps-tree -A 60
ps-tree -A -t 60
