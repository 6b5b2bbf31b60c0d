#!/usr/bin/env bats
# stream-kafka and sink-kafka against a real broker: one for the file, a topic
# for each test.

load ../lib

setup_file() {
	# Some stop the broker.
	export BATS_NO_PARALLELIZE_WITHIN_FILE=true
	export BROKER_DIR=$BATS_FILE_TMPDIR/broker
	"$TOP/tests/services/kafka" install >"$BATS_FILE_TMPDIR/log" 2>&1 || {
		without "Kafka: its broker, kcat or librdkafka cannot be installed" \
			"$BATS_FILE_TMPDIR/log"
		return
	}
	"$TOP/tests/services/kafka" start "$BROKER_DIR"
	K=$(cat "$BROKER_DIR/address")
	export K
}

teardown_file() {
	"$TOP/tests/services/kafka" stop "$BROKER_DIR"
}

setup() {
	enter
	T=t$BATS_TEST_NUMBER
}

topic() { # topic COMMAND ...: see services/topic.c
	"$TOP/${B:-build}/services/topic" "$K" "$@"
}

# put [OPTION...]: a message for each line.
put() {
	kcat -P -b "$K" -t "$T" "$@"
}

# got [OPTION...]: the values that are there, those of transactions that were
# committed.
got() {
	kcat -C -b "$K" -t "$T" -e -q -X isolation.level=read_committed "$@"
}

# read_all OPTION...: to the end, as lines.
read_all() {
	timeout 60 stream-kafka --to latest --value-only "$@" "$K" "$T"
}

# has FILE N: so many lines.
has() {
	[ "$(wc -l <"$1")" -eq "$2" ]
}

# ---- stream-kafka ----

@test "values are handed on byte for byte, a partition after the other" {
	topic create $T 2
	printf 'a\nb c\n{"x":1}\n' | put -p 1
	printf '\xff\xfe\n' | put -p 0
	read_all >out
	printf '\xff\xfe\na\nb c\n{"x":1}\n' | cmp - out
}

@test "a record has key, value, topic, partition, offset and timestamp" {
	topic create $T 1
	printf 'k:{"a":"\xc3\xa4 \\n"}\n' | put -K :
	printf 'x\xffy\n' | put
	printf 'gone:\n' | put -K : -Z
	timeout 60 stream-kafka --to latest "$K" $T >out
	jq -c '.timestamp |= (test("^20[0-9-]+T[0-9:.]+Z$"))' out >plain
	is plain <<-END
	{"key":"k","value":"{\"a\":\"ä \\\\n\"}","topic":"$T","partition":0,"offset":0,"timestamp":true}
	{"key":null,"value":"x�y","topic":"$T","partition":0,"offset":1,"timestamp":true}
	{"key":"gone","value":null,"topic":"$T","partition":0,"offset":2,"timestamp":true}
	END
}

@test "--headers adds them as Spark has them" {
	topic create $T 1
	echo a | put -H h=1 -H h=2
	echo b | put
	timeout 60 stream-kafka --to latest --headers "$K" $T | jq -c .headers >out
	is out <<-'END'
	[{"key":"h","value":"1"},{"key":"h","value":"2"}]
	null
	END
}

@test "--value-only: a tombstone is an empty line, several lines are refused" {
	topic create $T 1
	printf 'k:\n' | put -K : -Z
	printf 'a\nb' >two
	kcat -P -b "$K" -t $T two
	printf 'ended\n' >one
	kcat -P -b "$K" -t $T one
	read_all --rejects no >out 2>err
	printf '\nended\n' | cmp - out
	is err <<-END
	stream-kafka: topic '$T', partition 0, offset 1: the value is several lines: leave --value-only away
	stream-kafka: 1 record refused, skipped
	END
	grep -q 'several lines' no
}

