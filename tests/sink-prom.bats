#!/usr/bin/env bats
# sink-prom: metrics of Prometheus; the Pushgateway is in services/prom.bats.

load lib

# Without the batch's own metrics.
metrics() {
	grep -v 'bief_batch' "$@"
}

# get PORT PATH [METHOD]: what a server answers.
get() {
	printf '%s %s HTTP/1.1\r\nHost: x\r\n\r\n' "${3:-GET}" "$2" |
		socat -t 10 - "TCP:127.0.0.1:$1" | tr -d '\r'
}

@test "without a target the text of each batch is printed" {
	printf '{"c":"%s","n":%d}\n' FR 1 DE 2 | BIEF_CLOCK=2026-11-21T08:00:00Z \
		sink-prom --metric flights --value n --label country=c --help-text 'Say "how" many\ever' >out
	is out <<-'END'
	# HELP flights Say "how" many\\ever
	# TYPE flights gauge
	flights{country="FR"} 1
	flights{country="DE"} 2
	# HELP bief_batch_id Number of the newest batch.
	# TYPE bief_batch_id gauge
	bief_batch_id{metric="flights"} 0
	# HELP bief_batch_time_seconds When the newest batch began, since 1970.
	# TYPE bief_batch_time_seconds gauge
	bief_batch_time_seconds{metric="flights"} 1795248000
	END
}

@test "values are numbers, booleans and times, and what JSON has no number for" {
	printf '{"l":%d,"v":%s}\n' 1 7 2 7.5 3 true 4 '"2026-01-01T00:00:00.5Z"' 5 '"NaN"' \
		6 '"Infinity"' 7 '"-Infinity"' 8 null 9 1e22 10 12345678901234567890 |
		sink-prom --metric m --value v --label l | metrics >out
	is out <<-'END'
	# HELP m Field v of a stream.
	# TYPE m gauge
	m{l="1"} 7
	m{l="2"} 7.5
	m{l="3"} 1
	m{l="4"} 1767225600.5
	m{l="5"} NaN
	m{l="6"} +Inf
	m{l="7"} -Inf
	m{l="9"} 1e+22
	m{l="10"} 1.2345678901234567e+19
	END
}

@test "labels are escaped, null and missing ones are empty" {
	printf '%s\n' '{"a":"x\"y\\z\nq","n":1}' '{"a":null,"n":2}' '{"n":3,"b":[1,{"c":"d"}]}' |
		sink-prom --metric m --value n --label a,b 2>/dev/null | metrics >out
	is out <<-'END'
	# HELP m Field n of a stream.
	# TYPE m gauge
	m{a="x\"y\\z\nq",b=""} 1
	m{a="",b=""} 2
	m{a="",b="[1,{\"c\":\"d\"}]"} 3
	END
}

@test "of several rows with the same labels the last one counts, and this is said" {
	printf '{"l":"a","n":%d}\n' 1 2 3 | sink-prom --metric m --value n --label l 2>err | metrics >out
	tail -1 out >last
	is last <<<'m{l="a"} 3'
	is err <<<'sink-prom: 2 records of a batch have the labels of another one: of these the last counts (a further --label may tell them apart)'
}

@test "a value that is no number is refused, and so is a counter below 0" {
	run -1 sink-prom --metric m --value n < <(printf '{"n":"7"}\n')
	[ "$output" = "sink-prom: line 1: field 'n' is no number (--on-error skip goes on)" ]
	run -1 sink-prom --metric m_total --value n --type counter < <(printf '{"n":-1}\n')
	[ "$output" = "sink-prom: line 1: field 'n' is below 0, which a counter never is (--on-error skip goes on)" ]
}

@test "several metrics have a value each" {
	printf '{"n":1,"x":2}\n' | sink-prom --metric a --value n --metric b --value x --help-text A | metrics >out
	is out <<-'END'
	# HELP a A
	# TYPE a gauge
	a 1
	# HELP b Field x of a stream.
	# TYPE b gauge
	b 2
	END
}

@test "a complete result replaces all, of an updated one the rest stays, null takes away" {
	printf '{"k":"%s"}\n' a b b >in
	agg --mode complete --by k count --batch 1 <in | filter '.k != "a" or .count > 1' |
		sink-prom --metric m --value count --label k --textfile x.prom
	metrics x.prom | tail -n +3 >out
	is out <<<'m{k="b"} 2'
	agg --mode update --by k count --batch 1 <in | sink-prom --metric m --value count --label k --textfile x.prom
	metrics x.prom | tail -n +3 >out
	is out < <(printf '%s\n' 'm{k="a"} 1' 'm{k="b"} 2')
	printf '%s\n' '{"k":"a","n":1}' '{"k":"b","n":2}' '{"k":"a","n":null}' |
		sink-prom --batch 1 --metric m --value n --label k --textfile x.prom
	metrics x.prom | tail -n +3 >out
	is out <<<'m{k="b"} 2'
}

