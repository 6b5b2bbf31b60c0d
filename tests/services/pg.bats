#!/usr/bin/env bats
# sink-pg and join-static beside a real PostgreSQL.

load ../lib

setup_file() {
	# Some stop the server.
	export BATS_NO_PARALLELIZE_WITHIN_FILE=true
	export DIR=$BATS_FILE_TMPDIR/pg
	PORT=$("$BATS_TEST_DIRNAME/pg" start "$DIR" </dev/null 3>&-) ||
		without "no PostgreSQL here"
	export PORT PGOPTIONS='-c client_min_messages=warning'
}

teardown_file() {
	"$BATS_TEST_DIRNAME/pg" stop "$DIR" 3>&- || true
}

# Each test has a database of its own.
setup() {
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	PATH=${BIEF_BIN:-$TOP/bin}:$PATH
	enter
	DB=t$BATS_TEST_NUMBER
	AT=127.0.0.1:$PORT
	psql -XqAt "postgres://test@$AT/postgres" -c "CREATE DATABASE $DB"
	PG=postgres://test@$AT/$DB
}

query() {
	psql -XAtq "$PG" -c "$1"
}

numbers() { # numbers N...
	printf '{"n":%d}\n' "$@"
}

columns() { # columns TABLE
	query "SELECT attname, format_type(atttypid, atttypmod)
		FROM pg_attribute WHERE attrelid = '$1'::regclass
		AND attnum > 0 ORDER BY attnum"
}

# Does the server answer?
answers() {
	psql -XAtq "$PG" -c 'SELECT 1'
}

@test "the table is made with the types of the header" {
	echo '{"b":true,"i":1,"l":2,"f":1.5,"d":2.5,"e":"1.10","s":"x","y":"AP8=","t":"2026-01-02T03:04:05Z","a":"2026-01-02","r":[1,null],"o":{"p":1}}' |
		parse-json --batch 1 --schema 'b boolean, i int, l bigint, f float, d double, e decimal(5,2), s string, y binary, t timestamp, a date, r array<int>, o struct<p:int>' |
		sink-pg "$PG" t
	columns t >out
	is out <<-'E'
	b|boolean
	i|integer
	l|bigint
	f|real
	d|double precision
	e|numeric(5,2)
	s|text
	y|bytea
	t|timestamp with time zone
	a|date
	r|jsonb
	o|jsonb
	E
	query "SET timezone = 'UTC'; SELECT * FROM t" >out
	is out <<<'t|1|2|1.5|2.5|1.10|x|\x00ff|2026-01-02 03:04:05+00|2026-01-02|[1, null]|{"p": 1}'
}

@test "without a schema the types are those of the first batch" {
	printf '%s\n' '{"b":true,"i":12345678901234567890,"t":"2026-01-02T03:04:05Z","s":"x","j":[1],"m":1,"z":null}' \
		'{"b":null,"i":0.10,"m":"two"}' | sink-pg "$PG" t
	columns t >out
	is out <<-'E'
	b|boolean
	i|numeric
	t|timestamp with time zone
	s|text
	j|jsonb
	m|text
	z|text
	E
	query 'SELECT b, i, s, j, m, z FROM t' >out
	is out <<-'E'
	t|12345678901234567890|x|[1]|1|
	|0.10|||two|
	E
}

@test "text comes as it is: tabs, ends of lines, backslashes, quotes" {
	printf '%s\n' '{"s":"a\tb\nc\\N\r\u000b\u000c\b\"'"'"'é\ud83d\ude00"}' '{"s":"\\N"}' '{"s":""}' '{"s":"\\."}' |
		sink-pg "$PG" t
	query "SELECT to_json(s) FROM t" >out
	is out <<-'E'
	"a\tb\nc\\N\r\u000b\f\b\"'é😀"
	"\\N"
	""
	"\\."
	E
}

@test "hostile names are quoted" {
	local name='x"; DROP TABLE t; --'
	echo '{"a\"b":1,"A":2,"a":3,"select":4,"ü.b":5,"'"'"'":6}' |
		sink-pg "$PG" "\"${name//\"/\"\"}\""
	query "SELECT * FROM \"${name//\"/\"\"}\"" >out
	is out <<<'1|2|3|4|5|6'
	query 'CREATE SCHEMA "S"'
	numbers 1 | sink-pg "$PG" S.T
	query 'SELECT * FROM "S"."T"' >out
	is out <<<1
}

