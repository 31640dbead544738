#!/bin/sh
# labels: long
# timeout: 900
# What clang-tidy finds (.clang-tidy). Each version has checks of its own.
set -u
cd "$SOURCE" || exit 1
clang-tidy --version 2>/dev/null | grep -q 'version 14\.' || { echo "skipped: no clang-tidy 14"; exit 77; }
build=$(dirname "$PROCTOOL")/tidy
cmake -S . -B "$build" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >/dev/null || exit 1
printf '%s\n' lib/*.c applets/*.c | xargs -P "$(nproc)" -n 8 clang-tidy -p "$build" --quiet 2>/dev/null
