#!/usr/bin/env bats
# bief ps, stop and top; what a process says of itself while it runs.

load lib

# Nothing but what a test starts is to be seen.
setup() {
	cd "$BATS_TEST_TMPDIR" || return
	mkdir -m 700 run
	export BIEF_STATUS=$PWD/run/bief
}

# files N: so many processes tell of themselves.
files() {
	[ "$(find run/bief -type f -name '[1-9]*' | wc -l)" = "$1" ]
}

# shows JQ: the expression is true of the pipelines that are shown.
shows() {
	bief ps --json 2>/dev/null | jq -se "$1"
}

# A pipeline that has input for as long as fd 9 is open.
start() {
	mkfifo in
	stream-files --name "$1" in | parse-json | agg count >out &
	exec 9>in
	wait_for files 3
}

# A program that has ended before it was 90 ms old.
ends_soon() {
	local began=${EPOCHREALTIME/./}
	rm -rf run/bief
	agg count <<<'{"a":1}' >out
	[ $((${EPOCHREALTIME/./} - began)) -lt 90000 ]
}

@test "a program that ends soon leaves no file, and one that runs has one" {
	wait_for ends_soon
	[ ! -e run/bief ]
	start numbers
	[ "$(stat -c %a run/bief)" = 700 ]
	[ "$(stat -c %a run/bief/* | sort -u)" = 600 ]
	exec 9>&-
	wait_for files 0
	[ -z "$(ls -A run/bief)" ]
}

@test "with BIEF_STATUS=0 there is no file" {
	mkfifo quiet
	BIEF_STATUS=0 agg count <quiet >said &
	exec 8>quiet
	start numbers
	files 3
	[ ! -e "/tmp/bief-$(id -u)/$!" ]
	exec 8>&- 9>&-
}

@test "ps shows a pipeline, its programs in their order, and what they are fed by" {
	start numbers
	echo '{"a":1}' >&9
	wait_for shows '.[0].programs[2].rowsIn == 1'
	bief ps --json >json
	jq -r '.name, (.programs[] | .program), (.programs | map(.pid) as $p |
		$p[0] == .[1].from[0] and $p[1] == .[2].from[0])' json >given
	is given <<-'END'
	numbers
	stream-files
	parse-json
	agg
	true
	END
	jq -e '.id == .programs[0].pid and .programs[0].rowsOut == 1' json
	bief ps >text
	grep -q "^numbers $(jq .id json): up " text
	grep -q 'parse-json$' text
	exec 9>&-
}

@test "ps shows batch, watermark, lag and state" {
	export BIEF_CLOCK=2026-11-21T09:00:00Z
	mkfifo in
	window --on t --size 10s --watermark 5s --batch 1 <in |
		agg --mode append count >out &
	exec 9>in
	echo '{"t":"2026-11-21T08:00:05Z"}' >&9
	wait_for shows '.[0].batch == 0 and .[0].watermark != null and
		.[0].programs[1].stateRows == 1'
	shows '.[0].watermark == "2026-11-21T08:00:00Z" and
		.[0].lagSeconds == 3600'
	bief ps | grep -q 'batch 0, watermark 2026-11-21T08:00:00Z (1h behind)'
	exec 9>&-
}

@test "programs of one process are shown one by one" {
	mkfifo in
	bief run 'parse-json in | filter .a | agg count' >out &
	exec 9>in
	printf '{"a":%s}\n' true false >&9
	wait_for shows '[.[0].programs[] | [.program, .rowsIn, .rowsOut]] ==
		[["parse-json",2,2],["filter",2,1],["agg",1,0]]'
	shows '.[0].programs | map(.pid) | unique | length == 1'
	exec 9>&-
}

@test "foreign programs belong to the pipeline they stand in" {
	mkfifo in
	tail -f /dev/null | cat | parse-json | jq -c --unbuffered . |
		agg count | sort >out &
	wait_for shows '[.[0].programs[].program] ==
		["tail","cat","parse-json","jq","agg","sort"]'
	shows '.[0].programs[3].foreign and .[0].name == null'
	bief stop "$(bief ps --json | jq .id)"
	wait $!
	is out <<<'{"count":0}'
}

@test "what thru runs is shown with it" {
	mkfifo in
	thru --batch 10 -- sh -c 'cat; :' <in | agg count >out &
	exec 9>in
	echo '{}' >&9
	wait_for shows '.[0].programs[1].startedBy == .[0].programs[0].pid'
	exec 9>&-
}

@test "the branches of a tee are one pipeline" {
	mkfifo in
	bash -c 'stream-files in | tee >(agg count >a) | agg count >b' &
	exec 9>in
	wait_for shows '.[0].programs | length == 4'
	shows 'length == 1'
	shows '.[0].programs | map(select(.program == "tee").pid) as $tee |
		map(select(.from == $tee)) | length == 2'
	exec 9>&-
}

