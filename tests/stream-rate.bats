#!/usr/bin/env bats
load lib

@test "the records of a second are spread evenly over it" {
	BIEF_CLOCK=2026-11-21T08:00:00.123456Z stream-rate --rate 3 --count 4 \
		> out
	is out <<- 'END'
	{"timestamp":"2026-11-21T08:00:00.123Z","value":0}
	{"timestamp":"2026-11-21T08:00:00.456Z","value":1}
	{"timestamp":"2026-11-21T08:00:00.79Z","value":2}
	{"timestamp":"2026-11-21T08:00:01.123Z","value":3}
	END
}

@test "--ramp-up reaches the rate in equal steps of whole seconds" {
	# Of 10 a second in 1 s: 5, then 10.
	BIEF_CLOCK=2026-11-21T08:00:00Z stream-rate --rate 10 --ramp-up 1s \
		--count 15 > out
	[ "$(grep -c ':00\.\?[0-9]*Z' out)" -eq 5 ]
	[ "$(grep -c ':01\.\?[0-9]*Z' out)" -eq 10 ]
}

@test "--rows-per-batch does not look at the clock" {
	stream-rate --rows-per-batch 2 --start 2016-07-26T02:45:07Z \
		--advance 500ms --count 5 > out
	is out <<- 'END'
	{"timestamp":"2016-07-26T02:45:07Z","value":0}
	{"timestamp":"2016-07-26T02:45:07Z","value":1}
	{"timestamp":"2016-07-26T02:45:07.5Z","value":2}
	{"timestamp":"2016-07-26T02:45:07.5Z","value":3}
	{"timestamp":"2016-07-26T02:45:08Z","value":4}
	END
}

@test "a trigger makes a batch of each N rows" {
	stream-rate --rows-per-batch 2 --count 5 --trigger 0s > out
	sed 's/^{"#bief":{"\([a-z]*\).*/\1/; s/.*value":\([0-9]*\)}/\1/' out |
		paste -sd ' ' > got
	is got <<< "stream begin 0 1 end begin 2 3 end begin 4 end eof"
	head -1 out > header
	grep -qF '"fields":"timestamp timestamp, value bigint"' header
}

@test "wrong usage is refused" {
	run -2 stream-rate --rate 0
	run -2 stream-rate --ramp-up 500ms
	run -2 stream-rate --start 2016-07-26
	run -2 stream-rate --rows-per-batch 1 --start yesterdy
}

@test "a restart goes on where the last run ended" {
	go() {
		stream-rate --name r --checkpoint ck --rows-per-batch 3 \
			--trigger once | tee $1 | sink-files out.d
	}
	go 1
	go 2
	rm ck/commits/*/1.commit
	go 3
	grep -ho 'value":[0-9]*' out.d/part-* > got
	is got <<- 'END'
	value":0
	value":1
	value":2
	value":3
	value":4
	value":5
	value":6
	value":7
	value":8
	END
	diff <(grep '"value":' 2) <(grep '"value":' 3 | head -3)
}

@test "options that do not go together are refused" {
	run -2 stream-rate --count 0
	[ "$output" = "stream-rate: --count is at least 1" ]
	run -2 stream-rate --rows-per-batch 0
	[ "$output" = "stream-rate: --rows-per-batch is at least 1" ]
	run -2 stream-rate --rows-per-batch 5 --rate 2
	[ "$output" = "stream-rate: --rows-per-batch counts records, not seconds: leave --rate and --ramp-up away" ]
	run -2 stream-rate --rows-per-batch 5 --ramp-up 2s
	run -2 stream-rate --advance 1s
	[ "$output" = "stream-rate: --advance belongs to --rows-per-batch" ]
}
