#!/usr/bin/env bats
# bief state: what stands in a checkpoint, and how it can be changed.

load lib

# events SECOND KEY NUMBER...: records with a time.
events() {
	printf '{"t":"2026-11-21T08:00:%02dZ","k":"%s","n":%s}\n' "$@"
}

# Counts of each window and key, into a table.
count() { # count [SOURCE OPTION...]
	stream-files --checkpoint ck "$@" in | window --on t --size 10s \
		--watermark 5s | agg --by k count sum:n |
		sink-table --db t.db --table x
}

# Every file of the checkpoint but the locks, as one number.
sum() {
	find ck -type f ! -name lock -exec cksum {} + | sort | cksum
}

# same STAGE PIPELINE: its state, dumped and loaded, is the same, and not empty.
same() {
	rm -rf ck out
	bash -c "$2" >messages 2>&1 || { cat messages; return 1; }
	bief state ck dump "$1" >before
	[ -s before ]
	bief state ck load "$1" before
	bief state ck dump "$1" >after
	cmp before after
	bief state ck
	# And it is one that the pipeline takes.
	bash -c "$2" >messages 2>&1 || { cat messages; return 1; }
}

# What is hard to say and to read back.
nasty() {
	cat <<-'E'
	{"t":"2026-11-21T08:00:01Z","k":"ä\"\\\u0001x","n":1,"x":1e3}
	{"t":"2026-11-21T08:00:02.5Z","k":null,"n":-2.5,"x":9007199254740993}
	{"t":"2026-11-21T08:00:03Z","n":12345678901234567890,"x":"NaN"}
	 {"t":"2026-11-21T08:00:04Z", "k":[1,{"a":2}],"n":-0.0,"x":0.1} 
	{"t":"2026-11-21T08:00:05Z","k":"2026-01-01T00:00:00Z","n":0.1,"x":0.2}
	{"t":"2026-11-21T08:00:06Z","k":{"b":1},"n":"NaN","x":0.3}
	{"t":"2026-11-21T08:00:07Z","k":true,"n":"Infinity","x":-5}
	{"t":"2026-11-21T08:00:07Z","k":1.0,"n":7,"x":5}
	{"t":"2026-11-21T08:00:07Z","k":1,"n":7.0,"x":5}
	E
}

every='count c=count:k sum:n s=sum:x avg:n min:n max:k least=min:k first:k last:k
	stddev:n all=stats:x median:n p90:x count_distinct:k approx_count_distinct:k
	collect_list:k collect_set:k'
