# A name that is no applet: the nearest one is named, and the status is a shell's.
status proctool help hel
status proctool ps-tere
status proctool ps
status proctool ''
status proctool "$(printf 'x\033[31m\ny')"
status proctool --options cron
