# Names and arguments as somebody may choose them: exact in JSON, harmless elsewhere.
. "$TESTS/procfs.sh"
process 1 0 init
process 2 1 "$(printf 'a) S 0 (b')"
process 3 1 "$(printf '\033[31mred\nline')"
process 4 1 "$(printf '\377\376')"
process 5 1 '-'
process 6 1 '?'
process 7 1 ''
process 8 1 "$(printf 'bidi\342\200\256')"
printf 'a\0\0b c\0\377\0' >"$PROCTOOL_PROCFS/2/cmdline"
printf 'no end' >"$PROCTOOL_PROCFS/3/cmdline"
printf 'A=\302\205\0B=\377\0=\0C' >"$PROCTOOL_PROCFS/2/environ"
ln -s "$(printf '/x\ny (deleted)')" "$PROCTOOL_PROCFS/2/exe"

ps-tree --list -o pid,ppid,comm,exe,exe_path,exe_deleted,argv,environ
LC_ALL=C ps-tree --list -o comm --no-header
ps-tree --jsonl -o pid,comm,argv,environ,exe,exe_path | tee "$work/lines" | cat -v
jq -r .pid "$work/lines" | tr '\n' ' '
echo
jq -r 'select(.comm_b64).comm_b64' "$work/lines" | base64 -d | od -An -tx1
echo -- beyond 4 KiB: whole, for that record alone
head -c 2000000 /dev/zero | tr '\0' x >"$PROCTOOL_PROCFS/5/cmdline"
ps-tree --jsonl -o argv --pid 5 | jq '.argv[0] | length'
ps-tree --list -o argv --pid 5 --no-header | wc -c
head -c 9000000 /dev/zero | tr '\0' x >"$PROCTOOL_PROCFS/5/cmdline"
ps-tree --jsonl -o argv --pid 5
