#!/usr/bin/env bats
# window: records and the windows of time that they lie in.

load lib

# The windows of each record: TIME START END, in seconds.
windows() {
	jq -r 'def s: if test("\\.") then (.[0:19] + "Z" | fromdate) +
		("0" + .[19:-1] | tonumber) else fromdate end;
	[(.t | tostring), (.window_start, .window_end | s | tostring)] |
		join(" ")'
}

@test "a record gets the window that its time lies in, its end excluded" {
	printf '{"t":%d}\n' 0 9 10 19 20 | window --on t --unit s --size 10s |
		windows > out
	is out <<-'END'
	0 0 10
	9 0 10
	10 10 20
	19 10 20
	20 20 30
	END
}

@test "windows before 1970 are right, too" {
	printf '{"t":%d}\n' -1 -10 -11 | window --on t --unit s --size 10s |
		windows > out
	is out <<-'END'
	-1 -10 0
	-10 -10 0
	-11 -20 -10
	END
}

@test "the window fields stand at the end, the record's bytes in front" {
	echo '{ "t" : "2016-07-26T02:45:07.250Z","x":1.0 }' |
		window --on t --size 1h > out
	is out <<-'END'
	{ "t" : "2016-07-26T02:45:07.250Z","x":1.0 ,"window_start":"2016-07-26T02:00:00Z","window_end":"2016-07-26T03:00:00Z"}
	END
}

@test "a sliding window gives a record for each window, the oldest first" {
	echo '{"t":725}' |
		window --on t --unit s --size 12m --slide 5m | windows > out
	is out <<-'END'
	725 300 1020
	725 600 1320
	END
	echo '{"t":725}' | window --on t --unit s --size 12m --slide 5m \
		--start 2m | windows > out
	is out <<-'END'
	725 120 840
	725 420 1140
	725 720 1440
	END
}

@test "times are text of Spark's forms, dates, numbers with a unit" {
	printf '{"t":%s}\n' '"2016-07-26 02:45:07"' '"2016-07-26"' \
		'"2016-07-26T02:45:07+02:00"' |
		window --on t --size 1h | jq -r .window_start > out
	is out <<-'END'
	2016-07-26T02:00:00Z
	2016-07-26T00:00:00Z
	2016-07-26T00:00:00Z
	END
	echo '{"t":1469501107250}' | window --on t --unit ms --size 1h |
		jq -r .window_start > out
	echo '{"t":1469501107250123456}' | window --on t --unit ns --size 1us |
		jq -r .window_start >> out
	echo '{"t":1469501107.25}' | window --on t --unit s --size 250ms |
		jq -r .window_start >> out
	is out <<-'END'
	2016-07-26T02:00:00Z
	2016-07-26T02:45:07.250123Z
	2016-07-26T02:45:07.25Z
	END
}

@test "a time that is null or does not read as one drops the record" {
	printf '%s\n' '{"t":null}' '{"t":"soon"}' '{"t":"2016-07-26T02:45Z"}' \
		'{}' | window --on t --size 1h > out
	[ ! -s out ]
}

@test "a field that no record has is told" {
	printf '{"time":1}\n' > in
	run -0 window --on tiem --size 1h < in
	[ "$output" = "window: no record had a field 'tiem' (did you mean 'time'?)" ]
}

@test "a number without --unit is refused, with what to do" {
	echo '{"t":5}' > in
	run -1 window --on t --size 1h < in
	[[ $output == *'--unit s, ms, us or ns'* ]]
}

@test "sizes that cannot be are refused" {
	run -2 window --size 1h < /dev/null
	run -2 window --on t < /dev/null
	run -2 window --on t --size 0s < /dev/null
	run -2 window --on t --size '1 month' < /dev/null
	run -2 window --on t --size 10s --slide 20s < /dev/null
	run -2 window --on t --size 10s --slide 0s < /dev/null
	run -2 window --on t --size 10s --slide 5s --start 5s < /dev/null
	run -2 window --on t --size 10s --slide 5s --start -5s < /dev/null
	run -0 window --on t --size 10s --slide 5s --start -4s < /dev/null
	run -2 window --on t --size 10s --session 5s < /dev/null
	run -2 window --on t --session 0s < /dev/null
	run -2 window --on t --every 3 < /dev/null
	run -2 window --on t --batches 3 < /dev/null
	run -2 window --on t --size 10s --watermark -1s < /dev/null
}

@test "a field of a type that is no time is refused before data flows" {
	run -2 bief explain "stream-files --trigger once x |
		parse-json --schema 't bigint, b boolean' |
		window --on t --size 1h"
	[[ $output == *"'t' is of type bigint, not a time: say what it"* ]]
	run -2 bief explain "stream-files --trigger once x |
		parse-json --schema 't bigint, b boolean' |
		window --on b --size 1h"
}