@test "two inputs are one pipeline; pipelines that end in the same program are two" {
	mkfifo l r
	bash -c 'join-stream <(stream-files --name l l) \
		<(stream-files --name r r) --on a >out' &
	exec 8>l 9>r
	wait_for shows 'length == 1 and (.[0].programs | length == 3)'
	shows '.[0].programs[2].from == [.[0].programs[0, 1].pid]'
	exec 8>&- 9>&-
	wait_for files 0
	mkfifo one two
	bash -c '{ stream-files --name one one & stream-files --name two two
		wait; } | sort >o' &
	exec 8>one 9>two
	wait_for shows 'map(.name) | sort == ["one","two"]'
	wait_for shows 'all(.[]; .programs[1].program == "sort")'
	exec 8>&- 9>&-
}

@test "a shell, or what else has started a pipeline, is no part of it" {
	mkfifo in
	{ stream-files in; echo ended >said; } | cat >out &
	exec 9>in
	wait_for shows '[.[0].programs[].program] == ["stream-files","cat"]'
	bief stop --all
	wait_for [ -s said ]
}

@test "the program that holds the others back is named" {
	mkfifo in go
	yes '{"a":1}' | parse-json | { read -r _ <go; cat; } >/dev/null &
	wait_for shows '.[0].heldBackBy as $by |
		.[0].programs | map(select(.pid == $by).foreign) == [true]'
	bief ps | grep -q ', held back by '
	echo >go
	bief stop --all
}

@test "what a dead process has left is removed, and is not shown" {
	start numbers
	kill -9 "$(bief ps --json | jq .programs[1].pid)"
	exec 9>&-
	wait_for files 1
	# Somebody else has its number, or nobody.
	cp run/bief/[1-9]* run/bief/$$
	echo nonsense >run/bief/2147483646
	run -1 bief ps
	[ "$output" = 'bief: no pipeline of yours is running' ]
	files 0
}

@test "a program whose reader has gone leaves no file" {
	mkfifo in
	parse-json <in | head -1 >out &
	exec 9>in
	wait_for files 1
	echo '{}' >&9
	wait_for files 0
	exec 9>&-
}

@test "files are in XDG_RUNTIME_DIR; a directory that is open to others is not used" {
	unset BIEF_STATUS
	export XDG_RUNTIME_DIR=$PWD/run
	start numbers
	exec 9>&-
	wait_for files 0
	chmod 755 run/bief
	agg count <in >out &
	exec 9>in
	wait_for test -e "/tmp/bief-$(id -u)/$!"
	[ -z "$(ls -A run/bief)" ]
	exec 9>&-
	wait_for test ! -e "/tmp/bief-$(id -u)/$!"
}

@test "stop ends the pipeline of that name, with all its records, and waits for it" {
	start numbers
	echo '{"a":1}' >&9
	wait_for shows '.[0].programs[2].rowsIn == 1'
	bief stop numbers
	is out <<<'{"count":1}'
	run -1 bief ps
}

@test "stop knows a pipeline by the number of any of its programs, and of its bief run" {
	start numbers
	bief stop "$(bief ps --json | jq .programs[2].pid)"
	mkfifo j
	bief run 'stream-files j | cat | agg count' >out &
	exec 9>j
	wait_for files 2
	bief stop $!
	wait $!
}

@test "stop refuses a name that several have, and one that none has" {
	mkfifo one two
	stream-files --name same one >a &
	stream-files --name same two >b &
	exec 8>one 9>two
	wait_for files 2
	run -2 bief stop same
	[[ $output == "bief: 'same' may be any of these; name one by its number: "*' '* ]]
	run -1 bief stop other
	[ "$output" = "bief: no pipeline 'other' is running (see bief ps)" ]
	files 2
	bief stop --all
	files 0
	run -1 bief stop --all
	run -2 bief stop
	run -2 bief stop --all same
}

@test "stop --timeout gives up, and says who is still at work" {
	mkfifo in go
	stream-files --name slow in | thru -- sh -c 'cat; read -r _ <go' >out &
	exec 9>in
	echo '{}' >&9
	wait_for shows '.[0].programs[1].rowsIn == 1'
	run -1 bief stop --timeout 1ms slow
	[[ $output == *"has been told to stop, but 'thru' ("*"is still at work"* ||
		$output == *"has been told to stop, but 'stream-files' ("* ]]
	exec 9>&-
	echo >go
	wait_for files 0
}

@test "without a source of bief, stop ends what stands in front, and reads what it has written" {
	{ trap 'echo "{}"; exit' TERM; echo '{}'; while :; do read -rt 1 _ <>/dev/zero || :; done; } |
		agg count >out &
	wait_for shows '.[0].programs[1].rowsIn == 1'
	bief stop --all
	is out <<<'{"count":2}'
}