@test "--from takes earliest, latest, a time and offsets; a stream begins at the end" {
	topic create $T 2
	seq 3 | put -p 0
	seq 11 13 | put -p 1
	sleep 0.01
	noon=$(date -u +%FT%T.%3NZ)
	sleep 0.01
	echo late | put -p 1
	read_all --from earliest >out
	seq 3 >want; seq 11 13 >>want; echo late >>want
	cmp want out
	read_all --from latest >out
	is out </dev/null
	read_all --from "$noon" >out
	is out <<<late
	read_all --from 2100-01-01 >out
	is out </dev/null
	read_all --from "{\"$T\":{\"0\":2,\"1\":-1}}" >out
	is out <<<3
	timeout 60 stream-kafka --value-only --from "{\"$T\":{\"0\":-2,\"1\":3}}" \
		--to "{\"$T\":{\"0\":1,\"1\":-1}}" "$K" $T >out
	is out <<<$'1\nlate'
	stream-kafka --value-only --ready-fd 3 "$K" $T 3>ready >live &
	wait_for grep -q ready ready
	echo new | put -p 0
	wait_for has live 1
	kill $!
	is live <<<new
}

@test "offsets that do not fit the topics are refused" {
	topic create $T 2
	run -2 read_all --from "{\"$T\":{\"0\":1}}"
	[ "$output" = "stream-kafka: --from: partition 1 of topic '$T' has no offset: name all (-1 is the end, -2 the beginning)" ]
	run -2 read_all --from "{\"$T\":{\"0\":1,\"1\":1,\"2\":1}}"
	[ "$output" = "stream-kafka: --from: there is no partition 2 of a topic '$T' that is read" ]
	run -1 timeout 60 stream-kafka "$K" nowhere-$T
	[ "$output" = "stream-kafka: '$K' has no topic 'nowhere-$T': create it first, or correct the name" ]
}

@test "--max-records is shared by the backlog of each partition, as Spark does" {
	topic create $T 3
	seq 90 | put -p 0
	seq 9 | put -p 1
	seq 1 | put -p 2
	timeout 60 stream-kafka --value-only --trigger available-now \
		--max-records 10 "$K" $T >out
	# 9, ceil(0.9) and ceil(0.1) in the first batch.
	sed -n '/"begin":0/,/"end":0/p' out | grep -v bief >first
	{ seq 9; echo 1; echo 1; } | cmp - first
	[ "$(grep -vc bief out)" -eq 100 ]
	[ "$(grep -c begin out)" -gt 9 ]
}

@test "--trigger once takes all in one batch, an interval goes on" {
	topic create $T 1
	seq 100 | put
	timeout 60 stream-kafka --value-only --trigger once --max-records 10 \
		"$K" $T >out
	[ "$(grep -c begin out)" -eq 1 ]
	stream-kafka --value-only --from earliest --trigger 50ms \
		--max-records 40 "$K" $T >live 2>err &
	wait_for grep -qx 100 live
	echo more | put
	wait_for grep -qx more live
	kill $!
	wait $!
	[ "$(sed '/"end":0/,$d' live | grep -vc bief)" -eq 40 ]
	tail -1 live | grep -q eof
}

