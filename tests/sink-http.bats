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

# The bodies that were posted; the keys of the requests.
bodies() {
	jq -r 'select(.[0] == "POST") | .[-1]' s/log
}
keys() {
	jq -r '.[] | select(startswith("idempotency-key"))' s/log
}

records() {
	seq "$@" | sed 's/.*/{"a":&}/'
}

@test "all records of the input are the lines of one request" {
	server
	echo 'say(200)' > s/x
	records 3 | sink-http $url/x
	bodies > got
	records 3 > want
	echo >> want
	is got < want
	grep -q 'content-type: application/x-ndjson' s/log
	[ "$(wc -l < s/log)" -eq 1 ]
	: | sink-http $url/x
	[ "$(wc -l < s/log)" -eq 1 ]
}

@test "--each posts every record by itself, in their order" {
	server
	echo 'say(201)' > s/x
	records 3 | sink-http --each $url/x
	bodies > got
	records 3 | cmp - got
	grep -q 'content-type: application/json' s/log
	[ "$(keys | sort -u | wc -l)" -eq 3 ]
}

@test "--format array makes one array of the records" {
	server
	echo 'say(204)' > s/x
	records 3 | sink-http --format array --content-type application/vnd.x+json $url/x
	bodies > got
	is got <<< $'[{"a":1},{"a":2},{"a":3}]\n'
	grep -q 'content-type: application/vnd.x+json' s/log
}

@test "a batch is a request, and an empty one is none" {
	server
	echo 'say(200)' > s/x
	records 4 > f
	stream-files f --checkpoint state --max-records 2 --trigger available-now |
		sink-http $url/x
	bodies | grep -c . > got
	is got <<< 4
	keys > got
	[ "$(sort -u got | wc -l)" -eq "$(wc -l < got)" ]
	grep -qE '^idempotency-key: "[^" ]*-0-0"$' got
}

@test "--max-records and --max-bytes part what is too much for one request" {
	server
	echo 'say(200)' > s/x
	records 5 | sink-http --max-records 2 $url/x
	jq -c '[.[-1] | split("\n")[] | select(. != "")] | length' s/log > got
	is got <<< $'2\n2\n1'
	rm s/log
	records 5 | sink-http --max-bytes 17 $url/x
	jq -c '[.[-1] | split("\n")[] | select(. != "")] | length' s/log > got
	is got <<< $'2\n2\n1'
}

@test "without batches a record waits no longer than --linger" {
	server
	echo 'say(200)' > s/x
	mkfifo in
	sink-http --linger 50ms $url/x < in &
	client=$!
	exec 5> in
	echo '{"a":1}' >&5
	wait_for grep -q '"a' s/log
	exec 5>&-
	wait $client
}

@test "5xx, 429 and a broken connection are tried again, under the same key" {
	server
	echo 'say(503, "busy")' > s/x.1
	echo 'drop()' > s/x.2
	echo 'say(429, Retry_After="2")' > s/x.3
	echo 'say(200)' > s/x
	before=$(date +%s%N)
	records 1 | sink-http $url/x 2> err
	[ $(($(date +%s%N) - before)) -ge 2000000000 ]
	[ "$(keys | wc -l)" -eq 4 ]
	[ "$(keys | sort -u | wc -l)" -eq 1 ]
	is err <<- END
	sink-http: '$url/x' answers with status 503: busy: trying again
	sink-http: '$url/x' accepts again
	END
}

@test "there are no more tries than --retries tells" {
	server
	echo 'say(500)' > s/x
	records 1 > f
	run -1 sink-http --retries 1 $url/x < f
	[[ $output = *"answers with status 500 (given up after 1 tries more, see --retries)" ]]
	[ "$(wc -l < s/log)" -eq 2 ]
	echo 'stall()' > s/y
	run -1 sink-http --retries 0 --timeout 100ms $url/y < f
	[[ $output = *"has sent nothing for 0.1 s (--timeout)"* ]]
	kill $server
	wait $server || :
	run -1 sink-http --retries 0 $url/x < f
	[[ $output = *"cannot connect to '$url/x': Connection refused"* ]]
}

