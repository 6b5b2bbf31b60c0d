#!/usr/bin/env bats
# The jobs that bief was born for, as a student would type them.  Where the
# folder of real data is there they are compared with Spark's answers; what
# needs no more than small data runs without it.

load lib

# answer NAME: standard input against Spark's answer, as sorted JSON values.
answer() {
	local spark=("$SHARED"/golden/exercises/"$1"*.jsonl)
	python3 "$BATS_TEST_DIRNAME/cases/rows" "${2:-any}" "${spark[0]}" /dev/stdin
}

iot() { # the server's file, as the courses have it
	zcat "$SHARED/data/iot/ensai-lab/iot20210426-205348.jsonl.gz"
}
flights() {
	stream-files "$SHARED"/data/opensky/derived-flights-departure-{LFPG-2022-12-01,LFPG-2023-01-23,EDDF-2023-07-04}.jsonl
}
SENSORS='Arrival_Time bigint, Creation_Time bigint, Device string, Index bigint, Model string, User string, gt string, x double, y double, z double'

# Play standard input from a port, once; $PORT tells which.
serve() {
	rm -f ready
	mkfifo ready
	cat >served
	serve-lines served --port 0 --once --ready-fd 3 "$@" 3>ready &
	read -r PORT <ready
	PORT=${PORT##*:}
}

# Wikimedia's server of events: each with an id, dropped in the middle, gone on
# with behind Last-Event-ID, and at the end told to be over.  $WIKI is its URL.
wikimedia() {
	mkdir -p s
	cat >s/edits <<-END
	import gzip, json
	after = int(h.headers.get('Last-Event-ID') or -1)
	lines = gzip.open('$SHARED/data/wikimedia/recentchange-2023-01-25.jsonl.gz').read().splitlines()
	if after == len(lines) - 1:
	    say(204)
	else:
	    open()
	    send(':ok\n\nretry: 10\n\n')
	    for i in range(after + 1, len(lines)):
	        send(b'event: message\nid: %d\ndata: %s\n\n' % (i, lines[i]))
	        if i % 5000 == 4999:
	            cut()
	END
	mkfifo port
	"$TOP/tests/http-server" s >port &
	read -r PORT <port
	WIKI=http://127.0.0.1:$PORT/edits
}

events() {
	bief sample events in --files 5 --count 1000
}

@test "E1 see what is there, without a schema" {
	events
	run -0 bash -c 'stream-files in | head -2'
	[ "${#lines[@]}" -eq 2 ]
	run -0 parse-json --infer in/file-0.json
	[ "$output" = "time bigint, action string" ]
}

@test "E2 count by action and hour, all files at once" {
	shared
	stream-files "$SHARED/data/events" |
		parse-json --schema 'time timestamp, action string' |
		window --on time --size 1h |
		agg --by action count | answer e02
}

@test "E3 from the result table: total by action" {
	shared
	stream-files "$SHARED/data/events" |
		parse-json --schema 'time timestamp, action string' |
		window --on time --size 1h | agg --by action count |
		sink-table --db e.db --table counts --mode complete
	sqlite3 -json e.db 'select action, sum(count) total_count from counts group by 1' |
		jq -c '.[]' | answer e03
}

@test "E4 the timeline" {
	shared
	stream-files "$SHARED/data/events" |
		parse-json --schema 'time timestamp, action string' |
		window --on time --size 1h | agg --by action count |
		order --by window_end,action |
		derive --sql "time = date_format(window_end, 'MMM-dd HH:mm')" |
		pick action,time,count | answer e04
}

@test "E5 one file per batch: the table is always the answer for the first n files" {
	events
	for n in 1 2 3 4 5; do
		# shellcheck disable=SC2046
		stream-files $(printf 'in/file-%d.json ' $(seq 0 $((n - 1)))) |
			parse-json --schema 'time timestamp, action string' |
			window --on time --size 1h | agg --by action count >"first-$n"
	done
	stream-files in --trigger available-now --max-files 1 |
		parse-json --schema 'time timestamp, action string' |
		window --on time --size 1h |
		agg --by action count --mode complete >stream
	for n in 1 2 3 4 5; do
		awk -v n=$((n - 1)) '/"#bief":{"begin":/ { on = index($0, "\"begin\":" n ",") }
			/#bief/ { next } on' stream | cmp - "first-$n"
	done
}

@test "E6 totals by action from that table, again and again" {
	events
	stream-files in --trigger available-now --max-files 1 |
		parse-json --schema 'time timestamp, action string' |
		window --on time --size 1h | agg --by action count --mode complete |
		sink-table --db e.db --table counts
	run -0 sqlite3 e.db 'select sum(count) from counts'
	[ "$output" = 1000 ]
}

@test "E7 stop the query from another terminal; see that it has stopped" {
	export BIEF_STATUS=$PWD/run
	events
	stream-files --trigger 50ms --name counts in |
		parse-json --schema 'time timestamp, action string' |
		agg --by action count --mode complete |
		sink-table --db e.db --table counts &
	wait_for bash -c '[ "$(sqlite3 e.db "select sum(count) from counts")" = 1000 ]'
	wait_for bash -c 'bief ps | grep -q "^counts "'
	bief stop counts
	wait $!
	run -1 bief ps
}

@test "E8 window start, action, count, ordered by both" {
	shared
	stream-files "$SHARED/data/events" |
		parse-json --schema 'time timestamp, action string' |
		window --on time --size 1h | agg --by action count |
		pick start=window_start,action,count |
		order --by start,action | answer e08 ordered
}

@test "E9 with a watermark and a checkpoint, killed and started again" {
	events
	mkdir all
	local p="parse-json --schema 'time timestamp, action string' |
		window --on time --size 1h --watermark 2h |
		agg --by action count --mode complete"
	bief run "stream-files in | $p | sink-table --db want.db --table counts"
	mv in/file-[34].json all
	bief run "stream-files --trigger 10ms --checkpoint ck in | $p |
		sink-table --db e.db --table counts" &
	# The first three files are in the table; then it dies, and two more come.
	wait_for bash -c '[ "$(sqlite3 e.db "select sum(count) from counts")" = 600 ]'
	kill -9 $!
	wait $! || true
	mv all/* in
	bief run "stream-files --checkpoint ck in | $p |
		sink-table --db e.db --table counts"
	sqlite3 want.db 'select * from counts order by 1, 3' >want
	sqlite3 e.db 'select * from counts order by 1, 3' >got
	cmp want got
}

@test "E10 list the running pipelines by name and id; stop them all" {
	export BIEF_STATUS=$PWD/run
	events
	for name in first second; do
		stream-files --trigger 50ms --name "$name" in | agg count >"$name" &
	done
	wait_for bash -c '[ "$(bief ps | grep -cE "^(first|second) [0-9]+:")" = 2 ]'
	bief stop --all
	tail -qn 1 first second | is <(printf '{"#bief":{"eof":1}}\n%.0s' 1 2)
	run -1 bief ps
}

@test "E11 in append mode each window comes once, when the watermark has passed it" {
	events
	stream-files in --trigger available-now --max-files 1 |
		parse-json --schema 'time timestamp, action string' |
		window --on time --size 1m --watermark 2m |
		agg --by action count --mode append >out
	jq -r 'select(.action) | .window_start + .action' out | sort >shown
	[ "$(wc -l <shown)" -gt 20 ]
	run -0 uniq -d shown
	[ -z "$output" ]
	awk -F'"' '/^{"window_start"/ { open[++n] = $8; next }
		/"#bief":{"end"/ { for (i = 1; i <= n; i++) if (open[i] > $8) exit 1
			n = 0 }' out
}

@test "E47 two queries on one stream, one complete, one update, both to the console" {
	events
	stream-files in --trigger available-now --max-files 1 |
		parse-json --schema 'time timestamp, action string' |
		tee >(agg --by action count --mode complete |
			sink-table --name complete >complete) |
		agg --by action count --mode update | sink-table --name update >update
	wait_for grep -q 'Batch: 4' complete
	grep -c '^Batch: ' update | is <(echo 5)
	run -0 tail -5 update
	wait_for bash -c '[ "$(grep -c "^Batch: " complete)" = 5 ]'
}

@test "E12 connect, show raw lines untruncated" {
	serve < <(seq 1 5 | sed 's/.*/{"n":&}/')
	stream-socket "127.0.0.1:$PORT" | parse-text |
		sink-table --no-truncate >shown
	grep -qx '|{"n":5}|' shown
}

@test "E13 the schema of what arrives: one string, value" {
	run -0 bief explain 'stream-socket 127.0.0.1:9999 | parse-text | sink-table'
	[[ $output == *"value string"* ]]
}

@test "E14 apply a schema of 10 fields, show the table" {
	shared
	serve < <(iot | head -20)
	stream-socket "127.0.0.1:$PORT" | parse-json --schema "$SENSORS" |
		sink-table >shown
	[ "$(grep -c '|' shown)" -eq 21 ]
}

@test "E15 keep it in a table and query it with SQL" {
	shared
	serve < <(iot | head -50)
	stream-socket "127.0.0.1:$PORT" --trigger 1s |
		parse-json --schema "$SENSORS" |
		sink-table --db s.db --table sensors --mode append &
	wait_for sh -c '[ "$(sqlite3 s.db "select count(*) from sensors")" = 50 ]'
	wait
}

@test "E16 count the records in error" {
	shared
	iot | parse-json --schema "$SENSORS" |
		derive --sql 'error = Device is null and Index is null and Model is null and User is null and gt is null' |
		agg --by error count | answer e16
}

@test "E17 and E18 drop records with nulls and count errors again" {
	shared
	iot | parse-json --schema "$SENSORS" | drop-null |
		derive --sql 'error = Device is null and Index is null and Model is null and User is null and gt is null' |
		agg --by error count | answer e18
	[ "$(iot | parse-json --schema "$SENSORS" | drop-null --how all | wc -l)" -eq 10000 ]
	[ "$(iot | parse-json --schema "$SENSORS" | drop-null gt User | wc -l)" -eq 9805 ]
}

@test "E19 count by activity" {
	shared
	iot | parse-json --schema "$SENSORS" | drop-null |
		agg --by gt count | answer e19
}

@test "E21 only activities like stairs, under the names of the query" {
	shared
	iot | parse-json --schema "$SENSORS" | drop-null |
		filter --sql "gt LIKE '%stairs%'" |
		pick gt,model=Model,arrival_time=Arrival_Time,creation_time=Creation_Time | answer e21
}

@test "E22 cube over activity and model" {
	shared
	iot | parse-json --schema "$SENSORS" | drop-null |
		agg --by gt,Model --cube avg:x avg:y avg:z |
		pick gt,model=Model,'avg(x),avg(y),avg(z)' | answer e22
}

@test "E23 nanoseconds to event time" {
	shared
	iot | parse-json --schema "$SENSORS" | drop-null |
		derive --sql 'event_time = cast(cast(Creation_Time as double)/1000000000 as timestamp)' |
		pick Creation_Time,event_time | answer e23
}

@test "E24 and E25 count per 5 s, and per 10 s every 5 s" {
	shared
	iot | parse-json --schema "$SENSORS" | drop-null |
		window --on Creation_Time --unit ns --size 5s | agg count | answer e24
	iot | parse-json --schema "$SENSORS" | drop-null |
		window --on Creation_Time --unit ns --size 10s --slide 5s |
		agg count | answer e25
}

@test "E26 join with the users table, without the measures" {
	shared
	cp "$SHARED/data/users/données utilisateurs.csv" users.csv
	iot | parse-json --schema "$SENSORS" | drop-null |
		join-static users.csv --sep ';' --header --on User |
		pick User,Device,Model,gt,FirstName,LastName | answer e26
}

@test "E27 and E28 count per user with names, joined before or after" {
	shared
	cp "$SHARED/data/users/données utilisateurs.csv" users.csv
	iot | parse-json --schema "$SENSORS" | drop-null |
		join-static users.csv --sep ';' --header --on User |
		agg --by User,FirstName,LastName count | answer e27
	iot | parse-json --schema "$SENSORS" | drop-null | agg --by User count |
		join-static users.csv --sep ';' --header --on User | answer e28
}

@test "E29 title, user, bot, time and wiki of each edit" {
	shared
	stream-files "$SHARED/data/wikimedia/recentchange-2023-01-25.jsonl.gz" |
		parse-json --schema 'title string, user string, bot boolean, timestamp timestamp, wiki string' |
		answer e29
}

@test "E30 changes per wiki since the start" {
	shared
	stream-files "$SHARED/data/wikimedia/recentchange-2023-01-25.jsonl.gz" |
		parse-json --schema 'wiki string' | agg --by wiki count | answer e30
}

@test "E31 edits of frwiki in a sliding window" {
	shared
	stream-files "$SHARED/data/wikimedia/recentchange-2023-01-25.jsonl.gz" |
		parse-json --schema 'wiki string, type string, timestamp timestamp' |
		filter '.wiki == "frwiki" and .type == "edit"' |
		window --on timestamp --size 1h --slide 5m | agg count | answer e31
}

@test "E32 changes that hit a page of a list" {
	shared
	stream-files "$SHARED/data/wikimedia/recentchange-2023-01-25.jsonl.gz" |
		parse-json --schema 'wiki string, title string' |
		join-static "$SHARED/data/users/hte-garonne.csv" --header \
			--on title=articleName --how semi |
		agg count >e32
	[ "$(jq .count e32)" -ge 0 ]
}

@test "E29 live: a table renewed with each batch" {
	shared
	wikimedia
	stream-http --sse --event message --trigger 1s "$WIKI" 2>err |
		parse-json --schema 'title string, user string, bot boolean, timestamp timestamp, wiki string' |
		sink-table --db w.db --table edits
	sqlite3 -json w.db 'select title, user, bot, timestamp, wiki from edits' |
		jq -c '.[] | .bot |= if . == null then null else . == 1 end' | answer e29
	grep -c "connected to" err | is <(echo 2)
}

@test "E30 live: changes per wiki since the start, over a restart" {
	shared
	wikimedia
	live() {
		stream-http --sse --event message --checkpoint ck --trigger 200ms "$WIKI" |
			parse-json --schema 'wiki string' |
			agg --by wiki --mode complete count |
			sink-table --db w.db --table counts --mode complete
	}
	live
	live
	sqlite3 -json w.db 'select * from counts' | jq -c '.[]' | answer e30
}

@test "E31 live: edits of frwiki in a sliding window" {
	shared
	wikimedia
	stream-http --sse --trigger 200ms "$WIKI" |
		parse-json --schema 'wiki string, type string, timestamp timestamp' |
		filter '.wiki == "frwiki" and .type == "edit"' |
		window --on timestamp --size '1 hour' --slide '5 minutes' |
		agg --mode complete count |
		order --by window_start |
		sink-table --output e31.csv
	parse-csv --header --schema 'window_start timestamp, window_end timestamp, count bigint' \
		<e31.csv | answer e31
}

@test "E32 live: changes that hit a page of a list" {
	shared
	wikimedia
	stream-http --sse --trigger 200ms "$WIKI" |
		parse-json --schema 'wiki string, title string' |
		tee changes |
		join-static "$SHARED/data/users/hte-garonne.csv" --header \
			--on title=articleName --how semi |
		agg --mode complete count | sink-table --output e32.csv
	[ "$(grep -vc '^{"#bief"' changes)" -eq 11987 ]
	is e32.csv <<<$'count\n0'
}

@test "E34 words per character" {
	shared
	serve <"$SHARED/data/kaamelott/quote.json"
	stream-socket "127.0.0.1:$PORT" |
		parse-json --schema 'character string, quote string' |
		explode quote --split ' ' --as word |
		agg --by character count | answer e34
}

@test "E37 arrivals per hour, ordered" {
	shared
	flights |
		parse-json --schema 'lastSeen timestamp' |
		window --on lastSeen --size '60 minutes' |
		agg num_arrivals=count | order --by window_start | answer e37 ordered
}

@test "E44 and E45 aircraft by country, and by altitude" {
	shared
	zcat "$SHARED/data/opensky/derived-states-2025-01-31.jsonl.gz" |
		parse-json --schema 'origin_country string, baro_altitude double' >states
	agg --by origin_country count <states | answer e44
	derive --sql "altitude_range = case when baro_altitude < 5000 then 'Low' when baro_altitude < 15000 then 'Medium' else 'High' end" <states |
		agg --by altitude_range count | answer e45
}

@test "E48 and E52 word count, with and without stop words" {
	shared
	parse-json --schema 'quote string' <"$SHARED/data/kaamelott/quote.json" |
		explode quote --split ' ' --as word >words
	agg --by word count <words | answer e48
	filter --sql "lower(word) not in ('a', 'de', 'et', 'la', 'le', 'les', 'un', 'une')" <words |
		agg --by word count | answer e52
	printf '%s\n' a de et la le les un une | parse-text >stop.jsonl
	derive --sql 'lower = lower(word)' <words |
		join-static stop.jsonl --on lower=value --how anti |
		agg --by word count | answer e52
}

@test "E49 the server that repeats messages for ever" {
	printf 'one\ntwo\nthree\n' >messages
	mkfifo ready
	serve-lines messages --port 0 --loop --rate 2000 --ready-fd 3 3>ready &
	read -r PORT <ready
	stream-socket "127.0.0.1:${PORT##*:}" | head -7 >got
	printf 'one\ntwo\nthree\none\ntwo\nthree\none\n' | is got
}

@test "E50 the server that draws lines of a file, in the same order for the same seed" {
	seq 1 100 >numbers
	for i in 1 2; do
		serve --shuffle --seed 7 <numbers
		stream-socket "127.0.0.1:$PORT" >"got$i"
	done
	cmp got1 got2
	run ! cmp -s got1 numbers
	sort -n got1 | is numbers
}

@test "E51 run for a while, then stop cleanly" {
	mkfifo ready
	yes '{"word":"x"}' | head -1000 | serve-lines - --port 0 --loop --rate 1000 \
		--ready-fd 3 3>ready &
	read -r PORT <ready
	stream-socket "127.0.0.1:${PORT##*:}" --for 1s --trigger 200ms |
		parse-json --schema 'word string' | agg --by word count >out
	tail -1 out | grep -q '"eof"'
}

@test "E53 count, mean, standard deviation, largest and smallest length of the words" {
	shared
	parse-json --schema 'quote string' <"$SHARED/data/kaamelott/quote.json" |
		explode quote --split ' ' --as word |
		derive --sql 'n = cast(length(word) as double)' | agg s=stats:n |
		pick count=s_count,mean=s_mean,stdev=s_stdev,max=s_max,min=s_min |
		answer e53
}

FLIGHTS='estDepartureAirport string, estArrivalAirport string'

@test "E35 throughput and latency over sizes of batches, from the reports" {
	events
	for n in 1 20 400; do
		stream-files in |
			parse-json --schema 'time timestamp, action string' --batch "$n" |
			agg --by action count --mode update --progress "report-$n" \
				>/dev/null
		parse-json --schema 'numInputRows bigint, batchDuration double' \
			<"report-$n" | agg batches=count rows=sum:numInputRows \
			latency=p95:batchDuration time=sum:batchDuration |
			derive --sql "size = $n" >>sizes
	done
	pick size,batches,rows <sizes >counted
	is counted <<-'END'
	{"size":1,"batches":1000,"rows":1000}
	{"size":20,"batches":50,"rows":1000}
	{"size":400,"batches":3,"rows":1000}
	END
	derive --sql 'best = rows / time' <sizes | order --by -best --limit 1 >best
	[ "$(wc -l <best)" -eq 1 ]
}

@test "E38 the 15 busiest airports, and the routes between them" {
	shared
	flights | parse-json --schema "$FLIGHTS" |
		agg --by estDepartureAirport,estArrivalAirport flight_count=count >routes
	# Departures and arrivals of the routes together; null counts as one.
	union <(pick estDepartureAirport <routes) \
		<(pick estDepartureAirport=estArrivalAirport <routes) |
		agg --by estDepartureAirport count |
		order --by -count,estDepartureAirport --limit 15 >top.jsonl
	answer e38-top <top.jsonl
	join-static top.jsonl --on estDepartureAirport --how semi <routes |
		join-static top.jsonl --on estArrivalAirport=estDepartureAirport --how semi |
		answer e38-routes
}

@test "E40 matrix of origins and destinations, missing = 0" {
	shared
	flights | parse-json --schema "$FLIGHTS" |
		agg --by estDepartureAirport,estArrivalAirport n=count >routes
	union <(pick a=estDepartureAirport <routes) <(pick a=estArrivalAirport <routes) |
		agg --by a count | order --by -count,a --limit 15 >top.jsonl
	join-static top.jsonl --on estDepartureAirport=a --how semi <routes |
		join-static top.jsonl --on estArrivalAirport=a --how semi |
		pivot --rows estDepartureAirport --cols estArrivalAirport --value n --fill 0 >matrix
	answer e40 <matrix

	join-static top.jsonl --on estDepartureAirport=a --how semi <routes |
		join-static top.jsonl --on estArrivalAirport=a --how semi |
		agg origins=count_distinct:estDepartureAirport \
			destinations=count_distinct:estArrivalAirport \
			flown=count mean=avg:n |
		pick --sql 'origins * destinations as possible, flown,
			round(100 * flown / (origins * destinations), 2) as percent, mean' >figures
	is figures <<-'END'
	{"possible":28,"flown":27,"percent":96.43,"mean":5.888888888888889}
	END
}

@test "E36 and E42 from the earliest to the latest, then stop; five raw values" {
	shared
	mkdir topic
	for part in LFPG-2022-12-01 EDDF-2023-07-04; do
		cp "$SHARED/data/opensky/derived-flights-departure-$part.jsonl" topic
		stream-files topic --trigger available-now --checkpoint ck |
			parse-json --schema "$FLIGHTS" | agg count --mode complete |
			sink-table --db f.db --table flights
		[ "$(sqlite3 f.db 'select count from flights')" -eq "$(cat topic/* | wc -l)" ]
	done
	stream-files topic | parse-text | take 5 |
		sink-table --no-truncate >shown
	[ "$(grep -c '^|{"icao24' shown)" -eq 5 ]
	run ! grep -q '\.\.\.' shown
}

@test "E39 the 15 busiest routes without nulls" {
	shared
	flights | parse-json --schema "$FLIGHTS" | drop-null |
		agg --by estDepartureAirport,estArrivalAirport flight_count=count |
		pick src=estDepartureAirport,dst=estArrivalAirport,flight_count |
		order --by -flight_count,src,dst --limit 15 | answer e39 ordered
}

@test "E41 the five busiest pairs, both known and different" {
	shared
	flights | parse-json --schema "$FLIGHTS" |
		filter --sql 'estDepartureAirport is not null and estArrivalAirport is not null and estDepartureAirport <> estArrivalAirport' |
		agg --by estDepartureAirport,estArrivalAirport count |
		order --by -count,estDepartureAirport,estArrivalAirport --limit 5 | answer e41
}

@test "E43 flights in and out per airport" {
	shared
	flights | parse-json --schema "$FLIGHTS" | drop-null |
		agg --by estDepartureAirport vols_sortants=count |
		order --by -vols_sortants | answer e43-out
	flights | parse-json --schema "$FLIGHTS" | drop-null |
		agg --by estArrivalAirport vols_entrants=count |
		order --by -vols_entrants,estArrivalAirport | answer e43-in
}

@test "E19 and E20 the same query in complete and in update mode" {
	events
	local p="stream-files in --trigger available-now --max-files 1 |
		parse-json --schema 'time timestamp, action string' |
		agg --by action count"
	bief run "$p --mode update | sink-table --db u.db --table t"
	bief run "$p --mode complete | sink-table --db c.db --table t"
	[ "$(sqlite3 u.db 'select * from t order by 1')" = \
		"$(sqlite3 c.db 'select * from t order by 1')" ]
}

@test "E33 join with a second stream by user" {
	shared
	printf '{"User":"a","bpm":70}\n{"User":"b","bpm":80}\n' >hearts
	join-stream <(iot | head -300 | parse-json --schema "$SENSORS" | drop-null) \
		<(parse-json --schema 'User string, bpm smallint' <hearts) --on User >joined
	[ "$(wc -l <joined)" -eq "$(iot | head -300 | parse-json --schema "$SENSORS" |
		drop-null | jq -c 'select(.User == "a" or .User == "b")' | wc -l)" ]
}

@test "E54 counts over the last batches, by arrival" {
	printf '%s\n' a b a c a b >words
	parse-text --batch 2 <words | window --batches 3 | agg --by value count \
		--mode complete --plain >out
	tail -3 out >last
	jq -c '[.value, .count]' last >given; is given <<-'EOF'
	["a",3]
	["b",2]
	["c",1]
	EOF
}

@test "E55 save each batch that is not empty under a name of its own" {
	events
	: >in/file-empty.json
	bief run "stream-files in --trigger available-now --max-files 1 |
		parse-json --schema 'time timestamp, action string' |
		sink-files --stamp out"
	cat out/part-* | wc -l >given; is given <<<1000
	run -0 bash -c 'cd out && ls part-*'
	[ "${#lines[@]}" -eq 5 ]
	[[ ${lines[4]} =~ ^part-00004-20[0-9]{6}T[0-9]{6}(\.[0-9]+)?Z\.json$ ]]
}

@test "E57 running total per word over all batches" {
	printf '%s\n' a b a a >words
	parse-text --batch 2 <words | agg --by value count --mode update --plain |
		jq -c '[.value, .count]' >given; is given <<-'EOF'
	["a",1]
	["b",1]
	["a",3]
	EOF
}
