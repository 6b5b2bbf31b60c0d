#!/usr/bin/env bats
# What needs no broker; tests/services/kafka.bats has the rest.

load lib

@test "brokers and topics are needed" {
	run -2 stream-kafka
	[ "$output" = "stream-kafka: expected brokers and topics: stream-kafka HOST:PORT[,HOST:PORT] TOPIC[,TOPIC]" ]
	run -2 stream-kafka localhost:9
	run -2 stream-kafka localhost:9 a b
	run -2 stream-kafka --pattern 'a.*' localhost:9 a
	run -2 stream-kafka --pattern 'a(' localhost:9
	[[ "$output" = "stream-kafka: --pattern: 'a(': "* ]]
}

@test "the names that options have elsewhere are told" {
	run -2 stream-kafka --topic a localhost:9
	[[ "$output" = *"topics are operands: stream-kafka BROKERS TOPIC,..."* ]]
	run -2 stream-kafka --starting-offsets earliest localhost:9 a
	[[ "$output" = *"that is --from"* ]]
}

@test "where to begin and to end is checked before anything is asked" {
	run -2 stream-kafka --from yesteryear localhost:9 a
	[ "$output" = "stream-kafka: --from: 'yesteryear' is none of 'earliest', 'latest', a time, and offsets such as {\"topic\":{\"0\":23}}" ]
	run -2 stream-kafka --to earliest localhost:9 a
	[ "$output" = "stream-kafka: --to: 'earliest' is none of 'latest', a time, and offsets such as {\"topic\":{\"0\":23}}" ]
	run -2 stream-kafka --to '{"a":{"0":-2}}' localhost:9 a
	[ "$output" = "stream-kafka: --to: '{\"a\":{\"0\":-2}}': partition 0 of topic 'a' has no offset: it is a number, -1 for the end" ]
	run -2 stream-kafka --from '{"a":{"x":1}}' localhost:9 a
	[ "$output" = "stream-kafka: --from: '{\"a\":{\"x\":1}}': 'x' is no number of a partition of topic 'a'" ]
	run -2 stream-kafka --from '{"a":7}' localhost:9 a
	run -2 stream-kafka --from '{"a"' localhost:9 a
	run -2 stream-kafka --max-records 0 localhost:9 a
	run -2 stream-kafka --value-only --headers localhost:9 a
}

@test "properties that librdkafka does not know, or that are ours, are refused" {
	run -2 stream-kafka -X no.such.thing=1 localhost:9 a
	[ "$output" = "stream-kafka: -X no.such.thing: No such configuration property: \"no.such.thing\"" ]
	run -2 stream-kafka -X group.id=1 localhost:9 a
	[ "$output" = "stream-kafka: -X: 'group.id' is for the program to set, see its page" ]
	run -2 stream-kafka -X linger localhost:9 a
	[ "$output" = "stream-kafka: -X: 'linger' is no property: write name=value, as in security.protocol=ssl" ]
	printf '# none\nno.such.thing=1\n' >conf
	run -2 stream-kafka --config conf localhost:9 a
	run -2 stream-kafka --config nowhere localhost:9 a
	[[ "$output" = *nowhere* ]]
}

@test "a broker that cannot be reached is told, and given up after --timeout" {
	run -1 timeout 60 stream-kafka --timeout 2s 127.0.0.1:9 a
	[[ "${lines[-1]}" = "stream-kafka: cannot learn what topics there are: no broker of '127.0.0.1:9' has answered for 2s: "*"Connection refused"*"(is one up, and the address right? --timeout tells how long to try)" ]]
}

@test "SIGTERM ends it while no broker answers" {
	stream-kafka 127.0.0.1:9 a 2>err &
	wait_for grep -q 'trying again for 1m' err
	kill $!
	wait $!
}

@test "a checkpoint is not spoiled by a run that has reached no broker" {
	run timeout 60 bash -c 'stream-kafka --value-only --from latest \
		--trigger 20ms --timeout 300ms --checkpoint ck 127.0.0.1:9 a |
		parse-text | sink-files out'
	[ "$status" -eq 1 ]
	[ -d ck/offsets ]
	run ! grep -r '"at"' ck/offsets
}

@test "it is planned without a broker: fields, and what is refused" {
	run -0 bief explain "stream-kafka --trigger 5s localhost:9 a | filter --sql 'partition = 1' | sink-table"
	run -2 bief explain "stream-kafka --trigger 5s localhost:9 a | filter --sql 'partitio = 1' | sink-table"
	[[ "$output" = *"partition"* ]]
	run -0 bief explain "stream-kafka --trigger 5s --headers localhost:9 a | pick headers | sink-kafka localhost:9 b"
}
