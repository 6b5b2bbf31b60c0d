#!/usr/bin/env bats
# The exercises that need services, as a student would type them: flights and
# aircraft in topics of a real broker, pictures by gnuplot, a Pushgateway.
# Where Spark's answers are there (see ../exercises.bats) these are compared.

load ../lib

setup_file() {
	SHARED=${BIEF_SHARED:-$TOP/../shared}
	[ -d "$SHARED" ] || { without "no shared data here"; return; }
	export SHARED BROKER_DIR=$BATS_FILE_TMPDIR/broker
	export PROM_DIR=$BATS_FILE_TMPDIR/prom
	local s=$BATS_TEST_DIRNAME
	"$s/kafka" install >"$BATS_FILE_TMPDIR/log" 2>&1 || {
		without "Kafka: its broker, kcat or librdkafka cannot be installed" \
			"$BATS_FILE_TMPDIR/log"
		return
	}
	"$s/plot" >/dev/null 2>&1 || { without "no gnuplot here"; return; }
	PROM=$("$s/prom" start "$PROM_DIR" </dev/null 3>&-) || {
		without "no Prometheus here"
		return
	}
	"$s/kafka" start "$BROKER_DIR"
	K=$(cat "$BROKER_DIR/address")
	export K PROM=http://127.0.0.1:$PROM
	fill
}

teardown_file() {
	[ ! -d "$BROKER_DIR" ] || "$BATS_TEST_DIRNAME/kafka" stop "$BROKER_DIR"
	[ ! -d "$PROM_DIR" ] || "$BATS_TEST_DIRNAME/prom" stop "$PROM_DIR" 3>&-
}

# The topics of the courses: flights in two, states of aircraft, words.
fill() {
	local topic=$TOP/${B:-build}/services/topic flights
	flights=$SHARED/data/opensky/derived-flights-departure
	"$topic" "$K" create paris 2
	"$topic" "$K" create frankfurt 1
	"$topic" "$K" create states 3
	"$topic" "$K" create quotes 1
	cat "$flights"-LFPG-*.jsonl | kcat -P -b "$K" -t paris
	kcat -P -b "$K" -t frankfurt -l "$flights-EDDF-2023-07-04.jsonl"
	zcat "$SHARED/data/opensky/derived-states-2025-01-31.jsonl.gz" |
		kcat -P -b "$K" -t states
	kcat -P -b "$K" -t quotes -l "$SHARED/data/kaamelott/quote.json"
}

# answer NAME [any|ordered]: standard input against Spark's answer.
answer() {
	local spark=("$SHARED"/golden/exercises/"$1"*.jsonl)
	python3 "$TOP/tests/cases/rows" "${2:-any}" "${spark[0]}" /dev/stdin
}

flights() {
	timeout 60 stream-kafka --from earliest --to latest --value-only \
		"$K" paris,frankfurt
}
FIELDS='estDepartureAirport string, estArrivalAirport string'

# png FILE WIDTH HEIGHT: a picture at least so large.
png() {
	[[ $(file -b "$1") =~ ^PNG.*,\ ([0-9]+)\ x\ ([0-9]+), ]]
	[ "${BASH_REMATCH[1]}" -ge "$2" ]
	[ "${BASH_REMATCH[2]}" -ge "$3" ]
}

@test "E36 two topics from the earliest to the latest offset, then stop" {
	flights | parse-json --schema "$FIELDS" | agg count >n
	is n <<<'{"count":1199}'
}

@test "E36 the same as a stream, which a restart goes on with" {
	all() {
		timeout 60 stream-kafka --from earliest --checkpoint ck \
			--trigger available-now --max-records 300 --value-only "$K" paris,frankfurt |
			parse-json --schema "$FIELDS" | agg --mode complete count |
			sink-table --db f.db --table n 2>err
	}
	all
	all
	sqlite3 f.db 'select count from n' >got
	is got <<<1199
}

@test "E42 five raw values, whole" {
	timeout 60 stream-kafka --from earliest --to latest "$K" frankfurt |
		pick value | take 5 | sink-table --no-truncate >out
	head -5 "$SHARED/data/opensky/derived-flights-departure-EDDF-2023-07-04.jsonl" >want
	sed -n 's/^|\({.*}\)  *|$/\1/p; s/^|\({.*}\)|$/\1/p' out | diff want -
}

@test "E37 arrivals per hour, and their line" {
	flights | parse-json --schema 'lastSeen timestamp' |
		window --on lastSeen --size '60 minutes' | agg num_arrivals=count |
		order --by window_start | tee e37 |
		sink-plot --line window_start,num_arrivals --title Arrivals --output e37.png
	answer e37 ordered <e37
	png e37.png 800 400
}

@test "E38 the 15 busiest airports, and the routes between them" {
	flights | parse-json --schema "$FIELDS" |
		agg --by estDepartureAirport,estArrivalAirport flight_count=count >routes
	union <(pick estDepartureAirport <routes) \
		<(pick estDepartureAirport=estArrivalAirport <routes) |
		agg --by estDepartureAirport count |
		order --by -count,estDepartureAirport --limit 15 >top.jsonl
	answer e38-top <top.jsonl
	join-static top.jsonl --on estDepartureAirport --how semi <routes |
		join-static top.jsonl --on estArrivalAirport=estDepartureAirport --how semi |
		answer e38-routes
}

