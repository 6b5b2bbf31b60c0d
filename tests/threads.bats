#!/usr/bin/env bats
# Blocks of the input side by side on several threads, and nobody can tell.

load lib

# Each test says for itself how many, and how large blocks are.
setup() {
	unset BIEF_BLOCK BIEF_THREADS
	enter
}

# BIEF_BLOCK makes blocks so small that a few lines are many of them.
many() {
	export BIEF_BLOCK=100
}

lines() { # lines N: records, some of which are none
	awk -v n="$1" 'BEGIN {
		for (i = 1; i <= n; i++)
			if (i % 97 == 0) print "{\"i\":" i ",";
			else if (i % 89 == 0) print "{\"i\":" i ",\"k\":null}";
			else printf "{\"i\":%d,\"k\":\"k%d\",\"x\":%.3f}\n", i, i % 7, i / 7
	}'
}

# For 1, 2 and 7 threads, and for processes whose threads work for each other:
# the same output, messages, status and rejects.
same() { # same PIPELINE
	local way status
	for way in 1 2 7 lent; do
		rm -f rejects
		status=0
		if [ $way = lent ]; then
			BIEF_THREADS=3 BIEF_FUSE=now bash -o pipefail -c "$1"
		else
			bief run --threads $way "$1"
		fi >out.$way 2>err.$way </dev/null || status=$?
		# A reader that has had enough ends who writes to it.
		[[ $way = lent && $status = 141 ]] && status=0
		echo $status >>err.$way
		cat rejects >>err.$way 2>/dev/null || true
	done
	for way in 2 7; do
		cmp out.1 out.$way && cmp err.1 err.$way || return
	done
	# Processes do not wait for each other to say something.
	cmp out.1 out.lent && cmp <(sort err.1) <(sort err.lent)
}

# ThreadSanitizer adds one of its own to a process that has several.
threads_of() {
	local all own
	all=$(find "/proc/$1/task" -mindepth 1 -maxdepth 1 | wc -l)
	own=$(grep -c __tsan_init "$(command -v bief)") || own=0
	echo $((all - (own > 0 && all > 1)))
}

has_threads() { # has_threads PID N
	[ "$(threads_of "$1")" -eq "$2" ]
}

has_lines() {
	[ "$(wc -l <out)" -eq "$1" ]
}

# A program that has been given so many bytes of lines and waits for more.
feeding() { # feeding BYTES COMMAND...
	local bytes=$1
	shift
	mkfifo fifo
	"$@" <fifo >out 2>err &
	pid=$!
	exec 9>fifo
	yes '{"a":1}' | head -c "$bytes" >&9
}

@test "a large input gets threads, as many as --threads says, and a small one none" {
	feeding 4000000 parse-json --threads 3
	wait_for has_threads "$pid" 3
	exec 9>&-
	wait "$pid"
	rm fifo
	feeding 80000 parse-json --threads 3
	wait_for test -s out
	[ "$(threads_of "$pid")" -eq 1 ]
	exec 9>&-
	wait "$pid"
}

@test "BIEF_THREADS says it where --threads does not, and 1 is none" {
	BIEF_THREADS=2 feeding 4000000 parse-json
	wait_for has_threads "$pid" 2
	exec 9>&-
	wait "$pid"
	rm fifo
	BIEF_THREADS=4 feeding 4000000 parse-json --threads 1
	wait_for has_lines 500000
	[ "$(threads_of "$pid")" -eq 1 ]
	exec 9>&-
	wait "$pid"
}

@test "--threads is a number from 1 to 64" {
	run -2 parse-json --threads 0 </dev/null
	run -2 bief run --threads 65 'parse-json'
	[ "$output" = "bief: run: --threads is a number from 1 to 64, not '65'" ]
	run -2 bief run --threads two 'parse-json'
}

@test "what cannot be read is refused in the order of the input, with its line's number, and counted" {
	many
	lines 3000 >in
	same 'parse-json --on-error skip --rejects rejects < in | filter --on-error skip ".k | startswith(\"k1\")" | pick i,k'
	grep -q '30 records refused' err.7
	grep -q 'line 1067' err.7 || grep -q '"line":1067' err.7
}

