#!/usr/bin/env bats
# union: several inputs as one stream.

load lib

numbers() { # numbers N...
	printf '{"n":%d}\n' "$@"
}

# A stream of batches at seconds of event time: each word is a batch of times
# parted by commas, with the watermark behind it.
timed() { # timed DELAY TIMES...
	local delay=$1 t
	shift
	for t in "$@"; do
		printf '{"t":"2026-11-21T08:00:%02dZ"}\n' ${t//,/ }
	done | watermark --on t --delay "$delay" --batch 1
}

marks() { # the watermarks at the end of each batch
	jq -r '."#bief" | select(.end != null) | .watermark // "none" | .[17:19]'
}

@test "records of all inputs pass as they are" {
	printf '{ "n":1 }\n' >a
	numbers 2 3 >b
	numbers 4 | union a b - >out
	is out < <(printf '{ "n":1 }\n'; numbers 2 3 4)
}

@test "batch n of one meets batch n of the others, in the order of the inputs" {
	filter true --batch 1 < <(numbers 1 2 3) >a
	filter true --batch 2 < <(numbers 11 12 13) >b
	union a b | grep -v time >out
	is out <<-'E'
	{"#bief":{"stream":1}}
	{"n":1}
	{"n":11}
	{"n":12}
	{"#bief":{"end":0}}
	{"n":2}
	{"n":13}
	{"#bief":{"end":1}}
	{"n":3}
	{"#bief":{"end":2}}
	{"#bief":{"eof":1}}
	E
}

@test "--batch takes so many lines of each input" {
	numbers 1 2 3 >a
	numbers 11 >b
	union --batch 2 a b | grep -v time >out
	is out <<-'E'
	{"#bief":{"stream":1}}
	{"n":1}
	{"n":2}
	{"n":11}
	{"#bief":{"end":0}}
	{"n":3}
	{"#bief":{"end":1}}
	{"#bief":{"eof":1}}
	E
}

@test "the watermark is the smallest of the inputs, with --policy max the largest" {
	timed 1s 10 20 30 >a
	timed 5s 9 28 29 >b
	union a b | marks >out
	is out < <(printf '%s\n' 04 19 24)
	union --policy max a b | marks >out
	is out < <(printf '%s\n' 09 23 29)
}

@test "an input without a watermark does not count" {
	timed 1s 10 20 >a
	filter true --batch 1 < <(numbers 1 2) >b
	union a b | marks >out
	is out < <(printf '%s\n' 09 19)
}

@test "an input that has ended keeps its last watermark" {
	timed 1s 10 20 30 >a
	timed 1s 11 >b
	union a b | marks >out
	is out < <(printf '%s\n' 09 10 10)
}

@test "fields are known behind it where all inputs say the same" {
	numbers 1 | parse-json --batch 1 --schema 'n int' >a
	numbers 1 | parse-json --batch 1 --schema 'm int' >b
	union a a | sed -n 1p >out
	is out <<<'{"#bief":{"stream":1,"fields":"n int"}}'
	union a b | sed -n 1p >out
	is out <<<'{"#bief":{"stream":1}}'
}

@test "inputs with batches and without do not go together" {
	numbers 1 >a
	filter true --batch 1 <a >b
	run -2 union a b
	[[ "$output" == "union: "*"has batches"*"has none"* ]]
}

@test "unequal triggers are refused" {
	printf '{"#bief":{"stream":1,"trigger":"1s"}}\n{"#bief":{"eof":1}}\n' >a
	printf '{"#bief":{"stream":1,"trigger":"2s"}}\n{"#bief":{"eof":1}}\n' >b
	run -2 union a b
	[ "$output" = "union: the triggers of 'a' and 'b' are not the same: give both sources the same --trigger" ]
}

@test "an updating result is refused" {
	numbers 1 | agg --batch 1 count >a
	run -2 union a a
	[[ "$output" == "union: an input is the update result"* ]]
}

@test "an input that was cut off is an error" {
	filter true --batch 1 < <(numbers 1) >a
	head -3 a >b
	run -1 union a b
	[[ "$output" == *"union: the input was cut off"* ]]
}

@test "one input, or one that is not there, is refused" {
	numbers 1 >a
	run -2 union a
	run -2 union a no-such-file
	[ "$output" = "union: cannot open 'no-such-file': No such file or directory" ]
}

@test "an input without a line is one in whose batches nothing came" {
	timed 0s 15 29 >a
	for inputs in "/dev/null a" "a /dev/null"; do
		# shellcheck disable=SC2086
		run -0 bash -c 'union '"$inputs"' >out'
		run -0 marks <out
		[ "${lines[*]}" = "15 29" ]
	done
}

@test "two sources of one checkpoint recover together" {
	mkdir a b
	numbers 1 >a/1
	numbers 11 >b/1
	pipeline() {
		union <(stream-files --checkpoint ck a) \
			<(stream-files --checkpoint ck b) | sink-files out
	}
	pipeline
	numbers 2 >a/2
	pipeline
	numbers 12 >b/2
	pipeline
	cat out/part-* >got
	is got < <(numbers 1 11 2 12)
}

@test "a source that found only an empty file goes on where it was" {
	mkdir a b
	pipeline() {
		union <(stream-files --checkpoint ck a) \
			<(stream-files --checkpoint ck b) | sink-files out
	}
	numbers 1 >a/1
	: >b/1
	pipeline
	: >a/2
	numbers 12 >b/2
	pipeline
	numbers 3 >a/3
	numbers 13 >b/3
	pipeline
	cat out/part-* >got
	is got < <(numbers 1 12 3 13)
}

# Two sources of times; each word of a run is the seconds of one batch.
source_of() { # source_of NAME DELAY
	stream-files --checkpoint ck --max-files 1 --name "$1" "$1" |
		parse-json --schema 't timestamp' |
		watermark --on t --delay "$2" --name "w$1"
}

files() { # files NAME SECONDS...
	local d=$1 s
	shift
	mkdir -p "$d"
	for s; do
		nth=$((${nth:-0} + 1))
		printf '{"t":"2026-11-21T08:00:%02dZ"}\n' "$s" >"$d/$nth"
		touch -d "@$((1000000000 + nth))" "$d/$nth"
	done
}

both() { # both OPTION...: the watermarks after each batch
	union "$@" <(source_of a 10s) <(source_of b 5s) 2>err | tee stream |
		sink-files out
	marks <stream | paste -sd' '
}

@test "after an end the watermark stays, and each input has to pass it again" {
	files a 41 31
	files b 40 31
	run -0 both
	[ "$output" = "31 31" ]
	files a 59
	files b 37
	run -0 both
	[ "$output" = "32" ]
	files a 42
	files b 59
	run -0 both
	[ "$output" = "32" ]
}

@test "after a crash the watermarks of the inputs go on" {
	files a 41 50 42
	files b 40 50 59
	both
	marks <stream >want
	rm -r ck out a b
	files a 41 50
	files b 40 50
	both
	# As a kill leaves it: nobody has come to the end.
	rm ck/ended
	files a 42
	files b 59
	run -0 both
	[ "$output" = "$(tail -n 1 want)" ]
}

@test "a checkpoint keeps the policy that it was begun with" {
	files a 41
	files b 58
	run -0 both --policy max
	[ "$output" = "53" ]
	files a 42
	files b 59
	run -0 both --policy min
	[ "$output" = "54" ]
	grep -q "^union: the checkpoint goes by --policy max: that stays$" err
}