every=${every//$'\n'/ }

@test "it lists sources, stages and sinks, with their newest batch and what is kept" {
	events 1 a 1 2 b 2 3 a 3 >in
	count
	bief state --json ck >out
	[ "$(jq -r 'select(.kind == "checkpoint").identity' out)" = \
		"$(sed -n 2p ck/metadata | jq -r .id)" ]
	jq -c 'del(.identity, .bytes)' out >got
	is got <<-'E'
	{"kind":"checkpoint","batch":0}
	{"kind":"source","id":"stream-files,in","batch":0,"process":null}
	{"kind":"stage","id":"stream-files,in+window","program":"window","batch":0,"rows":0,"process":null}
	{"kind":"stage","id":"stream-files,in+window+agg","program":"agg","batch":0,"rows":2,"process":null}
	{"kind":"sink","id":"stream-files,in+window+agg+sink-table","batch":0,"process":null}
	E
	bytes=$(cat ck/state/*agg/*.delta | wc -c)
	[ "$(jq 'select(.program == "agg").bytes' out)" = "$bytes" ]
}

@test "without --json the list is a table" {
	events 1 a 1 2 b 2 3 a 3 >in
	count
	bief state ck >out
	sed -E 's/[0-9a-f]{32}/ID/; s/ [0-9]{2,3} /  BB /' out >got
	is got <<-'E'
	checkpoint ID, all sinks have batch 0
	          batch     rows      bytes  process  name
	source        0        -          -        -  stream-files,in
	stage         0        0         BB        -  stream-files,in+window
	stage         0        2         BB        -  stream-files,in+window+agg
	sink          0        -          -        -  stream-files,in+window+agg+sink-table
	E
}

@test "rows are those that Spark counts: sessions, and windows made of slices" {
	events 1 a 1 2 a 1 30 a 1 >in
	bief run "stream-files --checkpoint ck in | window --on t --session 5s --watermark 1m | agg --by k count | sink-table"
	[ "$(bief state --json ck | jq 'select(.program == "agg").rows')" = 2 ]
	rm -r ck
	bief run "stream-files --checkpoint ck in | window --on t --size 10s --slide 5s --watermark 5s | agg --by k count | sink-table --progress p"
	bief state ck dump agg | grep -q '"kind":"slice"'
	[ "$(bief state --json ck | jq 'select(.program == "agg").rows')" = 2 ]
}

@test "while the pipeline runs it tells the processes, and shows the state" {
	mkdir in
	events 1 a 1 >in/1
	# One batch: those of many more take the place of the first.
	stream-files --checkpoint ck --trigger 1h in | agg --by k count |
		sink-table --db t.db --table x &
	committed() { [ -f ck/commits/stream-files,in+agg+sink-table/0.commit ]; }
	wait_for committed
	bief state --json ck >out
	jq -e 'select(.kind != "checkpoint") | .process > 0' out
	bief state ck dump agg --batch 0 >out
	is out <<-'E'
	{"kind":"group","key":{"k":"a"},"value":{"count":1}}
	E
	before=$(sum)
	run -1 bief state ck load agg out
	[[ "$output" = "bief: a pipeline is at work with the checkpoint (process "* ]]
	run -1 bief state ck forget sink-table
	[[ "$output" = *"is at work with the checkpoint"* ]]
	[ -f ck/commits/stream-files,in+agg+sink-table/0.commit ]
	kill -TERM "$(jq 'select(.kind == "source").process' < <(bief state --json ck))"
	wait
}

@test "damage is told with status 3, what is well is shown, and nothing touched" {
	events 1 a 1 2 b 2 >in
	count
	printf X | dd of="ck/state/stream-files,in+window+agg/0.delta" bs=1 \
		seek=60 conv=notrunc status=none
	before=$(sum)
	bief state ck >out 2>err && status=0 || status=$?
	[ $status -eq 3 ]
	is err <<-'E'
	bief: 'ck/state/stream-files,in+window+agg/0.delta' is damaged: its checksum does not fit
	E
	grep -q "^stage  *0  *damaged .*+agg$" out
	grep -q "^sink  *0 " out
	run -3 bief state ck dump agg
	run -3 bief state ck load agg /dev/null
	run -3 bief state ck diff 0 0
	[ "$(sum)" = "$before" ]
}

@test "a directory that is no checkpoint is told so" {
	mkdir x
	run -3 bief state x
	[ "$output" = "bief: 'x' is no checkpoint: it has no metadata" ]
	run -3 bief state x dump agg
	[ "$(ls -A x)" = "" ]
	run -2 bief state
	run -2 bief state x dump
	run -2 bief state x fly
	run -2 bief state --json x dump agg
	run -2 bief state --batch 1 x
}

@test "dump shows a stage's state as JSON, in the order of the keys" {
	events 1 b 10 2 a 2.5 3 a 7 12 a 2 >in
	count
	bief state ck dump agg >out
	is out <<-'E'
	{"kind":"group","key":{"window_start":"2026-11-21T08:00:00Z","window_end":"2026-11-21T08:00:10Z","k":"a"},"value":{"count":2,"sum(n)":9.5},"due":"2026-11-21T08:00:10Z"}
	{"kind":"group","key":{"window_start":"2026-11-21T08:00:00Z","window_end":"2026-11-21T08:00:10Z","k":"b"},"value":{"count":1,"sum(n)":10},"due":"2026-11-21T08:00:10Z"}
	{"kind":"group","key":{"window_start":"2026-11-21T08:00:10Z","window_end":"2026-11-21T08:00:20Z","k":"a"},"value":{"count":1,"sum(n)":2},"due":"2026-11-21T08:00:20Z"}
	E
}

@test "keys are ordered as values: 9 stands before 10" {
	printf '{"k":%s}\n' 10 9 -1 '"a"' null >in
	stream-files --checkpoint ck in | agg --by k count | sink-table >/dev/null
	bief state ck dump agg | jq -c .key.k >out
	printf '%s\n' null -1 9 10 '"a"' | is out
}

@test "a stage is called by its name or an end of it that no other has" {
	events 1 a 1 >in
	stream-files --checkpoint ck in | dedup | dedup --name second --by k |
		agg --by k count | sink-table >/dev/null
	for name in stream-files,in+dedup second dup+second agg; do
		bief state ck dump "$name" || return
	done | jq -r .kind >out
	printf '%s\n' key key key group | is out
	run -2 bief state ck dump x
	[ "$output" = "bief: no stage 'x': there are 'stream-files,in+dedup', 'stream-files,in+dedup+second', 'stream-files,in+dedup+second+agg'" ]
	rm -r ck
	stream-files --checkpoint ck in | dedup | dedup --name x+dedup |
		sink-files files
	run -2 bief state ck dump dedup
	[ "$output" = "bief: more than one stage 'dedup': there are 'stream-files,in+dedup', 'stream-files,in+dedup+x+dedup'" ]
	bief state ck dump x+dedup
}

@test "--batch shows the state after another batch; one that is not kept is told so" {
	events 1 a 1 >in
	stream-files --checkpoint ck --follow --trigger available-now in | agg count | sink-table
	for i in 1 2; do
		events 1 a 1 >>in
		stream-files --checkpoint ck --follow --trigger available-now in |
			agg count | sink-table
	done >/dev/null
	for i in 0 1 2; do
		bief state ck dump agg --batch $i
	done | jq .value.count >out
	printf '%d\n' 1 2 3 | is out
	[ "$(bief state ck dump agg | jq .value.count)" = 3 ]
	run -1 bief state ck dump agg --batch 3
	[ "$output" = "bief: 'stream-files,in+agg': batch 3 is not kept: there are 0 to 2" ]
	run -1 bief state ck diff 1 5 agg
	[ "$output" = "bief: 'stream-files,in+agg': batch 5 is not kept: there are 0 to 2" ]
}

@test "agg's state of every function comes back as it was" {
	nasty >in
	same agg "stream-files --checkpoint ck in | agg $every | sink-table"
	same agg "stream-files --checkpoint ck in | agg --by k $every | sink-table"
	same agg "stream-files --checkpoint ck in | parse-json --on-error skip -s 't timestamp, k string, n decimal(20,2), x decimal(5,1)' | agg --by x $every | sink-table"
	grep -q '"sum(n)":0.10,' before
	same agg "stream-files --checkpoint ck in | agg sum:\* min:\* | sink-table"
}

@test "agg's sketches of many values come back as they were" {
	seq 20000 | jq -c '{n: (. * 1.37), x: -., y: (if . % 9 == 0 then "NaN" else 1 / . end)}' >in
	same agg "stream-files --checkpoint ck in | agg median:n low=median:x p99:y approx_count_distinct:n few=approx_count_distinct:y | sink-table"
	grep -q '"registers":"' before
	grep -q '"level":4' before
}

@test "agg's windows, sessions, slices and rolled-up columns come back as they were" {
	nasty >in
	w="stream-files --checkpoint ck in | window --on t --watermark 1m"
	same agg "$w --size 4s | agg --rollup --by k --grouping-id count sum:n | sink-table"
	same agg "stream-files --checkpoint ck in | agg --cube --by k,t count | sink-table"
	same agg "$w --session 2s | agg --by k $every | sink-table"
	same agg "$w --session 2s | agg --by n --mode complete count | sink-table"
	grep -q '"kind":"watermark"' before
	same agg "bief run '$w --size 4s --slide 3s | agg --by k count last:n | sink-table'"
	grep -q '"kind":"slice"' before
}

@test "the state of dedup, watermark, window, take, union and parse-csv comes back as it was" {
	nasty >in
	s="stream-files --checkpoint ck in"
	same dedup "$s | dedup | sink-files out"
	same dedup "$s | dedup --by k,t | sink-files out"
	same dedup "$s | watermark --on t --delay 1m | dedup --by k --within-watermark | sink-files out"
	same watermark "$s | watermark --on t --delay 10s | sink-files out"
	same window "$s | window --on t --size 1m --watermark 10s | sink-files out"
	same window "$s | window --batches 3 | agg count | sink-table"
	same take "$s | take 3 | sink-files out"
	same union "union <($s --name a | watermark --on t --delay 1s) <(stream-files --name b --checkpoint ck in) | sink-files out"
	printf 'a;"b\xff\n x"\n1;"open\xfe\nstill\n' >in
	s="stream-files --follow --trigger available-now --checkpoint ck in"
	same parse-csv "$s | parse-csv --header --sep ';' --on-error skip | sink-files out"
	[ "$(jq -r .kind before | paste -sd ,)" = header,row ]
}

@test "the rows of join-stream come back as they were" {
	nasty >in
	for how in inner left full semi; do
		same join-stream "join-stream --how $how <(stream-files --checkpoint ck --name a in | watermark --on t --delay 1s) <(stream-files --checkpoint ck --name b in | watermark --on t --delay 2s) --on k,t | sink-files out"
	done
	same join-stream "join-stream <(stream-files --checkpoint ck --name a in) <(stream-files --checkpoint ck --name b in) --where 'left.k = right.k and left.x > right.x' | sink-files out"
}

@test "a name of a field of join-stream is loaded only as a string" {
	nasty >in
	same join-stream "join-stream --how left <(stream-files --checkpoint ck --name a in | watermark --on t --delay 1s) <(stream-files --checkpoint ck --name b in | watermark --on t --delay 2s) --on k,t | sink-files out"
	jq -c 'if .kind == "names" then .value[0] = 7 else . end' before >after
	run ! cmp -s before after
	run -2 bief state ck load join-stream after
	[[ $output == *"names as strings"* ]]
}

@test "a pipeline goes on with what was loaded, as if nothing had been" {
	join() {
		join-stream --how left <(stream-files --checkpoint ck --name a a |
			watermark --on t --delay 5s) \
			<(stream-files --checkpoint ck --name b b |
			watermark --on t --delay 5s) --on k \
			--where 'right.t >= left.t and right.t <= left.t + interval 20 seconds' |
			sink-files out
		cat out/*.json
	}
	both() { # both [COMMAND]: two runs, the command between them
		rm -rf ck out a b
		mkdir a b
		events 1 x 1 2 y 2 3 x 3 >a/1
		events 2 x 10 >b/1
		join >/dev/null
		[ $# -eq 0 ] || "$@"
		events 40 z 4 59 z 1 >a/2
		events 5 x 11 4 y 12 59 z 13 >b/2
		join
	}
	again() {
		bief state ck dump join-stream >d
		bief state ck load join-stream d
	}
	both >want
	both again >got
	[ "$(wc -l <want)" -gt 4 ]
	diff -u want got
}

@test "load takes what jq has made of the state" {
	mkdir in
	events 1 a 1 2 b 2 3 a 3 >in/1
	count
	bief state ck dump agg |
		jq -c 'select(.key.k != "b") | .value.count += 100' |
		bief state ck load agg
	events 4 a 1 5 b 1 >in/2
	count
	sqlite3 t.db 'select k, count, "sum(n)" from x order by k' >out
	printf '%s\n' 'a|103|5' 'b|1|1' | is out
}

@test "a session that is taken out, or put in, is merged as any other" {
	mkdir in
	events 1 a 1 20 a 1 >in/1
	p() {
		stream-files --checkpoint ck in | window --on t --session 5s \
			--watermark 1m | agg --by k --mode complete count |
			sink-table --db t.db --table x
	}
	p
	bief state ck dump agg | jq -c 'if .key.window_start ==
		"2026-11-21T08:00:20Z" then .key |= (.window_start =
		"2026-11-21T08:00:10Z" | .window_end = "2026-11-21T08:00:17Z") else . end' |
		bief state ck load agg
	events 6 a 1 9 a 1 >in/2
	p
	sqlite3 t.db 'select window_start, window_end, count from x' >out
	echo '2026-11-21T08:00:01Z|2026-11-21T08:00:17Z|4' | is out
}

@test "a line that is no entry is refused by its number, and nothing is written" {
	events 1 a 1 2 b 2 >in
	count
	before=$(sum)
	bief state ck dump agg >good
	refused() { # refused MESSAGE: of the second line
		run -2 bief state ck load agg bad
		[ "$output" = "bief: line 2: $1" ] || { echo "$output"; false; }
		[ "$(sum)" = "$before" ]
	}
	bad() { # bad FILTER MESSAGE: of what jq makes of the second line
		jq -c "if .key.k == \"b\" then $1 else . end" good >bad
		refused "$2"
	}
	{ head -n 1 good; echo '{"kind":'; } >bad
	refused "not an entry, an object in one line (jq -c): it ends too early"
	{ head -n 1 good; echo '{} {}'; } >bad
	refused "not an entry, an object in one line (jq -c): something else"
	{ head -n 1 good; head -n 1 good; } >bad
	refused "there is an entry of this key already"
	bad '.more = 1' "what is 'more'?"
	bad '.key.more = 1' "what is 'more'?"
	bad '.value.more = 1' "what is 'more'?"
	bad 'del(.value.count)' "there is no 'count'"
	bad 'del(.key.k)' "there is no 'k'"
	bad '.kind = "row"' "the stage keeps no 'row'"
	bad '.value.count = "x"' "'count' is not a count"
	bad '.value["sum(n)"] = "x"' "'sum(n)' is not a number"
	bad '.due = "soon"' "'due' is not a time of the form 2016-07-26T02:45:07Z"
	bad '.key.window_start = true' "'window_start' is not a time of the form 2016-07-26T02:45:07Z"
	bad '[.]' "not an entry, an object in one line (jq -c): something else"
	run -1 bief state ck load agg missing
	[ "$output" = "bief: cannot open 'missing': No such file or directory" ]
}

@test "load deletes what is newer than the newest batch of all sinks" {
	mkdir in
	events 1 a 1 >in/1
	count
	events 2 a 1 >in/2
	count
	rm ck/commits/*/1.commit
	bief state ck dump agg >d
	[ "$(jq .value.count d)" = 1 ]
	bief state ck load agg d
	(cd ck/state/*+agg && ls) >out
	printf '%s\n' 0.delta 0.snapshot lock options stage | is out
	count
	[ "$(sqlite3 t.db 'select count from x')" = 2 ]
}

@test "diff shows what has come, gone and changed between two batches" {
	mkdir in
	events 1 a 1 2 b 2 >in/1
	count
	events 3 a 5 40 c 1 >in/2
	count
	bief state ck diff 0 1 agg | jq -c 'del(.stage) | (.before, .after) |=
		if . then [.key.window_start[17:19], .key.k, .value.count] else . end' >out
	is out <<-'E'
	{"change":"removed","before":["00","a",1],"after":null}
	{"change":"removed","before":["00","b",1],"after":null}
	{"change":"added","after":["40","c",1],"before":null}
	E
	bief state ck diff 1 0 window | jq -c '[.stage, .change,
		.before.value.watermark, .after.value.watermark]' >out
	is out <<-'E'
	["stream-files,in+window","changed","2026-11-21T08:00:35Z","2026-11-21T07:59:57Z"]
	E
	bief state ck diff 0 1 >out
	[ "$(jq -r .stage out | sort -u | wc -l)" -eq 2 ]
	bief state ck diff 1 1 >out
	[ ! -s out ]
	run -2 bief state ck diff 1 x
	[ "$output" = "bief: 'x' is not the number of a batch" ]
}

@test "a sink that does not come back is given up by forget, and begins anew when it does" {
	mkdir in
	events 1 a 1 >in/1
	two() {
		stream-files --checkpoint ck --sinks 2 in |
			tee >(sink-files --name second b) | sink-files --name first a
	}
	one() { stream-files --checkpoint ck in | sink-files --name first a; }
	two
	events 2 a 2 >in/2
	run -3 one
	[[ "$output" = *"the sink 'stream-files,in+second' of the checkpoint '$PWD/ck' is not there: put it back, or give it up: bief state $PWD/ck forget stream-files,in+second" ]]
	bief state ck forget second
	[ "$(bief state --json ck | jq -r 'select(.kind == "sink").id')" = stream-files,in+first ]
	one
	events 3 a 3 >in/3
	rm -r b
	two
	cat a/*.json | jq .n >out
	printf '%d\n' 1 2 3 | is out
	wait_for grep -q 3 b/*.json
	cat b/*.json | jq .n >out
	echo 3 | is out
	run -2 bief state ck forget third
	[ "$output" = "bief: no sink 'third': there are 'stream-files,in+first', 'stream-files,in+second'" ]
}

@test "where the last sink was that is given up, the next one begins" {
	mkdir in
	events 1 a 1 >in/1
	stream-files --checkpoint ck in | agg --by k count | sink-table --db a.db --table x
	bief state ck forget sink-table
	[ "$(bief state --json ck | jq 'select(.kind == "checkpoint").batch')" = 0 ]
	[ "$(bief state ck dump agg | jq .value.count)" = 1 ]
	events 2 a 1 3 b 1 >in/2
	stream-files --checkpoint ck in | agg --by k count |
		sink-table --name other --db b.db --table x
	sqlite3 b.db 'select k, count from x order by k' >out
	printf '%s\n' 'a|2' 'b|1' | is out
	run ! grep -q '"batch"' ck/metadata
	[ "$(bief state --json ck | jq 'select(.kind == "checkpoint").batch')" = 1 ]
}

@test "forget that was broken off is told at the next start, and done again" {
	mkdir in
	events 1 a 1 >in/1
	count
	mv ck/commits/*sink-table ck/commits/.forgotten-stream-files,in+window+agg+sink-table
	run -3 count
	[[ "$output" = *"has committed is missing: put it back, or give the sink up: bief state $PWD/ck forget stream-files,in+window+agg+sink-table"* ]]
	run -3 bief state ck forget sink-table
	[[ "$output" = *"has committed is missing: put it back"* ]]
	mv ck/commits/.forgotten-stream-files,in+window+agg+sink-table \
		ck/commits/stream-files,in+window+agg+sink-table
	bief state ck forget sink-table
	[ "$(ls -A ck/commits)" = "" ]
	run -2 bief state ck forget sink-table
	[ "$output" = "bief: no sink 'sink-table': there is none" ]
}

@test "forget takes a sink whose commits are damaged" {
	mkdir in
	events 1 a 1 >in/1
	stream-files --checkpoint ck --sinks 2 in |
		tee >(sink-files --name second b) | sink-files --name first a
	wait_for test -f ck/commits/stream-files,in+second/0.commit
	printf X >ck/commits/stream-files,in+second/0.commit
	run -3 bief state ck
	bief state ck forget second
	bief state ck
}

@test "agg may be told another mode, but not between complete and the others" {
	mkdir in
	events 1 a 1 >in/1
	p() {
		stream-files --checkpoint ck in | window --on t --size 10s \
			--watermark 5s | agg "$@" count |
			sink-table --db t.db --table x
	}
	p --mode append
	events 2 a 1 >in/2
	p
	[ "$(sqlite3 t.db 'select count from x')" = 2 ]
	p --mode update
	run -3 p --mode complete
	[[ "$output" = *"agg: the pipeline has changed: stage 'stream-files,in+window+agg' had nothing of that kind in the checkpoint and now has --mode complete"* ]]
}

@test "a window may be given another watermark, but not one where there was none" {
	mkdir in
	events 1 a 1 >in/1
	p() {
		stream-files --checkpoint ck in | window --on t --size 10s "$@" |
			agg count | sink-table --db t.db --table x
	}
	p --watermark 5s
	p --watermark 1h
	run -3 p
	[[ "$output" = *"window: the pipeline has changed: stage 'stream-files,in+window' had --watermark in the checkpoint"* ]]
}

@test "windows of batches that are no longer so many are refused" {
	mkdir in
	events 1 a 1 >in/1
	p() {
		stream-files --checkpoint ck --trigger "$1" in |
			window --batches 1h | agg count | sink-table
	}
	p 1h &
	wait_for test -f ck/state/stream-files,in+window+agg/options
	kill -TERM "$(bief state --json ck |
		jq 'select(.kind == "source").process')"
	wait
	run -3 p 30m
	[[ "$output" = *"had windows of 1 batches every 1 in the checkpoint and now has windows of 2 batches every 1"* ]]
}

@test "parse-csv may be given another schema" {
	mkdir in
	printf 'a,b\n1,2\n' >in/1
	p() { stream-files --checkpoint ck in | parse-csv --header "$@" | sink-files out; }
	p
	printf 'a,b\n3,4\n' >in/2
	p --schema 'a int, b int'
	cat out/*.json >got
	is got <<-'E'
	{"a":"1","b":"2"}
	{"a":3,"b":4}
	E
	run -3 p --sep ';'
}

@test "load or forget that is broken off anywhere leaves what was or what was asked for" {
	not_sanitized
	shim=${BIEF_SHIM:-$TOP/build/shim.so}
	[ -f "$shim" ] || skip "no $shim"
	events 1 a 1 >in
	stream-files --checkpoint ck in | agg --by k count | sink-table --db t.db --table x
	mv ck kept
	bief state kept dump agg >old
	jq -c '.value.count += 100' old >new
	tried=0
	broken() { # broken OP N ACTION COMMAND...: false when there is no such call
		rm -rf ck mark
		cp -r kept ck
		BIEF_FAULT="bief $1 $2 $3" BIEF_FAULT_MARK=mark LD_PRELOAD=$shim \
			bief state ck "${@:4}" 2>messages || true
		[ -f mark ] || return 1
		tried=$((tried + 1))
	}
	for fault in {write,fsync,rename,open,unlink}" "{1..30}" "{kill,EIO}; do
		set -- $fault
		if broken "$@" load agg new; then
			bief state ck dump agg >now
			cmp -s now old || diff -u now new
		fi
		if broken "$@" forget sink-table; then
			run bief state ck forget sink-table
			[ "$status" -eq 0 ] || [ "$output" = \
				"bief: no sink 'sink-table': there is none" ]
			[ "$(bief state --json ck |
				jq 'select(.kind == "checkpoint").batch')" = 0 ]
		fi
	done
	[ "$tried" -gt 40 ]
}

@test "a last sink that was not given up after all may be given up later" {
	not_sanitized
	shim=${BIEF_SHIM:-$TOP/build/shim.so}
	[ -f "$shim" ] || skip "no $shim"
	mkdir in
	p() {
		stream-files --checkpoint ck in | agg --by k count |
			sink-table --db t.db --table x
	}
	events 1 a 1 >in/1
	p
	BIEF_FAULT="bief rename 2 EIO" BIEF_FAULT_MARK=mark LD_PRELOAD=$shim \
		run -1 bief state ck forget sink-table
	[ -f mark ]
	grep -q '"batch":0' ck/metadata
	events 2 a 1 >in/2
	p
	bief state ck forget sink-table
	grep -q '"batch":1' ck/metadata
}

@test "a state without an entry is loaded only when that is meant" {
	printf '{"k":"%s"}\n' a b >in
	stream-files --checkpoint ck in | dedup --by k | sink-files out
	bief state ck dump dedup >before
	run -2 bief state ck load dedup </dev/null
	[ "$output" = "bief: there is no entry in the input: nothing is changed (--empty loads a state without any)" ]
	bief state ck dump dedup | cmp - before
	bief state ck load --empty dedup </dev/null
	[ -z "$(bief state ck dump dedup)" ]
}

@test "functions in another order are refused, and called that" {
	echo '{"k":1}' >in
	stream-files --checkpoint ck in | agg --by k a=count b=sum:k | sink-table --db t.db --table t
	run -3 bash -o pipefail -c 'stream-files --checkpoint ck in |
		agg --by k b=sum:k a=count | sink-table --db t.db --table t'
	[[ $output == *"has the same in another order"* ]]
}