@test "4xx is the end at once, with the first line of the body" {
	server
	echo 'say(422, "field a: too small\nmore")' > s/x
	echo '{"a":1}' > f
	run -1 sink-http $url/x < f
	[ "$output" = "sink-http: '$url/x' answers with status 422: field a: too small" ]
	[ "$(wc -l < s/log)" -eq 1 ]
}

@test "of a page of HTML the title is told, of JSON all" {
	server
	echo 'say(404, "<!DOCTYPE HTML>\n<html><head>\n<TITLE>Not\n here</TITLE>")' > s/page
	echo 'say(400, "<p>no title")' > s/bare
	printf '%s\n' 'say(400, """{' '  "error": "too small"' '}""")' > s/json
	echo 'say(501, "never")' > s/never
	echo '{"a":1}' > f
	for x in page bare json never; do
		run -1 sink-http $url/$x < f
		echo "${output#*/$x\' }" >> told
	done
	is told <<-'END'
	answers with status 404: Not here
	answers with status 400
	answers with status 400: { "error": "too small" }
	answers with status 501: never
	END
}

@test "--each with --on-error skip leaves out a record that the server refuses" {
	server
	echo 'say(400, "no") if "2" in h.body else say(200)' > s/x
	records 3 | sink-http --each --on-error skip --rejects rejects $url/x 2> err
	bodies > got
	records 3 | cmp - got
	grep -q '"a\\":2' rejects || grep -q '{"a":2}' rejects
	grep -q "answers with status 400: no" err
	echo 'say(401, "who are you")' > s/y
	records 1 > f
	run -1 sink-http --each --on-error skip $url/y < f
}

@test "a redirect that keeps the request is followed, any other is told" {
	server
	echo 'say(307, Location="/y")' > s/x
	echo 'say(302, Location="/y")' > s/z
	echo 'say(200)' > s/y
	records 1 > f
	sink-http $url/x < f
	jq -r '.[1]' s/log > got
	is got <<< $'/x\n/y'
	run -1 sink-http $url/z < f
	[[ $output = *"has moved (302) to '$url/y': give that URL"* ]]
}

@test "after a kill what was not committed comes again under the same keys" {
	server
	cat > s/x <<- 'END'
	wait("go") if turn == 3 else 0
	say(200)
	END
	records 40 > f
	pipeline() {
		stream-files f --checkpoint state --max-records 10 --trigger available-now |
			sink-http --max-records 4 $url/x
	}
	pipeline 2> err &
	wait_for eval '[ $(wc -l < s/log) -ge 3 ]'
	pkill -9 -P $! || :
	wait $! || :
	touch s/go
	pipeline
	# By key each request is there once, and all records in their order.
	jq -rs 'unique_by([.[] | select(startswith("idempotency-key"))]) | length' s/log > got
	is got <<< 12
	jq -rs 'reduce .[] as $r ({}; .[$r[] | select(startswith("idempotency-key"))] = $r[-1]) | to_entries | sort_by(.key) | .[].value' s/log | grep . | sort -t: -k2n > out
	cmp out f
	jq -rs 'group_by([.[] | select(startswith("idempotency-key"))]) | map(map(.[-1]) | unique | length) | unique[]' s/log > got
	is got <<< 1
}

@test "a signal ends the pause before another try" {
	server
	echo 'say(503, Retry_After="3600")' > s/x
	records 1 > f
	sink-http $url/x < f 2> err &
	client=$!
	wait_for grep -q 'trying again' err
	kill $client
	status=0
	wait $client || status=$?
	[ $status -eq 1 ]
	echo 'stall()' > s/y
	sink-http $url/y < f 2> err2 &
	client=$!
	wait_for grep -q /y s/log
	kill $client
	status=0
	wait $client || status=$?
	[ $status -eq 1 ]
	grep -q "stopped before '$url/x' had accepted a request" err
}

@test "what cannot work is refused" {
	run -2 sink-http
	run -2 sink-http nowhere
	run -2 sink-http --each --format array http://127.0.0.1/
	run -2 sink-http --content-type json http://127.0.0.1/
	run -2 sink-http --headers nowhere http://127.0.0.1/
}
