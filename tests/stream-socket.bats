#!/usr/bin/env bats
load lib

# serve FILE OPTION...: a server in the background; its port in $port.
serve() {
	mkfifo ready.s
	serve-lines --port 0 --ready-fd 3 "$@" 3> ready.s &
	server=$!
	read -r port < ready.s
	rm ready.s
}

# listen OPTION...: a stream-socket in the background; its port in $port.
listen() {
	mkfifo ready.l
	stream-socket --listen "$@" --ready-fd 3 3> ready.l > out 2> err &
	socket=$!
	read -r port < ready.l
	rm ready.l
}

has() {
	local t
	for t; do
		grep -qxF -e "$t" out || return 1
	done
}

@test "lines come as they are sent, until the server closes" {
	printf '{"a":1}\r\n\nlast' > f
	serve f --once
	stream-socket 127.0.0.1:$port > out
	printf '{"a":1}\r\n\nlast\n' | cmp - out
}

@test "IPv6, names and a port alone are addresses" {
	echo a > f
	serve f --listen ::1 || skip "no IPv6 here"
	stream-socket "[::1]:$port" > out
	kill $server
	serve f
	stream-socket localhost:$port >> out
	stream-socket $port >> out
	is out <<< $'a\na\na'
}

@test "what is no address is refused" {
	for a in foo foo:bar ::1:80 1:70000 unix:; do
		run -2 stream-socket "$a"
	done
	run -2 stream-socket
}

@test "a port that refuses is an error that says so" {
	serve /etc/passwd --once
	kill -9 $server
	wait $server || :
	run -1 stream-socket 127.0.0.1:$port
	[ "$output" = "stream-socket: cannot connect to '127.0.0.1:$port': Connection refused" ]
	run -1 stream-socket unix:nowhere
	[[ $output = *"No such file or directory" ]]
}

@test "--listen takes many clients and never mixes lines up" {
	listen 127.0.0.1:0
	for c in 1 2 3 4; do
		for i in $(seq 500); do
			printf '%s %0999d\n' $c $i
		done > "/dev/tcp/127.0.0.1/$port" &
		clients+=" $!"
	done
	wait $clients
	wait_for eval '[ $(wc -l < out) -eq 2000 ]'
	kill -INT $socket
	wait $socket
	run ! grep -qvE '^[1-4] [0-9]{999}$' out
	for c in 1 2 3 4; do
		grep "^$c" out | sort -c
	done
}

@test "a Unix socket is listened on, replaced when stale, removed at the end" {
	listen unix:s
	kill -9 $socket
	wait $socket || :
	[ -S s ]
	listen unix:s
	run -1 stream-socket --listen unix:s
	[[ $output = *"Address already in use" ]]
	kill -INT $socket
	wait $socket
	[ ! -e s ]
}

@test "half a line at the end of a connection is refused, not glued on" {
	listen 127.0.0.1:0 --rejects rejects
	printf 'a\nhal' > /dev/tcp/127.0.0.1/$port
	wait_for grep -q 'cut off' err
	printf 'b\n' > /dev/tcp/127.0.0.1/$port
	wait_for has a b
	kill -INT $socket
	wait $socket
	is out <<< $'a\nb'
	grep -q '"record":"hal"' rejects
	grep -q '1 record' err
}

@test "--reconnect goes on when the server comes back" {
	seq 3 > f
	serve f
	stream-socket --reconnect 127.0.0.1:$port > out 2> err &
	socket=$!
	wait_for has 1 2 3
	kill -9 $server
	wait_for grep -q 'trying again' err
	echo 4 > f
	serve-lines f --port $port &
	wait_for has 4
	kill -INT $socket
	wait $socket
}

@test "--timestamp makes records of text and time of arrival" {
	printf 'a "b"\\\t\r\n\xff\nx\n' > f
	serve f --once
	BIEF_CLOCK=2026-11-21T08:00:00Z \
		stream-socket --timestamp 'at"' 127.0.0.1:$port > out 2> err
	is out <<- 'END'
	{"value":"a \"b\"\\\t","at\"":"2026-11-21T08:00:00Z"}
	{"value":"x","at\"":"2026-11-21T08:00:00Z"}
	END
	grep -q 'not UTF-8' err
	run -2 stream-socket --timestamp value 127.0.0.1:$port
}

@test "--for ends by itself" {
	echo a > f
	serve f --loop --rate 1000
	# The server may be slow to begin.
	some() {
		stream-socket --for 100ms 127.0.0.1:$port > out && has a
	}
	wait_for some
	stream-socket --listen --for 50ms 127.0.0.1:0
	stream-socket --reconnect --for 50ms unix:nowhere
}