@test "--on window puts windows into windows, by their ends" {
	printf '{"t":%d}\n' 7 12 | window --on t --unit s --size 5s |
		window --on window --size 10s | windows > out
	is out <<-'END'
	7 0 10
	12 10 20
	END
}

@test "a session is the time of the record and the gap behind it" {
	echo '{"t":7}' | window --plain --on t --unit s --session 1m |
		windows > out
	is out <<< '7 7 67'
	printf '{"t":7,"g":%s}\n' '"5s"' '"0s"' null '"x"' '"-1s"' |
		window --plain --on t --unit s --session-field g |
		windows > out
	is out <<< '7 7 12'
}

@test "--watermark is a watermark on the same field" {
	printf '{"t":"2016-07-26T%02d:30:00Z"}\n' 1 2 5 > in
	window --on t --size 1h --watermark 1h < in | sed 's/"time":"[^"]*",//' |
		grep -v '"stream"' > one
	watermark --on t --delay 1h < in | window --on t --size 1h |
		sed 's/"time":"[^"]*",//' | grep -v '"stream"' > two
	cmp one two
	grep -q '"watermark":"2016-07-26T04:30:00Z"' one
}

# Three batches by arrival, with the given options of window.
arrivals() {
	local i
	{
		echo '{"#bief":{"stream":1,"trigger":"5s"}}'
		for i in 0 1 2 3; do
			printf '{"#bief":{"begin":%d,"time":"2026-11-21T08:00:%02dZ"}}\n' \
				$i $((i * 5))
			printf '{"w":"%s"}\n' a$i b
			printf '{"#bief":{"end":%d}}\n' $i
		done
		echo '{"#bief":{"eof":1}}'
	} | window "$@"
}

@test "--batches: the records of the last batches, with every batch" {
	arrivals --batches 2 --plain |
		jq -r '[.w, .window_start[14:19], .window_end[14:19]] |
			join(" ")' > out
	is out <<-'END'
	a0 59:55 00:05
	b 59:55 00:05
	a0 00:00 00:10
	b 00:00 00:10
	a1 00:00 00:10
	b 00:00 00:10
	a1 00:05 00:15
	b 00:05 00:15
	a2 00:05 00:15
	b 00:05 00:15
	a2 00:10 00:20
	b 00:10 00:20
	a3 00:10 00:20
	b 00:10 00:20
	END
}

@test "--every: such a window every so many batches, counted and forgotten" {
	arrivals --batches 15s --every 10s |
		agg --by w count --progress p | agg_rows > out
	is out <<-'END'

	a0 1, a1 1, b 2

	a1 1, a2 1, a3 1, b 3
	END
	[ "$(jq -c .stateOperators[0].numRowsTotal p | tr '\n' ' ')" = "0 0 0 0 " ]
}

agg_rows() {
	jq -rs 'reduce .[] as $r ([]; if $r["#bief"] then
		if $r["#bief"].begin != null then . + [[]] else . end
		else .[-1] += ["\($r.w) \($r.count)"] end) |
		.[] | join(", ")'
}

@test "--batches of a length that the trigger does not divide is refused" {
	run -2 arrivals --batches 7s
	[[ $output == *"not a multiple of the trigger's interval, 5s"* ]]
}

@test "a size of more than 10000 years, or a time too far for any window, is refused" {
	run -2 window --on t --size 100000000d </dev/null
	[[ $output == *"longer than 10000 years"* ]]
	run -2 window --on t --session 9223372036854775807us </dev/null
	[[ $output == *"longer than 10000 years"* ]]
	printf '%s\n' '{"t":"+290000-01-01T00:00:00Z"}' '{"t":0}' >in
	run -1 window --on t --size 1h --unit s <in
	[[ $output == *"line 1: the time in 't' is too far from 1970"* ]]
	window --on t --size 1h --unit s --on-error skip <in >out 2>err
	[ "$(wc -l <out)" -eq 1 ]
	printf '%s\n' '{"t":"2016-01-01T00:00:00Z","gap":"99999999d"}' >in
	run -1 window --on t --session-field gap <in
	[[ $output == *"the gap in 'gap' is longer"* ]]
}

@test "records without a time are dropped, counted and kept by --rejects" {
	printf '{"t":%s}\n' null '"soon"' '"2026-11-21T08:00:01Z"' true |
		window --on t --size 1s --on-error skip --rejects bad >out 2>err
	[ "$(wc -l <out)" -eq 1 ]
	grep -x 'window: 2 records had no usable time and were dropped' err
	is bad <<-'EOF'
	{"program":"window","line":1,"reason":"no time in 't'","record":"{\"t\":null}"}
	{"program":"window","line":2,"reason":"no time in 't'","record":"{\"t\":\"soon\"}"}
	{"program":"window","line":4,"reason":"the field 't' is no time","record":"{\"t\":true}"}
	EOF
}