@test "the aborted messages of transactions are not read, a batch ends behind them" {
	topic create $T 1
	echo a | put
	topic abort $T 5
	read_all --checkpoint ck 2>err | thru 'cat' | parse-text | sink-files out
	grep -q '"at":{"'$T'":{"0":7}}' ck/offsets/*/0.offset
	mkfifo in
	topic hold $T 3 <in >held &
	exec 5>in
	wait_for grep -q held held
	echo b | put
	# Nobody may pass one that is open.
	read_all --from earliest >out.1
	is out.1 <<<a
	exec 5>&-
	wait $!
	read_all --from earliest >out.2
	is out.2 <<<$'a\nheld 0\nheld 1\nheld 2\nb'
}

@test "a restart goes on where the sinks have come; new partitions are read whole" {
	topic create $T 1
	seq 5 | put
	go() {
		timeout 60 stream-kafka --value-only --checkpoint ck "$K" $T 2>>err |
			parse-text | sink-files out
	}
	go
	seq 6 9 | put
	topic grow $T 2
	wait_for eval "kcat -L -b $K -t $T | grep -q 'partition 1'"
	seq 10 12 | put -p 1
	go
	go
	cat out/part* | jq -r .value | sort -n >got
	seq 12 | cmp - got
	is err <<<'stream-kafka: no new data'
}

@test "with --from latest a restart reads what came since the first start" {
	topic create $T 1
	echo old | put
	go() {
		timeout 60 stream-kafka --value-only --from latest --checkpoint ck \
			"$K" $T 2>>err | parse-text | sink-files out
	}
	go
	echo new | put
	go
	cat out/part* >got
	is got <<<'{"value":"new"}'
}

@test "a batch that is run again has the same messages in the same order" {
	topic create $T 3
	for p in 0 1 2; do seq $((p * 100)) $((p * 100 + 29)) | put -p $p; done
	timeout 60 stream-kafka --value-only --max-records 20 --checkpoint ck \
		"$K" $T | tee one | parse-text | sink-files out
	seq 5 | put -p 1
	# As if the sink had died before its last two commits.
	rm "$(ls ck/commits/*/*.commit | sort -V | tail -1)"
	rm "$(ls ck/commits/*/*.commit | sort -V | tail -1)"
	timeout 60 stream-kafka --value-only --max-records 20 --checkpoint ck \
		"$K" $T | tee two | parse-text | sink-files out
	last=$(grep -c begin one)
	for n in $((last - 2)) $((last - 1)); do
		sed -n "/\"begin\":$n,/,/\"end\":$n[,}]/p" one >>first
		sed -n "/\"begin\":$n,/,/\"end\":$n[,}]/p" two >>second
	done
	cmp first second
	[ "$(cat out/part* | wc -l)" -eq 95 ]
}

@test "messages that were deleted before they were read end the run, or are told" {
	topic create $T 1
	seq 10 | put
	go() {
		timeout 60 stream-kafka --value-only --checkpoint ck "$@" "$K" $T |
			parse-text | sink-files out
	}
	go
	seq 11 20 | put
	topic trim $T 0 15
	run -1 go
	[[ "$output" = *"stream-kafka: offsets 10 to 14 of partition 0 of topic '$T' are gone: they were deleted before they were read (--on-data-loss warn goes on with what is there)"* ]]
	run -0 go --on-data-loss warn
	[ "$output" = "stream-kafka: offsets 10 to 14 of partition 0 of topic '$T' are gone: they were deleted before they were read" ]
	cat out/part* | jq -r .value | sort -n >got
	{ seq 10; seq 16 20; } | cmp - got
}

@test "a topic that is made anew is told, and read from its beginning" {
	topic create $T 1
	seq 10 | put
	go() {
		timeout 60 stream-kafka --value-only --checkpoint ck "$@" "$K" $T |
			parse-text | sink-files out
	}
	go
	topic delete $T
	wait_for topic create $T 1
	wait_for eval "kcat -L -b $K -t $T | grep -q 'partition 0, leader'"
	seq 21 23 | put
	run -1 go
	[[ "$output" = *"it has been made anew"* ]]
	run -0 go --on-data-loss warn
	cat out/part* | jq -r .value | sort -n >got
	{ seq 10; seq 21 23; } | cmp - got
}

@test "a topic that is deleted while it is read ends the run" {
	topic create $T 1
	stream-kafka --value-only --ready-fd 3 "$K" $T 3>ready >out 2>err &
	pid=$!
	wait_for grep -q ready ready
	echo a | put
	wait_for has out 1
	topic delete $T
	wait $pid || status=$?
	[ "$status" -eq 1 ]
	grep -q "partition 0 of topic '$T' has been deleted" err
}

@test "--pattern reads the topics that match, and those that come" {
	topic create $T-a 1
	topic create $T-b 1
	topic create x-$T-a 1
	for t in $T-a $T-b x-$T-a; do echo $t | kcat -P -b "$K" -t $t; done
	stream-kafka --value-only --from earliest --pattern "$T-." "$K" >out &
	pid=$!
	wait_for has out 2
	topic create $T-c 1
	echo $T-c | kcat -P -b "$K" -t $T-c
	wait_for has out 3
	kill $pid
	sort out >sorted
	is sorted <<<$"$T-a
$T-b
$T-c"
	run -0 timeout 60 stream-kafka --to latest --pattern none-$T "$K"
	[ "$output" = "stream-kafka: '$K' has no topic that matches 'none-$T'" ]
}