@test "a name that cannot be a column is refused" {
	run -1 sink-pg "$PG" t < <(printf '{"":1}\n')
	[ "$output" = "sink-pg: line 1: field '' cannot be a column: the name is empty (--on-error skip goes on)" ]
	run -1 sink-pg "$PG" t < <(printf '{"%064d":1}\n' 0)
	[[ "$output" == *"cannot be a column: the name has more than 63 bytes (--on-error skip goes on)" ]]
	run -1 sink-pg "$PG" t < <(printf '{"a\\u0000b":1}\n')
	[[ "$output" == *"cannot be a column: the name has a NUL (--on-error skip goes on)" ]]
}

@test "a NUL in text is refused, and the other records are taken" {
	printf '%s\n' '{"s":"a"}' '{"s":"b\u0000"}' '{"s":"\\u0000"}' |
		sink-pg --on-error skip "$PG" t 2>err
	query 'SELECT s FROM t' >out
	is out < <(printf '%s\n' a '\u0000')
	grep -q "column 's' is new and cannot hold .*: PostgreSQL has no text with NUL" err
	query 'CREATE TABLE j (s jsonb)'
	printf '%s\n' '{"s":{"x":"\\u0000"}}' '{"s":{"x":"\u0000"}}' |
		sink-pg --mode append --on-error skip "$PG" j 2>err
	query 'SELECT s FROM j' >out
	is out <<<'{"x": "\\u0000"}'
}

@test "NaN and infinities are numbers where a column can hold them" {
	query 'CREATE TABLE t (d double precision, r real, n numeric, k numeric(5,1), i bigint)'
	echo '{"d":"NaN","r":"-Infinity","n":"Infinity","k":"NaN"}' | sink-pg --mode append "$PG" t
	query 'SELECT * FROM t' >out
	is out <<<'NaN|-Infinity|Infinity|NaN|'
	run -1 sink-pg --mode append "$PG" t < <(echo '{"k":"Infinity"}')
	[[ "$output" == *"column 'k' is numeric(5,1) and cannot hold"* ]]
	run -1 sink-pg --mode append "$PG" t < <(echo '{"i":"NaN"}')
	[[ "$output" == *"column 'i' is bigint and cannot hold"* ]]
}

@test "what a column would change or cannot hold is refused, value by value" {
	query 'CREATE TABLE t (i smallint, l bigint, r real, d double precision, n numeric(4,2), v varchar(3), b boolean, t timestamptz, a date)'
	local v
	for v in '"i":32768' '"i":1.5' '"i":"7"' '"i":true' '"l":9223372036854775808' \
		'"r":16777217' '"r":1e39' '"d":9007199254740993' '"d":1e999' \
		'"d":"7"' '"n":100' '"n":"x"' '"v":"abcd"' '"b":1' \
		'"t":"yesterday"' '"t":1' '"a":"2026-01-02T03:04:05Z"' '"a":"2026-02-30"'; do
		echo "{$v}"
	done >bad
	printf '%s\n' '{"i":7.0,"l":9223372036854775807,"r":16777216,"d":9007199254740992,"n":99.99,"v":"äöü","b":"true","t":"2026-01-02","a":"2026-01-02"}' >good
	cat bad good | sink-pg --mode append --on-error skip --rejects rejects "$PG" t 2>err
	[ "$(wc -l <rejects)" -eq 18 ]
	query "SET timezone = 'UTC'; SELECT * FROM t" >out
	is out <<<'7|9223372036854775807|1.6777216e+07|9.007199254740992e+15|99.99|äöü|t|2026-01-02 00:00:00+00|2026-01-02'
	head -2 err >out
	is out <<-'E'
	sink-pg: line 1: column 'i' is smallint and cannot hold 32768: it is too large
	sink-pg: line 2: column 'i' is smallint and cannot hold 1.5: give the field that type (parse-json --schema), or write to a table whose column has another one
	E
}

