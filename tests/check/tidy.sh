#!/bin/sh
# labels: long
# timeout: 900
# What clang-tidy finds (.clang-tidy).
set -u
cd "$SOURCE" || exit 1
command -v clang-tidy >/dev/null || { echo "skipped: no clang-tidy"; exit 77; }
build=$(dirname "$PROCTOOL")/tidy
cmake -S . -B "$build" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >/dev/null || exit 1
printf '%s\n' lib/*.c applets/*.c | xargs -P "$(nproc)" -n 8 clang-tidy -p "$build" --quiet 2>/dev/null
