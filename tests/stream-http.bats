#!/usr/bin/env bats
load lib

# server OPTION...: tests/http-server in the background; what it is to say
# stands in files of the directory s; its URL in $url.
server() {
	mkdir -p s
	mkfifo port.s
	"$TOP/tests/http-server" "$@" s > port.s &
	server=$!
	read -r port < port.s
	rm port.s
	url=http://127.0.0.1:$port
}

# has LINE...: the lines stand in out.
has() {
	local t
	for t; do
		grep -qxF -e "$t" out || return 1
	done
}

# Without control lines.
strip() {
	grep -v '^{"#bief"' || :
}

# The requests, with the headers that tell a place.
asked() {
	jq -rc '.[0:2] + [.[2:][] | select(test("^(last|if|x-|auth)"))] | join(" ")' s/log
}

@test "the lines of an answer are passed on, also a last one without end" {
	server
	echo 'open("text/plain"); send("{\"a\":1}\r\n\nla"); send("st")' > s/x
	stream-http $url/x > out
	printf '{"a":1}\r\n\nlast\n' | cmp - out
}

@test "lines come as they are sent" {
	server
	echo 'open("text/plain"); send("one\n"); wait("go"); send("two\n")' > s/x
	stream-http $url/x > out &
	wait_for has one
	touch s/go
	wait $!
	is out <<< $'one\ntwo'
}

@test "--sse passes on the data of each event as a line" {
	server
	cat > s/x.1 <<- 'END'
	open()
	send("event: message\nid: 1\ndata: {\"a\":1}\n\n")
	send(": a comment\n\ndata:no blank\n\ndata:  two blanks\n\n")
	send("data\n\nevent: other\n\nwhat: ever\ndata: x\n\ndata: not ended")
	END
	echo 'say(204)' > s/x
	stream-http --sse $url/x > out 2> err
	is out <<- 'END'
	{"a":1}
	no blank
	 two blanks
	
	x
	END
	[ ! -s err ]
}

@test "data over several lines is one line, with blanks for the ends" {
	server
	echo 'open(); send("data: {\ndata:  \"a\": 1\ndata: }\n\n")' > s/x.1
	echo 'say(204)' > s/x
	stream-http --sse $url/x > out
	is out <<< '{  "a": 1 }'
	rm s/log
	mv s/x.1 s/y.1
	echo 'say(204)' > s/y
	stream-http --sse --envelope $url/y > out
	is out <<< '{"event":"message","id":"","data":"{\n \"a\": 1\n}"}'
}

@test "lines of events end at LF, CR LF or CR, and a mark of UTF-8 is left out" {
	server
	cat > s/x.1 <<- 'END'
	open()
	for c in "\ufeffdata: 1\r\rdata: 2\r\n\r\ndata: 3\n\n".encode():
	    send(bytes([c]))
	send("data: 4\r"); send("\ndata: 5\r"); send("\r")
	for c in "data: \u00e9\u20ac\n\n".encode():
	    send(bytes([c]))
	send(b"data: \xff.\n\n")
	END
	echo 'say(204)' > s/x
	stream-http --sse $url/x > out
	is out <<< $'1\n2\n3\n4 5\né€\n\xef\xbf\xbd.'
}

@test "--event keeps events of these names" {
	server
	cat > s/x.1 <<- 'END'
	open()
	send("data: 1\n\nevent: a\ndata: 2\n\nevent: b\ndata: 3\n\n"
	     "event: message\ndata: 4\n\n")
	END
	echo 'say(204)' > s/x
	cp s/x.1 s/y.1; cp s/x s/y
	stream-http --sse --event message $url/x > out
	is out <<< $'1\n4'
	stream-http --sse --event a,b $url/y > out
	is out <<< $'2\n3'
}