@test "columns of other types take what the server reads" {
	query "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t (u uuid, m mood, a int[], x text[], p inet)"
	echo '{"u":"123e4567-e89b-12d3-a456-426614174000","m":"ok","a":[1,null,3],"x":["a\"b\\","NULL",null],"p":"10.0.0.1"}' |
		sink-pg --mode append "$PG" t
	query 'SELECT u, m, a, x[1], x[2], x[3] IS NULL, p FROM t' >out
	is out <<<'123e4567-e89b-12d3-a456-426614174000|ok|{1,NULL,3}|a"b\|NULL|t|10.0.0.1'
	run -1 sink-pg --mode append "$PG" t < <(echo '{"m":"glad"}')
	[ "$output" = "sink-pg: table 't': invalid input value for enum mood: \"glad\": COPY t, line 1, column m: \"glad\"" ]
}

@test "times before Christ and far ahead are right" {
	query 'CREATE TABLE t (t timestamptz)'
	printf '{"t":"%s"}\n' -0043-03-15T12:00:00Z +12345-01-01T00:00:00Z 0000-01-01T00:00:00Z |
		sink-pg --mode append "$PG" t
	query "SET timezone = 'UTC'; SELECT t FROM t" >out
	is out <<-'E'
	0044-03-15 12:00:00+00 BC
	12345-01-01 00:00:00+00
	0001-01-01 00:00:00+00 BC
	E
}

@test "a table whose columns do not fit is refused at once" {
	query 'CREATE TABLE t (n integer, s text)'
	run -2 bash -c "echo '{\"n\":\"x\"}' | parse-json --batch 1 --schema 'n string' | sink-pg --mode append $PG t"
	[ "$output" = "sink-pg: table 't': its column 'n' is integer, but the field is string: cast the field, change the column, or take another table" ]
	run -2 bash -c "echo '{\"m\":1}' | parse-json --batch 1 --schema 'm int' | sink-pg --mode append $PG t"
	[ "$output" = "sink-pg: table 't': it has no column 'm': leave the field out (pick, derive), add the column, or say --add-columns" ]
	run -1 sink-pg --mode append "$PG" t < <(echo '{"m":1}')
	[ "$output" = "sink-pg: line 1: it has no column 'm': leave the field out (pick, derive), add the column, or say --add-columns (--on-error skip goes on)" ]
}

@test "--add-columns gives the table what it lacks, also in the middle of a batch" {
	numbers 1 | sink-pg "$PG" t
	{
		numbers 2
		echo '{"n":3,"m":"x"}'
		echo '{"k":true}'
	} | sink-pg --mode append --add-columns "$PG" t
	query 'SELECT * FROM t' >out
	is out < <(printf '%s\n' '1||' '2||' '3|x|' '||t')
	# ... and when a part of it has been sent
	{
		seq 2000000 | sed 's/.*/{"n":&}/'
		echo '{"n":0,"new":1}'
	} | sink-pg --mode append --add-columns "$PG" t
	query 'SELECT count(*), sum(new) FROM t' >out
	is out <<<'2000005|1'
}

@test "a table that has a null where it must have none refuses the record" {
	query 'CREATE TABLE t (n int NOT NULL, d int DEFAULT 7, g int GENERATED ALWAYS AS (n * 2) STORED)'
	run -1 sink-pg --mode append "$PG" t < <(echo '{"n":null}')
	[ "$output" = "sink-pg: line 1: column 'n' is integer and cannot hold null: it is NOT NULL (--on-error skip goes on)" ]
	numbers 1 | sink-pg --mode append "$PG" t
	query 'SELECT * FROM t' >out
	is out <<<'1|7|2'
}

@test "in mode update rows of the same key are changed, null is a key like others" {
	printf '%s\n' '{"k":"a","v":1}' '{"k":null,"v":2}' '{"k":"a","v":3}' |
		sink-pg --mode update --key k "$PG" t
	printf '%s\n' '{"k":"b","v":4}' '{"k":null,"v":5}' '{"k":null,"v":6}' '{"v":7}' |
		sink-pg --mode update --key k "$PG" t
	query 'SELECT * FROM t ORDER BY k' >out
	is out < <(printf '%s\n' 'a|3' 'b|4' '|7')
}