@test "top prints once where there is no terminal" {
	run -1 bief top
	[ "$output" = 'bief: no pipeline of yours is running' ]
	start numbers
	bief top >given
	grep -q '^numbers ' given
	exec 9>&-
}

@test "top redraws on a terminal, ends with q, and leaves the terminal as it was" {
	start numbers
	mkfifo keys
	script -qefc 'stty rows 20 cols 70; stty -g >before; bief top; echo $? >status; stty -g >after' \
		screen <keys >/dev/null &
	exec 8>keys
	wait_for grep -q '^numbers' screen
	printf q >&8
	wait_for [ -s after ]
	is status <<<0
	cmp before after
	grep -q $'\033\[?1049h' screen
	wait_for grep -q $'\033\[?1049l' screen
	exec 8>&- 9>&-
}

@test "ps, stop and top say how they are used" {
	run -0 bief ps --help
	[ "$output" = 'usage: bief ps [--json]' ]
	run -2 bief ps x
	run -2 bief ps --jsn
	[[ $output == *"--json"* ]]
	run -0 bief stop -h
	run -0 bief top --help
	run -2 bief top x
}

@test "a batch that takes longer than its trigger is reported by the program that is slow, once in a while" {
	mkfifo in
	thru --trigger 50ms -- sh -c 'cat; sleep 0.2' <in >out 2>err &
	exec 9>in
	for i in 1 2 3; do
		echo "{\"a\":$i}" >&9
		wait_for grep -q "{\"a\":$i}" out
	done
	exec 9>&-
	wait $!
	grep -q "^thru: batch [0-9]* took [0-9]*ms, longer than the trigger's interval of 50ms$" err
	[ "$(grep -c 'longer than' err)" = 1 ]
}

@test "a report of progress has the fields of Spark's" {
	mkdir in
	printf '{"t":"2026-11-21T08:00:%02d.5Z"}\n' 1 3 >in/1
	printf '{"t":"2026-11-21T08:00:%02dZ"}\n' 41 0 >in/2
	touch -d @1 in/1
	stream-files --checkpoint ck --max-files 1 --progress source in |
		window --on t --size 10s --watermark 5s --progress window |
		agg --mode append count --progress agg |
		sink-table --db t.db --table t --progress sink 2>err
	jq -s '.[1] | keys_unsorted' -c source >given
	jq -s '.[1].sources[0] | keys_unsorted' -c source >>given
	jq -s '.[0] | [.timestamp, .numInputRows, .eventTime]' -c window |
		sed 's/"20[^"]*Z",2/"T",2/' >>given
	jq -s '.[1] | .stateOperators[0] | [keys_unsorted, .numRowsTotal,
		.numRowsDroppedByWatermark]' -c agg >>given
	jq -s 'map([.sink.numOutputRows, (.durationMs | keys_unsorted)])' -c \
		sink >>given
	jq -s 'map(.id) | unique | length' source window agg sink >>given
	is given <<-'END'
	["id","runId","name","timestamp","batchId","batchDuration","numInputRows","inputRowsPerSecond","processedRowsPerSecond","durationMs","sources"]
	["description","startOffset","endOffset","numInputRows","inputRowsPerSecond","processedRowsPerSecond"]
	["T",2,{"avg":"2026-11-21T08:00:02.500Z","max":"2026-11-21T08:00:03.500Z","min":"2026-11-21T08:00:01.500Z","watermark":"1970-01-01T00:00:00.000Z"}]
	[["operatorName","numRowsTotal","memoryUsedBytes","numRowsDroppedByWatermark","commitTimeMs"],1,0]
	[[0,["addBatch","commitOffsets","triggerExecution"]],[1,["addBatch","commitOffsets","triggerExecution"]]]
	1
	END
}

@test "--progress - is a line for each batch where standard error is no terminal" {
	printf '{"a":%d}\n' 1 2 3 | take 9 --batch 2 --progress - >out 2>err
	is err <<-'END'
	take: batch 0, 2 records in, 2 out
	take: batch 1, 3 records in, 3 out
	END
}

@test "a pipeline is known by the names of its sinks, too" {
	mkdir in
	echo '{"k":"a"}' >in/a
	bash -c 'stream-files in --trigger 1h | parse-json |
		tee >(sink-table --name changes >changes) |
		sink-table --name totals >totals' &
	wait_for shows '.[0].programs | map(.name) | contains(["changes", "totals"])'
	shows '.[0].name | . == "changes" or . == "totals"'
	bief stop changes
	wait $!
	bash -c 'bief run "stream-files in --trigger 1h | parse-json | sink-table --name alone" >alone' &
	wait_for shows '.[0].name == "alone"'
	bief stop alone
	wait $!
}
