# Who is never meant without --force, named or taken in.
status kill-graceful -n 1 2>&1 | sed 's/([^)]*):/(INIT):/'
status kill-graceful -n $$ 2>&1 | sed "s/$$/SHELL/; s/([a-z-]*):/(NAME):/"
status kill-graceful -n --force $$ | sed "s/$$/SHELL/; s/([a-z-]*):/(NAME):/"
status sh -c 'exec kill-graceful --force $$' 2>&1 | sed 's/: [0-9]* ([^)]*):/: SELF (NAME):/'
echo -- by a pid file
echo $$ >file
chmod 644 file
status kill-graceful -n --user "$(id -un)" --pidfile file 2>&1 | sed 's/([a-z-]*):/(NAME):/'
echo -- taken in by criteria
status kill-graceful -n --cmdline a-pattern-that-only-we-hold 2>&1 | grep -v judged
status kill-graceful -n --pid 1
status kill-graceful -n --pid $$
echo -- the descendants of an ancestor: none but us
status kill-graceful -n --descendants $$ >said 2>&1
sed "s/$$/SHELL/" said
