#!/usr/bin/env bats
# watermark: how far time has gone.

load lib

# A stream of batches at the given seconds of the clock: CLOCK:TIME,TIME...
batches() {
	local n=0 batch t
	echo '{"#bief":{"stream":1,"trigger":"1s"}}'
	for batch in "$@"; do
		printf '{"#bief":{"begin":%d,"time":"%s"}}\n' $n \
			"$(date -u -d "@${batch%%:*}" +%FT%TZ)"
		for t in $(echo "${batch#*:}" | tr , ' '); do
			[ "$t" = null ] && echo '{"t":null}' ||
				printf '{"t":"%s"}\n' \
					"$(date -u -d "@$t" +%FT%TZ)"
		done
		printf '{"#bief":{"end":%d}}\n' $n
		n=$((n + 1))
	done
	echo '{"#bief":{"eof":1}}'
}

# Watermarks at begin and end of each batch, in seconds.
marks() {
	jq -r 'select(."#bief") | ."#bief" | select(.watermark) |
		(if .begin != null then "begin " else "end " end) +
		(.watermark | fromdate | tostring)'
}

@test "records pass as they are" {
	printf '%s\n' '{ "t":"2016-07-26T02:45:07Z" }' '{"t":null}' '{}' > in
	watermark --plain --on t --delay 1s < in > out
	cmp in out
}

@test "after a batch it is the largest time less the delay; it never goes back" {
	batches 1:100,130,110 2:50 3: 4:200 |
		watermark --on t --delay 10s | marks > out
	is out <<-'END'
	begin 0
	end 120
	begin 120
	end 120
	begin 120
	end 120
	begin 120
	end 190
	END
}

@test "it begins at 1970, and nulls do not move it" {
	batches 1:5 2:null | watermark --on t --delay 10s | marks > out
	is out <<-'END'
	begin 0
	end 0
	begin 0
	end 0
	END
}

@test "it counts whole milliseconds" {
	echo '{"t":"1970-01-01T00:00:10.0079Z"}' |
		watermark --on t --delay 1s |
		grep -o '"end".*watermark":"[^"]*"' > out
	is out <<< '"end":0,"watermark":"1970-01-01T00:00:09.007Z"'
}

@test "a month counts 31 days" {
	echo '{"t":"1970-03-01T00:00:00Z"}' |
		watermark --on t --delay '1 month' | marks > out
	is out <<-'END'
	begin 0
	end 2419200
	END
}

@test "--idle: after a pause time goes on with the clock" {
	batches 1000:100 1005: 1020: 1030:101 1035: |
		watermark --on t --delay 0s --idle 15s | marks |
		grep end > out
	is out <<-'END'
	end 100
	end 100
	end 120
	end 120
	end 120
	END
}

@test "--idle: an input of which nothing has come yet holds up no other" {
	batches 1000:100 1005:105 1020:120 1030:130 | watermark --on t --delay 0s >some
	batches 1000: 1005: 1020: 1030: | watermark --on t --delay 0s --idle 15s >none
	batches 1000: 1005:null 1018: 1020: >in
	watermark --on t --delay 0s --idle 15s <in | grep -c '"idle":true' >out || true
	is out <<<1
	for join in union 'join-stream --on t'; do
		$join some none | marks | grep end >out
		is out <<-'END'
		end 0
		end 0
		end 120
		end 130
		END
	done
	union none none | marks | tail -1 >out
	is out <<<'end 0'
	batches 1000: 1005: 1020: 1030:50 | watermark --on t --delay 0s --idle 15s >late
	union some late | marks | grep end | paste -sd, >out
	is out <<<'end 0,end 0,end 120,end 120'
}

@test "--idle: an input that has ended holds up no other either" {
	batches 1000:100 1005:105 1020:120 1030:130 | watermark --on t --delay 0s >some
	batches 1000:50 | watermark --on t --delay 0s --idle 15s >short
	union some short | marks | grep end | paste -sd, >out 2>err
	is out <<<'end 50,end 50,end 120,end 130'
	batches 1000:50 | watermark --on t --delay 0s >short
	union some short 2>err | marks | grep end | paste -sd, >out
	is out <<<'end 50,end 50,end 50,end 50'
	is err <<<"union: 'short' has ended: its watermark stays and holds up that of the others; watermark --idle D on it lets them go on"
}