@test "--group learns how far the sinks have come" {
	topic create $T 1
	seq 10 | put
	timeout 60 stream-kafka --value-only --group g-$T --checkpoint ck "$K" $T |
		parse-text | sink-files out
	timeout 60 stream-kafka --value-only --group g-$T --checkpoint ck "$K" $T |
		parse-text | sink-files out
	[ "$(topic committed g-$T $T 0)" -eq 10 ]
	# Without a checkpoint, what has been handed on.
	read_all --group h-$T >/dev/null
	[ "$(topic committed h-$T $T 0)" -eq 10 ]
}

@test "properties come from -X and from a file" {
	topic create $T 1
	topic abort $T 2
	printf '# all\n\n isolation.level=read_uncommitted \n' >conf
	read_all --config conf >out
	is out <<<$'held 0\nheld 1'
	read_all -X isolation.level=read_uncommitted >out
	is out <<<$'held 0\nheld 1'
}

# ---- sink-kafka ----

@test "a record is the value, fields tell key, topic, partition and headers" {
	topic create $T 2
	topic create $T-other 1
	cat >in <<-END
	{"k":"a","v":"text ä","p":1,"h":{"n":"1","m":null}}
	{"k":null,"v":null,"t":"$T-other"}
	{"k":7,"v":{"x":[1,2]},"p":1,"h":[{"key":"n","value":"2"}]}
	END
	sink-kafka --key k --value v --topic-field t --partition-field p \
		--headers h "$K" $T <in
	got -f '%p %k %s %h\n' >out
	is out <<-'END'
	1 a text ä n=1,m=NULL
	1 7 {"x":[1,2]} n=2
	END
	kcat -C -b "$K" -t $T-other -e -q -Z -f '%k %s\n' >out
	is out <<<'NULL NULL'
	sink-kafka "$K" $T <in
	got -p 0 -o -3 >all; got -p 1 >>all
	[ "$(grep -cxFf in all)" -eq 3 ]
}

@test "what comes from a topic goes to another as it was" {
	topic create $T 1
	topic create $T-copy 1
	printf 'k:{"a":1}\nk:\n:x\n' | put -K : -Z -H h=v
	timeout 60 stream-kafka --to latest --headers "$K" $T |
		sink-kafka --key key --value value --headers headers "$K" $T-copy
	got -f '%k %s %h\n' -Z >want
	kcat -C -b "$K" -t $T-copy -e -q -Z -f '%k %s %h\n' | diff want -
}

@test "a record that cannot be a message is refused" {
	topic create $T 1
	cat >in <<-'END'
	{"v":1,"t":7}
	{"v":2,"p":-1}
	{"v":3,"h":5}
	{"v":4}
	END
	sink-kafka --on-error skip --value v --partition-field p --headers h \
		"$K" $T <in 2>err
	is err <<-'END'
	sink-kafka: line 2: --partition-field: 'p' is no number of a partition
	sink-kafka: line 3: --headers: 'h' is neither an object nor an array of objects with key and value
	sink-kafka: 2 records refused, skipped
	END
	got >out
	is out <<<$'1\n4'
	python3 -c 'print("x" * 1100000)' >long
	run -1 sink-kafka "$K" $T <long
	[[ "$output" = *"1100000 bytes are too much for a message: -X message.max.bytes=N sets our limit"* ]]
	run -1 sink-kafka "$K" nowhere-$T/ <in
}

@test "a message that the broker refuses fails its batch as a whole" {
	topic create $T 1 max.message.bytes=2000
	{ echo '{"a":1}'; python3 -c 'print("{\"a\":\"" + "x" * 5000 + "\"}")'; } >in
	run -1 bief run "stream-files --checkpoint ck in | sink-kafka $K $T"
	[[ "$output" = *"cannot write to topic '$T': "*"max.message.bytes of the topic sets the limit"* ]]
	got >out
	is out </dev/null
}