@test "a batch has what arrives until the tick" {
	listen 127.0.0.1:0 --trigger 20ms
	exec 5> /dev/tcp/127.0.0.1/$port
	echo a >&5
	wait_for has a
	n=$(grep -c begin out)
	wait_for eval '[ $(grep -c begin out) -gt $((n + 1)) ]'
	echo b >&5
	wait_for has b
	kill -INT $socket
	wait $socket
	[ "$(tail -1 out)" = '{"#bief":{"eof":1}}' ]
	[ "$(grep -c begin out)" -eq "$(grep -c end out)" ]
}

@test "available-now is refused: nobody can tell what a socket has" {
	run -2 stream-socket --trigger available-now localhost:9999
	[[ $output = *"use --trigger 5s"* ]]
}

@test "a line that is too long is refused, and the next one taken" {
	{ head -c 1000000 /dev/zero | tr '\0' x; echo; echo b; } > f
	serve f --once
	stream-socket --max-line 1000 127.0.0.1:$port > out 2> err
	is out <<< b
	serve f --once
	stream-socket --max-line 1000 --timestamp t 127.0.0.1:$port > out 2> err
	grep -q '^{"value":"b","t":' out
	[ "$(wc -l < out)" -eq 1 ]
}

@test "a line typed in comes out while the input is open" {
	listen 127.0.0.1:0
	exec 5> /dev/tcp/127.0.0.1/$port
	for i in 1 2 3; do
		echo $i >&5
		wait_for has $i
	done
	kill -INT $socket
	wait $socket
}

# A pipeline whose first line is typed in at $port; all its pids in $pids.
pipeline() {
	mkfifo ready.l
	stream-socket --listen --checkpoint ck --trigger ${tick:-20ms} "$@" \
		--ready-fd 3 127.0.0.1:0 3> ready.l > p1 2> err &
	pids=$!
	tee out < p1 > p2 &
	pids+=" $!"
	sink-files out.d < p2 &
	pids+=" $!"
	read -r port < ready.l
	rm ready.l
}

@test "with a checkpoint what was received survives a kill, once" {
	mkfifo p1 p2
	for try in "" "--timestamp at"; do
		rm -rf ck out.d
		pipeline $try
		exec 5> /dev/tcp/127.0.0.1/$port
		for i in $(seq 30); do
			printf '{"a":%d}\n' $i >&5
		done
		wait_for grep -q '30}' out
		n=$(grep -c '"end"' out || true)
		wait_for eval '[ $(grep -c "\"end\"" out) -gt $((n + 1)) ]'
		kill -9 $pids
		wait $pids || :
		exec 5>&-
		stream-socket --listen --checkpoint ck --trigger 20ms $try \
			--for 1ms 127.0.0.1:0 | sink-files out.d
		cat out.d/part-* | grep -o 'a\\\?":[0-9]*}' |
			grep -o '[0-9]*' > got
		seq 30 | diff - got
	done
}

@test "the journal is deleted as the sinks commit, and bounded" {
	mkfifo p1 p2
	pipeline --journal-max 10K
	exec 5> /dev/tcp/127.0.0.1/$port
	for i in $(seq 400); do
		printf '{"a":%d,"b":"%0100d"}\n' $i $i >&5
	done
	wait_for grep -q '"a":400' out
	wait_for eval '[ $(find ck/journal -name "*.journal" | wc -l) -le 1 ]'
	kill -INT ${pids%% *}
	wait $pids
	[ "$(cat out.d/part-* | wc -l)" -eq 400 ]
}