@test "when a record ends the run, what came before it has been written, and nothing else" {
	many
	lines 500 | sed '/"i":97,/s/$/"x":/' >in
	same 'parse-json < in | pick i'
	[ "$(wc -l <out.7)" -eq 96 ]
	same 'parse-json < in | agg sum:i'
	[ "$(cat out.7)" = '{"sum(i)":4656}' ]
	same 'parse-json < in | agg first:i last:i collect_list:i'
}

@test "sums, averages and all else are the same to the last bit" {
	many
	lines 5000 | grep -v ',$' >in
	same "parse-json < in | agg --by k count sum:x avg:x stddev:x median:x p99:x min:x max:i stats:x sum:i"
	same "parse-json --schema 'i bigint, k string, x decimal(20,3)' < in | agg --by k sum:x avg:x min:x collect_list:i collect_set:k count_distinct:x"
	same "parse-json < in | agg --by k first:x last:i approx_count_distinct:i"
	same "parse-json < in | agg --by k --cube count sum:x"
	same "parse-json < in | agg 'max:*'"
}

@test "groups that hardly come again, and then do, are the same" {
	export BIEF_BLOCK=65536
	for _ in 1 2; do
		awk 'BEGIN {
			for (i = 1; i <= 120000; i++)
				printf "{\"t\":%d,\"x\":%.2f}\n", i / 2, i / 7
		}'
	done >in.json
	same "parse-json in.json | agg --by t count"
	[ "$(wc -l <out.1)" -eq 60001 ]
	same "parse-json in.json | agg --by t count sum:x avg:x max:x"
	same "parse-json in.json | window --on t --size 1s | agg --by t count"
}

@test "the first N of all are the same, and of equals those that came first" {
	many
	lines 4000 | grep -v ',$' >in
	same "parse-json < in | order --by k --limit 20"
	same "parse-json < in | derive 'y=.i % 10' | order --by -y,k --limit 7"
	same "parse-json < in | order --by -i | take 3"
	same "stream-files in | order --by x --limit 0"
}

@test "an expression that asks libjq in the midst is answered in its place" {
	many
	lines 800 | grep -v ',$' >in
	same "parse-json < in | derive 'y=(.i, .x)' | agg count sum:y"
	same "parse-json < in | filter --on-error skip '.x == 1 or (.k | test(\"3\"))'"
	same "parse-json < in | derive 't=(.k | tojson | ascii_downcase)' | agg --by t count"
}

@test "windows, watermarks and what comes late are the same" {
	many
	export BIEF_CLOCK=2026-11-21T08:00:00Z
	awk 'BEGIN {for (i = 0; i < 3000; i++)
		printf "{\"t\":%d,\"k\":\"%d\"}\n", 1469501107 + (i * 7919) % 4000 + i, i % 3}' >in
	local source='stream-files --trigger available-now --max-records 700 in | parse-json -s "t timestamp, k string"'
	same "$source | window --on t --size 5m --watermark 1m | agg --by k count --rejects rejects"
	same "$source | window --on t --size 5m --slide 1m --watermark 1m | agg --by k count --mode append --rejects rejects"
	same "$source | window --on t --session 30s --watermark 1m | agg --by k count"
	same "$source --progress p | watermark --on t --delay 10s | dedup --by t,k --within-watermark"
	same "$source | agg --by k count --mode complete | order --by k | sink-table"
	same "$source | watermark --on t --delay 1m | window --on t --size 5m | agg --by k count --mode append --rejects rejects"
}

@test "a program that makes batches itself has its records in their order" {
	many
	awk 'BEGIN {for (i = 0; i < 300; i++) print "";
		for (i = 0; i < 40000; i++)
		printf "{\"t\":\"2016-07-26T%02d:%02d:%02dZ\",\"k\":\"%d\"}\n",
			i / 3600, i / 60 % 60, i % 60, i % 3}' >in
	same 'parse-json < in | watermark --on t --delay 10s | window --on t --size 1h | agg --by k count --plain'
	same 'parse-json < in | drop-null | dedup --batch 7 --by k --plain'
	same 'parse-json < in | window --on t --size 1h --watermark 1m | agg --by k count --mode append --plain'
}

