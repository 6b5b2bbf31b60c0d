#!/usr/bin/env bats
# sink-prom beside a real Pushgateway and promtool.

load ../lib

setup_file() {
	# Some stop the server.
	export BATS_NO_PARALLELIZE_WITHIN_FILE=true
	export DIR=$BATS_FILE_TMPDIR/prom
	PORT=$("$BATS_TEST_DIRNAME/prom" start "$DIR" </dev/null 3>&-) ||
		without "no Prometheus here"
	export PORT
}

teardown_file() {
	"$BATS_TEST_DIRNAME/prom" stop "$DIR" 3>&- || true
}

setup() {
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	PATH=${BIEF_BIN:-$TOP/bin}:$PATH
	enter
	AT=http://127.0.0.1:$PORT
	JOB=job$BATS_TEST_NUMBER
}

pushed() { # pushed [JOB]: what the gateway has of it, without its own
	curl -s "$AT/metrics" | grep "job=\"${1:-$JOB}\"" |
		grep -v '^push_\|bief_batch_time' | sort
}

flights() { # flights: three batches of arrivals per country
	printf '{"country":"%s","n":1}\n' FR DE FR |
		agg --mode "$1" --by country count --batch 1
}

@test "E46 a gauge with a label is pushed after each batch, and the gateway knows which one" {
	flights complete |
		sink-prom --metric flights --value count --label country --push "$AT" --job "$JOB" --verbose 2>err
	pushed >out
	is out <<-E
	bief_batch_id{instance="",job="$JOB",metric="flights"} 2
	flights{country="DE",instance="",job="$JOB"} 1
	flights{country="FR",instance="",job="$JOB"} 2
	E
	is err <<-E
	sink-prom: batch 0: 1 values, pushed to $AT
	sink-prom: batch 1: 2 values, pushed to $AT
	sink-prom: batch 2: 2 values, pushed to $AT
	E
}

@test "in mode update what has not changed stays" {
	flights update |
		sink-prom --metric flights --value count --label country --push "$AT/" --job "$JOB"
	pushed | grep '^flights{' >out
	is out <<-E
	flights{country="DE",instance="",job="$JOB"} 1
	flights{country="FR",instance="",job="$JOB"} 2
	E
}

@test "hostile labels, groups and jobs arrive as they are" {
	printf '%s\n' '{"c":"a\"b\\c\nd","n":1}' |
		sink-prom --metric m --value n --label c --push "$AT" \
			--job 'a/b c' --group 'instance=x y%' --group zone=
	pushed 'a/b c' | grep '^m{' >out
	is out <<'END'
m{c="a\"b\\c\nd",instance="x y%",job="a/b c",zone=""} 1
END
}

@test "with --delete-on-exit the gateway forgets them" {
	printf '{"n":1}\n' | sink-prom --metric m --value n --push "$AT" --job "$JOB" --delete-on-exit
	pushed >out
	is out </dev/null
}

@test "what is written passes promtool" {
	printf '%s\n' '{"c":"a\"b\\c\nd","n":1,"t":"2026-01-02T03:04:05Z"}' \
		'{"c":null,"n":"NaN"}' '{"c":"x","n":"-Infinity"}' '{"n":1e300}' |
		sink-prom --metric flights --value n --metric seen_seconds --value t \
			--label country=c --help-text 'Say "how" many\ever' >out
	promtool check metrics <out
	printf '{"n":1}\n' | sink-prom --metric a_total --value n --type counter >out
	promtool check metrics <out
}

@test "a gateway that is not there fails the batch, one that comes in time does not" {
	"$BATS_TEST_DIRNAME/prom" stop "$DIR" 3>&-
	wait_for bash -c "! curl -s $AT/-/ready"
	run -1 sink-prom --metric m --value n --push "$AT" --job "$JOB" < <(printf '{"n":1}\n')
	[[ "$output" == "sink-prom: batch 0: cannot push to '$AT': Failed to connect to 127.0.0.1 port $PORT"* ]]
	sink-prom --metric m --value n --push "$AT" --job "$JOB" --retry 20 < <(printf '{"n":1}\n') 2>err &
	wait_for grep -q 'trying again' err
	"$BATS_TEST_DIRNAME/prom" start "$DIR" 3>&- >/dev/null
	wait $!
	pushed | grep -q '^m{'
}

@test "what the gateway refuses is said in its words" {
	run -1 sink-prom --metric same --value n --push "$AT/no" --job "$JOB" < <(printf '{"n":1}\n')
	[[ "$output" == *"cannot push to '$AT/no': it answered with status 404"* ]]
}
