#!/usr/bin/env bats
# What needs no broker; tests/services/kafka.bats has the rest.

load lib

@test "brokers and a topic are needed" {
	run -2 sink-kafka
	[ "$output" = "sink-kafka: expected brokers and a topic: sink-kafka HOST:PORT[,HOST:PORT] TOPIC (which --topic-field may tell)" ]
	run -2 sink-kafka localhost:9
	run -2 sink-kafka localhost:9 a,b
	[ "$output" = "sink-kafka: 'a,b' is no name of a topic: one at a time, or --topic-field" ]
}

@test "properties that would break what is promised are refused" {
	run -2 sink-kafka -X transactional.id=x localhost:9 a </dev/null
	[ "$output" = "sink-kafka: -X: 'transactional.id' is for the program to set, see its page" ]
	run -2 sink-kafka -X acks=0 localhost:9 a </dev/null
	[[ "$output" = "sink-kafka: cannot use these properties of librdkafka: "* ]]
}

@test "a field that is not there is refused before anything is asked" {
	run -2 bief explain "stream-kafka --trigger 5s localhost:9 a | sink-kafka --key kee localhost:9 b"
	[[ "$output" = *"no field 'kee' (did you mean 'key'?)"* ]]
}

@test "a broker that cannot be reached is told, and given up after --timeout" {
	echo '{"a":1}' >in
	run -1 timeout 60 sink-kafka --timeout 2s 127.0.0.1:9 a <in
	[[ "${lines[-1]}" = "sink-kafka: cannot write to topic 'a': no broker of '127.0.0.1:9' has answered for 2s: "*"Connection refused"* ]]
	run -1 timeout 60 bief run 'stream-files --checkpoint ck in | sink-kafka --timeout 300ms 127.0.0.1:9 a'
}

@test "SIGTERM ends it while no broker answers" {
	sink-kafka 127.0.0.1:9 a </dev/null 2>err &
	wait_for grep -q 'trying again for 1m' err
	kill $!
	wait $! || status=$?
	[ "$status" -eq 1 ]
	grep -q "^sink-kafka: stopped, and could not write to topic 'a': " err
}
