#!/usr/bin/env bats
load lib

serve() {
	mkfifo ready
	serve-lines --port 0 --ready-fd 3 "$@" 3> ready &
	server=$!
	read -r port < ready
	rm ready
}

@test "every client gets the whole file from its beginning" {
	seq 100000 > f
	serve f
	stream-socket 127.0.0.1:$port > a &
	a=$!
	stream-socket 127.0.0.1:$port > b
	wait $a
	cmp f a
	cmp f b
}

@test "every line is ended, also the last one" {
	printf 'a\nb' > f
	serve f --once
	stream-socket 127.0.0.1:$port > out 2> err
	is out <<< $'a\nb'
	[ ! -s err ]
}

@test "--once ends when the first client has got everything" {
	echo a > f
	serve f --once
	stream-socket 127.0.0.1:$port > out
	wait $server
}

@test "--loop begins again, until the client goes" {
	printf 'a\nb\nc\n' > f
	serve f --loop --once
	stream-socket 127.0.0.1:$port | head -7 > out
	[ "$(paste -sd ' ' out)" = "a b c a b c a" ]
	wait $server
}

@test "--rate spreads the lines over time" {
	seq 6 > f
	serve f --rate 50 --once
	before=$(date +%s%N)
	stream-socket 127.0.0.1:$port > out
	[ $(($(date +%s%N) - before)) -ge 100000000 ]
	cmp f out
}

@test "--shuffle is the same for the same seed, and another one each pass" {
	seq 50 > f
	serve f --shuffle --seed 1 --loop
	stream-socket 127.0.0.1:$port | head -100 > a
	stream-socket 127.0.0.1:$port | head -100 > b
	cmp a b
	head -50 a > a1
	tail -50 a > a2
	run ! cmp -s a1 a2
	sort -n a1 | cmp - f
	sort -n a2 | cmp - f
	kill $server
	serve f --shuffle --seed 2 --once
	stream-socket 127.0.0.1:$port > c
	run ! cmp -s a1 c
}

@test "a client that has gone does not end the server" {
	seq 100000 > f
	serve f
	stream-socket 127.0.0.1:$port | head -1 > out
	stream-socket 127.0.0.1:$port > out
	cmp f out
}

@test "SIGTERM ends it cleanly" {
	echo a > f
	serve f
	kill $server
	wait $server
}

@test "what cannot work is refused" {
	run -2 serve-lines f
	run -2 serve-lines --port 0
	run -2 serve-lines --port 70000 f
	run -2 serve-lines --port 0 --rate fast f
	run -1 serve-lines --port 0 nowhere
	[[ $output = *"No such file or directory" ]]
	: > empty
	run -1 serve-lines --port 0 empty
	[[ $output = *"no lines" ]]
	echo a > f
	serve f
	run -1 serve-lines --port $port f
	[[ $output = *"Address already in use" ]]
}

# live OPTION...: the same, with what is written to descriptor 5 as its input.
live() {
	mkfifo ready in
	serve-lines - --port 0 --ready-fd 3 "$@" < in 3> ready 2> err.server &
	server=$!
	exec 5> in
	read -r port < ready
	rm ready in
}

lines() {
	[ "$(wc -l < "$1")" -ge "$2" ]
}

@test "a compressed file is unpacked, whatever its name is" {
	seq 1000 > f
	gzip -k f
	zstd -q f
	cp f.zst g
	for z in f.gz f.zst g; do
		serve $z --once
		stream-socket 127.0.0.1:$port > out
		cmp f out
	done
	head -c 100 f.gz > cut.gz
	run -1 serve-lines --port 0 cut.gz
	[ "$output" = "serve-lines: 'cut.gz': the compressed data end too early" ]
}

@test "what comes by a pipe is handed on to all clients as it comes" {
	live
	echo first >&5
	stream-socket 127.0.0.1:$port > a 5>&- 6>&- &
	wait_for grep -q first a
	stream-socket 127.0.0.1:$port > b 5>&- 6>&- &
	poked() {
		echo poke >&5
		[ -s b ]
	}
	wait_for poked
	printf 'half ' >&5
	printf 'line\nlast' >&5
	exec 5>&-
	wait_for grep -q last b
	wait_for grep -q last a
	tail -2 b > out
	is out <<< $'half line\nlast'
	run ! grep -q first b
	kill $server
	wait $server
}

@test "--keep gives the last lines to those who come late" {
	live --keep 3
	stream-socket 127.0.0.1:$port > a 5>&- 6>&- &
	seq 10 >&5
	wait_for lines a 3
	stream-socket 127.0.0.1:$port > b 5>&- 6>&- &
	wait_for lines b 3
	seq 11 12 >&5
	exec 5>&-
	wait_for lines b 5
	is b <<< $'8\n9\n10\n11\n12'
	stream-socket 127.0.0.1:$port > c
	is c <<< $'10\n11\n12'
	run -2 serve-lines --port 0 --keep 3 b
	run -2 serve-lines --port 0 --keep 3 --loop - < /dev/null
}

@test "the first client gets all that came before, and everybody once the input has ended" {
	live
	seq 100000 >&5
	stream-socket 127.0.0.1:$port > a 5>&- 6>&- &
	wait_for lines a 100000
	exec 5>&-
	wait $!
	stream-socket 127.0.0.1:$port > b
	seq 100000 > f
	cmp f a
	cmp f b
}

@test "a client that is too far behind is cut off, and holds nobody" {
	live --buffer 1M --keep 1
	exec 6<> /dev/tcp/127.0.0.1/$port
	read -r -t 0.01 x <&6 || :
	stream-socket 127.0.0.1:$port > a 5>&- 6>&- &
	client=$!
	echo first >&5
	wait_for grep -q first a
	yes "$(printf '%01000d' 0)" | head -30000 >&5
	exec 5>&-
	wait $client
	lines a 30001
	is err.server <<< "serve-lines: 1 client is cut off: more than 1048576 bytes behind (--buffer)"
	exec 6>&-
}

@test "a pipe waits for the only client, however slow it is" {
	yes 0123456789 | head -2000000 > f
	mkfifo ready
	cat f | serve-lines - --port 0 --buffer 1M --once --ready-fd 3 3> ready 2> err &
	read -r port < ready
	stream-socket 127.0.0.1:$port | { sleep 0.3; cat; } | cmp f -
	[ ! -s err ]
}

@test "input without a line is an error, and a signal ends it while it waits" {
	run -1 serve-lines - --port 0 < /dev/null
	[ "$output" = "serve-lines: '-' has no lines" ]
	run -1 bash -c ': | serve-lines - --port 0'
	[ "$output" = "serve-lines: '-' has no lines" ]
	live
	kill -INT $server
	wait $server
	mkfifo in
	serve-lines - --loop --port 0 < in &
	server=$!
	exec 5> in
	wait_for eval 'ls -l /proc/$server/fd | grep -q signalfd'
	kill $server
	wait $server
}
