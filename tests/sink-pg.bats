#!/usr/bin/env bats
# sink-pg: what needs no server; the rest is in services/pg.bats.

load lib

NOWHERE=postgres://test@127.0.0.1:1/x

# Where libpq is not there, nothing else can be asked.
setup() {
	cd "$BATS_TEST_TMPDIR" || return
	run sink-pg '' t </dev/null
	[[ "$output" != *"not installed"* ]] || skip "no libpq here"
}

@test "a database and a table are needed" {
	for words in '' "$NOWHERE" "$NOWHERE t u"; do
		# shellcheck disable=SC2086
		run -2 sink-pg $words </dev/null
		[ "$output" = "sink-pg: expected a database and a table: sink-pg postgres://HOST/DATABASE TABLE" ]
	done
}

@test "a connection string that is none is refused, without its password" {
	run -2 sink-pg '' t </dev/null
	[ "$output" = "sink-pg: the connection string is wrong: it is empty: expected postgres://USER@HOST:PORT/DATABASE, 'host=HOST dbname=DATABASE' or the name of a database" ]
	run -2 sink-pg 'hots=x' t </dev/null
	[[ "$output" == *'invalid connection option "hots"'* ]]
	run -2 sink-pg 'postgres://u:geheim@[::1/x' t </dev/null
	[[ "$output" == *"libpq cannot read it"* ]]
	[[ "$output" != *geheim* ]]
	run -2 sink-pg 'http://localhost/x' t </dev/null
	[[ "$output" == "sink-pg: the connection string is wrong: "* ]]
}

@test "a name that no table has is refused" {
	for name in '' a.b.c . a. '"a' _bief_batches "$(printf '%064d' 0)"; do
		run -2 sink-pg "$NOWHERE" "$name" </dev/null
		[[ "$output" == "sink-pg: '"*"' is "* ]]
	done
}

@test "a server that is not there is an error that a restart may mend" {
	run -1 sink-pg "$NOWHERE" t < <(echo '{"n":1}')
	[[ "$output" == "sink-pg: connection to server at \"127.0.0.1\", port 1 failed: Connection refused"* ]]
	run -1 sink-pg "$NOWHERE" '"a.b"' </dev/null
	run -1 sink-pg --wait 300ms "$NOWHERE" t < <(echo '{"n":1}')
	[[ "${lines[0]}" == *": trying again" ]]
	[ "${#lines[@]}" -eq 2 ]
}

@test "the mode and the keys are checked before anything is connected" {
	run -2 sink-pg --key k "$NOWHERE" t </dev/null
	[ "$output" = "sink-pg: --key is for --mode update" ]
	run -2 sink-pg --mode update "$NOWHERE" t < <(echo '{"n":1}')
	[[ "$output" == *"--mode update needs --key FIELD,..."* ]]
	run -2 bash -c "echo '{\"n\":1}' | agg --batch 1 --mode complete count | sink-pg --mode update $NOWHERE t"
	[[ "$output" == *"what comes is made in mode complete"* ]]
}

@test "bief explain connects to nothing" {
	echo '{"n":1}' >in
	run -0 bief explain "stream-files in | parse-json | sink-pg $NOWHERE t"
	[[ "$output" != *refused* ]]
}