@test "between neighbours each batch has its own watermark" {
	awk 'BEGIN {for (i = 0; i < 30000; i++)
		printf "{\"t\":%d,\"k\":\"%d\",\"text\":\"some more of it\"}\n", 1469501107 + i, i * 7919 % 4999}' >in
	local pipeline="stream-files --trigger available-now --max-files 1 in in in |
		parse-json -s 't timestamp, k string' | window --on t --size 10s --watermark 100s |
		agg --by k count --mode update --plain"
	bief run --threads 1 "$pipeline" >one 2>said
	for i in 1 2 3 4 5; do
		BIEF_BLOCK=1000 BIEF_THREADS=3 bash -c "$pipeline" >out 2>err
		cmp one out
		cmp said err
	done
}

@test "the first record of each key is the first one of the input" {
	many
	export BIEF_CLOCK=2026-11-21T08:00:00Z
	awk 'BEGIN {for (i = 0; i < 6000; i++)
		printf "{\"i\":%d,\"t\":%d,\"k\":\"%d\"}\n", i, 1469501107 + int(i / 7), i * 7919 % 97}' >in
	same 'parse-json < in | dedup --by k'
	same 'parse-json < in | dedup --by t | agg count first:i last:i'
	same 'stream-files in in | parse-json | dedup | pick i'
	same 'parse-json < in | dedup --by i | take 4000'
	same 'parse-json < in | dedup --by t --max-state 1M'
	local source='stream-files --trigger available-now --max-records 700 in | parse-json -s "i bigint, t timestamp, k string"'
	same "$source | watermark --on t --delay 10s | dedup --by t --rejects rejects"
	same "$source | watermark --on t --delay 10s | dedup --by k,t | agg --by k count --mode complete"
	same "$source | dedup --by k | sink-table"
}

@test "rows of CSV over several lines, headers and open quotes are read as ever" {
	many
	awk 'BEGIN {print "a,b,c"; for (i = 0; i < 2000; i++)
		if (i % 53 == 0) print i ",\"x\ny, \"\"z\"\"\n\"," i % 7
		else if (i % 301 == 0) print i ",\"open," i % 7
		else if (i % 400 == 7) print "a,b,c"
		else print i ",b" i % 11 "," i % 7}' >a.csv
	same 'parse-csv --header a.csv a.csv | agg --by c count collect_set:b'
	same 'parse-csv --schema "a int, b string, c int" --on-error skip --rejects rejects < a.csv | agg --by b sum:a'
	same 'stream-files a.csv a.csv | parse-csv --header --schema "a int, b string, c int" | filter ".c == 3"'
	same 'stream-files --trigger available-now --max-records 100 a.csv | parse-csv --header --schema "a int, b string, c int" | agg --by c count --mode complete | sink-table'
}

@test "compressed files and files one after the other are read as ever" {
	many
	lines 2000 | grep -v ',$' >a
	lines 300 | grep -v ',$' | head -c -1 >b
	gzip -k a
	zstd -q b
	same 'parse-json a.gz b.zst a | agg --by k count sum:x'
	same 'stream-files a.gz b.zst a b | parse-json | agg --by k count sum:x'
	printf 'a b\rc\r\nd\n' >cr
	same 'parse-text cr a cr'
	same 'stream-files cr a cr | parse-text'
}

@test "a block of which very much comes is not held in memory" {
	not_sanitized
	awk 'BEGIN {for (i = 0; i < 4000; i++) s = s "0123456789"
		for (i = 0; i < 60; i++) {
			printf "{\"s\":\"%s\",\"l\":[0", s
			for (k = 1; k < 400; k++) printf ",%d", k
			print "]}"}}' >in
	for n in 1 3; do
		(ulimit -v 600000 && bief run --threads $n \
			'parse-json in | explode l --as e --keep | pick e,s') | md5sum >$n
		(ulimit -v 600000 && bief run --threads $n \
			'parse-json in | explode l --as e --keep | agg --by e count') | md5sum >>$n
	done
	cmp 1 3
}

