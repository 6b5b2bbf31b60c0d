#!/usr/bin/env bats
# What every program does alike: the runtime.

load lib

@test "a record is on the other end as soon as the input pauses" {
	mkfifo in out
	drop-null <in >out &
	exec 7>in 8<out
	echo '{"a":1}' >&7
	read -r line <&8
	[ "$line" = '{"a":1}' ]
	exec 7>&- 8<&-
}

@test "a pipeline ends when its reader goes, with an idle source too" {
	touch f
	timeout 20 stream-files --follow f | drop-null | dedup | head -0
	[ "${PIPESTATUS[0]}" -eq 141 ]
	echo x >f
	timeout 20 stream-files --follow f | head -1 >given; is given <<<x
}

# In `tee >(sink) | agg` the output of the sink is the input of agg.
@test "a sink that prints nothing cares for no reader of its output" {
	mkfifo in unread
	for sink in 'sink-files out' 'sink-table --db t.db --table t' \
		'sink-table --style csv --output t.csv' 'sink-exec -- true' \
		'sink-prom --metric a --value a --textfile a.prom' 'sink-table'; do
		$sink <in >unread 2>err &
		exec 7>in 8<unread 8<&-
		if [ "$sink" != sink-table ]; then
			echo '{"a":1}' >&7
			exec 7>&-
		fi
		local rc=0
		wait $! || rc=$?
		exec 7>&-
		echo "$sink: $rc" >>statuses
	done
	is statuses <<-'END'
	sink-files out: 0
	sink-table --db t.db --table t: 0
	sink-table --style csv --output t.csv: 0
	sink-exec -- true: 0
	sink-prom --metric a --value a --textfile a.prom: 0
	sink-table: 141
	END
	is out/part-00000.json <<<'{"a":1}'
}

@test "after a kill -9 of one program the others end by themselves" {
	echo '{"a":1}' >f
	mkfifo p q
	stream-files --follow --trigger 10ms f >p &
	local source=$!
	drop-null <p >q &
	local middle=$!
	agg count <q >out 2>err &
	local last=$!
	wait_for grep -q count out
	kill -9 $middle
	wait_for sh -c "! kill -0 $source"
	wait_for sh -c "! kill -0 $last"
	local rc=0
	wait $last || rc=$?
	[ "$rc" = 1 ]
	grep -q 'cut off' err
}

@test "SIGTERM makes the source end its batch and the rest drain" {
	touch f
	stream-files --follow --trigger 10ms f >out &
	local pid=$!
	wait_for grep -q '"end":0' out
	echo '{"a":1}' >>f
	wait_for grep -q '"a":1' out
	kill $pid
	wait $pid
	[ "$(tail -1 out)" = '{"#bief":{"eof":1}}' ]
	[ "$(grep -c '"begin"' out)" -eq "$(grep -c '"end"' out)" ]
}

@test "SIGUSR1 prints one line of statistics" {
	mkfifo in
	drop-null <in >out 2>err &
	local pid=$!
	exec 7>in
	echo '{"a":1}' >&7
	wait_for grep -q a out
	kill -USR1 $pid
	wait_for grep -q '1 records in, 1 out' err
	exec 7>&-
	wait $pid
}

@test "no control lines with --plain, and none unless somebody asks" {
	printf '{"a":1}\n{"a":2}\n' | drop-null --batch 1 --plain >out
	printf '{"a":1}\n{"a":2}\n' | is out
	printf '{"a":1}\n' | dedup >given; is given <<<'{"a":1}'
}

@test "unknown keys of the header and unknown control lines are passed on or left alone" {
	printf '%s\n' '{"#bief":{"stream":1,"later":[1,2]}}' '{"#bief":{"begin":0}}' \
		'{"#bief":{"remark":"x"}}' '{"a":1}' '{"#bief":{"end":0}}' \
		'{"#bief":{"eof":1}}' | drop-null >out
	grep -q '"later":\[1,2\]' out
	grep -qx '{"a":1}' out
}

@test "a header of a newer version is refused" {
	run -2 drop-null <<<'{"#bief":{"stream":2}}'
	[[ $output == *"version 2"*"update bief"* ]]
}

