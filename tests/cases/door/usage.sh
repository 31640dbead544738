# One line that names the offending word.
status proctool --bogus
status proctool --li=1
status proctool --options
status proctool --install
status proctool --install a b
status proctool --install ''
status proctool -s x
status proctool --list cron-graceful
status proctool --options ps-tree --list
status proctool help a b
status proctool --instal-l x
status proctool --i --symbolc
status proctool --options=
proctool --options proctool | cut -f 1-4
