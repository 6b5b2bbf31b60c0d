#!/usr/bin/env bats
load lib

# Expressions and their right answers, many in one process (tests/peers/run).
peers() {
	[ -x "$TOP/${B:-build}/peers/answer" ] || skip "make build/peers/answer"
	"$TOP/tests/peers/run" -v "$@"
}

@test "expressions of SQL give the answers that are written beside them" {
	peers "$TOP"/tests/peers/*.expect
}

@test "Spark's answers: expressions over values at the edges of every type" {
	shared
	peers "$SHARED"/peers/*.sql.out
}

@test "where types are known or guessed, an expression gives what it always gives" {
	[ -x "$TOP/${B:-build}/peers/ways" ] || skip "make build/peers/ways"
	"$TOP/tests/peers/run" --ways -v "$TOP"/tests/peers/*.expect
}

@test "an answer that is not the one beside it is told" {
	printf '%s\n' "1 + 1 => int 3" "1 + => refused: ends here" \
		"nosuch(1) => refused" "'a' = 'b' => boolean false" > x.expect
	run peers x.expect
	[ "$status" -eq 1 ]
	[ "${lines[0]}" = "WRONG: 1 + 1" ]
	[ "${lines[3]}" = "x.expect: 3 of 4 right (WRONG:1 equal:3)" ]
}
