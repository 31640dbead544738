#!/bin/sh
# The layout of our C files is clang-format's, by .clang-format.
set -u
cd "$SOURCE" || exit 1
command -v clang-format >/dev/null || { echo "skipped: no clang-format"; exit 77; }
find applets lib tests -name '*.[ch]' -exec clang-format --dry-run -Werror {} +