@test "batches out of order are refused" {
	printf '%s\n' '{"#bief":{"stream":1}}' '{"#bief":{"begin":3}}' \
		'{"#bief":{"end":3}}' '{"#bief":{"begin":5}}' >in
	run -1 drop-null --plain <in
	[[ $output == *"batch 5 follows batch 3"* ]]
}

@test "a control line cut in half is refused" {
	printf '%s\n' '{"#bief":{"stream":1}}' '{"#bief":{"beg' >in
	run -1 drop-null --plain <in
	[[ $output == *"control line is damaged"* ]]
}

@test "an input that stops without eof was cut off: its last batch gives nothing" {
	printf '%s\n' '{"#bief":{"stream":1}}' '{"#bief":{"begin":0}}' \
		'{"a":1}' >in
	run -1 --separate-stderr agg count --plain <in
	[ -z "$output" ]
	[[ $stderr == *"cut off"* ]]
}

@test "data that begin as a control line are refused, counted and kept" {
	printf '%s\n' '{"a":1}' '{"#bief":{"eof":1}}' '{"a":2}' >data
	run -1 stream-files --on-error fail data
	stream-files --rejects rejects data >out 2>err
	printf '%s\n' '{"a":1}' '{"a":2}' | is out
	grep -q '1 record.* refused' err
	jq -e '.record == "{\"#bief\":{\"eof\":1}}"' rejects
}

@test "a line longer than --max-line is refused without being kept whole" {
	(printf '{"a":"'; head -c 3000000 /dev/zero | tr '\0' x; printf '"}\n{"a":1}\n') >in
	run -1 drop-null --max-line 1M <in
	[[ $output == *"longer than 1048576 bytes"* ]]
	drop-null --max-line 1M --on-error skip <in 2>/dev/null >given; is given <<<'{"a":1}'
}

@test "bief run counts the bytes of a line where --max-line says so, as pipes do" {
	printf '{"a":"%s","i":1}\n' x xxxxxxxxxxxxxxx >in
	for p in 'stream-files in | parse-json --max-line 20 --on-error skip --rejects r' \
		'parse-json in | pick i,a --max-line=20 --on-error skip --rejects r' \
		'parse-json --max-line 64 in | derive "b=.a" | filter --on-error skip --rejects r --max-line 30 .b'; do
		rm -f r
		bash -c "$p" >out 2>err
		cat r err >>out
		rm r
		bief run "$p" >given 2>err
		cat r err >>given
		cmp out given
		grep -q 'longer than' given
	done
}

@test "a gigabyte in one line takes no gigabyte of memory" {
	not_sanitized
	(ulimit -v 300000; head -c 1000000000 /dev/zero | tr '\0' x |
		drop-null --on-error skip 2>err)
	grep -q 'longer than' err
}

@test "nesting deeper than 1000 is refused" {
	(printf '{"a":'; head -c 100000 /dev/zero | tr '\0' '['; echo) >in
	run -1 drop-null <in
	[[ $output == *"nest"* || $output == *"deep"* ]]
}

@test "a full disk is an error, not silence" {
	run -1 bash -c 'yes "{\"a\":1}" | head -100000 | drop-null >/dev/full'
	[[ $output == *"No space left on device"* ]]
}

@test "a rejects file that cannot be written is an error" {
	run -1 drop-null --on-error skip --rejects /nonexistent/r <<<'x'
	[[ $output == *"/nonexistent/r"* ]]
}

@test "an unknown option names the nearest one" {
	run -2 dedup --within-watermak </dev/null
	[[ $output == *"--within-watermark"* ]]
	run -2 dedup --by </dev/null
	[[ $output == *"--by needs a value"* ]]
	run -2 take 1 --zone A --zone B </dev/null
	[[ $output == *"--zone is given twice"* ]]
}

@test "options stand anywhere and -- ends them" {
	printf '{"a":1}\n{"a":2}\n' >in
	take 1 --plain <in >given; is given <<<'{"a":1}'
	take --plain -- 1 <in >given; is given <<<'{"a":1}'
}

