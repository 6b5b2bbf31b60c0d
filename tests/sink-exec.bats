#!/usr/bin/env bats
# sink-exec: a command for every batch.

load lib

numbers() { # numbers N...
	printf '{"n":%d}\n' "$@"
}

@test "without batches the command is run once, with all records" {
	numbers 1 2 3 | sink-exec -- sh -c 'echo "$BIEF_BATCH_ID"; cat' >out
	is out <<-'E'
	0
	{"n":1}
	{"n":2}
	{"n":3}
	E
}

@test "it is run for each batch that has records" {
	numbers 1 2 3 4 5 | filter '.n != 3 and .n != 4' --batch 2 |
		sink-exec -- sh -c 'echo "$BIEF_BATCH_ID: $(tr -d "\n")"' >out
	is out <<-'E'
	0: {"n":1}{"n":2}
	2: {"n":5}
	E
}

@test "with --empty it is run for batches without records, too" {
	numbers 1 2 3 | filter '.n != 2' --batch 1 |
		sink-exec --empty -- sh -c 'echo "$BIEF_BATCH_ID: $(wc -l)"' >out
	is out <<-'E'
	0: 1
	1: 0
	2: 1
	E
	sink-exec -- echo ran </dev/null >out
	is out </dev/null
	sink-exec --empty -- echo ran </dev/null >out
	is out <<<ran
}

@test "the command knows the batch's time, the watermark and the checkpoint" {
	mkdir in
	printf '{"t":"2026-11-21T08:00:%02dZ"}\n' 1 30 >in/a
	export BIEF_CLOCK=2026-11-21T09:00:00Z
	stream-files --checkpoint ck --max-files 1 in |
		parse-json --schema 't timestamp' | watermark --on t --delay 5s |
		sink-exec -- sh -c 'echo "$BIEF_BATCH_ID $BIEF_BATCH_TIME $BIEF_WATERMARK ${BIEF_CHECKPOINT#"$PWD/"}"' >out
	is out <<<'0 2026-11-21T09:00:00Z 2026-11-21T08:00:25Z ck'
	numbers 1 | sink-exec -- sh -c 'echo "[$BIEF_WATERMARK$BIEF_CHECKPOINT]"' >out
	is out <<<'[]'
}

@test "a failing command fails the batch, which is run again with the same number" {
	mkdir in
	numbers 1 >in/a
	numbers 2 >in/b
	touch -d 2026-01-01 in/a
	run_it() {
		stream-files --checkpoint ck --max-files 1 in | parse-json |
			sink-exec -- sh -c 'echo "$BIEF_BATCH_ID $(cat)" >>log
				[ "$BIEF_BATCH_ID" = 0 ] || [ -e good ]'
	}
	run -1 run_it
	[[ "$output" == *"sink-exec: batch 1: 'sh' ended with status 1"* ]]
	touch good
	run -0 run_it
	is log <<-'E'
	0 {"n":1}
	1 {"n":2}
	1 {"n":2}
	E
	run -0 run_it
	[ "$(wc -l <log)" -eq 3 ]
}

@test "--retry runs it again with the same records, and says so" {
	numbers 1 2 | sink-exec --retry 5 -- sh -c 'head -c 3 >/dev/null
		echo x >>tries; cat >>seen; [ "$(wc -l <tries)" -ge 3 ]' 2>err
	[ "$(wc -l <tries)" -eq 3 ]
	[ "$(wc -l <seen)" -eq 6 ]
	is err <<-'E'
	sink-exec: 'sh' ended with status 1: trying again
	sink-exec: 'sh' ended with status 1: trying again
	E
	run -1 sink-exec --retry 1 -- false < <(numbers 1)
	[ "${lines[1]}" = "sink-exec: 'false' ended with status 1" ]
}

@test "a command that is told to stop is not tried again" {
	mkfifo in
	sink-exec --retry 1000 -- sh -c 'echo >>tries; exit 1' <in 2>err &
	pid=$!
	numbers 1 >in
	wait_for grep -q 'trying again' err
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	[ "$status" -eq 1 ]
}

@test "a command that a signal ends, or that is not there, has failed" {
	run -1 sink-exec -- sh -c 'kill -9 $$' < <(numbers 1)
	[ "$output" = "sink-exec: 'sh' was ended by signal 9" ]
	run -1 sink-exec -- no-such-command < <(numbers 1)
	[ "$output" = "sink-exec: cannot start 'no-such-command': No such file or directory" ]
}

@test "a command that never ends is killed at --timeout, with what it has started" {
	run -1 sink-exec --timeout 300ms -- sh -c 'sleep 1003 & sleep 1002' < <(numbers 1)
	[ "$output" = "sink-exec: 'sh' ran longer than --timeout, and was killed" ]
	# It is not the parent of the first, and does not wait for its end.
	none_sleeps() {
		! pgrep -f '^sleep 100[23]'
	}
	wait_for none_sleeps
}

@test "a command may read nothing, write much and leave a child" {
	seq 100000 | sed 's/.*/{"n":&}/' >in
	sink-exec -- true <in >out
	is out </dev/null
	sink-exec -- seq 300000 <in >out
	[ "$(wc -l <out)" -eq 300000 ]
	sink-exec -- sh -c 'sleep 1004 >/dev/null & echo $!' <in >out
	kill "$(cat out)"
}

@test "a batch of many megabytes comes whole, and leaves no file behind" {
	mkdir tmp
	seq 1000000 | sed 's/.*/{"number":&}/' >in
	TMPDIR=$PWD/tmp sink-exec -- cat <in >out
	cmp in out
	[ -z "$(ls tmp)" ]
	run -1 env TMPDIR=/nonexistent sink-exec -- cat <in
	[[ "$output" == "sink-exec: cannot keep the batch in '/nonexistent': No such file or directory" ]]
}

@test "--ok says which statuses are fine" {
	numbers 1 | sink-exec --ok 0,1 -- grep -c x >out
	is out <<<0
	run -2 sink-exec --ok never -- cat </dev/null
	[ "$output" = "sink-exec: --ok: 'never' is no exit status: these are 0 to 255" ]
}

@test "without a command it is refused" {
	run -2 sink-exec </dev/null
	[ "$output" = "sink-exec: which command? sink-exec -- COMMAND [ARGUMENT ...]" ]
}

@test "it gives the same in one process" {
	numbers 1 2 3 | bief run "parse-json --batch 2 | sink-exec -- sh -c 'echo \$BIEF_BATCH_ID \$(wc -l)'" >out
	is out <<-'E'
	0 2
	1 1
	E
}
