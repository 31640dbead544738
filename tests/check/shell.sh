#!/bin/sh
# Our shell scripts, as shellcheck sees them. A case is a fragment that run-case sources.
set -u
cd "$SOURCE" || exit 1
command -v shellcheck >/dev/null || { echo "skipped: no shellcheck"; exit 77; }
shellcheck -s sh bootstrap .ci/run .ci/package tests/util.sh tests/procfs.sh tests/run-case tests/run-python tests/run-script \
    tests/ns tests/check/*.sh -e SC1090,SC1091,SC2154,SC3013 || exit 1
find tests/cases tests/real -name '*.sh' -exec shellcheck -s sh -S warning -e SC1090,SC1091,SC2154,SC3013 {} +
