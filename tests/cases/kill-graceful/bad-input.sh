# A clear line, the spec's status, and nobody is signalled: the bystander lives on.
sleep 1000 &
bystander=$!
trap 'kill -9 $bystander' EXIT

echo -- targets
for target in 0 -1 1x x '' 99999999999 2147483648 12@ 12@x 12@-1 12: 12:0 12:x @5 :5; do
    status kill-graceful -- "$target"
done
echo -- nobody
status kill-graceful
status kill-graceful --tree
status kill-graceful --invert
status kill-graceful 2147483647
status kill-graceful --ignore-missing 2147483647
status kill-graceful --comm no-such-name
status kill-graceful --pid 2147483647
echo -- pid files
printf '' >empty
printf '\n%s\n' $bystander >blank
echo 0 >zero
echo -1 >negative
echo 1x >letters
echo 99999999999999999999 >huge
echo "$bystander $bystander" >two
mkfifo fifo
ln -s /dev/zero link
chmod 644 empty blank zero negative letters huge two
for file in '' missing empty blank zero negative letters huge two fifo link . /dev/zero /dev/null nowhere/file; do
    status kill-graceful --pidfile "$file" --exe-name sleep
done
echo -- signals and schedules
for signal in x SIGNONE 0x9 -1 65 99; do
    status kill-graceful -s "$signal" $bystander
done
for schedule in '' / TERM TERM/ TERM/x TERM/1/ TERM//1 1/2 TERM/1/KILL TERM/forever; do
    status kill-graceful -n --retry "$schedule" $bystander | sed "s/^$bystander/PID/"
done
for duration in x 1x -1 1h1 '' 1e9; do
    status kill-graceful -t "$duration" $bystander
done
echo -- what contradicts itself
status kill-graceful --wait --suspend $bystander
status kill-graceful --wait -s INT $bystander
status kill-graceful --resume -9 $bystander
status kill-graceful -9 --no-kill $bystander
status kill-graceful -9 -s INT $bystander
status kill-graceful --retry TERM/1 -t 1 $bystander
status kill-graceful --suspend -t 1 $bystander
status kill-graceful --signal-only --no-kill $bystander
status kill-graceful --tree --descendants $bystander
status kill-graceful --leave $bystander
status kill-graceful --after 1 $bystander
status kill-graceful --run
status kill-graceful --tree --run true
status kill-graceful --wait --run true
status kill-graceful --no-such-option
echo -- alive
kill -0 $bystander && echo yes
