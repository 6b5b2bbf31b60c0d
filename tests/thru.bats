#!/usr/bin/env bats
# thru: any command on the records of every batch.

load lib

numbers() { # numbers N...
	printf '{"n":%d}\n' "$@"
}

@test "without batches the command is run once" {
	numbers 1 2 3 | thru -- sh -c 'echo x >>../runs; jq -c .n' >out
	is out < <(printf '%d\n' 1 2 3)
	[ "$(wc -l <../runs)" -eq 1 ]
	rm ../runs
}

@test "it is run for each batch that has records, and gets these" {
	numbers 1 2 3 | filter '.n != 2' --batch 1 |
		thru -- sh -c 'echo x >>runs; cat' >out
	[ "$(wc -l <runs)" -eq 2 ]
	grep -v time out >lines
	is lines <<-'E'
	{"#bief":{"stream":1}}
	{"n":1}
	{"#bief":{"end":0}}
	{"#bief":{"end":1}}
	{"n":3}
	{"#bief":{"end":2}}
	{"#bief":{"eof":1}}
	E
}

@test "what it writes at its end is part of the batch" {
	numbers 1 2 3 4 | thru --batch 2 --plain -- \
		awk '{ n++ } END { printf "{\"lines\":%d}\n", n }' >out
	is out < <(printf '{"lines":2}\n{"lines":2}\n')
}

@test "watermark and mode survive it" {
	printf '{"t":"2026-11-21T08:00:%02dZ"}\n' 1 30 |
		window --on t --size 10s --watermark 5s --batch 1 |
		thru -- cat | agg --mode append count | pick count --plain >out
	is out <<<'{"count":1}'
}

@test "arguments come to it as they are, no shell is between" {
	numbers 1 | thru -- printf '%s\n' '$HOME' '* "' >out
	is out < <(printf '%s\n' '$HOME' '* "')
}

@test "a command that does not read its input is fine" {
	seq 100000 | sed 's/.*/{"n":&}/' | thru -- true >out
	[ ! -s out ]
	seq 100000 | sed 's/.*/{"n":&}/' | thru -- head -2 >out
	is out < <(numbers 1 2)
}

@test "much data goes through it" {
	seq 300000 | sed 's/.*/{"n":&}/' >in
	thru -- cat <in >out
	cmp in out
}

@test "a status that is not --ok is an error" {
	run -1 thru -- grep x < <(numbers 1)
	[ "$output" = "thru: 'grep' ended with status 1 (--ok 1 accepts that)" ]
	thru --ok 0,1 -- grep x < <(numbers 1) >out
	[ ! -s out ]
	run -1 thru --ok 1 -- cat < <(numbers 1)
}

@test "a command that is not there is an error" {
	run -1 thru -- no-such-command < <(numbers 1)
	[ "$output" = "thru: cannot start 'no-such-command': No such file or directory" ]
}

@test "without a command, or with a status that is none, it is refused" {
	run -2 thru </dev/null
	[ "$output" = "thru: which command? thru -- COMMAND [ARGUMENT ...]" ]
	run -2 thru --ok never -- cat </dev/null
	[ "$output" = "thru: --ok: 'never' is no exit status: these are 0 to 255" ]
	run -2 thru --ok 256 -- cat </dev/null
	[ "$output" = "thru: --ok: '256' is no exit status: these are 0 to 255" ]
}

@test "a command that writes a control line is refused" {
	run -1 thru -- echo '{"#bief":{"eof":1}}' < <(numbers 1)
	[[ "$output" == *"begins as a control line"* ]]
}

@test "records are handed to the command, and its answer on, when the input pauses" {
	mkfifo in
	thru -- sed -u 's/1/2/' <in >out &
	exec 8>in
	echo '{"a":1}' >&8
	wait_for grep -q '{"a":2}' out
	exec 8>&-
	wait $!
}

@test "a second Ctrl-C ends the command, too" {
	setsid bash -c 'stream-rate --rows-per-batch 1 --trigger 100ms |
		thru -- sh -c "cat; sleep 1001"' &
	wait_for pgrep -s $! -f '^sleep 1001'
	command=$(pgrep -s $! -f '^sleep 1001')
	kill -INT -- "-$!"
	wait_for bash -c "kill -INT -- -$! 2>/dev/null; ! kill -0 $command"
}