@test "a dropped connection is gone on with behind the last event that was complete" {
	server
	echo 'open(); send("retry: 1\n\n"); events(0, 3); send("id: 3\ndata: x\n"); drop()' > s/x.1
	echo 'open(); events(0, 5); cut()' > s/x.2
	echo 'open(); events(0, 6)' > s/x.3
	echo 'say(204)' > s/x
	stream-http --sse $url/x > out 2> err
	seq 0 5 | sed 's/.*/{"n":&}/' | cmp - out
	asked > got
	is got <<- 'END'
	GET /x
	GET /x last-event-id: 2
	GET /x last-event-id: 4
	GET /x last-event-id: 5
	END
	grep -q "the answer of '$url/x' was cut off: .*: trying again" err
	grep -q "connected to '$url/x'" err
}

@test "an id without data counts, an id with NUL does not, an empty one clears it" {
	server
	echo 'open(); send("retry: 1\n\nid: 7\n\n")' > s/x.1
	echo 'open(); send("id: a\0b\ndata: x\n\n")' > s/x.2
	echo 'open(); send("id\n\n")' > s/x.3
	echo 'say(204)' > s/x
	stream-http --sse $url/x > out
	asked > got
	is got <<- 'END'
	GET /x
	GET /x last-event-id: 7
	GET /x last-event-id: 7
	GET /x
	END
}

@test "retry: is obeyed, and what is no number is not" {
	server
	echo 'open(); send("retry: 1200\n\nretry: 1x\n\ndata: 1\n\n")' > s/x.1
	echo 'say(204)' > s/x
	before=$(date +%s%N)
	stream-http --sse $url/x > out
	[ $(($(date +%s%N) - before)) -ge 1200000000 ]
}

@test "a server that is down is asked again, and not for ever" {
	server
	kill $server
	wait $server || :
	run -1 stream-http --sse --retries 0 $url/x
	[ "$output" = "stream-http: cannot connect to '$url/x': Connection refused (given up after 0 tries more, see --retries and --reconnect)" ]
	stream-http --sse $url/x > out 2> err &
	client=$!
	wait_for grep -q 'Connection refused: trying again' err
	echo 'open(); events(0, 1)' > s/x.1
	echo 'say(204)' > s/x
	"$TOP/tests/http-server" --port $port s > port.t &
	wait $client
	is out <<< '{"n":0}'
	grep -q "connected to '$url/x'" err
}

@test "4xx is the end at once, with the first line of the body" {
	server
	echo 'say(403, "\n no\ttoken\nmore\n")' > s/x
	for how in --sse '--every 1s' ''; do
		run -1 stream-http $how $url/x
		[ "$output" = "stream-http: '$url/x' answers with status 403 (a token goes into a file for --headers): no token" ]
	done
	run -1 stream-http $url/nowhere
	[ "$output" = "stream-http: '$url/nowhere' answers with status 404: there is no nowhere" ]
	[ "$(wc -l < s/log)" -eq 4 ]
}

@test "5xx is asked again, and 429 after the time that it tells" {
	server
	echo 'say(503, "busy")' > s/x.1
	echo 'say(429, Retry_After="2")' > s/x.2
	echo 'say(429, Retry_After=time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 2)))' > s/x.3
	echo 'open(); events(0, 1)' > s/x.4
	echo 'say(204)' > s/x
	before=$(date +%s%N)
	stream-http --sse $url/x > out 2> err
	[ $(($(date +%s%N) - before)) -ge 3000000000 ]
	is out <<< '{"n":0}'
	grep -q 'answers with status 503: busy: trying again' err
}

@test "a server that stalls is left after --timeout, and asked again" {
	server
	echo 'open(); send("retry: 1\n\n"); events(0, 1); stall()' > s/x.1
	echo 'stall()' > s/x.2
	# On a busy machine an answer may come too late more than once.
	cat > s/x <<- 'END'
	if h.headers.get("Last-Event-ID") == "1":
	    say(204)
	else:
	    open(); events(0, 2)
	END
	stream-http --sse --timeout 200ms $url/x > out 2> err
	is out <<< $'{"n":0}\n{"n":1}'
	grep -q 'has sent nothing for 0.2 s (--timeout): trying again' err
}