@test "what a batch received is in the journal before the batch ends" {
	mkfifo p1 p2
	tick=500ms pipeline
	exec 5> /dev/tcp/127.0.0.1/$port
	wait_for grep -q '"end"' out
	# this sink will not commit, so that nothing is deleted
	kill -STOP ${pids##* }
	echo '{"a":1}' >&5
	wait_for grep -q '"a":1' out
	n=$(grep -c '"end"' out || :)
	wait_for eval '[ $(grep -c "\"end\"" out) -gt $n ]'
	grep -qh '"a":1' ck/journal/*/*.journal
	kill -9 $pids
	exec 5>&-
}

@test "with a checkpoint half a line at a lost connection is no part of the next" {
	mkfifo p1 p2
	pipeline --rejects rejects
	printf '{"a":1}\n{"a"' > /dev/tcp/127.0.0.1/$port
	wait_for grep -q 'cut off' err
	printf '{"a":2}\n' > /dev/tcp/127.0.0.1/$port
	wait_for grep -q '"a":2' out
	kill -INT ${pids%% *}
	wait $pids || :
	cat out.d/part-* > got
	is got <<< $'{"a":1}\n{"a":2}'
	grep -q '"record":"{\\"a\\""' rejects
}

@test "the journal holds no more than --journal-max and a block while a sink is slow" {
	mkfifo p1 p2
	pipeline --journal-max 100K
	exec 5> /dev/tcp/127.0.0.1/$port
	wait_for grep -q '"end":0' out
	kill -STOP ${pids##* }
	seq -f "{\"a\":%.0f,\"b\":\"$(printf '%0400d' 0)\"}" 5000 >&5 &
	local writer=$!
	size() {
		find ck/journal -name '*.journal' -printf '%s\n' |
			awk '{ n += $1 } END { print n + 0 }'
	}
	wait_for eval '[ $(size) -gt 100000 ]'
	for i in $(seq 20); do
		[ "$(size)" -lt 300000 ]
	done
	kill -CONT ${pids##* }
	wait $writer
	wait_for grep -q '"a":5000,' out
	kill -INT ${pids%% *}
	wait $pids
	[ "$(cat out.d/part-* | wc -l)" -eq 5000 ]
	exec 5>&-
}

@test "clients that take all descriptors leave some, and wait is told once" {
	mkfifo p1 p2
	ulimit -n 128
	pipeline
	local i fd fds=()
	exec 5> /dev/tcp/127.0.0.1/$port
	for i in $(seq 40); do
		exec {fd}> /dev/tcp/127.0.0.1/$port
		fds+=($fd)
	done
	# the rest comes from another process: it has descriptors of its own
	mkfifo go
	bash -c 'for i in $(seq 70); do exec {fd}> /dev/tcp/127.0.0.1/'$port'
		done; echo there; read -r _ < go' > there &
	wait_for grep -q 'clients are too many' err
	echo '{"a":1}' >&5
	wait_for grep -q '"a":1' out
	n=$(grep -c '"end"' out || :)
	wait_for eval '[ $(grep -c "\"end\"" out) -gt $((n + 1)) ]'
	for fd in "${fds[@]}"; do exec {fd}>&-; done
	echo > go
	echo '{"a":2}' > /dev/tcp/127.0.0.1/$port
	wait_for grep -q '"a":2' out
	kill -INT ${pids%% *}
	wait $pids
	[ "$(grep -c 'clients are too many' err)" -eq 1 ]
	cat out.d/part-* > got
	is got <<< $'{"a":1}\n{"a":2}'
}

@test "what clients have begun is bounded for all of them together" {
	listen 127.0.0.1:0 --max-state 2M --rejects rejects
	local i fd fds=()
	for i in 1 2 3 4; do
		exec {fd}> /dev/tcp/127.0.0.1/$port
		fds+=($fd)
		{ printf $i; head -c $((i * 300000)) /dev/zero | tr '\0' x; } >&$fd
	done
	wait_for grep -q 'too much together' err
	for fd in "${fds[@]}"; do
		printf '\nnext\n' >&$fd
	done
	wait_for eval '[ "$(grep -c next out)" -eq 4 ]'
	kill -INT $socket
	wait $socket
	grep -q '"record":"4xxx' rejects
	[ "$(grep -c '^1x' out)" -eq 1 ]
}

@test "a line that ends in CR, and a mark at the beginning, are as in files" {
	printf '\xef\xbb\xbfa\rb\r' > f
	serve f --once
	stream-socket 127.0.0.1:$port | tr -s '\r' '\n' > out
	is out <<< $'a\nb'
}

@test "a clock that is set back ends the batch, everywhere" {
	export BIEF_CLOCK=./clock
	mkfifo p
	for cmd in 'parse-text --trigger 1h' 'union --trigger 1h - nul' \
		'stream-socket --listen --trigger 1h unix:s' \
		'stream-files --trigger 1h d'; do
		mkdir -p d
		echo '{}' > nul
		touch -d 2026-11-21T08:00:00Z clock
		if [[ $cmd = stream* ]]; then
			$cmd > out & pid=$!
		else
			$cmd < p > out & pid=$!
			exec 5> p
			echo '{"a":1}' >&5
		fi
		wait_for grep -q '"begin":0' out
		touch -d 2026-11-21T06:00:00Z clock
		[[ $cmd = stream-* ]] || echo '{"a":2}' >&5
		# what sleeps until the tick is woken
		[[ $cmd != stream-* ]] || wait_for eval 'kill -USR1 $pid &&
			grep -q "\"begin\":1,\"time\":\"2026-11-21T06:00" out'
		wait_for grep -q '"begin":1,"time":"2026-11-21T06:00' out
		kill -INT $pid
		exec 5>&-
		wait $pid
	done
}
