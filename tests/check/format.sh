#!/bin/sh
# The layout of our C files is clang-format's, by .clang-format; of one version, for each lays out macros
# and casts in its own way.
set -u
version=14
cd "$SOURCE" || exit 1
if command -v "clang-format-$version" >/dev/null; then
    format=clang-format-$version
elif clang-format --version 2>/dev/null | grep -q " version $version\\."; then
    format=clang-format
else
    echo "skipped: no clang-format $version"
    exit 77
fi
find applets lib tests -name '*.[ch]' -exec "$format" --dry-run -Werror {} +
