# A record as Linux 3.10 has it: status ends before NSpid (4.1), smaps has no SwapPss (4.3) and no
# rollup (4.14), ns neither cgroup (4.6) nor time (5.6), and each hierarchy of cgroups is of version 1.
. "$TESTS/procfs.sh"
process 1 0 systemd
process 700 1 crond
cd "$PROCTOOL_PROCFS/700" || exit
printf '%s\n' 'Name:	crond' 'State:	S (sleeping)' 'Tgid:	700' 'Pid:	700' 'PPid:	1' 'TracerPid:	0' \
    'Uid:	0	0	0	0' 'Gid:	0	0	0	0' 'FDSize:	64' 'Groups:	' 'VmPeak:	  126388 kB' 'VmSize:	  126384 kB' \
    'VmLck:	       0 kB' 'VmPin:	       0 kB' 'VmHWM:	    1680 kB' 'VmRSS:	    1680 kB' 'VmData:	     892 kB' \
    'VmStk:	     136 kB' 'VmExe:	      60 kB' 'VmLib:	    2908 kB' 'VmPTE:	      64 kB' 'VmSwap:	      12 kB' \
    'Threads:	1' 'SigQ:	0/3795' 'SigPnd:	0000000000000000' 'ShdPnd:	0000000000000000' \
    'SigBlk:	0000000000000000' 'SigIgn:	0000000000000000' 'SigCgt:	0000000180014003' \
    'CapInh:	0000000000000000' 'CapPrm:	0000001fffffffff' 'CapEff:	0000001fffffffff' \
    'CapBnd:	0000001fffffffff' 'Seccomp:	0' 'Cpus_allowed:	1' 'Cpus_allowed_list:	0' 'Mems_allowed:	1' \
    'Mems_allowed_list:	0' 'voluntary_ctxt_switches:	120' 'nonvoluntary_ctxt_switches:	1' >status
printf '%s\n' '00400000-0040f000 r-xp 00000000 fd:00 33718 /usr/sbin/crond' 'Rss: 60 kB' 'Pss: 60 kB' \
    'Private_Clean: 60 kB' 'Private_Dirty: 0 kB' 'Swap: 0 kB' 'VmFlags: rd ex mr mw me dw sd' \
    '7ffd0000-7ffd1000 rw-p 00000000 00:00 0 [stack]' 'Rss: 20 kB' 'Pss: 20 kB' 'Private_Clean: 0 kB' \
    'Private_Dirty: 20 kB' 'Swap: 12 kB' 'VmFlags: rd wr mr mw me gd ac sd' >smaps
printf '%s\n' '10:hugetlb:/' '5:cpuacct,cpu:/' '1:name=systemd:/system.slice/crond.service' >cgroup
mkdir ns
for name in ipc mnt net pid uts; do
    ln -s "$name:[4026531836]" ns/$name
done

ps-tree --jsonl --pid 700 -o pid,comm,state,uid,euid,nspid,threads,pss,uss,swap,cgroup,unit,namespaces,inode
ps-tree --list --pid 700 -o nspid,namespaces,swap