@test "stops that come together, as those of timeout do, are one" {
	stream-rate --rows-per-batch 1 --trigger 10s >out &
	wait_for grep -q '"begin"' out
	for signal in STOP INT TERM CONT; do
		kill -$signal $!
	done
	wait $!
	[ "$(tail -n 1 out)" = '{"#bief":{"eof":1}}' ]
}

@test "the command knows the batch's number, its time and the watermark" {
	export BIEF_CLOCK=2026-11-21T09:00:00Z
	printf '{"t":"2026-11-21T08:00:%02dZ"}\n' 1 30 |
		watermark --on t --delay 5s --batch 1 |
		thru --plain -- sh -c 'printf "{\"b\":\"%s %s %s[%s]\"}" \
			"$BIEF_BATCH_ID" "$BIEF_BATCH_TIME" "$BIEF_WATERMARK" "$BIEF_CHECKPOINT"' >out
	is out <<-'E'
	{"b":"0 2026-11-21T09:00:00Z 1970-01-01T00:00:00Z[]"}
	{"b":"1 2026-11-21T09:00:00Z 2026-11-21T07:59:56Z[]"}
	E
}

@test "with --control the command is started once and told of the batches" {
	export BIEF_CLOCK=2026-11-21T09:00:00Z
	numbers 1 2 3 | filter '.n != 2' --batch 1 |
		thru --control -- sh -c 'echo x >>runs; tee seen' >out
	[ "$(wc -l <runs)" -eq 1 ]
	is seen <<-'E'
	{"#bief":{"begin":0,"time":"2026-11-21T09:00:00Z"}}
	{"n":1}
	{"#bief":{"end":0}}
	{"#bief":{"begin":1,"time":"2026-11-21T09:00:00Z"}}
	{"#bief":{"end":1}}
	{"#bief":{"begin":2,"time":"2026-11-21T09:00:00Z"}}
	{"n":3}
	{"#bief":{"end":2}}
	E
	grep -v time out >lines
	is lines <<-'E'
	{"#bief":{"stream":1}}
	{"n":1}
	{"#bief":{"end":0}}
	{"#bief":{"end":1}}
	{"n":3}
	{"#bief":{"end":2}}
	{"#bief":{"eof":1}}
	E
}

@test "with --control and without batches there is one batch" {
	seq 100000 | sed 's/.*/{"n":&}/' >in
	thru --control -- cat <in >out
	cmp in out
}

@test "with --control a command that ends early, or mixes batches up, is an error" {
	run -1 thru --control -- head -1 < <(numbers 1 2)
	[ "$output" = "thru: 'head' has ended in batch 0: with --control it reads to the end of its input, and gives the line {\"#bief\":{\"end\":0}} back" ]
	run -1 thru --control -- sed -u 's/end":0/end":7/' < <(numbers 1 2)
	[[ "$output" == *"thru: 'sed' wrote a control line where no batch is open: "* ]]
	run -1 thru --control -- awk '{ print; fflush() } END { print "{}" }' < <(numbers 1 2)
	[[ "$output" == *"thru: 'awk' wrote a record where no batch is open: "* ]]
	run -1 thru --control -- sh -c 'cat; exit 3' < <(numbers 1 2)
	[[ "$output" == *"thru: 'sh' ended with status 3 (--ok 3 accepts that)"* ]]
}

@test "--control tells of a command that keeps its output back" {
	mkfifo in
	thru --control --plain -- jq -c . <in >out 2>err &
	local pid=$!
	exec 9>in
	printf '{"#bief":{"stream":1}}\n{"#bief":{"begin":0,"time":"2026-01-01T00:00:00Z"}}\n{"a":1}\n{"#bief":{"end":0}}\n' >&9
	wait_for grep -q . err
	kill -9 $pid
	is err <<<"thru: 'jq' has not given the line {\"#bief\":{\"end\":0}} back: does it keep its output (jq --unbuffered, sed -u, python3 -u)?"
}