@test "a batch that the brokers have is recognised after a crash before its commit" {
	topic create $T 2
	seq 20 | jq -c '{n:.}' >in
	go() {
		stream-files --max-records 6 --checkpoint ck in | parse-json \
			--schema 'n int' | sink-kafka "$@" "$K" $T
	}
	go
	rm ck/commits/*/*.commit
	go
	got | jq .n | sort -n >out
	seq 20 | cmp - out
	[ "$(ls ck/commits/*/*.commit | wc -l)" -eq 4 ]
}

@test "without --checkpoint a batch comes at least once, also by a trigger" {
	topic create $T 1
	seq 20 | jq -c '{n:.}' >in
	stream-files --max-records 6 --trigger available-now in |
		sink-kafka "$K" $T
	got | jq .n | sort -n >out
	seq 20 | cmp - out
}

@test "a checkpoint writes to the topic that it wrote to before" {
	topic create $T 1
	topic create $T-b 1
	echo '{"a":1}' >in
	stream-files --checkpoint ck in | sink-kafka "$K" $T
	run -3 bash -c "stream-files --checkpoint ck in | sink-kafka $K $T-b"
	[[ "$output" = *"this checkpoint writes to topic $T"* ]]
}

@test "two copies of a pipeline do not both write" {
	topic create $T 1
	mkdir in
	echo '{"a":1}' >in/1
	stream-files --trigger 20ms --checkpoint ck in 2>/dev/null |
		sink-kafka "$K" $T 2>err &
	first=$!
	wait_for eval "got | grep -q ."
	# (No commit is made while the copy is, so none is without its offset;
	# what the source is writing may go meanwhile.)
	kill -STOP $first
	cp -r ck ck2 2>/dev/null || true
	kill -CONT $first
	echo '{"a":2}' >in/2
	wait_for eval "got | grep -q 2"
	# Another machine has the checkpoint, restored from a copy.
	timeout 60 stream-files --checkpoint ck2 in | sink-kafka "$K" $T
	echo '{"a":3}' >in/3
	wait $first || status=$?
	[ "$status" -eq 1 ]
	grep -q 'another run of this pipeline has taken over' err
	got | jq .a | sort >out
	is out <<<$'1\n2'
}

# kill_loop PIPELINE DONE: run, kill, run ... until DONE says that all is there;
# then once more to its end.
kill_loop() {
	local i
	for i in $(seq 25); do
		setsid bash -c "exec $1" >/dev/null 2>>err </dev/null &
		# All of it, or one process, at a moment that is another one each
		# time.
		sleep 0.0$((RANDOM % 10))$((RANDOM % 10))
		sleep 0.$((RANDOM % 4))
		kill -9 -- -$! 2>/dev/null || kill -9 $! 2>/dev/null || true
		wait $! 2>/dev/null || true
	done
	timeout 120 bash -c "$1"
}

@test "every record is there once, whenever the pipeline is killed" {
	topic create $T 3
	seq 3000 | jq -c '{n:.}' >in
	kill_loop "bief run 'stream-files --max-records 100 --checkpoint ck in |
		parse-json --schema \"n int\" | sink-kafka --key n $K $T'"
	got | jq .n | sort -n >out
	seq 3000 | cmp - out
}

@test "every record is there once when it goes from topic to topic, as processes" {
	topic create $T 3
	topic create $T-copy 2
	seq 2000 | jq -c '{n:.}' | put
	cat >pipeline <<-END
	stream-kafka --max-records 100 --value-only --checkpoint ck $K $T |
		parse-json --schema 'n int' | sink-kafka $K $T-copy
	END
	kill_loop "bash pipeline"
	kcat -C -b "$K" -t $T-copy -e -q -X isolation.level=read_committed |
		jq .n | sort -n >out
	seq 2000 | cmp - out
}