@test "the table's own primary key is taken, what is not in the stream stays" {
	query "CREATE TABLE t (b int, a text, v int, note text DEFAULT 'new', PRIMARY KEY (a, b)); INSERT INTO t VALUES (1, 'x', 1, 'old')"
	printf '%s\n' '{"a":"x","b":1,"v":10}' '{"a":"x","b":2,"v":20}' |
		sink-pg --mode update --key a,b "$PG" t
	query 'SELECT * FROM t ORDER BY b' >out
	is out < <(printf '%s\n' '1|x|10|old' '2|x|20|new')
	query "SELECT count(*) FROM pg_index WHERE indrelid = 't'::regclass" >out
	is out <<<1
	query "CREATE TABLE d (k int, v int); INSERT INTO d VALUES (1, 1), (1, 2)"
	run -1 sink-pg --mode update --key k "$PG" d < <(echo '{"k":1,"v":3}')
	[[ "$output" == *"table 'd': the keys cannot tell its rows apart: could not create unique index"* ]]
	run -2 sink-pg --mode update --key x "$PG" d < <(echo '{"x":1}')
	[ "$output" = "sink-pg: table 'd': it has no column 'x' to tell its rows apart" ]
}

@test "an aggregation's mode and keys are taken from the stream" {
	printf '%s\n' '{"k":"a"}' '{"k":"b"}' '{"k":"a"}' >in
	parse-json --batch 1 in | agg --mode update --by k count | sink-pg "$PG" u
	parse-json --batch 1 in | agg --mode complete --by k count | sink-pg "$PG" c
	parse-json --batch 1 in | agg --mode update count | sink-pg "$PG" one
	query 'SELECT * FROM u ORDER BY k' >out
	query 'SELECT * FROM c ORDER BY k' >>out
	query 'SELECT * FROM one' >>out
	is out < <(printf '%s\n' 'a|2' 'b|1' 'a|2' 'b|1' 3)
}

@test "a table with rows is refused when nobody has said what to do with them" {
	numbers 1 | sink-pg "$PG" t
	run -2 sink-pg "$PG" t < <(numbers 2)
	[ "$output" = "sink-pg: table 't': it has rows already: say --mode append to add to them, --mode update --key FIELD,... to change them, or --mode complete to replace them" ]
}

@test "no server, a wrong password, no such database" {
	run -1 sink-pg postgres://test@127.0.0.1:1/x t < <(numbers 1)
	[[ "$output" == "sink-pg: connection to server at \"127.0.0.1\", port 1 failed: Connection refused"* ]]
	run -1 sink-pg "postgres://test@$AT/nowhere" t < <(numbers 1)
	[ "$output" = "sink-pg: connection to server at \"127.0.0.1\", port $PORT failed: FATAL: database \"nowhere\" does not exist: make it (createdb), or name another one" ]
	run -1 sink-pg "postgres://test:wrong@$AT/closed" t < <(numbers 1)
	[ "$output" = "sink-pg: connection to server at \"127.0.0.1\", port $PORT failed: FATAL: password authentication failed for user \"test\": the password is that of the connection string, PGPASSWORD or ~/.pgpass" ]
	run -1 sink-pg "postgres://test@$AT/closed" t < <(numbers 1)
	[[ "$output" == *": give one by PGPASSWORD or ~/.pgpass" ]]
	PGPASSWORD=secret sink-pg "postgres://test@$AT/closed" t < <(numbers 1)
}