@test "nothing is held back when the input pauses" {
	export BIEF_BLOCK=1000
	mkfifo fifo
	parse-json --threads 3 <fifo >out &
	pid=$!
	exec 9>fifo
	for n in 1 400 3 2000 1; do
		yes '{"a":1}' | head -n $n >&9
		total=$((total + n))
		wait_for test "$(wc -l <out)" -le $total
		wait_for has_lines $total
	done
	exec 9>&-
	wait "$pid"
}

@test "batches by control lines end with all that was in them" {
	many
	lines 1000 | grep -v ',$' | parse-json --batch 100 --schema 'i int, k string, x double' >in
	same 'filter ".i > 10" < in | agg --by k count sum:x'
	same 'cat in | derive "y=.i + 1"'
	head -n 500 in >cut
	same 'cat cut | filter ".i > 10"'
	{ head -n 50 in; echo '{"#bief":{"failed":3}}'; } >failed
	same 'cat failed | derive "y=.i"'
	printf '{"i":1}\n%.0s' {1..100} >no-header
	sed -n 2p in >>no-header
	same 'cat no-header | filter ".i == 1"'
}

@test "what is to make batches behind threads makes none until a record comes" {
	many
	export BIEF_CLOCK=2026-11-21T08:00:00Z
	# For many blocks there is nothing behind the filter.
	seq 400 | sed 's/.*/{"i":&,"t":"2026-11-21T08:00:00Z"}/' >in
	for behind in 'dedup --by t,i --batch 5' 'take 7 --batch 5' \
		'agg --batch 30 --mode complete count' 'sink-table --batch 40' \
		'window --on t --session 30s | agg count | agg count'; do
		same "parse-json -s 'i int, t string' in |
			filter --sql 'i > 200' | $behind" || {
			echo "$behind"
			return 1
		}
	done
	[ -s out.1 ]
}

@test "a checkpoint does not tell how many threads made it, and goes on with others" {
	many
	mkdir in
	lines 2000 | grep -v ',$' >in/a
	pipeline='stream-files --trigger available-now --max-files 1 --checkpoint ck in | parse-json -s "i int, k string, x double" | agg --by k count sum:x min:i --mode complete | sink-table --db t.db --table t'
	for n in 1 3; do
		mkdir $n
		cp -a in $n
		(cd $n && bief run --threads $n "$pipeline")
		bief state $n/ck dump agg >$n.dump
	done
	cmp 1.dump 3.dump
	lines 700 | grep -v ',$' >more
	for n in 1 3; do
		cp more $n/in/b
		(cd $n && bief run --threads $((4 - n)) "$pipeline")
		bief state $n/ck dump agg >$n.dump
		sqlite3 $n/t.db 'select * from t order by k' >$n.table
	done
	cmp 1.dump 3.dump
	cmp 1.table 3.table
}

@test "SIGTERM ends a program with threads as any other, and a kill leaves none" {
	feeding 4000000 parse-json --threads 3
	wait_for has_threads "$pid" 3
	# What has not been read is not owed.
	wait_for has_lines 500000
	kill "$pid"
	wait "$pid"
	has_lines 500000
	exec 9>&-
	rm fifo
	feeding 4000000 parse-json --threads 3
	wait_for has_threads "$pid" 3
	kill -9 "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 137 ]
}

@test "a schema that comes by a pipe, and a table, are read once" {
	many
	lines 900 | grep -v ',$' >in
	same 'parse-json --schema-file <(echo "i int, k string, x double") < in | agg --by k sum:x'
	printf 'k,name\nk1,Ann\nk2,Bob\nk2,Ben\n' >users.csv
	same 'parse-json < in | join-static <(cat users.csv) --header --on k | agg --by name count'
	same 'parse-json < in | join-static users.csv --header --on k --how left | pick i,name'
}

@test "explain says how far several threads go, and why no further" {
	bief explain "parse-json | filter '.a > 1' | derive 'b=[.[]]|add' | agg count" >out
	grep threads out >got
	is got <<'X'
  threads    several
  threads    several
  threads    one from here on, and before, unless --threads says more: an expression is run by libjq
X
	bief explain "parse-json | agg count --max-state 1M" | grep threads >got
	is got <<'X'
  threads    several
  threads    one from here on, and before, unless --threads says more: the state is bounded by --max-state
X
}