@test "--progress writes a JSON line per batch" {
	printf '{"a":1}\n{"a":2}\n{"a":2}\n' |
		dedup --batch 2 --by a --progress p >/dev/null
	jq -sce 'map([.batchId, .numInputRows, .numOutputRows, .stateOperators[0].numRowsTotal])' p >given
	is given <<<'[[0,2,2,2],[1,1,0,2]]'
}

@test "bief NAME is program NAME" {
	bief take 1 <<<'{"a":1}' >given; is given <<<'{"a":1}'
	run -2 bief nothing
	[[ $output == *"no program 'nothing'"* ]]
}

@test "bief run hands more of the shell's language to a shell, and says so" {
	run -0 bief run 'for i in 1 2; do echo "{\"a\":$i}"; done | take 1'
	[[ $output == *"run by the shell"*'{"a":1}'* ]]
}

@test "bief explain refuses what a checkpoint would, and says what it does not read" {
	run -2 bief explain "stream-files --trigger 1s --checkpoint ck in |
		parse-json --schema 'a int' | agg --by a --mode update count |
		sink-table --output x.csv"
	[[ "$output" == *"REFUSED    --output holds what one run gives"* ]]
	[ ! -e ck ]
	run -2 bief explain "join-static postgres://h/d?table=t --on a"
	[ "$output" = "bief: this pipeline uses more of the shell than bief reads: it cannot be explained; what is meant as it stands belongs in quotes:
  ?table=t --on a" ]
}

@test "bief explain shows fields, state and what is refused, and runs nothing" {
	run -2 bief explain "stream-files --trigger 5s nowhere | parse-json --schema 'a int' | dedup --by b"
	[[ $output == *"every 5s"* ]]
	[[ $output == *"a int"* ]]
	[[ $output == *"REFUSED"*"no field 'b'"* ]]
	run -0 bief explain "parse-json --schema 'a int' | sink-table --db x.db --table t --mode append"
	[ ! -e x.db ]
}

@test "a header that cannot be is refused" {
	for h in '"window":"-1h"' '"window":"1h"' '"trigger":"-5s"' \
		'"window":"1h","slide":"1h","start":"2h"'; do
		run -2 agg count <<<'{"#bief":{"stream":1,'"$h"'}}'
		[[ $output == *"header line"* ]]
	done
	run -2 agg count <<<'{"#bief":{"stream":4294967297}}'
	[[ $output == *"update bief"* ]]
}

@test "bief run refuses pipelines that are nested without end" {
	run -2 bief run "$(printf 'a <(%.0s' {1..20000})"
	[[ $output == *"pipelines stand within each other, more than 100 deep"* ]]
}

# interrupt PIPELINE CONDITION: Ctrl-C when the condition is true, which finds
# the pipeline's processes by their $SESSION; the statuses are in the file
# statuses.
interrupt() {
	setsid bash -c "$1"'; echo "${PIPESTATUS[*]}" >statuses' 2>err &
	SESSION=$! wait_for bash -c "$2"
	kill -INT -- "-$!"
	wait_for test -s statuses
}

@test "Ctrl-C loses no answer, however long a program has waited for it" {
	interrupt 'stream-rate --rate 5 | tee seen | agg count | filter true >out' \
		'[ $(wc -l <seen) -gt 11 ]'
	[ "$(cat statuses)" = "0 0 0 0" ]
	jq -c .count out | is <(wc -l <seen)
}

@test "Ctrl-C waits for a batch that is still at work" {
	interrupt 'stream-rate --rows-per-batch 3 --trigger 100ms |
		thru -- sh -c "cat; sleep 2.5; touch worked" |
		agg --mode complete count --plain >out' 'pgrep -P $(pgrep -s $SESSION -x thru)'
	[ "$(cat statuses)" = "0 0 0" ]
	[ -e worked ]
	[ -s out ]
}

@test "the end of a stream inside of a batch is a cut, not an end" {
	printf '%s\n' '{"#bief":{"stream":1}}' '{"#bief":{"begin":3}}' '{"a":1}' \
		'{"#bief":{"eof":1}}' >in
	run -1 bash -c 'sink-files out <in'
	[ "$output" = "sink-files: the stream ends inside of batch 3: what sent it has died" ]
	run ! ls out/part-*
}

@test "control lines that cannot be are damage, with their text" {
	for line in '"begin":"x"' '"begin":1.5' '"begin":0,"watermark":"soon"' \
		'"begin":0,"time":5' '"end":null'; do
		printf '{"#bief":{%s}}\n' '"stream":1' "$line" >in
		run -1 bash -c 'take 1 --plain <in'
		[ "$output" = "take: a control line is damaged: '{\"#bief\":{$line}}'" ]
	done
	printf '{"#bief":{"stream":1}}\n' >one
	run -1 bash -c 'cat one one | take 1 --plain'
	[[ "$output" == "take: a second header"* ]]
}

@test "--trigger where the stream has batches already is refused" {
	echo '{"a":1}' | dedup --batch 1 >in
	run -2 bash -c 'agg count --trigger 1s --plain <in'
	[ "$output" = "agg: the stream has batches already: leave --trigger to its source" ]
}

@test "what only a shell knows is run by the shell" {
	run -0 bash -c 'bief run ": | agg count" 2>/dev/null'
	[ "$output" = '{"count":0}' ]
	run -3 bash -c 'bief run "agg count </dev/null | exit 3" 2>/dev/null'
}

@test "a file that cannot be read is an empty input for what follows" {
	run -1 bash -c 'bief run "dedup <none | agg count"'
	is <(echo "$output") <<-'E'
	bief: none: No such file or directory
	{"count":0}
	E
}

# busy COMMAND...: while its input goes on without an end, it gets SIGTERM.
busy() {
	mkfifo p
	yes '{"n":1}' 2>/dev/null >p &
	# one that does not hear must not fill the disk
	(ulimit -f 2000000; exec "$@") <p >out 2>err &
	local pid=$!
	wait_for [ -s out ]
	kill $pid
	wait $pid
}

@test "SIGTERM ends a filter whose input goes on" {
	busy filter .n
	[ "$(sort -u out)" = '{"n":1}' ]
}

@test "SIGTERM ends what makes batches of an input that goes on, with whole batches" {
	busy dedup --by n --batch 1000
	[ "$(tail -n 1 out)" = '{"#bief":{"eof":1}}' ]
	[ "$(grep -c '"begin"' out)" -eq "$(grep -c '"end"' out)" ]
}

@test "SIGTERM ends several inputs that go on" {
	mkfifo q
	yes '{"n":2}' 2>/dev/null >q &
	busy union - q
}

@test "SIGTERM ends a program at the end of a batch when the source goes on" {
	mkfifo q
	stream-rate --rate 100 --trigger 10ms >q 2>/dev/null &
	filter true <q >out 2>err &
	local pid=$!
	wait_for grep -q '"end":3' out
	kill $pid
	wait $pid
	[ "$(tail -n 1 out)" = '{"#bief":{"eof":1}}' ]
	[ "$(grep -c '"begin"' out)" -eq "$(grep -c '"end"' out)" ]
	is err </dev/null
}

@test "SIGTERM ends bief run whose sources are processes of their own" {
	mkfifo a b
	stream-rate --rate 100 --trigger 10ms >a 2>/dev/null &
	stream-rate --rate 100 --trigger 10ms >b 2>/dev/null &
	bief run 'union a b | filter true' >out 2>err &
	local pid=$!
	wait_for grep -q '"end":3' out
	kill $pid
	wait $pid
	[ "$(tail -n 1 out)" = '{"#bief":{"eof":1}}' ]
	is err </dev/null
}

# Who has started the pipeline is told to stop, or, with a -, all processes of its
# group are, as systemd does.
stops() { # stops [-] PIPELINE
	local sign=
	[ "$1" != - ] || { sign=-; shift; }
	setsid bief run "$1" >out 2>err </dev/null &
	local pid=$! status=0
	wait_for grep -q "${2-.}" out
	kill -TERM -- $sign$pid
	wait $pid || status=$?
	echo $status
}

gone() { # gone TEXT: nobody's command line holds it
	! pgrep -f -- "$1"
}

@test "SIGTERM to bief run is for the sources inside <( ), too, and what is told twice so is one" {
	sources="<(stream-rate --rate 50 --name first-$$ --trigger 20ms) \
		<(stream-rate --rate 50 --trigger 20ms)"
	for way in '' -; do
		for p in "union $sources" "union $sources | filter true" \
			"union $sources | filter true 2>/dev/null | filter true" \
			"stream-rate --rate 50 --name first-$$ --trigger 20ms 2>/dev/null |
				union - <(stream-rate --rate 50 --trigger 20ms)"; do
			[ "$(stops $way "$p" '"end":3')" = 0 ]
			[ "$(tail -n 1 out)" = '{"#bief":{"eof":1}}' ]
			[ "$(grep -c '"begin"' out)" -eq "$(grep -c '"end"' out)" ]
			is err </dev/null
			wait_for gone first-$$
		done
	done
}

# A process and its first child are ready for SIGTERM.
catch() {
	local child children bits
	read -r -a children <"/proc/$1/task/$1/children"
	for child in "$1" "${children[0]}"; do
		bits=$(sed -n 's/^SigCgt:\t//p' "/proc/$child/status")
		(((16#$bits & 16#4000) != 0)) || return
	done
}

@test "bief run ends when what stands in <( ) has said what it had to say" {
	printf '{"n":1}\n{"n":\n' >in
	for ((i = 0; i < 40; i++)); do
		bief run 'union <(parse-json --on-error skip <in) \
			<(parse-json --on-error skip <in) | agg count' >out 2>err
		sort err >said
		is said <<-'E'
		parse-json: 1 record refused, skipped
		parse-json: 1 record refused, skipped
		parse-json: line 2: invalid JSON: it ends too early (at the end, byte 5)
		parse-json: line 2: invalid JSON: it ends too early (at the end, byte 5)
		E
	done
	is out <<<'{"count":2}'
	# A foreign program that does not end is left to itself.
	mkfifo never
	exec 9<>never
	timeout 20 bief run 'union <(cat never) in --on-error skip | take 1' \
		>out 2>err 9>&-
	is out <<<'{"n":1}'
	exec 9>&-
}

@test "sources inside <( ) that wait for who writes a FIFO end, too" {
	mkfifo a b
	bief run 'union <(stream-files a) <(cat b) | agg count' >out 2>err &
	pid=$!
	wait_for catch $pid
	kill $pid
	wait $pid
	is out <<<'{"count":0}'
	is err </dev/null
}

@test "every command of bief answers --help, and says what was meant by another word" {
	for c in run explain ps stop top state; do
		for h in --help -h; do
			run -0 --separate-stderr bief $c $h
			[[ "$output" == "usage: bief $c"* ]]
			[ -z "$stderr" ]
		done
	done
	run -0 bief run --help 'agg count'
	while read -r word means; do
		run -2 bief "$word"
		[ "$output" = "bief: there is no program '$word': did you mean bief $means?" ]
	done <<-'EOW'
	list ps
	status ps
	kill stop
	start run
	plan explain
	aggr agg
	stream-file stream-files
	EOW
	run -2 bief xyzzy
	[ "$output" = "bief: there is no program 'xyzzy': see bief --help" ]
}

# opens PID: it catches signals, and sleeps.
opens() {
	local caught
	caught=$(awk '/^SigCgt/ { print $2 }' "/proc/$1/status") &&
		[ $((16#$caught >> 9 & 1)) = 1 ] &&
		[ "$(ps -o state= -p "$1")" = S ]
}

@test "who waits for a FIFO to be written is not ended by a question, but by Ctrl-C, with what it has" {
	mkfifo fifo
	seq 3 | sed 's/.*/{"n":&}/' >in
	for program in 'parse-json in fifo' 'union in fifo'; do
		$program >out 2>err &
		wait_for opens $!
		kill -USR1 $!
		kill -HUP $!
		wait_for opens $!
		echo '{"n":4}' >fifo
		wait $!
		sort out >got
		is got < <(cat in; echo '{"n":4}')
		$program >out 2>err &
		wait_for opens $!
		kill -INT $!
		wait $!
		is out <in
		is err </dev/null
	done
}