@test "E39 the 15 busiest routes as lying bars, and all departures beside them" {
	flights | parse-json --schema "$FIELDS" | drop-null |
		agg --by estDepartureAirport,estArrivalAirport flight_count=count |
		pick src=estDepartureAirport,dst=estArrivalAirport,flight_count |
		order --by -flight_count,src,dst >routes
	take 15 <routes >top
	answer e39 ordered <top
	union <(derive --sql "route = concat(src, ' - ', dst)" <top) \
		<(agg --by src flights=sum:flight_count <routes) |
		sink-plot --bar route,flight_count --bar src,flights --horizontal \
			--title 'Busiest routes' --title Departures --output e39.png
	png e39.png 1200 400
}

@test "E40 origins and destinations as a heat map with numbers and a scale" {
	flights | parse-json --schema "$FIELDS" |
		agg --by estDepartureAirport,estArrivalAirport n=count >routes
	union <(pick a=estDepartureAirport <routes) <(pick a=estArrivalAirport <routes) |
		agg --by a count | order --by -count,a --limit 15 >top.jsonl
	join-static top.jsonl --on estDepartureAirport=a --how semi <routes |
		join-static top.jsonl --on estArrivalAirport=a --how semi |
		pivot --rows estDepartureAirport --cols estArrivalAirport --value n --fill 0 |
		tee matrix |
		sink-plot --heat estDepartureAirport --title Flights --output e40.png
	answer e40 <matrix
	png e40.png 600 200
}

@test "E41 by SQL the five busiest pairs" {
	flights | parse-json --schema "$FIELDS" |
		sink-table --db f.db --table flights
	sqlite3 -json f.db 'select estDepartureAirport, estArrivalAirport, count(*) count
		from flights where estDepartureAirport is not null
		and estArrivalAirport is not null
		and estDepartureAirport <> estArrivalAirport
		group by 1, 2 order by 3 desc, 1, 2 limit 5' | jq -c '.[]' | answer e41
}

@test "E43 flights out and in per airport, the ten best as bars" {
	flights | parse-json --schema "$FIELDS" | drop-null >known
	agg --by estDepartureAirport vols_sortants=count <known |
		order --by -vols_sortants >out
	agg --by estArrivalAirport vols_entrants=count <known |
		order --by -vols_entrants,estArrivalAirport >in
	answer e43-out <out
	answer e43-in <in
	union <(take 10 <out) <(take 10 <in) |
		sink-plot --bar estDepartureAirport,vols_sortants \
			--bar estArrivalAirport,vols_entrants --output e43.png
	png e43.png 1000 400
}

# Aircraft, in batches, at the time of their processing.
aircraft() {
	timeout 60 stream-kafka --from earliest --trigger available-now \
		--max-records 1000 --value-only "$K" states |
		parse-json --schema 'icao24 string, origin_country string, baro_altitude double' |
		derive --sql 'event_time = current_timestamp()' |
		window --on event_time --size '1 minute' --watermark '1 minute'
}

# What a table by the minute says of all minutes: a run may see two.
by() {
	sqlite3 -json s.db "select $1, sum(count) count from t group by 1" | jq -c '.[]'
}

@test "E44 aircraft per minute and country, in update mode" {
	aircraft | agg --mode update --by origin_country count |
		sink-table --db s.db --table t
	by origin_country | answer e44
}

@test "E45 altitude ranges per minute" {
	aircraft | derive --sql "altitude_range = case
		when baro_altitude < 5000 then 'Low'
		when baro_altitude < 15000 then 'Medium' else 'High' end" |
		agg --mode update --by altitude_range count |
		sink-table --db s.db --table t
	by altitude_range | answer e45
}

@test "E46 after each batch a gauge per country is pushed, and told" {
	aircraft | agg --no-window --mode complete --by origin_country count |
		tee all | sink-prom --metric aircraft --value count --label origin_country \
		--push "$PROM" --job e46 --verbose 2>err
	curl -s "$PROM/metrics" | sed -n 's/^aircraft{.*origin_country="\([^"]*\)"} \(.*\)/{"origin_country":"\1","count":\2}/p' |
		answer e44
	grep -c "^sink-prom: batch [0-9]*: [0-9]* values, pushed to $PROM\$" err |
		is <(grep -c '"#bief":{"begin"' all)
}

@test "E47 two queries on one topic, complete and update, to the console" {
	aircraft | tee >(agg --mode update --by origin_country count |
		sink-table --name update >update) |
		agg --mode complete --by origin_country count |
		sink-table --name complete >complete
	grep -c '^Batch: ' complete >batches
	both() { grep -c '^Batch: ' update | cmp -s - batches; }
	wait_for both
	[ "$(cat batches)" -ge 3 ]
}

@test "E56 words from a topic, counted per batch, as DStreams print them" {
	timeout 60 stream-kafka --from earliest --trigger once --value-only "$K" quotes |
		parse-json --schema 'quote string' |
		explode quote --split ' ' --as word | agg --mode update --by word count |
		tee words | sink-table --style pprint >out
	grep -v '^{"#bief"' words | answer e48
	grep -c '^(.*, [0-9]*)$' out | is <(echo 10)
	grep -qx '\.\.\.' out
}
