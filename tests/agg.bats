#!/usr/bin/env bats
# agg: records in groups, and what is made of their fields.

load lib

# A stream with a watermark field t in seconds: one word for each batch, which
# is a list of SECONDS[KEY[VALUE]], parted by commas: 100a5,110b
batches() {
	local n=0 batch r
	echo '{"#bief":{"stream":1,"trigger":"1s"}}'
	for batch in "$@"; do
		echo '{"#bief":{"begin":'$n',"time":"2026-11-21T08:00:0'$n'Z"}}'
		for r in ${batch//,/ }; do
			[[ $r =~ ^(-|[0-9]+)([a-z]?)(-?[0-9]*)$ ]]
			printf '{"t":"%s","k":"%s","v":%s}\n' \
				"$(date -u -d "@${BASH_REMATCH[1]}" +%FT%TZ)" \
				"${BASH_REMATCH[2]}" "${BASH_REMATCH[3]:-null}"
		done
		echo '{"#bief":{"end":'$n'}}'
		n=$((n + 1))
	done
	echo '{"#bief":{"eof":1}}'
}

# The rows of each batch on one line: START-END KEY RESULTS; in seconds.
rows() {
	jq -rs 'def s: if type == "string" and test("^....-..-..T")
		then fromdate else . end;
	reduce .[] as $r ([]; if $r["#bief"] then
		if $r["#bief"].begin then . + [[]] else . end
		else .[-1] += [[$r[] | s | tostring] | join(" ")] end)
	| .[] | join(", ")'
}

@test "records with the same key are one group; rows are ordered, nulls first" {
	printf '%s\n' '{"k":"b","x":1}' '{"k":"a","x":2}' '{"x":3}' \
		'{"k":null,"x":4}' '{"k":10,"x":5}' '{"k":9,"x":6}' \
		'{"k":"b","x":7}' | agg --by k count sum:x > out
	is out <<-'END'
	{"k":null,"count":2,"sum(x)":7}
	{"k":9,"count":1,"sum(x)":6}
	{"k":10,"count":1,"sum(x)":5}
	{"k":"a","count":1,"sum(x)":2}
	{"k":"b","count":2,"sum(x)":8}
	END
}

@test "keys that are all integers, or all times, are in order to the last digit" {
	printf '{"k":%s}\n' 9223372036854775807 -1 9223372036854775806 null 2 \
		-9223372036854775808 0 1 | agg --by k count | grep -o "[-0-9nul]*," > out
	is out <<-'END'
	null,
	-9223372036854775808,
	-1,
	0,
	1,
	2,
	9223372036854775806,
	9223372036854775807,
	END
	printf '{"k":"%sZ"}\n' 2020-01-01T00:00:00.000002 1969-12-31T23:59:59 \
		2020-01-01T00:00:00 2020-01-01T00:00:00.000001 |
		agg --by k count | jq -r .k > out
	is out <<-'END'
	1969-12-31T23:59:59Z
	2020-01-01T00:00:00Z
	2020-01-01T00:00:00.000001Z
	2020-01-01T00:00:00.000002Z
	END
}

@test "without --by there is one group, also of no records" {
	agg count sum:x n=count:x < /dev/null > out
	is out <<< '{"count":0,"sum(x)":null,"n":0}'
}

@test "a nested key is named by its path and comes out under its last name" {
	printf '%s\n' '{"meta":{"domain":"a.org"},"n":{"x":1.5}}' \
		'{"meta":{"domain":"a.org"},"n":{"x":2}}' |
		agg --by meta.domain sum:n.x > out
	is out <<< '{"domain":"a.org","sum(n.x)":3.5}'
}

@test "count counts records, count:x those where x is not null" {
	printf '{"x":%s}\n' 1 null '"NaN"' '""' | agg count count:x > out
	is out <<< '{"count":4,"count(x)":3}'
}

@test "a sum of integers is exact over 64 bits" {
	printf '{"x":%s}\n' 9223372036854775806 1 | agg sum:x > out
	is out <<< '{"sum(x)":9223372036854775807}'
}

@test "a sum beyond 64 bits is an error that names the group and the field" {
	printf '{"k":"a","x":%s}\n' 9223372036854775807 1 > in
	run -1 agg --by k sum:x < in
	[[ $output == 'agg: group {k: "a"}: the sum of '\''x'\'' does not fit'* ]]
}

@test "the order of doubles does not show in their sum" {
	seq 1 2000 | awk '{ printf "{\"x\":%.17g.0}\n", $1 * $1 * 1e9 + 0.1 }' |
		sed 's/\(\.[0-9]*\)\.0/\1/' > in
	agg sum:x avg:x stddev:x < in > one
	tac in | agg sum:x avg:x stddev:x > two
	cmp one two
}

@test "an average of integers takes each of them as a double" {
	printf '{"x":%s}\n' 9007199254740993 9007199254740993 | agg avg:x > out
	is out <<< '{"avg(x)":9007199254740992.0}'
}

@test "sums and averages of a decimal field are exact decimals" {
	printf '{"d":%s}\n' 0.10 0.2 1 |
		parse-json --batch 9 --schema 'd decimal(5,2)' |
		agg --plain sum:d avg:d min:d > out
	is out <<< '{"sum(d)":1.30,"avg(d)":0.433333,"min(d)":0.10}'
}

@test "an average that has too few digits says so, and does not blame the sum" {
	echo '{"x":12345678901234567890.123456789012345678}' >in
	run -1 bief run "parse-json -s 'x decimal(38,18)' --batch 1 | agg avg:x" <in
	[[ "$output" == *"agg: the average of 'x' is a decimal(38,22), which has too few digits in front of its point"* ]]
	bief run "parse-json -s 'x decimal(38,18)' --batch 1 | agg sum:x --plain" <in >out
	is out <<<'{"sum(x)":12345678901234567890.123456789012345678}'
}

@test "NaN spoils sums, and is above all numbers" {
	printf '{"x":%s}\n' 1.0 '"NaN"' 3.0 | agg sum:x avg:x min:x max:x > out
	is out <<< '{"sum(x)":"NaN","avg(x)":"NaN","min(x)":1.0,"max(x)":"NaN"}'
}

@test "min and max take any type, and keep its spelling" {
	printf '%s\n' '{"s":"b","t":"2016-07-26T02:45:07.5Z","x":1.50}' \
		'{"s":"é","t":"2016-07-26T02:45:07Z","x":2}' '{"x":null}' |
		agg min:s max:s min:t max:t min:x max:x > out
	is out <<-'END'
	{"min(s)":"b","max(s)":"é","min(t)":"2016-07-26T02:45:07Z","max(t)":"2016-07-26T02:45:07.5Z","min(x)":1.50,"max(x)":2}
	END
}

@test "stddev and variance of one value are null, those of a population 0" {
	echo '{"x":5}' |
		agg stddev:x variance:x stddev_pop:x var_pop:x > out
	is out <<-'END'
	{"stddev(x)":null,"variance(x)":null,"stddev_pop(x)":0.0,"var_pop(x)":0.0}
	END
}

@test "a variance of large numbers that differ little is right" {
	printf '{"x":%d}\n' 1000000000000001 1000000000000002 1000000000000003 |
		agg variance:x > out
	is out <<< '{"variance(x)":1.0}'
}

@test "first and last follow the order of input, nulls are values" {
	printf '{"x":%s}\n' null 1 2 | agg first:x last:x > out
	is out <<< '{"first(x)":null,"last(x)":2}'
}

@test "median and percentiles lie between two values in proportion" {
	printf '{"x":%d}\n' 4 1 3 2 | agg median:x p25:x p100:x > out
	is out <<< '{"median(x)":2.5,"p25(x)":1.75,"p100(x)":4.0}'
}

@test "a percentile of a hundred thousand values is off by less than 1 %" {
	seq 1 100000 | sed 's/.*/{"x":&}/' | agg p50:x p99:x > out
	jq -e '(."p50(x)" - 50000 | fabs) < 500 and
		(."p99(x)" - 99000 | fabs) < 990' out
}

@test "distinct values, exactly and by HyperLogLog" {
	for i in 1 2 3; do seq 1 5000; done | sed 's/.*/{"x":&}/' |
		agg d=count_distinct:x a=approx_count_distinct:x > out
	jq -e '.d == 5000 and (.a - 5000 | fabs) < 300' out
}

@test "collect_list keeps the order of input, collect_set is sorted" {
	printf '{"x":%s}\n' 3 '"a"' null 1 3 '[1]' |
		agg collect_list:x collect_set:x > out
	is out <<-'END'
	{"collect_list(x)":[3,"a",1,3,[1]],"collect_set(x)":[1,3,"a",[1]]}
	END
}

@test "stats is count, mean, deviation of the population, max and min" {
	printf '{"x":%d}\n' 3 4 5 | agg stats:x s=stats:x > out
	is out <<-'END'
	{"count":3,"mean":4.0,"stdev":0.816496580927726,"max":5.0,"min":3.0,"s_count":3,"s_mean":4.0,"s_stdev":0.816496580927726,"s_max":5.0,"s_min":3.0}
	END
}

@test "avg:* means all fields that are numbers, also where they come later" {
	printf '%s\n' '{"k":"a","x":1,"s":"t"}' '{"k":"b","x":3,"y":null}' \
		'{"k":"a","x":5,"y":7}' | agg --by k avg:* count > out
	is out <<-'END'
	{"k":"a","count":2,"avg(x)":3.0,"avg(y)":7.0}
	{"k":"b","count":1,"avg(x)":3.0,"avg(y)":null}
	END
}

@test "text that is to be summed is refused with its line" {
	printf '%s\n' '{"x":1}' '{"x":"abc"}' > in
	run -1 agg sum:x < in
	[[ $output == "agg: line 2: the field 'x' is not a number: \"abc\""* ]]
	agg --on-error skip count sum:x < in > out 2> err
	is out <<< '{"count":1,"sum(x)":1}'
	grep -q '1 record refused, skipped' err
	agg --on-error keep --rejects rk count sum:x < in > out 2> err
	is out <<< '{"count":2,"sum(x)":1}'
	grep -q '1 record refused, kept' err
	[ "$(wc -l <rk)" = 1 ]
}

@test "what cannot work is refused at the start, with the nearest name" {
	run -2 agg < /dev/null
	[[ $output == *'no aggregate is given'* ]]
	run -2 agg coun < /dev/null
	[[ $output == *"did you mean 'count'"* ]]
	run -2 agg sum < /dev/null
	[[ $output == *'sum:FIELD'* ]]
	run -2 agg sum:x sum:x < /dev/null
	[[ $output == *"two results are named 'sum(x)'"* ]]
	run -2 agg --by count count < /dev/null
	[[ $output == *"both named 'count'"* ]]
	run -2 agg --cube --rollup count < /dev/null
	run -2 agg --grouping-id count < /dev/null
	run -2 agg --cube count < /dev/null
	run -2 agg n=avg:* < /dev/null
}

@test "fields that the schema does not have, or that are no numbers, too" {
	run -2 bief explain "stream-files --trigger once x |
		parse-json --schema 'name string' | agg sum:nam"
	[[ $output == *"did you mean 'name'"* ]]
	run -2 bief explain "stream-files --trigger once x |
		parse-json --schema 'name string' | agg sum:name"
	[[ $output == *"'name' is of type string, not a number"* ]]
}

@test "a cube has a group for every combination of its columns" {
	printf '%s\n' '{"a":"x","b":1,"v":10}' '{"a":null,"b":1,"v":20}' |
		agg --by a,b --cube --grouping-id sum:v > out
	is out <<-'END'
	{"a":null,"b":null,"grouping_id":1,"sum(v)":20}
	{"a":null,"b":null,"grouping_id":3,"sum(v)":30}
	{"a":null,"b":1,"grouping_id":0,"sum(v)":20}
	{"a":null,"b":1,"grouping_id":2,"sum(v)":30}
	{"a":"x","b":null,"grouping_id":1,"sum(v)":10}
	{"a":"x","b":1,"grouping_id":0,"sum(v)":10}
	END
}

@test "a rollup drops the columns one by one, from the last" {
	echo '{"a":"x","b":1}' | agg --by a,b --rollup --grouping-id count > out
	is out <<-'END'
	{"a":null,"b":null,"grouping_id":3,"count":1}
	{"a":"x","b":null,"grouping_id":1,"count":1}
	{"a":"x","b":1,"grouping_id":0,"count":1}
	END
}

@test "a window is the first column of a cube" {
	echo '{"t":5,"k":"a"}' | window --on t --unit s --size 10s |
		agg --by k --cube --grouping-id count > out
	is out <<-'END'
	{"window_start":null,"window_end":null,"k":null,"grouping_id":3,"count":1}
	{"window_start":null,"window_end":null,"k":"a","grouping_id":2,"count":1}
	{"window_start":"1970-01-01T00:00:00Z","window_end":"1970-01-01T00:00:10Z","k":null,"grouping_id":1,"count":1}
	{"window_start":"1970-01-01T00:00:00Z","window_end":"1970-01-01T00:00:10Z","k":"a","grouping_id":0,"count":1}
	END
}

@test "records that carry windows are grouped by them, unless --no-window" {
	printf '{"t":%d}\n' 5 6 15 | window --on t --unit s --size 10s > in
	agg count < in | jq -c '[.window_start, .count]' > out
	is out <<-'END'
	["1970-01-01T00:00:00Z",2]
	["1970-01-01T00:00:10Z",1]
	END
	agg --no-window count < in > out
	is out <<< '{"count":3}'
}

@test "append: a window is written once, when the watermark has passed it" {
	batches 100,110,170 95,200 100,119,121 260 |
		watermark --on t --delay 30s | window --on t --size 60s |
		agg --mode append count 2> err | rows > out
	is out <<-'END'
	60 120 2


	120 180 2
	END
	grep -q '2 groups came after the watermark' err
}

@test "update: the groups that had a record in the batch" {
	batches 130 119,150 | watermark --on t --delay 0s |
		window --on t --size 60s --slide 20s |
		agg --mode update count | rows > out
	is out <<-'END'
	80 140 1, 100 160 1, 120 180 1
	80 140 2, 100 160 3, 120 180 2, 140 200 1
	END
}

@test "complete: all groups after each batch, none is late" {
	batches 100,200 40a | watermark --on t --delay 0s |
		window --on t --size 60s | agg --mode complete count |
		rows > out
	is out <<-'END'
	60 120 1, 180 240 1
	0 60 1, 60 120 1, 180 240 1
	END
}

@test "the event time itself can be the key that the watermark closes" {
	batches 10,10,30 10,31 50 | watermark --on t --delay 5s |
		agg --mode append --by t count 2> err | rows > out
	is out <<-'END'
	10 2

	30 1, 31 1
	END
	grep -q '1 group came after the watermark' err
}

@test "late records go to --rejects with batch, watermark and reason" {
	batches 100 200 50a7 | watermark --on t --delay 0s |
		window --on t --size 10s |
		agg --mode append --rejects bad count > /dev/null 2>&1
	jq -c '[.program, .batch, .watermark, .reason]' bad > out
	is out <<-'END'
	["agg",2,"1970-01-01T00:03:20Z","late: the watermark has passed its window"]
	END
}

@test "sessions of a key that overlap or touch become one" {
	batches 40a,41a 25a 30a,50b,60b |
		watermark --on t --delay 60s | window --on t --session 10s |
		agg --mode complete --by k count | rows > out
	is out <<-'END'
	40 51 a 2
	25 35 a 1, 40 51 a 2
	25 51 a 4, 50 70 b 2
	END
}

@test "collect_list of sessions that become one keeps the order of input" {
	printf '{"t":"2026-11-21T08:%02d:00Z","k":"a","v":%d}\n' 30 1 10 2 20 3 25 4 15 5 12 6 >in
	for w in 'window --on t --session 5m' 'window --on t --session 5m --watermark 1h --batch 2'; do
		bief run "$w | agg --mode complete --by k collect_list:v first:v last:v --plain" <in |
			tail -1 >out
		is out <<<'{"window_start":"2026-11-21T08:10:00Z","window_end":"2026-11-21T08:35:00Z","k":"a","collect_list(v)":[1,2,3,4,5,6],"first(v)":1,"last(v)":6}'
	done
	mkdir d
	head -3 in >d/1
	p() { stream-files --trigger available-now --checkpoint ck d | parse-json -s 't timestamp, k string, v int' |
		window --on t --session 5m --watermark 1h | agg --mode append --by k collect_list:v | sink-files o; }
	p
	bief state ck dump agg >state
	grep -c '"collect_list(v)":\[2\]' state
	tail -n +4 in >d/2
	echo '{"t":"2026-11-21T12:00:00Z","k":"z"}' >>d/2
	p
	cat o/part* | jq -c '."collect_list(v)"' >out
	is out <<<'[1,2,3,4,5,6]'
}

@test "append: a session is written when the watermark has passed its end" {
	batches 40a1,45a2 70a3 90b | watermark --on t --delay 10s |
		window --on t --session 10s |
		agg --mode append --by k count sum:v | rows > out
	is out <<-'END'

	40 55 a 2 3
	70 80 a 1 3
	END
}

@test "sessions of a key that end together do not touch the others" {
	batches 10a,30a,50a,90a,40b 93a,200a 203a |
		watermark --on t --delay 10s | window --on t --session 5s |
		agg --mode append --by k count | rows > out
	is out <<-'END'
	10 15 a 1, 30 35 a 1, 40 45 b 1, 50 55 a 1
	90 98 a 2

	END
}

@test "window times are read record by record, in text of any form" {
	printf '{"window_start":"%s","window_end":"%s","v":%d}\n' \
		1970-01-01T00:00:0{0,0}Z 1 1970-01-01T00:00:00{,.000}Z 2 \
		1970-01-01T00:00:0{1,2}Z 4 1970-01-01T00:00:0{0,2}Z 8 \
		1970-01-01T00:00:0{1,2}Z 16 '1970-01-01T00:00:0\u0031Z' \
		1970-01-01T00:00:02Z 32 | agg --plain sum:v > out
	jq -r '[.window_start[17:], .window_end[17:], .["sum(v)"]] | join(" ")' \
		out > sums
	is sums <<-'END'
	00Z 00Z 3
	00Z 02Z 8
	01Z 02Z 52
	END
}

@test "one answer of all sessions where the stream has no batches" {
	printf '{"t":%d,"k":"a"}\n' 0 10 21 |
		window --on t --unit s --session 10s |
		agg --plain --by k count > out
	is out <<-'END'
	{"window_start":"1970-01-01T00:00:00Z","window_end":"1970-01-01T00:00:20Z","k":"a","count":2}
	{"window_start":"1970-01-01T00:00:21Z","window_end":"1970-01-01T00:00:31Z","k":"a","count":1}
	END
}

@test "a window that is closed passes through a second aggregation at once" {
	batches 1,2,7 21 | watermark --on t --delay 0s |
		window --on t --size 5s | agg --mode append n=count |
		window --on window --size 10s | agg s=sum:n c=count |
		rows > out
	is out <<-'END'

	0 10 3 2
	END
}

@test "append without a watermark on what is grouped by is refused" {
	batches 1 > in
	run -2 agg --mode append --by k count < in
	[[ $output == *"put 'watermark --on FIELD --delay D'"* ]]
	watermark --on t --delay 1s < in > timed
	run -2 agg --mode append --by k count < timed
}

@test "what is said to do about an aggregation of an aggregation can be done" {
	parse='parse-json --batch 3 -s "t timestamp, k string" in'
	printf '{"t":"2026-11-21T08:00:%02dZ","k":"%s"}\n' 1 a 2 b 3 a 40 a 55 b >in
	windows="$parse | window --on t --size 10s --watermark 1s"
	run -2 bash -c "$windows | agg --mode append --by k count |
		agg --no-window --by k sum:count"
	[[ $output == *"group by the window, too, or by wider ones"* ]]
	[[ $output == *"--plain"* ]]
	run -2 bash -c "$parse | agg --by k count | agg sum:count"
	[[ $output == *"--plain on the one before"* ]]
	bash -c "$windows | agg --mode append --by k count |
		agg --plain --by k sum:count" >out
	wc -l <out | is <(echo 3)
	bash -c "$windows | agg --mode append --by k count |
		window --on window --size 1m | agg --plain sum:count" >out
	is out </dev/null
	bash -c "$windows | agg --mode append --by k count --plain |
		agg --no-window --by k sum:count" >out
	is out <<-'END'
	{"k":"a","sum(count)":3}
	{"k":"b","sum(count)":1}
	END
	bash -c "$parse | agg --by k count --plain --mode complete |
		agg --by k max:count" >out
	is out <<-'END'
	{"k":"a","max(count)":3}
	{"k":"b","max(count)":2}
	END
}

@test "sessions are refused in update mode, and without a key" {
	batches 1 | watermark --on t --delay 1s | window --on t --session 1s > in
	run -2 agg --mode update --by k count < in
	[[ $output == *'sessions have no update mode'* ]]
	run -2 agg --mode append count < in
	[[ $output == *'sessions on a stream need a key'* ]]
}

@test "an aggregation of an aggregation is refused in other modes than append" {
	batches 1 > in
	agg --mode update --by k count < in > out
	run -2 agg --no-window --mode append n=count < out
	run -2 agg --no-window sum:count < out
	[[ $output == *'append mode only'* ]]
}

@test "sliced and expanded windows give the same bytes" {
	batches 100a1,103b2,117a-3 109b4,121c5,95a6 140a,118b9 200c > in
	for mode in append update complete; do
		p="watermark --on t --delay 5s |
			window --on t --size 12s --slide 5s |
			agg --mode $mode --by k count sum:v first:v last:v \
				stddev:v median:v collect_set:v --rejects bad"
		rm -f bad piped.bad
		bash -c "$p" < in > piped 2> piped.err
		mv bad piped.bad 2> /dev/null || true
		bief run "$p" < in > run 2> run.err
		cmp piped run
		cmp piped.err run.err
		[ ! -e bad ] || cmp piped.bad bad
	done
}

@test "a wide sliding window costs a group for each slice, not each window" {
	seq 0 9999 | sed 's/.*/{"t":&}/' > in
	bief run "window --batch 100000 --on t --unit s --size 1h --slide 10s |
		agg --mode complete count --progress p" < in > /dev/null
	jq -e '.stateOperators[0] | .memoryUsedBytes < 200000 and .numRowsTotal == 1359' p
}

@test "rows in state are groups, sessions, windows" {
	batches 100a,110a,100b > in
	watermark --on t --delay 1h < in > timed
	window --on t --size 60s --slide 20s < timed |
		agg --progress p --by k count > /dev/null
	window --on t --session 5s < timed |
		agg --progress q --by k count > /dev/null
	[ "$(jq -c .stateOperators[0].numRowsTotal p q | tr '\n' ' ')" = "6 3 " ]
}

@test "the answers of Spark to the exercises" {
	shared
	e="$SHARED/golden/exercises"
	awk 1 "$SHARED"/data/events/*.json |
		parse-json --schema 'time timestamp, action string' > events
	window --on time --size 1h < events | agg --by action count > out
	jq -c . "$e/e02-count-by-action-and-hour.jsonl" | diff - out
	agg --by action total=count < events | jq -c '.[]' > out
	jq -c '.[]' "$e/e03-total-by-action.jsonl" | diff - out
}

@test "a field that no record had is told, with the name that may be meant" {
	printf '{"action":"Open","n":1}\n' >in
	agg --by actoin sum:x <in >out 2>err
	is err <<-'EOF'
	agg: no record had a field 'actoin' (did you mean 'action'?)
	agg: no record had a field 'x'
	EOF
	agg --by action sum:n </dev/null 2>err
	[ ! -s err ]
}

@test "--max-state bounds lists as well as groups" {
	seq 20000 | sed 's/.*/{"a":&}/' >in
	run -1 agg collect_list:a --max-state 100K <in
	[[ "$output" == *"the state has reached its limit of 102400 bytes"* ]]
}

@test "on a terminal it is told that a result of windows is grouped by them" {
	printf '{"t":"2026-11-21T08:%s:00Z","k":"a"}\n' 01 07 | window --on t --size 5m | agg --by k count >in
	script -qefc 'agg --by k sum:count <in >out' log >/dev/null </dev/null
	grep -c 'so it is grouped by them, too: --no-window does not' log
	[ "$(wc -l <out)" = 2 ]
	script -qefc 'agg --no-window --by k sum:count <in >out; window --on t --size 5m <in 2>/dev/null | agg count >/dev/null' log >/dev/null </dev/null
	run ! grep 'grouped by them' log
	[ "$(wc -l <out)" = 1 ]
}

@test "functions go by Spark's other names, and results are called as Spark calls them" {
	printf '{"x":%s}\n' 1 2 4 >in
	agg mean:x stddev_samp:x std:x var_samp:x countDistinct:x \
		approxCountDistinct:x first_value:x last_value:x any_value:x <in |
		jq -c 'to_entries[] | [.key, (.value * 1000 | round)]' >out
	is out <<-'END'
	["avg(x)",2333]
	["stddev_samp(x)",1528]
	["std(x)",1528]
	["var_samp(x)",2333]
	["count(DISTINCT x)",3000]
	["approx_count_distinct(x)",3000]
	["first_value(x)",1000]
	["last_value(x)",4000]
	["any_value(x)",1000]
	END
	agg average:x array_agg:x <in >out
	is out <<<'{"avg(x)":2.3333333333333335,"collect_list(x)":[1,2,4]}'
	agg --by x mean:x AVG:x <in 2>err || true
	is err <<<"agg: two results are named 'avg(x)': give one another name (NAME=FUNC:FIELD)"
}

@test "a function is written as a call, too, as in SQL" {
	printf '{"x":%s}\n' 1 2 null >in
	agg 'count(*)' n='count(1)' 'COUNT(x)' 'avg( x )' 'count(DISTINCT x)' \
		'm = max(x)' <in >out
	is out <<<'{"count":3,"n":3,"count(x)":2,"avg(x)":1.5,"count(DISTINCT x)":2,"m":2}'
	run -2 agg 'avg(x) as m' <in
	[ "$output" = "agg: 'avg(x) as m': a result is named in front: NAME=FUNC:FIELD" ]
	run -2 agg 'sum(x, y)' <in
	[[ $output == "agg: 'sum' takes one field: sum:FIELD, sum:FIELD ..."* ]]
}

@test "percentile goes between two values, percentile_approx gives one of them" {
	printf '{"x":%s}\n' 4 1 3 2 >in
	agg 'percentile(x, 0.5)' 'percentile_approx(x, 0.5)' \
		low=percentile_approx:x,0 high=approx_percentile:x,1 \
		third=percentile_approx:x,0.51 <in >out
	is out <<<'{"percentile(x, 0.5, 1)":2.5,"percentile_approx(x, 0.5, 10000)":2,"low":1,"high":4,"third":3}'
	run -2 agg percentile_approx:x <in
	[ "$output" = "agg: 'percentile_approx' needs a share from 0 to 1, as 0.95 in 'percentile_approx(FIELD, 0.95)'" ]
	for share in 2 -0.1 half NaN ''; do
		run -2 agg "percentile(x, $share)" <in
		[ "$output" = "agg: 'percentile': the share is a number from 0 to 1, not '$share'" ]
	done
	run -2 agg 'percentile(*, 0.5)' <in
	[[ $output == *"takes one field"* ]]
}

@test "what is kept of a percentile goes through a checkpoint" {
	mkdir in
	printf '{"x":1}\n{"x":2}\n' >in/1
	local p="agg 'percentile_approx(x, 0.5)' mean:x | sink-table --db t.db --table t"
	bief run "stream-files --checkpoint ck in | $p"
	printf '{"x":3}\n' >in/2
	bief run "stream-files --checkpoint ck in | $p"
	sqlite3 t.db 'select * from t' >out
	is out <<<'2|2.0'
}

@test "a blank behind a comma of --by is told of" {
	run -2 agg --by a, b count </dev/null
	[ "$output" = "agg: --by: nothing stands behind the last comma: write a,b without a blank, or 'a, b' in quotes" ]
}

@test "a key that is to have another name is told where that is given" {
	run -0 agg --by x=a count < <(echo '{"a":1}')
	[ "${lines[1]}" = "agg: no record had a field 'x=a': another name is given in front: pick, or derive 'name = .field'" ]
	run -2 bief explain "parse-json --batch 1 --schema 'a int' | agg --by x=a count"
	[[ "$output" == *"REFUSED    no field 'x=a': another name is given in front: pick, or derive 'name = .field'"* ]]
	echo '{"a=b":1}' | agg --by '"a=b"' count >out
	is out <<<'{"a=b":1,"count":1}'
}

@test "many groups, in their order, in runs or in none, are counted the same" {
	for step in 1 7919; do
		awk -v step=$step 'BEGIN { for (i = 0; i < 60000; i++)
			print "{\"k\":" int(i / 3) * step % 20011 ",\"s\":\"s" i * step % 30011 "\",\"x\":" i % 7 "}" }' >in
		tr -d '{}"' <in | awk -F'[:,]' '{ n[$2]++; m[$2] = m[$2] < $6 ? $6 : m[$2] }
			END { for (k in n) print "{\"k\":" k ",\"count\":" n[k] ",\"max(x)\":" m[k] "}" }' |
			sort -t: -k2n >want
		tr -d '{}"' <in | awk -F'[:,]' '{ n[$4]++ }
			END { for (s in n) print "{\"s\":\"" s "\",\"count\":" n[s] "}" }' |
			LC_ALL=C sort >want.s
		parse="parse-json --schema 'k bigint, s string, x int' in"
		for n in 1 2; do
			bief run --threads $n "$parse | agg --by k count max:x" >out
			cmp want out
			bief run --threads $n "$parse | agg --by k count" >out
			sed 's/,"max.*/}/' want | cmp - out
			bief run --threads $n "$parse | agg --by s count" | LC_ALL=C sort >out
			cmp want.s out
		done
	done
}

@test "groups are written in their order, in whichever they came" {
	local by
	seq 1 3000 | awk '{printf "{\"t\":%d,\"k\":\"w%04d\",\"n\":null}\n", $1, $1}' >up
	sed 's/"k":"w[0-9]*"/"k":null/; 1q' up >null
	for by in t k k,t t,k n,t; do
		agg --by $by count <up >want
		[ "$(wc -l <want)" -eq 3000 ]
		tac up | agg --by $by count | cmp - want
		(tail -n 1 up && head -n -1 up) | agg --by $by count | cmp - want
		(tail -n +2 up && head -n 1 up) | agg --by $by count | cmp - want
	done
	agg --by k count <up | sed '1i {"k":null,"count":1}' >want
	cat null up | agg --by k count | cmp - want
	cat up null | agg --by k count | cmp - want
	window --on t --size 10s <up | agg count >want
	tac up | window --on t --size 10s | agg count | cmp - want
	window --on t --size 10s <up | agg --by k count >want
	tac up | window --on t --size 10s | agg --by k count | cmp - want
}
