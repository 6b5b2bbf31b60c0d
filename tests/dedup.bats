#!/usr/bin/env bats
# dedup: the first record of each key.

load lib

records() { # records SECOND ID...: with a time and an id
	printf '{"t":"2026-11-21T08:00:%02dZ","id":%d}\n' "$@"
}

@test "without --by the whole record is the key" {
	printf '{"a":1,"b":2}\n{"a":1,"b":3}\n{ "a":1, "b":2 }\n{"b":2,"a":1}\n' |
		dedup >out
	is out <<-'E'
	{"a":1,"b":2}
	{"a":1,"b":3}
	{"b":2,"a":1}
	E
}

@test "the first record of each key passes as it is" {
	printf '{ "k":"a","n":1}\n{"k":"b","n":2}\n{"k":"a","n":3}\n' |
		dedup --by k >out
	is out <<-'E'
	{ "k":"a","n":1}
	{"k":"b","n":2}
	E
}

@test "null and a missing field are one key, text and numbers are not" {
	printf '{"k":%s}\n' null 1 '"1"' 1.0 '"\u0031"' >in
	echo '{}' >>in
	dedup --by k <in >out
	is out < <(printf '{"k":%s}\n' null 1 '"1"' 1.0)
}

@test "all fields of --by count, nested ones by their path" {
	printf '{"m":{"k":%d},"n":%d}\n' 1 1 1 2 1 1 | dedup --by m.k,n >out
	is out < <(printf '{"m":{"k":%d},"n":%d}\n' 1 1 1 2)
}

@test "a key lives over batches" {
	records 1 7 2 8 3 7 | dedup --by id --batch 1 --plain >out
	is out < <(records 1 7 2 8)
}

@test "a record older than the watermark is counted and dropped" {
	records 30 1 50 2 10 3 |
		watermark --on t --delay 10s --batch 2 |
		dedup --by id --plain --rejects late >out 2>err
	is out < <(records 30 1 50 2)
	[ "$(cat err)" = "dedup: 1 record came after the watermark and was dropped" ]
	is late <<-'E'
	{"program":"dedup","line":3,"batch":1,"watermark":"2026-11-21T08:00:40Z","reason":"the record is older than the watermark","record":"{\"t\":\"2026-11-21T08:00:10Z\",\"id\":3}"}
	E
}

@test "a key with the event time is forgotten behind the watermark" {
	records 1 7 1 7 30 7 31 7 |
		watermark --on t --delay 10s --batch 1 |
		dedup --by t,id --plain --progress p >out
	is out < <(records 1 7 30 7 31 7)
	[ "$(jq -c .stateOperators[0].numRowsTotal p | paste -sd ' ')" = "1 1 1 2" ]
}

@test "within the watermark's delay duplicates of other times are found" {
	records 0 7 6 7 30 9 31 7 |
		watermark --on t --delay 10s --batch 3 |
		dedup --by id --within-watermark --plain >out
	is out < <(records 0 7 30 9 31 7)
}

@test "--within-watermark without a watermark is refused" {
	run -2 dedup --by id --within-watermark </dev/null
	[[ "$output" == "dedup: --within-watermark needs a watermark"* ]]
}

@test "a field that is known not to exist is refused, with the nearest name" {
	echo '{"user":1}' | parse-json --batch 1 --schema 'user int' >in
	run -2 --separate-stderr dedup --by usr <in
	[ "$stderr" = "dedup: no field 'usr' (did you mean 'user'?)" ]
}

@test "--max-state bounds the keys" {
	seq 10000 | sed 's/.*/{"n":&}/' >in
	run -1 bash -c 'dedup --max-state 100K <in >out'
	[[ "$output" == "dedup: the state has reached its limit of 102400 bytes"* ]]
}

@test "with a checkpoint keys are known after a restart" {
	mkdir in
	records 1 7 2 8 >in/1
	stream-files --checkpoint ck in | dedup --by id | sink-files out
	records 3 7 4 9 >in/2
	stream-files --checkpoint ck in | dedup --by id | sink-files out
	cat out/part-* >got
	is got < <(records 1 7 2 8 4 9)
}

@test "other fields for the keys than those of the checkpoint are refused" {
	records 1 7 >in
	stream-files --checkpoint ck in | dedup --by id | sink-files out
	run -3 bash -c 'stream-files --checkpoint ck in 2>/dev/null |
		{ dedup --by t; echo $? >status; } >/dev/null; exit "$(cat status)"'
	[[ "$output" == *"the pipeline has changed: stage"*"--by 'id'"*"--by 't'"* ]]
}

@test "keys of another type than those of the checkpoint are refused" {
	mkdir in
	records 1 7 >in/1
	pipeline() {
		stream-files --checkpoint ck in |
			parse-json --schema "id $1, t timestamp" |
			{ dedup --by id; echo $? >status; } | sink-files out
	}
	pipeline bigint
	records 2 8 >in/2
	run pipeline string
	[ "$(cat status)" = 3 ]
	[[ "$output" == *"had field 'id' bigint in the checkpoint and now has field 'id' string"* ]]
}

@test "arrays and objects that differ in their spelling only are one key" {
	cat >in <<-'J'
	{"a":[1, 2]}
	{"a":[1,2]}
	{"a":{"x":1.50,"y":"\u0041"}}
	{"a":{"x": 1.5, "y":"A"}}
	{"a":{"y":"A","x":1.5}}
	{"a":["2016-07-26T02:45:07.000Z",-0.0]}
	{"a":["2016-07-26T02:45:07Z",0.0]}
	{"a":[12345678901234567890]}
	{"a":[12345678901234567891]}
	J
	dedup --by a <in >out
	sed '2d;4d;7d' in | is out
	agg --by a count <in >out
	is out <<-'J'
	{"a":["2016-07-26T02:45:07Z",0.0],"count":2}
	{"a":[1,2],"count":2}
	{"a":[12345678901234567890],"count":1}
	{"a":[12345678901234567891],"count":1}
	{"a":{"x":1.5,"y":"A"},"count":2}
	{"a":{"y":"A","x":1.5},"count":1}
	J
}

@test "a field that is named twice in --by, or not at all, is refused" {
	run -2 dedup --by a,a </dev/null
	[ "$output" = "dedup: --by: 'a' is there twice" ]
	run -2 agg --by a,,b count </dev/null
	[ "$output" = "agg: --by: a word is empty: it is FIELD,..." ]
}

@test "of many records that come in runs, or far apart, the first of each key passes" {
	for step in 1 7919; do
		awk -v step=$step 'BEGIN { for (i = 0; i < 60000; i++)
			print "{\"k\":" int(i / 3) * step % 20011 ",\"s\":" (i % 5 ? "\"a\"" : "null") ",\"i\":" i "}" }' >in
		awk -F'[:,]' '!seen[$2 "," $4]++' in >want
		parse="parse-json --schema 'k bigint, s string, i int' in"
		for n in 1 2; do
			bief run --threads $n "$parse | dedup --by k,s" >out
			cmp want out
		done
		bash -c "$parse | dedup --by k,s" | cmp want -
	done
}