@test "a line or an event that is too long is refused, and no more than that" {
	server
	cat > s/x.1 <<- 'END'
	open()
	send("data: 1\n\nid: 5\ndata: ")
	for i in range(40):
	    send("x" * 1000)
	send("\ndata: y\n\n:" + "c" * 9000 + "\ndata: 2\n\n")
	send(("data: " + "z" * 900 + "\n") * 20 + "\ndata: 3\n\n")
	END
	echo 'say(204)' > s/x
	cp s/x.1 s/y.1
	stream-http --sse --max-line 8K $url/x > out 2> err
	is out <<< $'1\n2\n3'
	grep -q "2 records.* were skipped\|skipped 2" err || cat err
	grep -q "an event behind id '5' is too long (--max-line sets the limit)" err
	run -1 stream-http --sse --max-line 8K --on-error fail $url/y
}

@test "what is not a stream of events, or not HTTP at all, is told" {
	server
	echo 'say(200, "<html>", Content_Type="text/html; charset=utf-8")' > s/x
	run -1 stream-http --sse $url/x
	[[ $output = *"answers with text/html, not with events (text/event-stream)"* ]]
	echo 'raw(b"220 mail ready\r\n"); drop()' > s/y
	run -1 stream-http $url/y
	[[ $output = *"is not HTTP: is it the right port?"* ]]
	run -2 stream-http ftp://127.0.0.1/x
	[[ $output = *"is no URL"* ]]
	run -2 stream-http 127.0.0.1:80
	run -2 stream-http
	run -2 stream-http --sse --every 1s $url
	run -2 stream-http --split . $url
	run -2 stream-http --every 1s --split '.a[' $url
	run -2 stream-http --headers nowhere $url
}

@test "lines that are cut off are told, and half a line is refused" {
	server
	echo 'open("text/plain"); send("one\ntw"); cut()' > s/x
	run -1 --separate-stderr stream-http $url/x
	[ "$output" = one ]
	[[ $stderr = *"was cut off by the end of the connection"* ]]
	[[ $stderr = *"--reconnect asks again"* ]]
}

@test "lines that can be told to be the same are gone on with where they were cut" {
	server
	echo 'open("text/plain", ETag="\"a\""); send("one\ntw"); cut()' > s/x.1
	echo 'open("text/plain", ETag="\"a\""); send("one\ntwo\nthree\n")' > s/x
	stream-http $url/x > out 2> err
	is out <<< $'one\ntwo\nthree'
}

@test "redirects are followed, and what is in the file of headers stays with its origin" {
	server
	mkdir t
	mkfifo port.t
	"$TOP/tests/http-server" t > port.t &
	read -r other < port.t
	echo 'say(302, Location="/y")' > s/x
	echo "say(307, Location='http://127.0.0.1:$other/z')" > s/y
	echo 'say(200, "here\n")' > t/z
	printf '# secret\n\nX-Token: abc\n' > token
	stream-http --headers token $url/x > out
	is out <<< here
	is s/log <<- 'END'
	["GET", "/x", "accept: */*", "x-token: abc"]
	["GET", "/y", "accept: */*", "x-token: abc"]
	END
	is t/log <<< '["GET", "/z", "accept: */*"]'
	echo 'say(302, Location="/loop")' > s/loop
	run -1 stream-http $url/loop
	[[ $output = *"redirects for ever"* ]]
	echo no header > token
	run -2 stream-http --headers token $url/x
	[[ $output = *"line 1 is no header: expected 'Name: value'" ]]
}

@test "certificates are checked" {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 2 \
		-subj /CN=localhost -addext subjectAltName=DNS:localhost 2> /dev/null ||
		skip "no openssl here"
	server --tls cert key
	echo 'say(200, "safe\n")' > s/x
	run -1 stream-http https://localhost:$port/x
	[[ $output = *"the certificate of 'https://localhost:$port/x' is not to be trusted"*"--ca FILE"* ]]
	stream-http --ca cert https://localhost:$port/x > out
	is out <<< safe
	run -1 stream-http --ca cert https://127.0.0.1:$port/x
	[[ $output = *"is not to be trusted"* ]]
}

@test "a proxy comes from the environment" {
	server
	echo 'say(200, "by proxy\n")' > "s/http:"
	mkdir -p s/http:.d
	http_proxy=$url stream-http http://example.invalid/x > out 2> err || :
	grep -q 'http://example.invalid/x' s/log
}