@test "sessions without batches go through all that follows, as other windows do" {
	printf '{"t":"2026-11-21T08:0%d:00Z","k":"%s"}\n' 1 a 2 a 7 b 8 a >in
	w() { window --on t --session 2m <in | agg "$@"; }
	w --by k count | agg --by k sum:count --no-window --plain >out
	is out < <(printf '{"k":"%s","sum(count)":%d}\n' a 3 b 1)
	w --mode append --by k count | agg --mode append --no-window n=count --plain >out
	is out <<<'{"n":3}'
	union <(w --by k count) <(w --by k count) in | jq -r .k | sort | uniq -c | tr -s ' ' >out
	is out < <(printf ' %d %s\n' 7 a 3 b)
	join-stream <(w --by k count) <(printf '{"k":"%s"}\n' b c) --on k --how full |
		jq -c '[.k,.count]' | sort >out
	is out < <(printf '%s\n' '["a",1]' '["a",2]' '["b",1]' '["c",null]')
	w --by k count | order --by -count,k --plain | jq -c .count | paste -sd, >out
	is out <<<2,1,1
	w --by k count | pivot --rows window --cols k --value count --plain | wc -l >out
	is out <<<3
	w --by k count | sink-files d
	cat d/part* | wc -l >out
	is out <<<3
	bief run 'window --on t --session 2m | agg --by k count | agg --no-window sum:count --plain' <in >out
	is out <<<'{"sum(count)":4}'
}

@test "windows by arrival are final: agg appends them, and order sorts those of a batch" {
	for k in a b b c c c; do echo "{\"k\":\"$k\"}"; done >in
	w() { window --batches 2 --every 2 --batch 1 <in | agg --by k count; }
	w | sink-files d
	cat d/part* | jq -c '[.k,.count]' | paste -sd ' ' >out
	is out <<<'["a",1] ["b",1] ["b",1] ["c",1] ["c",2]'
	window --batches 3 --every 3 --batch 1 <in | agg --by k count |
		order --by -count,k --limit 1 --plain | jq -c '[.k,.count]' >out
	is out < <(printf '%s\n' '["b",2]' '["c",3]')
	window --batches 3 --every 3 --batch 1 <in | order --by -k --limit 1 --plain |
		jq -r .k | paste -sd ' ' >out
	is out <<<'b c'
	window --batches 3 --every 3 --batch 1 <in | agg --mode update --by k count >out
	grep -c '"mode":"update"' out
	bief run 'window --batches 3 --every 3 --batch 1 | agg --by k count | sink-table --style pprint' <in >out
	[ "$(grep -c Time: out)" = 2 ]
	window --batches 3 --every 3 --batch 1 <in | agg --no-window --by k count |
		grep -o '"mode":"[a-z]*"' >out
	is out <<<'"mode":"update"'
	run -2 bash -c "window --batches 3 --batch 1 <in | agg --no-window --by k count | order --by k"
	[[ "$output" == "order: a stream has no last record"* ]]
}

@test "what agg does with the times of sliding windows is the same in one process" {
	printf '{"t":"2021-01-01T00:00:%02dZ","s":"%s"}\n' 0 b 9 a 20 c >in
	export BIEF_CLOCK=2026-11-21T08:00:00Z
	while read -r agg; do
		for batch in '' '--batch 2 --watermark 5s'; do
			p="parse-json -s 't timestamp, s string' in |
				window --on t --size 20s --slide 10s $batch |
				agg $agg | sink-table --style csv"
			BIEF_FUSE=0 bash -c "$p" >text 2>&1
			for n in 1 3; do
				BIEF_BLOCK=30 bief run --threads $n "$p" >run 2>&1
				cmp text run || {
					echo "$agg"
					return 1
				}
			done
			BIEF_FUSE=now BIEF_BLOCK=30 BIEF_THREADS=2 \
				bash -c "$p" >met 2>&1
			cmp text met
		done
	done <<-'END'
	max_by:window_start,s
	first:window_end last:Window_Start
	collect_list:window_start
	--by window_start count
	--by window,s count
	--no-window --by window_start count
	--no-window count
	--no-window count max:window_end
	--cube --by s,window_end count
	END
	bief run "parse-json -s 't timestamp, s string' in |
		window --on t --size 20s --slide 10s |
		agg first=min:window_start n=count | pick first,n" >out
	is out <<-'E'
	{"first":"2020-12-31T23:59:50Z","n":2}
	{"first":"2021-01-01T00:00:00Z","n":2}
	{"first":"2021-01-01T00:00:10Z","n":1}
	{"first":"2021-01-01T00:00:20Z","n":1}
	E
}