@test "--idle: a window closes that an empty directory held up" {
	mkdir in none
	printf '{"t":"2026-11-21T08:0%d:00Z"}\n' 1 9 >in/1
	src() { stream-files --trigger 50ms "$1" | watermark --on t --delay 0s --idle 200ms; }
	union <(src in) <(src none) | window --on t --size 5m |
		agg --mode append count --plain >out &
	wait_for test -s out
	kill $!
	is out <<<'{"window_start":"2026-11-21T08:00:00Z","window_end":"2026-11-21T08:05:00Z","count":1}'
}

@test "--future: a time too far ahead of the clock does not move it" {
	batches 1000:990,5000,1050 |
		watermark --on t --delay 0s --future 1m | marks | tail -1 > out
	is out <<< 'end 1050'
}

@test "--flush: at the end of the input everything is closed" {
	batches 1:100,200 > in
	watermark --on t --delay 1h --flush < in | window --on t --size 60s |
		agg --plain --mode append count | jq -c .count > out
	is out <<-'END'
	1
	1
	END
}

@test "a stream without batches is cut into some of 10,000 records" {
	seq 1 25000 | sed 's/.*/{"t":null}/' | watermark --on t --delay 0s |
		grep -c '"begin"' > out
	is out <<< 3
}

@test "with the trigger once, what is closed lags behind by a run" {
	sed 's/"1s"/"once"/' <(batches 1:100 2:200 3:300) |
		watermark --on t --delay 0s | marks > out
	is out <<-'END'
	begin 0
	end 0
	begin 0
	end 100
	begin 100
	end 200
	END
}

@test "a field that is no timestamp is refused" {
	echo '{"t":"soon"}' > in
	run -1 watermark --on t --delay 1s < in
	[[ $output == *"parse-json --schema 't timestamp' makes one"* ]]
	run -2 bief explain "stream-files --trigger once x |
		parse-json --schema 'k string' | watermark --on k --delay 1s"
	[[ $output == *"'k' is of type string, not a timestamp"* ]]
}

@test "a number is told how to become a time, by what it counts" {
	run -2 bief run "parse-json -s 't bigint' --batch 1 | window --on t --size 1s --unit ns --watermark 1s" </dev/null
	[[ $output == *"(parse-json --schema 't timestamp(ns)')"* ]]
	run -2 bief run "parse-json -s 't bigint' --batch 1 | window --on t --size 1s --unit s --watermark 1s" </dev/null
	[[ $output == *"(parse-json --schema 't timestamp')"* ]]
	run -2 bief run "parse-json -s 't bigint' --batch 1 | watermark --on t --delay 1s" </dev/null
	[[ $output == *"(parse-json --schema 't timestamp', or timestamp(ms), (us) or (ns) as it counts)"* ]]
}

@test "of a field that has other values since, it is said where the watermark belongs" {
	printf '{"t":"2026-11-21T08:00:%02dZ"}\n' 1 2 40 >in
	run -2 bash -c "watermark --on t --delay 1s <in | derive 't=.t' |
		window --on t --size 10s | agg --mode append count"
	[[ $output == *"behind that, in place of the one in front"* ]]
	run -2 bash -c "watermark --on t --delay 1s <in | derive 't=.t' |
		window --on t --size 10s --watermark 1s"
	[[ $output == *"on a field that is gone or has other values since: leave that one out"* ]]
	bash -c "derive 't=.t' <in | window --on t --size 10s --watermark 1s |
		agg --plain --mode append count" >out
	is out <<<'{"window_start":"2026-11-21T08:00:00Z","window_end":"2026-11-21T08:00:10Z","count":2}'
}

@test "a second watermark, a negative delay, a missing option are refused" {
	batches 1:1 | watermark --on t --delay 1s > in
	run -2 watermark --on t --delay 1s < in
	[[ $output == *"has a watermark already, on 't'"* ]]
	[[ $output == *": leave out that one, or this"* ]]
	run -2 watermark --on t --delay -1s < /dev/null
	run -2 watermark --on t --delay '1 month -40 days' < /dev/null
	run -2 watermark --on t < /dev/null
	run -2 watermark --delay 1s < /dev/null
}

@test "a delay of more than 10000 years is refused" {
	run -2 watermark --on t --delay 1000000y </dev/null
	[[ $output == *"longer than 10000 years"* ]]
	run -2 watermark --on t --delay 9223372036854775807us </dev/null
}

@test "a future that is negative is refused" {
	run -2 watermark --on t --delay 1h --future -1h </dev/null
	[ "$output" = "watermark: --future: it is negative" ]
}