@test "with a checkpoint a batch is written once, whatever is started again" {
	mkdir in
	numbers 1 2 >in/a
	numbers 3 >in/b
	touch -d 2026-01-01 in/a
	run_it() {
		stream-files --checkpoint ck --max-files 1 in |
			parse-json --schema 'n int' | sink-pg "$PG" t
	}
	run_it
	run_it
	# As if it had died between the table's commit and its own.
	rm ck/commits/*/1*
	run_it
	query 'SELECT n FROM t ORDER BY n' >out
	is out < <(seq 3)
	query 'SELECT name, batch, made FROM _bief_batches' >out
	is out <<<'t|1|t'
	run -2 bash -c "echo '{\"n\":1}' | sink-pg --mode append $PG t"
	[[ "$output" == *"it belongs to a pipeline with a checkpoint"* ]]
	query 'DROP TABLE t'
	run -3 run_it
	[[ "$output" == *"sink-pg: table 't': it is gone, or older than the checkpoint, which has committed batch 1 to it"* ]]
}

# Kill one of a pipeline's programs at random, again and again, until it ends.
undisturbed() { # undisturbed FILE: the pipeline in FILE ends
	local i pid pids
	for i in $(seq 200); do
		setsid bash -o pipefail "$1" 2>>log </dev/null &
		sleep "0.$((RANDOM % 4))$((RANDOM % 10))"
		pids=$(pgrep -s $! -f 'stream-files|parse-json|agg|sink-pg') || true
		if [ -n "$pids" ] && [ "$i" -le 12 ]; then
			pid=$(shuf -n 1 <<<"$pids")
			kill -9 "$pid" 2>/dev/null || true
			wait $! || true
			wait_for bash -c "! pgrep -s $! -f 'stream-files|sink-pg'"
		elif wait $!; then
			return 0
		fi
	done
	return 1
}

@test "killed at any moment, every row is there exactly once" {
	mkdir in
	local i
	for i in $(seq 40); do
		seq $((i * 1000 - 999)) $((i * 1000)) |
			sed 's/.*/{"n":&,"k":"&"}/' >in/$i
		touch -d "2026-01-01 00:00:$i" in/$i
	done
	cat >append <<-E
	stream-files --checkpoint ck --max-files 1 in |
		parse-json --schema 'n int, k string' | sink-pg "$PG" t
	E
	undisturbed append
	query 'SELECT count(*), count(DISTINCT n), sum(n) FROM t' >out
	is out <<<'40000|40000|800020000'
	cat >update <<-E
	stream-files --checkpoint cu --max-files 1 in |
		parse-json --schema 'n int, k string' | derive 'd=.n % 7' |
		agg --mode update --by d count sum:n | sink-pg "$PG" u
	E
	undisturbed update
	query 'SELECT * FROM u ORDER BY d' >out
	query 'SELECT n % 7, count(*), sum(n) FROM t GROUP BY 1 ORDER BY 1' >want
	diff want out
}

@test "an earlier process that the server has not given up is waited for" {
	mkdir in
	numbers 1 >in/a
	run_it() {
		stream-files --checkpoint ck in | parse-json --schema 'n int' |
			sink-pg "$PG" t
	}
	run_it
	numbers 2 >in/b
	# Another session holds batch 1, and commits it.
	mkfifo sql
	psql -XAtq "$PG" <sql >held &
	exec 8>sql
	echo "BEGIN; UPDATE _bief_batches SET batch = 1 WHERE name = 't'; INSERT INTO t VALUES (2); SELECT 'held';" >&8
	wait_for grep -q held held
	run_it &
	wait_for bash -c "psql -XAtq $PG -c \"SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'\" | grep 1"
	echo 'COMMIT;' >&8
	exec 8>&-
	wait
	query 'SELECT n FROM t ORDER BY n' >out
	is out < <(seq 2)
}

@test "a server that goes and comes back between two batches costs nothing" {
	mkfifo in
	exec 9<>in
	parse-json --batch 1 --schema 'n int' <in 9>&- |
		sink-pg --wait 1m "$PG" t 2>err 9>&- &
	numbers 1 >&9
	numbers 2 >&9
	wait_for bash -c "psql -XAtq $PG -c 'SELECT count(*) FROM t' | grep 2"
	"$BATS_TEST_DIRNAME/pg" stop "$DIR" 3>&-
	numbers 3 >&9
	wait_for grep -q 'trying again' err
	"$BATS_TEST_DIRNAME/pg" up "$DIR" 3>&- 9>&-
	wait_for bash -c "psql -XAtq $PG -c 'SELECT count(*) FROM t' | grep 3"
	exec 9>&-
	wait
	query 'SELECT n FROM t ORDER BY n' >out
	is out < <(seq 3)
	grep -q '^sink-pg: the connection to the server was lost: .*: trying again$' err
}