@test "killed at each of its steps, a batch is there once" {
	topic create $T 1
	mkdir in
	go() {
		timeout 60 bief run "stream-files --max-records 2 --checkpoint ck in |
			parse-json --schema 'n int' | sink-kafka $K $T"
	}
	# Before the N-th request to the brokers, and right after it; at each file.
	kills=0
	for op in send rename fsync; do
		for n in $(seq 2 19); do
			[ $op = send ] || [ $n -lt 8 ] || break
			for action in kill half; do
				[ $op = send ] || [ $action = kill ] || continue
				rm -f mark
				BIEF_FAULT="bief $op $n $action" \
					BIEF_FAULT_MARK=mark \
					LD_PRELOAD=$TOP/${B:-build}/shim.so \
					go >/dev/null 2>&1 || true
				[ ! -f mark ] || kills=$((kills + 1))
				files=$((${files:-0} + 1))
				printf '{"n":%d}\n' $files $files >in/$files
			done
		done
	done
	[ $kills -gt 20 ]
	go
	got | jq .n >out
	cat $(ls in/* | sort -V) | jq .n | diff - out
}

# ---- brokers that go away ----

@test "a broker that is not there yet, goes, and comes back costs nothing" {
	topic create $T 1
	topic create $T-copy 1
	"$TOP/tests/services/kafka" stop "$BROKER_DIR"
	mkfifo lines
	stream-kafka --value-only --from earliest --trigger 50ms \
		--checkpoint ck "$K" $T 2>err >lines &
	source=$!
	parse-json --schema 'n int' <lines | sink-kafka "$K" $T-copy 2>err.sink &
	wait_for grep -q 'Connection refused.*: trying again for 1m' err.sink
	"$TOP/tests/services/kafka" again "$BROKER_DIR"
	wait_for grep -q 'the brokers answer again' err.sink
	seq 1 100 | jq -c '{n:.}' | put
	copied() {
		kcat -C -b "$K" -t $T-copy -e -q -X isolation.level=read_committed |
			jq .n | sort -n >out
		seq "$1" | cmp -s - out
	}
	wait_for copied 100
	kill -9 "$(cat "$BROKER_DIR/pid")"
	wait_for grep -q 'trying again' err
	"$TOP/tests/services/kafka" again "$BROKER_DIR"
	seq 101 200 | jq -c '{n:.}' | put
	wait_for copied 200
	kill $source
	wait $!
}

@test "a broker that stays away ends the run with a message, SIGTERM at once" {
	topic create $T 1
	"$TOP/tests/services/kafka" stop "$BROKER_DIR"
	run -1 timeout 60 stream-kafka --timeout 3s "$K" $T
	[[ "$output" = *"no broker of '$K' has answered for 3s: "*"Connection refused"*"(is one up, and the address right? --timeout tells how long to try)" ]]
	echo '{"a":1}' >in
	run -1 timeout 60 sink-kafka --timeout 3s "$K" $T <in
	[[ "$output" = *"no broker of '$K' has answered for 3s: "* ]]
	stream-kafka "$K" $T 2>err &
	wait_for grep -q 'trying again' err
	kill $!
	wait $!
	sink-kafka "$K" $T <in 2>err &
	wait_for grep -q 'trying again' err
	kill $!
	wait $! || status=$?
	[ "$status" -eq 1 ]
	grep -q '^sink-kafka: stopped, and could not write to topic' err
	"$TOP/tests/services/kafka" again "$BROKER_DIR"
}

@test "the examples of the pages print what the pages say" {
	for page in stream-kafka sink-kafka; do
		awk '/^\.Sh/ { on = $2 == "EXAMPLES" } !on { next }
		/^\.Bd/ { show = 1; next } /^\.Ed/ { show = 0; print "#" }
		show { gsub(/\\e/, "\\"); gsub(/\\&/, ""); gsub(/\\\(aq/, "\047"); print }' \
			"$TOP/man/$page.1" | sed "s/localhost:9092/$K/g" >blocks
		mkdir $page
		cd $page
		awk '/^#/ { n++; next } /^\$ / || more {
			sub(/^\$ /, ""); print > ("cmd." n + 0); more = /[|\\]$/; next }
			{ print > ("want." n + 0) }' ../blocks
		for cmd in cmd.*; do
			[ -f "want.${cmd#cmd.}" ] || touch "want.${cmd#cmd.}"
			timeout 60 bash "$cmd" </dev/null 2>&1 |
				sed -E 's/"20[0-9-]+T[0-9:.]+Z"/"2026-11-29T08:00:00Z"/' |
				diff -u "want.${cmd#cmd.}" -
		done
		cd ..
	done
}