@test "--every asks again, only for what is new" {
	server
	echo 'say(200, "a\nb", ETag="\"1\"", Last_Modified="Sat, 21 Nov 2026 08:00:00 GMT")' > s/x.1
	echo 'say(304)' > s/x.2
	echo 'say(200, "c\n", ETag="\"2\"")' > s/x.3
	echo 'say(304)' > s/x
	stream-http --every 20ms $url/x > out &
	wait_for has c
	wait_for eval '[ $(wc -l < s/log) -ge 5 ]'
	kill $!
	is out <<< $'a\nb\nc'
	asked | head -5 > got
	is got <<- 'END'
	GET /x
	GET /x if-modified-since: Sat, 21 Nov 2026 08:00:00 GMT if-none-match: "1"
	GET /x if-modified-since: Sat, 21 Nov 2026 08:00:00 GMT if-none-match: "1"
	GET /x if-none-match: "2"
	GET /x if-none-match: "2"
	END
}

@test "--split takes an answer apart, whatever lines it has" {
	server
	printf 'say(200, """{"time": 5,\n "states": [\n["a", 1],\n["b", null]]}""")' > s/x
	stream-http --every 1s --split '.time as $t | .states[] | {t: $t, id: .[0]}' --trigger available-now $url/x | strip > out
	is out <<< $'{"t":5,"id":"a"}\n{"t":5,"id":"b"}'
	echo 'say(200, "[1, [2]]")' > s/x
	stream-http --every 1s --split '.[]' --trigger available-now $url/x | strip > out
	is out <<< $'1\n[2]'
	echo 'say(200, "<html>")' > s/x
	stream-http --every 1s --split '.[]' --trigger available-now $url/x 2> err | strip > out
	[ ! -s out ]
	grep -q 'the answer is not JSON' err
	run -1 stream-http --on-error fail --every 1s --split '.[]' --trigger available-now $url/x
}

@test "--changed passes equal answers on only once" {
	server
	echo 'say(200, "a\n")' > s/x.1
	echo 'say(200, "a\n")' > s/x.2
	echo 'say(200, "b\n")' > s/x.3
	echo 'say(200, "a\n")' > s/x
	stream-http --every 10ms --changed $url/x > out &
	wait_for eval '[ $(wc -l < s/log) -ge 6 ]'
	kill $!
	is out <<< $'a\nb\na'
	: > out
	rm s/log
	stream-http --every 10ms $url/x > out &
	wait_for eval '[ $(wc -l < out) -ge 3 ]'
	kill $!
}

@test "an answer to a poll that is cut is not passed on, and asked for again" {
	server
	echo 'say(200, "a\n", Content_Length="9"); cut()' > s/x.1
	echo 'say(200, "a\nb\n")' > s/x
	stream-http --every 10s --trigger once $url/x 2> err | strip > out
	is out <<< $'a\nb'
	grep -q 'was cut off' err
	run -1 stream-http --every 10s --max-body 3 $url/x
	[[ $output = *"--max-body sets the limit"* ]]
}

@test "--timestamp makes records of text and time of arrival" {
	server
	echo 'open(); send("data: a \"b\"\n\n")' > s/x.1
	echo 'say(204)' > s/x
	echo 'say(200, "c\r\nd")' > s/y
	export BIEF_CLOCK=2026-11-21T08:00:00Z
	stream-http --sse --timestamp 'at"' $url/x > out
	stream-http --timestamp at $url/y >> out
	is out <<- 'END'
	{"value":"a \"b\"","at\"":"2026-11-21T08:00:00Z"}
	{"value":"c","at":"2026-11-21T08:00:00Z"}
	{"value":"d","at":"2026-11-21T08:00:00Z"}
	END
	run -2 stream-http --timestamp value $url/y
}

@test "SIGTERM ends it, also while it waits" {
	server
	echo 'open(); send("retry: 3600000\n\ndata: 1\n\n")' > s/x
	echo 'stall()' > s/y
	stream-http --sse $url/x > out &
	client=$!
	wait_for has 1
	kill $client
	wait $client
	stream-http $url/y > out &
	client=$!
	wait_for grep -q /y s/log
	kill -INT $client
	wait $client
	stream-http --sse --for 50ms $url/y
}

