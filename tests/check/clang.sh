#!/bin/sh
# timeout: 600
# The other compiler's warnings, all as errors.
set -u
cd "$SOURCE" || exit 1
command -v clang >/dev/null || { echo "skipped: no clang"; exit 77; }
build=$(dirname "$PROCTOOL")/clang
cmake -S . -B "$build" -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Release -DPROCTOOL_WERROR=ON \
    -DPROCTOOL_TESTS=ON >/dev/null || exit 1
cmake --build "$build" >"$build/log" || { cat "$build/log"; exit 1; }
