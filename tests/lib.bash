# Loaded by every .bats file.  The programs under test come first on PATH, and
# each test has an empty directory of its own as working directory.

bats_require_minimum_version 1.5.0

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PATH=${BIEF_BIN:-$TOP/bin}:$PATH
export LC_ALL=C.UTF-8
unset BIEF_CLOCK

setup() {
	enter
}

# enter [DIRECTORY]: where a test begins; for a setup of a file's own, too.
enter() {
	[ -z "${WITHOUT-}" ] || skip "$WITHOUT"
	cd "${1:-$BATS_TEST_TMPDIR}" || return
}

# without WHY [LOG]: in a setup_file, which returns then: all tests of the file
# are skipped, for this.  (bats 1.8 takes a skip in there for a failure.)
without() {
	[ -z "${2-}" ] || sed 's/^/# /' "$2" >&3
	export WITHOUT=$1
}

# below PID: all that it has started, and that these have, into left.
below() {
	local child children
	read -r -a children 2>/dev/null <"/proc/$1/task/$1/children" || true
	for child in "${children[@]}"; do
		left+=("$child")
		below "$child"
	done
}

# Stop what a test has left running; waiting keeps the shell from telling.
teardown() {
	local left=()
	below $$
	[ "${#left[@]}" = 0 ] || kill -9 "${left[@]}" 2>/dev/null || true
	wait 2>/dev/null || true
}

# The folder of real data and golden answers beside the checkout; tests that
# use it skip where it is not there.
shared() {
	SHARED=${BIEF_SHARED:-$TOP/../shared}
	[ -d "$SHARED" ] || skip "no shared data here"
}

# Sanitizers map terabytes: no limit on address space can be set.
sanitized() {
	grep -qE '__(asan|tsan)_init' "$(command -v bief)"
}

not_sanitized() {
	! sanitized || skip "sanitizers"
}

# is FILE: the file holds what standard input says.
is() {
	diff -u - "$1"
}

# wait_for COMMAND...: until it succeeds; a minute at most.
wait_for() {
	local i
	for i in $(seq 1 6000); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.01
	done
	echo "waited in vain for: $*" >&2
	return 1
}
