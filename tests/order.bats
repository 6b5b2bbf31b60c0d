#!/usr/bin/env bats
# order: the records of a result, sorted.

load lib

@test "records are sorted by a field, downwards with a dash" {
	printf '{"n":%d}\n' 7 -3 12 >in
	order --by n <in >out
	is out < <(printf '{"n":%d}\n' -3 7 12)
	order --by -n <in >out
	is out < <(printf '{"n":%d}\n' 12 7 -3)
}

@test "equal ones are sorted by the next field, then stay in the order of the input" {
	printf '{"a":%d,"b":"%s","i":%d}\n' 2 x 1 1 y 2 1 x 3 2 x 4 >in
	order --by a,b <in >out
	is out < <(printf '{"a":%d,"b":"%s","i":%d}\n' 1 x 3 1 y 2 2 x 1 2 x 4)
	order --by a --by -b <in >out
	is out < <(printf '{"a":%d,"b":"%s","i":%d}\n' 1 y 2 1 x 3 2 x 1 2 x 4)
}

@test "types are ordered: null, boolean, number, time, text, array, object" {
	printf '{"v":%s}\n' '{"a":1}' '[1]' '"b"' '"2016-07-26T02:45:07Z"' 1.5 \
		true null >in
	echo '{}' >>in
	order --by v <in >out
	is out < <(printf '{"v":null}\n{}\n{"v":true}\n{"v":1.5}\n'
		printf '{"v":%s}\n' '"2016-07-26T02:45:07Z"' '"b"' '[1]' '{"a":1}')
}

@test "numbers are compared exactly, across spellings, NaN above all" {
	printf '{"v":%s}\n' '"NaN"' 9007199254740993 9007199254740992.0 1e3 999 |
		order --by v >out
	is out < <(printf '{"v":%s}\n' 999 1e3 9007199254740992.0 \
		9007199254740993 '"NaN"')
}

@test "times are compared as times" {
	printf '{"t":"%s"}\n' 2026-11-21T08:00:00.5Z 2026-11-21T08:00:00Z |
		order --by t >out
	is out < <(printf '{"t":"%s"}\n' 2026-11-21T08:00:00Z 2026-11-21T08:00:00.5Z)
}

@test "nested fields are named by their path" {
	printf '{"m":{"k":%d}}\n' 2 1 | order --by m.k >out
	is out < <(printf '{"m":{"k":%d}}\n' 1 2)
}

@test "records pass byte for byte" {
	printf '{ "n" : 2 }\n{"n":1.0, "x":"\\u0041"}\n' | order --by n >out
	is out < <(printf '{"n":1.0, "x":"\\u0041"}\n{ "n" : 2 }\n')
}

@test "--limit gives the first ones only, of many too" {
	seq 5000 -1 1 | sed 's/.*/{"n":&}/' >in
	order --by n --limit 3 <in >out
	is out < <(printf '{"n":%d}\n' 1 2 3)
	order --by n --limit 0 <in >out
	[ ! -s out ]
}

@test "each batch of a complete result is sorted by itself" {
	printf '{"k":"%s"}\n' a b b a a | agg --batch 3 --mode complete --by k count |
		order --by -count --plain >out
	is out <<-'E'
	{"k":"b","count":2}
	{"k":"a","count":1}
	{"k":"a","count":3}
	{"k":"b","count":2}
	E
}

@test "a stream that is no complete result is refused" {
	echo '{"n":1}' >in
	run -2 order --by n --batch 1 <in
	[[ "$output" == "order: a stream has no last record"*"--mode complete"* ]]
}

@test "without --by, or by a field that is known not to exist, it is refused" {
	run -2 order </dev/null
	[ "$output" = "order: by what? --by FIELD, --by -FIELD for descending" ]
	printf '{"n":1}\n' | parse-json --batch 1 --schema 'n int' |
		agg --mode complete --by n count >in
	run -2 order --by m <in
	[[ "$output" == "order: no field 'm'"* ]]
}

# What is sorted here is in no order at first, and has many equal keys.
mixed() {
	seq 20000 | awk '{printf "{\"a\":%d,\"t\":\"k%d\",\"i\":%d}\n",
		$1 * 7919 % 20011, $1 % 7, $1}'
}

@test "beyond --max-state the records go to a file, and come out the same" {
	mixed >in
	for by in a t,-a -t; do
		order --by=$by <in >want
		for most in 1M 100K 20K; do
			order --by=$by --max-state $most <in >out
			cmp want out
		done
		head -n 4000 want >first
		order --by=$by --limit 4000 --max-state 20K <in >out
		cmp first out
	done
	order --by -a --limit 1 --max-state 1M <in >out
	is out < <(order --by -a <in | head -n 1)
}

@test "each batch that does not fit is sorted by itself, with a checkpoint too" {
	jq -nc 'range(3000) | {k: (. * 7 % 1000), b: (. / 1500 | floor)}' >in
	sorted() {
		stream-files --trigger available-now --max-records 1500 "$@" in |
			parse-json -s 'k int, b int' |
			agg --by k,b count --mode complete |
			order --by k,-b --max-state "$most"
	}
	most=1G sorted | sed '/#bief/d' >want
	[ "$(wc -l <want)" = 3000 ]
	most=20K sorted | sed '/#bief/d' >out
	cmp want out
	most=20K sorted --checkpoint ck | sink-exec -- sh -c 'cat >>again'
	cmp want again
}

@test "records that are sorted in a file have the fields that they had" {
	mixed | parse-json -s 'a int, t string, i int' |
		order --by t,i --max-state 50K | take 3 | pick i,t >out
	is out < <(printf '{"i":%d,"t":"k0"}\n' 7 14 21)
	mixed >in
	bief run 'parse-json -s "a int, t string, i int" |
		order --by t,i --max-state 50K | take 3 | pick i,t' <in |
		cmp out -
}

@test "the file has no name, so that nothing is left of a process that is killed" {
	mkdir tmp
	mkfifo pipe
	TMPDIR=$PWD/tmp order --by a --max-state 50K <pipe >out &
	exec 7>pipe
	mixed >&7
	in_a_file() {
		ls -l /proc/$!/fd | grep -q "$PWD/tmp/"
	}
	wait_for in_a_file
	[ -z "$(ls -A tmp)" ]
	kill -9 $!
	exec 7>&-
	wait $! || true
	[ -z "$(ls -A tmp)" ]
}

@test "where there is no room for the file, it says so and what to do" {
	mixed >in
	TMPDIR=$PWD/nothing run -1 order --by a --max-state 50K <in
	[ "$output" = "order: cannot keep what is sorted beyond --max-state in '$PWD/nothing' (TMPDIR says where): No such file or directory" ]
	[ -f "$TOP/${B:-build}/shim.so" ] || skip "make check builds the shim"
	not_sanitized
	BIEF_FAULT="order write 2 ENOSPC" BIEF_FAULT_MARK=$PWD/mark LD_PRELOAD="$TOP/${B:-build}/shim.so" \
		TMPDIR=$PWD run -1 order --by a --max-state 50K <in
	[ "$output" = "order: no room in '$PWD' for what is sorted beyond --max-state: let TMPDIR be a directory that has more, or raise --max-state: No space left on device" ]
}
