# What every shell test stands on; sourced by run-case and by real tests.
# PROCTOOL, HELPERS, LINKS, SOURCE and TESTS come from CTest (tests/CMakeLists.txt).
set -u

export LC_ALL=C.UTF-8 TZ=UTC
unset NO_COLOR COLUMNS LANGUAGE PROCTOOL_PROCFS CDPATH ENV BASH_ENV
export ASAN_OPTIONS="detect_leaks=1:abort_on_error=0:exitcode=99:allocator_may_return_null=1"
export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1"
PATH=$LINKS:$(dirname "$PROCTOOL"):$PATH
export PATH

# LeakSanitizer cannot work under a tracer.
if grep -q '^TracerPid:[[:space:]]*[1-9]' /proc/self/status 2>/dev/null; then
    ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
fi

# A directory of the test's own, gone afterwards.
work=$(mktemp -d "${TMPDIR:-/tmp}/proctool-test.XXXXXX") || exit 1
export work
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Leaves the test as not run, with the reason.
skip() {
    echo "skipped: $*"
    exit 77
}

fail() {
    echo "failed: $*"
    exit 1
}

# status COMMAND...: runs it and says how it ended, for stored output.
status() {
    "$@"
    echo "status $?"
}

# Whether the binary was built with sanitizers: it needs /proc and more memory than others.
sanitized() {
    grep -q __asan_init "$PROCTOOL"
}