@test "bad names are refused with a better one" {
	run -2 sink-prom --metric flights-in.air --value n </dev/null
	[[ "$output" == *"'flights-in.air' is no name of a metric: "*": say flights_in_air" ]]
	run -2 sink-prom --metric 2fast --value n </dev/null
	[[ "$output" == *": say _2fast" ]]
	run -2 sink-prom --metric m --value n --label origin.country </dev/null
	[[ "$output" == *"'origin.country' is no name of a label: "*": say origin_country=origin.country" ]]
	run -2 sink-prom --metric m --value n --label __x=a </dev/null
	[[ "$output" == *": say _x=a" ]]
	run -2 sink-prom --metric flights --value n --type counter </dev/null
	[[ "$output" == *"the name of a counter ends in _total: say flights_total" ]]
	run -2 sink-prom --metric m --value n --label a=x,a=y </dev/null
	[[ "$output" == *"'a' stands there twice" ]]
}

@test "options that do not fit together are refused" {
	run -2 sink-prom --metric m </dev/null
	[[ "$output" == *"expected --metric NAME --value FIELD, as many of one as of the other" ]]
	run -2 sink-prom --metric m --value n --push http://localhost:1 </dev/null
	[[ "$output" == *"--push URL needs --job NAME" ]]
	run -2 sink-prom --metric m --value n --delete-on-exit </dev/null
	[[ "$output" == *"are for --push" ]]
	run -2 sink-prom --metric m --value n --push x --job j --label job </dev/null
	[[ "$output" == *"say job_name=job" ]]
	run -2 sink-prom --metric m --value n --push x --job j --group job=x </dev/null
	[[ "$output" == *"'job=x' is no NAME=VALUE"* ]]
	run -2 sink-prom --metric m --value n --listen nowhere </dev/null
	[[ "$output" == *"--listen: 'nowhere' is no address"* ]]
}

@test "a gateway that is not there is an error that names it" {
	run -1 sink-prom --metric m --value n --push http://127.0.0.1:1 --job j < <(printf '{"n":1}\n')
	[[ "$output" == "sink-prom: batch 0: cannot push to 'http://127.0.0.1:1': Failed to connect"* ]] ||
		[[ "$output" == *"libcurl.so.4, which is not installed"* ]]
}

@test "no message has the password of a gateway" {
	run -1 sink-prom --metric m --value n --push http://user:geheim@127.0.0.1:1/@x --job j < <(printf '{"n":1}\n')
	[[ "$output" == "sink-prom: batch 0: cannot push to 'http://127.0.0.1:1/@x': "* ]]
}

@test "a gateway that stalls holds up nobody who is told to stop" {
	mkdir -p s/metrics/job
	echo 'stall()' >s/metrics/job/j
	mkfifo port
	"$TOP/tests/http-server" s >port &
	read -r port <port
	printf '{"n":1}\n' >in
	sink-prom --metric m --value n --push "http://127.0.0.1:$port" --job j <in 2>err &
	local pid=$!
	wait_for grep -q PUT s/log
	kill -INT $pid
	local status=0
	wait $pid || status=$?
	[ "$status" = 1 ]
	grep -q ': stopped before it had answered$' err
}

@test "a textfile is replaced whole, and its directory must be there" {
	mkdir d
	printf '{"n":%d}\n' 1 2 | sink-prom --batch 1 --metric m --value n --textfile d/x.prom --verbose 2>err
	[ "$(ls -A d)" = x.prom ]
	is err <<-'END'
	sink-prom: batch 0: 1 values, written to d/x.prom
	sink-prom: batch 1: 1 values, written to d/x.prom
	END
	run -1 sink-prom --metric m --value n --textfile no/x.prom < <(printf '{"n":1}\n')
	[ "$output" = "sink-prom: cannot write 'no/x.prom': No such file or directory" ]
}

@test "served metrics are those of the newest batch, over HTTP" {
	mkfifo in
	sink-prom --batch 1 --metric m --value n --listen 127.0.0.1:0 --ready-fd 3 <in 2>err 3>at &
	exec 9>in
	wait_for grep -q 'listening on port' err
	port=$(sed 's/.* //' err)
	is at <<<"$port"
	echo '{"n":7}' >&9
	wait_for bash -c "$(declare -f get); get $port /metrics | grep '^m 7$'"
	get "$port" '/metrics?x=1' >out
	[ "$(head -1 out)" = 'HTTP/1.1 200 OK' ]
	grep -q '^Content-Type: text/plain; version=0.0.4; charset=utf-8$' out
	get "$port" /metrics HEAD >out
	run ! grep '^m 7' out
	get "$port" /other >out
	[ "$(head -1 out)" = 'HTTP/1.1 404 Not Found' ]
	get "$port" /metrics POST >out
	[ "$(head -1 out)" = 'HTTP/1.1 405 Method Not Allowed' ]
	# who connects and says nothing holds nobody up
	exec 7<>"/dev/tcp/127.0.0.1/$port"
	get "$port" / | grep -q '^m 7$'
	exec 7>&- 9>&-
	wait $!
}
