#!/usr/bin/env bats
# take: the first N records.

load lib

numbers() { # numbers N...
	printf '{"n":%d}\n' "$@"
}

@test "the first N records pass as they are, the others are dropped" {
	printf '{ "n": 1 }\n{"n":2}\n{"n":3}\n' | take 2 >out
	is out <<-'E'
	{ "n": 1 }
	{"n":2}
	E
}

@test "of fewer records all pass" {
	numbers 1 2 | take 5 >out
	[ "$(wc -l <out)" -eq 2 ]
}

@test "take 0 passes nothing" {
	numbers 1 2 | take 0 >out
	[ ! -s out ]
}

@test "a stream of batches is counted as a whole" {
	numbers 1 2 3 4 5 | take --batch 2 --plain 3 >out
	is out < <(numbers 1 2 3)
}

@test "batches go on when enough has passed" {
	numbers 1 2 3 4 5 | take --batch 2 1 >out
	[ "$(grep -c '"end":' out)" -eq 3 ]
	[ "$(tail -1 out)" = '{"#bief":{"eof":1}}' ]
}

@test "of a complete result each batch gives its first N" {
	printf '{"k":"%s"}\n' a b c a | agg --batch 2 --mode complete --by k count |
		take --plain 2 >out
	is out <<-'E'
	{"k":"a","count":1}
	{"k":"b","count":1}
	{"k":"a","count":2}
	{"k":"b","count":1}
	E
}

@test "an updating result is refused with the remedy" {
	numbers 1 2 | agg --batch 1 --mode update --by n count >in
	run -2 take 1 <in
	[[ "$output" == *"take has no update mode"*"--mode complete"* ]]
}

@test "what is no number of records is refused" {
	run -2 take </dev/null
	[ "$output" = "take: how many? take N" ]
	run -2 take many </dev/null
	[ "$output" = "take: 'many' is not a whole number" ]
	run -2 take 1 2 </dev/null
	run -2 take -1 </dev/null
}

@test "with a checkpoint the count goes on after a restart" {
	mkdir in
	numbers 1 2 >in/1
	stream-files --checkpoint ck in | take 3 | sink-files out
	numbers 3 4 5 >in/2
	stream-files --checkpoint ck in | take 3 | sink-files out
	cat out/part-* >got
	is got < <(numbers 1 2 3)
}

@test "a line that is no record ends it, or is passed over" {
	printf '1\n{"n":1}\n' >in
	run -1 take 1 <in
	[[ "$output" == "take: line 1: "* ]]
	take 1 --on-error skip <in >out 2>err
	is out < <(numbers 1)
	[ "$(tail -1 err)" = "take: 1 record refused, skipped" ]
}

@test "batches of no records, or of records and by the clock, are refused" {
	run -2 take 3 --batch 0 </dev/null
	[ "$output" = "take: --batch is at least 1" ]
	run -2 take 3 --batch 2 --trigger 1s </dev/null
	[ "$output" = "take: --batch and --trigger: one of them" ]
}

@test "without batches take ends its input, as head does, wherever it stands" {
	yes '{"n":1}' | take 2 >out
	[ "${PIPESTATUS[*]}" = '141 0' ]
	yes '{"n":1}' | bief run 'filter true | take 2 | agg count' >>out
	yes '{"n":1}' | bief run 'union - /dev/null | take 1' >>out
	yes '{"n":1}' | take 1 | take 1 >>out
	mkfifo f
	bief run 'stream-files f | take 1' >>out &
	exec 7>f
	echo '{"n":2}' >&7
	wait $!
	exec 7>&-
	is out <<-'E'
	{"n":1}
	{"n":1}
	{"count":2}
	{"n":1}
	{"n":1}
	{"n":2}
	E
}

@test "so it does behind inputs of which nothing more comes for a while" {
	mkfifo a b
	exec 8<>a 9<>b
	numbers 1 2 3 >&8
	for way in 'union a b' 'join-stream a a.json --on n'; do
		numbers 1 2 3 >a.json
		numbers 1 2 3 >&8
		timeout 20 bief run "$way | take 3 | agg sum:n" >out
		is out <<<'{"sum(n)":6}'
	done
}
