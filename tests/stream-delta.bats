#!/usr/bin/env bats
# stream-delta: the rows of a Delta table, and those that are appended.

load lib

@test "all rows, then each version that appends is a batch" {
	echo '{"a":1}' | sink-delta t
	echo '{"a":2}' | sink-delta t
	stream-delta t --trigger 10ms >out &
	wait_for grep -q '"end":0' out
	echo '{"a":3}' | sink-delta t
	wait_for grep -q '"a":3' out
	kill %1 && wait %1 || true
	sed '/empty/d; s/"end":[1-9][0-9]*/"end":N/; /begin\|eof/d' out >got
	is got <<-'EOF'
	{"#bief":{"stream":1,"trigger":"10ms","fields":"a bigint"}}
	{"a":1}
	{"a":2}
	{"#bief":{"end":0}}
	{"a":3}
	{"#bief":{"end":N}}
	EOF
}

@test "without a trigger it goes on with --follow only" {
	echo '{"a":1}' | sink-delta t
	stream-delta t --follow >out &
	wait_for grep -q 1 out
	echo '{"a":2}' | sink-delta t
	wait_for grep -q 2 out
	kill %1 && wait %1 || true
	is out <<-'EOF'
	{"a":1}
	{"a":2}
	EOF
}

@test "--from-version begins with what that version added" {
	for i in 1 2 3; do
		echo "{\"a\":$i}" | sink-delta t
	done
	stream-delta --from-version 1 t >out
	is out <<-'EOF'
	{"a":2}
	{"a":3}
	EOF
}

@test "a restart goes on behind the last batch" {
	echo '{"a":1}' | sink-delta t
	p='stream-delta t --checkpoint ck --trigger available-now |
		sink-files out'
	bief run "$p"
	echo '{"a":2}' | sink-delta t
	bief run "$p"
	bief run "$p"
	cat out/part* >got
	is got <<-'EOF'
	{"a":1}
	{"a":2}
	EOF
}

@test "a batch that is run again has the rows that it had" {
	echo '{"a":1}' | sink-delta t
	p='stream-delta t --checkpoint ck --trigger once | sink-files out'
	bief run "$p"
	rm -r ck/commits/*/*.commit out
	echo '{"a":2}' | sink-delta t
	bief run "$p"
	cat out/part* >got
	is got <<-'EOF'
	{"a":1}
	{"a":2}
	EOF
	head -qn1 out/_bief_log/0* | jq .batch >got
	is got <<-'EOF'
	0
	1
	EOF
}

@test "a version that changes rows ends the stream, or is handed on by --ignore-changes" {
	echo '{"k":1,"n":1}' | sink-delta t
	printf '%s\n' '{"k":1,"n":2}' '{"k":2,"n":3}' |
		sink-delta t --mode update --key k
	run -1 stream-delta t --from-version 1
	echo "$output" >out
	is out <<-'EOF'
	stream-delta: version 1 of table 't' removes or changes rows, and what was handed on cannot be taken back: say --ignore-changes to have what it adds, or begin with a new checkpoint
	EOF
	stream-delta t --from-version 0 --ignore-changes >out
	is out <<-'EOF'
	{"k":1,"n":1}
	{"k":1,"n":2}
	{"k":2,"n":3}
	EOF
}

@test "a file that is missing is told by its name" {
	echo '{"a":1}' | sink-delta t
	rm t/*.parquet
	run -1 stream-delta t
	[[ $output == "stream-delta: 't/part-00000-"*".parquet' is missing: a vacuum has deleted it, or it was lost: begin with a new checkpoint, or put it back" ]]
}

@test "what is no table is refused" {
	mkdir d
	run -2 stream-delta d
	echo "$output" >out
	is out <<-'EOF'
	stream-delta: 'd' is no Delta table: there is no 'd/_delta_log' with a version
	EOF
}

@test "a table that was made anew is refused" {
	echo '{"a":1}' | sink-delta t
	stream-delta t --checkpoint ck --trigger available-now | sink-files out
	rm -r t
	echo '{"a":1}' | sink-delta t
	run -3 bief run 'stream-delta t --checkpoint ck --trigger available-now |
		sink-files out'
	[[ $output == *"is not the one that the checkpoint knows"* ]]
}
