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
