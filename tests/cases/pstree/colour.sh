# Colours: always the same sequences, whatever TERM says, and only when asked for on a pipe.
. "$TESTS/procfs.sh"
process 1 0 init start=0
process 10 1 new start=99000 threads=2
process 11 1 hour start=1
process 12 10 match start=99900
unset TERM

ps-tree -A -h
ps-tree -A -C age
ps-tree -A -H 12 --color=always -p | cat -v
ps-tree -A --color=always --comm match | cat -v
ps-tree -A -C age --color=always | cat -v
ps-tree -A --color=always -C age | cat -v
script -qec 'ps-tree -A -C age -C never' /dev/null </dev/null | cat -v
NO_COLOR=1 ps-tree -A --color=always -H 10 | cat -v
script -qec 'ps-tree -A -C age' /dev/null </dev/null | cat -v
script -qec 'ps-tree -A -C age -H 12' /dev/null </dev/null | cat -v
script -qec 'NO_COLOR=1 ps-tree -A -H 12' /dev/null </dev/null | cat -v
