#!/usr/bin/env bats
# Spark's answers: some of our own cases always, all of them where they are.

load lib

conformance() {
	local out=$BATS_TEST_TMPDIR/out
	BIEF_BIN=${BIEF_BIN:-$TOP/bin} "$TOP/tests/conformance" "$@" >"$out" ||
		{ cat "$out"; return 1; }
	tail -n 1 "$out"
}

@test "small cases of every kind give Spark's answers" {
	run conformance "$TOP/tests/cases"
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	[[ $output == *" passed, 0 failed, 0 not expressible" ]]
}

@test "a case whose answer is another fails, and is counted" {
	sed 's/"count": 2/"count": 9/' "$TOP/tests/cases/golden.jsonl" >bad.jsonl
	run -1 conformance bad.jsonl
	[[ $output == *"failed: own-window-append: batch 0: "* ]]
	[[ ${lines[-1]} == *"2 failed, 0 not expressible" ]]
}

@test "what a live Spark answered" {
	shared
	conformance "$SHARED/golden"
}

@test "the cases of Spark's own suites" {
	shared
	conformance "$SHARED/spark-cases"
}

@test "what bief does not have is not expressible, and no failure" {
	cat >forgets.jsonl <<-'END'
	{"id": "Own#forgets", "suite": "Own", "kind": "error", "query": {"op": "select", "columns": ["value"], "mode": "append", "sink": "memory", "query_name": "t"}, "batches": [{"input": [{"value": 1}], "expect": [{"value": 1}], "restart": false}, {"input": [{"value": 2}], "expect": null, "restart": true}], "expect_error": {"when": "start", "message_contains": ["recovering"]}}
	END
	BIEF_BIN=${BIEF_BIN:-$TOP/bin} run -0 "$TOP/tests/conformance" forgets.jsonl
	[[ ${lines[0]} == *"not expressible: Own#forgets: a sink that forgets: "* ]]
	[[ ${lines[-1]} == "0 passed, 0 failed, 1 not expressible" ]]
}

@test "a deviation names a case, a suite or a page, and gives its reason" {
	local name number reason page
	while read -r name number reason; do
		[[ $name == '#'* ]] && continue
		[[ $number =~ ^([0-9]+|\*)$ && -n $reason ]] || return 1
		[[ $name == *'#'* ]] || continue
		page=${name%%#*}
		[[ $page == @(plan|sql|*Suite) ]] ||
			compgen -G "$TOP/man/$page.[157]" >/dev/null ||
			{ echo "no page: $name"; return 1; }
	done <"$TOP/tests/deviations"
}