@test "--wait waits for a server that is not there yet" {
	"$BATS_TEST_DIRNAME/pg" stop "$DIR" 3>&-
	sink-pg --wait 1m "$PG" t 2>err < <(numbers 1) &
	wait_for grep -q 'Connection refused.*: trying again' err
	"$BATS_TEST_DIRNAME/pg" up "$DIR" 3>&-
	wait $!
	query 'SELECT n FROM t' >out
	is out <<<1
}

@test "a session that is ended in a large batch ends the pipeline, which writes nothing" {
	mkfifo in
	sink-pg "$PG" t <in 2>err &
	pid=$!
	exec 9>in
	seq 2000000 | sed 's/.*/{"n":&}/' >&9
	wait_for bash -c "psql -XAtq $PG -c \"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY%'\" | grep t"
	seq 1000000 | sed 's/.*/{"n":&}/' >&9 2>/dev/null || true
	exec 9>&-
	status=0
	wait $pid || status=$?
	[ "$status" -eq 1 ]
	grep -q "^sink-pg: table 't': batch 0 was not written, start the pipeline again: " err
	query "SELECT to_regclass('t') IS NULL" >out
	is out <<<t
}

@test "join-static reads a table, with its types" {
	query "CREATE TABLE users (id bigint, name text, born date, seen timestamptz, score double precision, exact numeric, ok boolean, raw bytea, more jsonb);
		INSERT INTO users VALUES (1, E'A\"\n', '1970-01-02', '2026-01-02 03:04:05.5+01', 7, 1.50, true, '\x00ff', '{\"a\": [1]}'), (2, NULL, NULL, NULL, 'NaN', NULL, NULL, NULL, NULL)"
	printf '{"id":%d}\n' 1 2 3 | join-static "$PG?table=users" --on id >out
	is out <<-'E'
	{"id":1,"name":"A\"\n","born":"1970-01-02","seen":"2026-01-02T02:04:05.5Z","score":7.0,"exact":1.50,"ok":true,"raw":"AP8=","more":{"a": [1]}}
	{"id":2,"name":null,"born":null,"seen":null,"score":"NaN","exact":null,"ok":null,"raw":null,"more":null}
	E
	printf '{"id":1}\n' | join-static "postgres://test@127.0.0.1/$DB?port=$PORT&table=public.%75sers" --on id --how semi >out
	is out <<<'{"id":1}'
	printf '{"id":1}\n' | parse-json --schema 'id int' --batch 1 |
		join-static "$PG?table=users" --on id --how left | head -1 >out
	grep -q 'name string, born date, seen timestamp, score double, exact double, ok boolean, raw binary, more' out
}

@test "join-static names what is wrong with a table, and never a password" {
	run -2 join-static "$PG" --on id </dev/null
	[ "$output" = "join-static: table '' of database $DB at $AT: it is a database: name its table, as in postgres://HOST/DATABASE?table=NAME" ]
	run -1 join-static "postgres://test:geheim@$AT/$DB?table=no" --on id </dev/null
	[ "$output" = "join-static: table 'no' of database $DB at $AT: relation \"no\" does not exist" ]
	run -1 join-static "postgres://test:geheim@127.0.0.1:1/x?table=no" --on id </dev/null
	[[ "$output" == "join-static: table 'no' of database x at 127.0.0.1:1: connection to server"* ]]
}

@test "join-static reads a table again that has changed" {
	query "CREATE TABLE u (id int, name text); INSERT INTO u VALUES (1, 'a')"
	mkfifo in
	join-static "$PG?table=u" --on id <in >out 2>err &
	exec 9>in
	echo '{"id":1}' >&9
	wait_for grep -q '"a"' out
	query "UPDATE u SET name = 'b'"
	wait_for bash -c "echo '{\"id\":1}' >&9; grep '\"b\"' out"
	query "TRUNCATE u; INSERT INTO u VALUES (1, 'c')"
	wait_for bash -c "echo '{\"id\":1}' >&9; grep '\"c\"' out"
	exec 9>&-
	wait $!
}