@test "a pipeline that is killed again and again has each event once" {
	server
	cat > s/x <<- 'END'
	last = int(h.headers.get("Last-Event-ID") or -1)
	open()
	for i in range(0, 6000, 100):
	    events(i, i + 100) if i + 100 > last else 0
	    time.sleep(0.01)
	wait("over")
	END
	pipeline() {
		stream-http --sse --checkpoint state --trigger 20ms $url/x 2> err |
			sink-files dir 2> err.sink
	}
	requests() {
		[ "$(wc -l < s/log)" -ge "$1" ]
	}
	local run=0
	for n in 700 2500 4100; do
		pipeline &
		# Those in front may have got all before they were killed.
		wait_for requests $((++run))
		wait_for eval "grep -qs '\"n\":$n}' dir/part-*.json"
		pkill -9 -P $! || :
		wait $! || :
	done
	pipeline &
	wait_for requests 4
	wait_for eval "grep -qs '\"n\":5999}' dir/part-*.json"
	pkill -TERM -x -P $! stream-http || :
	touch s/over
	wait $! || :
	jq -r 'select(.path).path' dir/_bief_log/0* | (cd dir && xargs cat) > out
	seq 0 5999 | sed 's/.*/{"n":&}/' | cmp - out
	asked | grep -c 'GET /x last-event-id: [0-9]' > got
	is got <<< 3
}

@test "a poll knows after a restart what it had" {
	server
	echo 'say(200, "a\n", ETag="\"1\"")' > s/x.1
	echo 'say(304) if h.headers.get("If-None-Match") == "\"1\"" else say(200, "again\n")' > s/x
	for i in 1 2; do
		stream-http --every 1s --trigger available-now --checkpoint state $url/x |
			parse-text | sink-files dir
	done
	cat dir/part-* > out
	is out <<< '{"value":"a"}'
}

@test "a stream that the server ends is gone on with, without a word" {
	server
	echo 'open(); send("retry: 1\n\n"); events(0, 2)' > s/x.1
	echo 'open(); events(0, 4)' > s/x.2
	echo 'say(204)' > s/x
	stream-http --sse $url/x > out 2> err
	seq 0 3 | sed 's/.*/{"n":&}/' | cmp - out
	[ ! -s err ]
}

@test "edits come by a relay to many clients, over drops of the server" {
	server
	cat > s/x <<- 'END'
	n = int(h.headers.get("Last-Event-ID") or -1) + 1
	open()
	send(":ok\n\nretry: 1\n\n")
	for i in range(n, min(n + 7, 20)):
	    send("event: message\nid: %d\ndata: {\"title\": \"P%d\", \"wiki\": \"%s\", \"type\": \"edit\", \"bot\": false, \"timestamp\": %d}\n\n"
	        % (i, i, "frwiki" if i % 3 else "dewiki", 1764403200 + 60 * i))
	wait("over") if n + 7 >= 20 else drop()
	END
	mkfifo ready
	stream-http --sse --event message $url/x 2> err |
		serve-lines - --port 0 --keep 20 --ready-fd 3 3> ready &
	read -r relay < ready
	wait_for grep -q 'last-event-id: 13' s/log
	stream-socket localhost:$relay |
		parse-json --schema 'title string, user string, bot boolean, timestamp long, wiki string' > a &
	stream-socket localhost:$relay |
		parse-json --schema 'timestamp timestamp, wiki string, type string' |
		filter '.wiki == "frwiki" and .type == "edit"' |
		window --on timestamp --size 1h --slide 5m | agg count > b &
	wait_for eval '[ $(wc -l < a) -eq 20 ]'
	touch s/over
	echo 'say(204)' > s/x
	wait_for eval '[ $(wc -l < b) -ge 12 ]'
	seq 0 19 | sed 's/.*/P&/' > want
	jq -r .title a | cmp - want
	[ "$(jq -s 'map(.count) | max' b)" -eq 13 ]
}
