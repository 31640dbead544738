#!/bin/sh
# timeout: 300
# What cppcheck finds. It takes a descriptor that is returned by `fd < 0 ? -errno : fd` for lost, and one that
# main keeps for good; of users and groups only the main thread asks, once for each name.
set -u
cd "$SOURCE" || exit 1
# Each version errs in its own way.
cppcheck --version 2>/dev/null | grep -q ' 2\.10' || { echo "skipped: no cppcheck 2.10"; exit 77; }
cppcheck -j "$(nproc)" --quiet --std=c11 --enable=warning,performance,portability --error-exitcode=1 \
    --library=posix --library=gnu --library=.cppcheck.cfg -D_GNU_SOURCE -I lib -I applets --suppress=missingIncludeSystem \
    --suppress=resourceLeak:lib/dir.c --suppress=resourceLeak:applets/apache_store.c \
    --suppress=leakReturnValNotUsed:applets/main.c --suppress=getpwnamCalled \
    --suppress=getpwuidCalled --suppress=getgrnamCalled \
    --suppress=getgrgidCalled lib applets
