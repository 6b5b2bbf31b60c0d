load lib

# What a program does with input that it cannot take, whichever program it is.

GOOD='{"a":1,"s":"[{}]","t":"2016-07-26T02:45:07Z"}'

# Programs that take records, each with what it needs.
programs() {
	printf 'a,name\n1,x\n' >table.csv
	cat <<-'EOP'
	agg count
	dedup
	derive b=.a
	drop-null
	explode s --split ,
	fill-null b=0
	filter .a
	filter --sql a>0
	join-static table.csv --header --on a
	join-stream - /dev/null --on a
	order --by a
	parse-json
	pick a
	pivot --rows t --cols a --value a
	sink-files out
	sink-table
	take 10
	union - /dev/null
	watermark --on t --delay 0s --plain
	window --on t --size 1h
	EOP
}

# Lines that are no records: text, other JSON, broken JSON, wrong bytes.
not_records() {
	printf '%s\n' x '[1]' 1 '"s"' null '{"a":' '{"a":1} x' '{"a":1}{"a":2}' \
		'{"a":01}' '{"a":NaN}' '{"a":1,}' '{"a" 1}' '{"a":"x}' \
		"{'a':1}" '{"a":"\u12"}'
	printf '{"a":"\377"}\n{"a":"\355\240\200"}\n{"a":"\t"}\n'
	printf '\357\273\277{"a":1}\n{"a":"\0"}\n\0\n{"a":\0}\n'
	printf '{"a":%0100000d\n' 0 | tr 0 '['
}

@test "a line that is no record ends any program, which names the line" {
	while read -r p; do
		for bad in x '{"a":1} x'; do
			rm -rf out
			set -- $p
			status=0
			printf '%s\n' "$GOOD" "$bad" | "$@" >o 2>e || status=$?
			[ $status -eq 1 ] && grep -q 'line 2' e || {
				echo "$p: $bad: $status"
				cat e
				return 1
			}
		done
	done < <(programs)
}

@test "with --on-error skip such lines are counted, --rejects keeps them all" {
	not_records >bad
	n=$(wc -l <bad)
	(echo "$GOOD"; cat bad; echo "${GOOD/1/2}") >in
	while read -r p; do
		rm -rf out rejects
		set -- $p
		"$@" --on-error skip --rejects rejects <in >o 2>e || {
			echo "$p: $?"
			cat e
			return 1
		}
		grep -q "$n records refused" e || { echo "$p"; tail -1 e; return 1; }
		[ "$(wc -l <rejects)" -eq "$n" ] || { echo "$p"; return 1; }
		jq -e '.line > 1 and .line < 26 and .program and .reason' \
			rejects >/dev/null
	done < <(programs)
}

@test "what is said of bad input holds no control characters" {
	printf '{"a":\033[31m\a\377}\n' | drop-null 2>e || true
	[ -s e ]
	run -1 grep -P '[\x00-\x09\x0b-\x1f\x7f-\xff]' e
}

@test "of a million wrong lines the first few are said, all are counted" {
	yes x | head -1000000 | drop-null --on-error skip 2>e
	[ "$(wc -l <e)" -lt 20 ]
	grep -q '1000000 records refused' e
}

@test "nothing at all is fine input" {
	while read -r p; do
		rm -rf out
		set -- $p
		"$@" </dev/null >o 2>e || { echo "$p: $?"; cat e; return 1; }
		printf '\n \n\r\n\t\n' | "$@" >o2 2>e || { echo "$p: $?"; cat e; return 1; }
		diff o o2
	done < <(programs)
}

@test "CR in front of LF is no part of a line" {
	printf '{"a":1}\r\n{"a":2}\r\n' >in
	drop-null <in >given; is given <<<$'{"a":1}\n{"a":2}'
	parse-json --schema 'a int, _corrupt_record string' <in >given
	is given <<<$'{"a":1,"_corrupt_record":null}\n{"a":2,"_corrupt_record":null}'
	parse-text in >given; is given <<<$'{"value":"{\\"a\\":1}"}\n{"value":"{\\"a\\":2}"}'
	bief run 'stream-files in | agg sum:a' >given; is given <<<'{"sum(a)":3}'
}

@test "NUL is a character like others where text may hold it" {
	printf 'a\0b\n' >in
	parse-text in >given; is given <<<'{"value":"a\u0000b"}'
	printf 'x\na\0b\n' | parse-csv --header >given
	is given <<<'{"x":"a\u0000b"}'
	printf '%s\n' '{"k":"a\u0000b"}' '{"k":"a"}' '{"k":"a\u0000b"}' >in
	agg --by k count <in >given; is given <<<$'{"k":"a","count":1}\n{"k":"a\\u0000b","count":2}'
	dedup --by k <in >given; is given <<<$'{"k":"a\\u0000b"}\n{"k":"a"}'
	sink-table --db db --table t <in
	[ "$(sqlite3 db 'SELECT group_concat(hex(k)) FROM t')" = 610062,61,610062 ]
}

@test "a line without end takes no memory, from whatever it comes" {
	not_sanitized
	long() { head -c 200000000 /dev/zero | tr '\0' "${1:-x}"; }
	(ulimit -v 150000
	long | union - /dev/null --on-error skip 2>e
	grep -q 'longer than' e
	(printf '1,"'; long) | parse-csv --on-error skip 2>e
	grep -q 'longer than' e
	(printf '1,"'; long '\n') | parse-csv --on-error skip 2>e
	grep -q 'longer than' e
	long | parse-text --on-error skip 2>e
	grep -q 'longer than' e
	echo '{}' | thru --on-error skip -- sh -c \
		'cat >/dev/null; head -c 200000000 /dev/zero | tr "\0" x' 2>e
	grep -q 'longer than' e)
}

@test "a full disk is an error of every program that writes" {
	yes "$GOOD" | head -3000 >in
	for p in 'stream-files in' 'parse-text in' 'drop-null' 'agg --by t count' \
		'order --by a' 'sink-table' 'union in in' 'thru -- cat' \
		'parse-json --infer in'; do
		status=0
		$p <in >/dev/full 2>e || status=$?
		[ $status -eq 1 ] && grep -q 'No space left' e || {
			echo "$p: $status"
			cat e
			return 1
		}
	done
	run -1 bief run 'stream-files in | agg count | drop-null > /dev/full'
	[[ $output == "drop-null: "*"No space left on device" ]]
	run -1 drop-null --on-error skip --rejects /dev/full <<<x
	[[ $output == *"No space left"* ]]
	run -1 agg count --batch 1 --progress /dev/full --plain <in
	[[ $output == *"No space left"* ]]
}

@test "a full disk cuts no line of --rejects off, and where they are to go is looked at first" {
	unshare -rm true 2>/dev/null || skip "no namespaces"
	mkdir disk
	seq 20000 | sed 's/.*/{"n":"&, which is no number"}/' >in
	unshare -rm bash -c '
		mount -t tmpfs -o size=64k none disk && cd disk || exit 77
		parse-json -s "n int" --rejects rejects <../in 2>../e | wc -l >../n
		echo "${PIPESTATUS[0]}"
		jq -c .line <rejects | tail -1 >../last' >said ||
		[ $? -ne 77 ] || skip "no tmpfs"
	is said <<<1
	tail -1 e | is /dev/stdin \
		<<<"parse-json: cannot write 'rejects': No space left on device"
	cmp n last
	mkdir there
	for o in rejects progress; do
		run -1 agg count --$o nowhere/x <in
		is <(echo "$output") <<-'E'
		agg: cannot write 'nowhere/x': there is no directory 'nowhere': make it first (mkdir -p)
		E
		run -1 agg count --$o there <in
		is <(echo "$output") <<<"agg: 'there' is a directory: name a file in it"
	done
}

@test "a file that may not grow as large as it would is an error" {
	seq 30000 | sed 's/.*/{"n":&,"text":"0123456789"}/' >in
	while read -r pipeline; do
		rm -rf out ck
		run -1 bash -c "ulimit -f 20; $pipeline" <in
		[[ $output == *": File too large" || $output == *"disk is full" ||
			$output == *"disk I/O error" ]] || {
			echo "$pipeline: $output"
			return 1
		}
	done <<-'END'
	parse-json -s 'n int' | sink-files out
	sink-files --format parquet out
	sink-table --db t.db --table t
	order --by -n --max-state 100k >/dev/null
	parse-json -s 'n date' --rejects r 2>&1 >/dev/null | tail -1; exit "${PIPESTATUS[0]}"
	bief run 'stream-files --trigger available-now --checkpoint ck in | dedup | sink-exec -- true'
	END
}

@test "a full disk keeps a table, files and a checkpoint as they were" {
	unshare -rm true 2>/dev/null || skip "no namespaces"
	mkdir disk
	seq 20000 | sed 's/.*/{"n":&,"text":"0123456789012345678901234567890123456789"}/' >in
	unshare -rm bash -c '
		mount -t tmpfs -o size=400k none disk && cd disk || exit 77
		head -100 ../in | sink-table --db db --table t 2>&1 || exit 78
		sink-table --db db --table t --mode append <../in >../o 2>&1
		echo table $?
		sqlite3 db "SELECT count(*) FROM t"; rm -f db*
		sink-files out <../in >>../o 2>&1
		echo files $?
		find out -name "*.json*" | wc -l; rm -rf out
		bief run "stream-files --checkpoint ck --max-records 100 ../in |
			dedup | sink-table" >/dev/null 2>>../o
		echo checkpoint $?' >said || [ $? -ne 77 ] || skip "no tmpfs"
	is said <<-'EOS'
	table 1
	100
	files 1
	0
	checkpoint 1
	EOS
	[ "$(grep -ciE 'disk.*full|full.*disk|No space left' o)" -ge 3 ]
}

# ---- time ----

@test "input that is late altogether changes nothing, and is counted" {
	printf '%s\n' '{"t":"2016-01-01T10:00:00Z"}' '{"t":"2016-01-01T12:00:00Z"}' >in
	for i in $(seq 50); do echo '{"t":"2016-01-01T08:00:00Z"}'; done >>in
	for w in '--size 1h' '--size 1h --slide 30m' '--session 10m'; do
		bief run "window --on t $w --watermark 0s --batch 1 < in |
			agg --by t count --mode append --plain --rejects rejects" >all 2>e
		head -2 in >two
		bief run "window --on t $w --watermark 0s --batch 1 < two |
			agg --by t count --mode append --plain" | is all
		grep -Eq '(records|groups) came after the watermark and were dropped' e
		[ "$(jq -r 'select(.reason | startswith("late")) | .watermark' rejects |
			sort -u)" = 2016-01-01T12:00:00Z ]
		rm rejects
	done
	watermark --on t --delay 0s --batch 1 <in | dedup --plain >o 2>e
	[ "$(wc -l <o)" -eq 2 ]
	grep -q '^dedup: 50 records came after the watermark' e
}

@test "time that runs backwards loses only what is later than the delay" {
	for i in $(seq 59 -1 0); do
		printf '{"t":"2016-01-01T10:%02d:00Z"}\n' "$i"
	done >in
	bief run 'watermark --on t --delay 1h --flush --batch 1 < in |
		window --on t --size 10m |
		agg count --mode append --plain' >o
	[ "$(jq -s 'map(.count) | add' o)" -eq 60 ]
	[ "$(wc -l <o)" -eq 6 ]
	bief run 'window --on t --size 10m --watermark 0s --batch 1 < in |
		agg count --mode update --plain' >o 2>e
	[ "$(jq -s 'map(.count) | max' o)" -eq 10 ]
	grep -q 'agg: 50 groups came after the watermark' e
}

@test "a null time is in no window, moves no watermark, and is never late" {
	printf '%s\n' '{"t":null,"k":1}' '{"k":2}' '{"t":"2016-01-01T10:00:00Z","k":3}' \
		'{"t":null,"k":4}' '{"t":"2016-01-01T12:00:00Z","k":5}' '{"t":null,"k":6}' >in
	window --on t --size 1h --watermark 0s --batch 1 <in 2>e |
		agg count --plain >given; is given <<-'EOS'
	{"window_start":"2016-01-01T10:00:00Z","window_end":"2016-01-01T11:00:00Z","count":1}
	{"window_start":"2016-01-01T12:00:00Z","window_end":"2016-01-01T13:00:00Z","count":1}
	EOS
	grep -q '^window: 4 records had no usable time' e
	watermark --on t --delay 0s --batch 1 <in | dedup --by k --plain >o
	[ "$(jq -c .k o | tr -d '\n')" = 123456 ]
	join-stream <(watermark --on t --delay 0s --batch 1 <in) \
		<(watermark --on t --delay 0s --batch 1 <in) --on k --plain >o
	[ "$(jq -c .k o | tr -d '\n')" = 123456 ]
}

@test "a silent input holds up no line of the other, an ended one nothing" {
	mkfifo left right
	join-stream left right --on k >pairs &
	exec 5>left 6>right
	echo '{"k":1,"l":1}' >&5
	echo '{"k":1,"r":1}' >&6
	wait_for test -s pairs
	exec 6>&-
	echo '{"k":1,"l":2}' >&5
	wait_for grep -q '"l":2' pairs
	exec 5>&-
	wait
	is pairs <<-'EOS'
	{"k":1,"l":1,"r":1}
	{"k":1,"l":2,"r":1}
	EOS
	union left right >both &
	exec 5>left 6>right
	echo '{"k":1}' >&6
	wait_for test -s both
	exec 5>&- 6>&-
}

# What a process waits for in the kernel is told on most machines.
needs_wchan() {
	mkfifo asleep
	cat <>asleep >asleep & # it waits for itself
	local i
	for i in $(seq 1 500); do
		if grep -q '[a-z]' /proc/$!/wchan; then
			kill $!
			return
		fi
		sleep 0.01
	done
	kill $!
	skip "needs /proc/PID/wchan"
}

@test "a FIFO that nobody comes to write is given up with the first signal" {
	needs_wchan
	mkfifo never
	for command in 'parse-json never' 'stream-files never' \
		'union never never' 'join-stream --on k never never' \
		'join-static never --on k'; do
		for sig in INT TERM; do
			env --default-signal=INT $command </dev/null >out 2>err &
			wait_for grep -q wait_for_partner /proc/$!/wchan
			kill -$sig $!
			local rc=0
			wait $! || rc=$?
			is out </dev/null
			echo "$command: $rc $(cat err)" >>ends
		done
	done
	sort -u ends | sed 's/ *$//' >given
	is given <<-'EOS'
	join-static never --on k: 1 join-static: table 'never': stopped while it was read
	join-stream --on k never never: 0
	parse-json never: 0
	stream-files never: 0
	union never never: 0
	EOS
}

@test "who asks for statistics ends no wait for who writes a FIFO" {
	needs_wchan
	mkfifo late
	echo '{"k":1}' >some
	for command in 'parse-json late' 'stream-files late' 'union late some' \
		'join-stream --on k late some' 'join-static late --on k'; do
		$command <some >out 2>err &
		wait_for grep -q wait_for_partner /proc/$!/wchan
		kill -USR1 $!
		wait_for grep -q '^SigPnd:.0*$' /proc/$!/status
		echo '{"k":1}' >late
		wait $! || { echo "$command"; cat err; false; }
		[ -s out ]
	done
}

@test "a silent source with a trigger holds up no batch of the other" {
	mkfifo pipe
	exec 5<>pipe
	printf '%s\n' '{"k":1}' >in
	union <(stream-files --trigger 10ms --follow in) \
		<(stream-files --trigger 10ms pipe) |
		sink-table >shown 2>e &
	wait_for grep -q '|  *1|' shown
	kill $(jobs -p) 2>/dev/null || true
}

# ---- control lines ----

stream() {
	local i
	echo '{"#bief":{"stream":1,"trigger":"once"}}'
	for i in 0 1 2; do
		echo '{"#bief":{"begin":'$i',"time":"2026-01-01T00:00:00Z"}}'
		echo '{"a":1}'
		echo '{"#bief":{"end":'$i'}}'
	done
	echo '{"#bief":{"eof":1}}'
}

@test "a stream that is cut at any byte is told, and its unfinished batch gives nothing" {
	stream >whole
	agg count --plain <whole >all
	[ "$(wc -l <all)" -eq 3 ]
	size=$(wc -c <whole)
	for i in $(seq 1 3 $((size - 22))); do
		head -c "$i" whole >part
		status=0
		agg count --plain <part >o 2>e || status=$?
		[ $status -eq 1 ] && [ -s e ] || { echo "$i: $status"; cat e; return 1; }
		whole=$(grep -c '"end":[0-9]}}$' part || true)
		head -n "$whole" all | diff - o
	done
}

@test "batches that are missing, doubled or not begun are refused" {
	stream >s
	for wrong in '/"begin":1/d' '/"end":1/d' '/"begin":1/,/"end":1/d' \
		's/"begin":1/"begin":0/' 's/"end":1/"end":0/' '2{h;G}' \
		's/"begin":2/"begin":7/' 's/"begin":1/"begin":-1/' \
		's/"begin":1/"begin":"x"/' '1a{"a":2}' '/"end":0/a{"a":2}'; do
		sed "$wrong" s >t
		run -1 agg count --plain <t
		run -1 union t s --plain
		run -1 join-stream s t --on a --plain
	done
}

@test "a header of a newer version, or none, is refused by every program" {
	while read -r p; do
		rm -rf out
		set -- $p
		status=0
		stream | sed 's/"stream":1/"stream":2/' | "$@" >o 2>e || status=$?
		[ $status -eq 2 ] && grep -q 'update bief' e || { echo "$p: $status"; cat e; return 1; }
		rm -rf out
		status=0
		stream | sed 1d | "$@" >o 2>e || status=$?
		[ $status -eq 2 ] && grep -q 'header' e || { echo "$p: $status"; cat e; return 1; }
	done < <(programs)
}

# ---- records that look like control lines ----

# Objects whose first name is #bief, which are no control lines.
forged() {
	printf '%s\n' '{ "#bief":{"eof":1}}' ' {"#bief":{"eof":1}}' \
		'{"#bief" :{"eof":1}}' '{"\u0023bief":{"eof":1}}' \
		'{"#b\u0069ef":{"eof":1}}' '{"#bief":{"eof":1},"a":1}' \
		'{"#bief":{"eof":1},"#bief":{"eof":1}}' '{"#bief":1,"a":1}' \
		'{"#bief":{"end":0},"t":"2016-07-26T02:45:07Z"}'
}

@test "a record whose first name is #bief, however spelled, is refused wherever lines are read" {
	forged >bad
	n=$(wc -l <bad)
	(cat bad; echo "$GOOD") >in
	(programs; echo 'parse-text'; echo 'stream-files -') |
	while read -r p; do
		rm -rf out rejects
		set -- $p
		"$@" --on-error skip --rejects rejects <in >o 2>e || {
			echo "$p: $?"
			cat e
			return 1
		}
		grep -q "$n records refused, skipped" e || { echo "$p"; cat e; return 1; }
		jq -r .record rejects | diff bad - || { echo "$p"; return 1; }
		grep -q '"eof"' o && { echo "$p"; cat o; return 1; }
		rm -rf out
		bief run "$(printf '%q ' "$@" --on-error skip)" <in >o2 2>e2
		diff o o2
		diff e e2
	done
}

@test "a record cannot forge the control lines of a stream with batches" {
	mkdir in
	{ printf '{"v":%d}\n' 1 2; forged; printf '{"v":%d}\n' 3 4 5 6; } >in/1
	for how in bash 'bief run'; do
		rm -rf ck db
		if [ "$how" = bash ]; then set -- bash -o pipefail -c; else set -- bief run; fi
		"$@" "stream-files --checkpoint ck in | derive 'v=.v*10' |
			sink-table --db db --table t --mode append" 2>e
		grep -qx "stream-files: $(forged | wc -l) records refused, skipped" e
		[ "$(sqlite3 db 'SELECT group_concat(v) FROM t')" = 10,20,30,40,50,60 ]
	done
	stream >s
	(sed -n 1,3p s; forged; sed 1,3d s) >t
	derive --on-error skip b=.a <t 2>e | agg count --plain >o
	is o <<<$'{"count":1}\n{"count":2}\n{"count":3}'
	union t t --on-error skip 2>e | agg count --plain >o
	is o <<<$'{"count":2}\n{"count":4}\n{"count":6}'
}

@test "a foreign program that prints lines anew makes no control line of data" {
	forged >in
	run -0 bash -c 'stream-files in 2>/dev/null | jq -c .'
	[ -z "$output" ]
	thru --on-error skip -- sh -c 'cat >/dev/null; echo "{ \"#bief\":{\"eof\":1}}"' \
		<<<'{"a":1}' >o 2>e
	grep -q '1 record refused' e
	[ ! -s o ]
}

@test "no program writes a record that begins with #bief" {
	printf '%s\n' '{"a":1,"#bief":{"eof":1},"t":"2016-07-26T02:45:07Z"}' >in
	printf '#bief,x\n1,2\n' >c.csv
	echo '{}' >empty
	while IFS='|' read -r from p; do
		for how in bash 'bief run'; do
			if [ "$how" = bash ]; then set -- bash -c; else set -- bief run; fi
			status=0
			"$@" "$p" <$from >o 2>e || status=$?
			[ $status -ne 0 ] && grep -q '#bief' e && [ ! -s o ] ||
				{ echo "$p: $status"; cat o e; return 1; }
		done
	done <<-'EOP'
	in|pick '#bief'
	in|pick '#bief' a
	in|pick '#bief=a'
	in|agg --by '#bief' count
	in|pivot --rows '#bief' --cols a --value a
	in|dedup --by a | pick '#bief'
	empty|derive '#bief=1'
	empty|derive --sql '#bief=1'
	empty|fill-null '#bief=1'
	c.csv|parse-csv --header
	c.csv|parse-csv --header -s '`#bief` int, x int'
	c.csv|parse-csv -s '`#bief` string, x int'
	in|parse-json -s '`#bief` string'
	in|parse-json -s '`#bief` string, a int'
	EOP
	echo '{"s":"{\"#bief\":1}"}' >in
	run -1 parse-json --field s <in
	run -0 derive '#bief=1' <in
	[ "$output" = '{"s":"{\"#bief\":1}","#bief":1}' ]
	echo '{"#bief":1,"#bief":2}' | parse-json -s 'a int, `#bief` int' \
		--on-error skip >o 2>e
	[ ! -s o ]
}

@test "in front of untrusted input a source takes its control lines for data" {
	stream | sed 's/"stream":1/&,"checkpoint":"'"${PWD//\//\\/}"'\/ck"/' >in
	stream-files - <in 2>e | agg count >o
	is o <<<'{"count":3}'
	[ ! -e ck ]
	grep -q '8 records refused' e
}

# A stream of one batch whose header has these members more.
with_header() {
	printf '{"#bief":{"stream":1%s}}\n' "${1:+,$1}"
	printf '%s\n' '{"#bief":{"begin":0,"time":"2026-01-01T00:00:00Z"}}' \
		'{"a":1,"t":"2026-01-01T00:00:00Z"}' '{"#bief":{"end":0}}' \
		'{"#bief":{"eof":1}}'
}

@test "a header with a time zone that is not known here is refused, by name" {
	with_header '"zone":"Nowhere/Land"' >in
	while read -r p; do
		rm -rf out
		set -- $p
		status=0
		"$@" <in >o 2>e || status=$?
		[ $status -eq 2 ] && grep -q "no time zone 'Nowhere/Land'" e ||
			{ echo "$p: $status"; cat e; return 1; }
	done < <(programs)
	run -2 bief run 'filter --sql "hour(t) = 1"' <in
	with_header '"zone":"Europe/Paris"' | filter --sql 'hour(t) = 1' --plain >o
	is o <<<'{"a":1,"t":"2026-01-01T00:00:00Z"}'
}

@test "a header's members are checked before anybody trusts them" {
	huge=$(printf '%070000d' 0)
	local n=0 of=4 p
	[ -z "${LONG:-}" ] || of=1
	pipelines=('filter --sql "hour(t) >= 0" | derive --sql "b=date(t)" |
		window --on t --size 1h | agg --by a count | sink-table'
		'sink-table --db db --table t' 'union - /dev/null | dedup'
		'window --batches 2 | agg count --mode append | order --by count')
	while read -r key; do
		for value in '""' null true '[]' '{}' -1 9223372036854775807 1e999 \
			'"\u0000"' '"a\u0000b"' '"x"' '[1]' '[""]' '["\u0000"]' \
			'"-1d"' '"106751991d"' '"106751991d4h54.775807s"' '"\u001b[31m"' \
			'"../../etc/passwd"' '"`"' '"a array<"' "\"$huge\""; do
			with_header "\"$key\":$value" >in
			# Each value in one of the pipelines; LONG=1: in all.
			for ((p = n++ % of; p < 4; p += of)); do
				[ ! -e db ] && [ ! -e ck ] || rm -rf db* ck
				status=0
				bief run "${pipelines[p]}" <in >o 2>e || status=$?
				[ $status -le 2 ] || {
					echo "$key: ${value:0:80}: ${pipelines[p]}: $status"; head -c 1000 e; return 1; }
				[ $status -eq 0 ] || [ -s e ] || {
					echo "$key: ${value:0:80}: ${pipelines[p]}: silent"; return 1; }
			done
		done
	done <<<'stream
trigger
fields
event_time
delay
window
slide
start
window_on
session
mode
asked
aggregated
stateful
keys
zone
checkpoint
identity
resume
committed
last
anew
runs
stage'
}

@test "what a header says wrongly is told with its member" {
	while IFS='|' read -r members text; do
		with_header "$members" >in
		run -2 bash -c 'sink-table <in'
		[[ "$output" == "sink-table: header line: $text"* ]] || { echo "$members: $output"; return 1; }
	done <<-'EOP'
	"zone":5|'zone': it is no text
	"zone":""|'zone': it is empty
	"event_time":"a\u0000b"|'event_time': it holds a NUL
	"fields":5|'fields': it is no text
	"fields":"a int,"|'fields': schema: 
	"keys":"a"|'keys': it is no list
	"keys":["a",1]|'keys': it is no text
	"delay":"106751991d"|'delay': it is too long: '106751991d'
	"delay":"-2s"|trigger, delay, window, slide and start do not go together
	"session":"0s"|'session': it is not positive
	"mode":"some"|'mode': unknown mode 'some'
	"resume":9223372036854775807|'resume': it is no batch
	"committed":"1"|'committed': it is no batch
	"aggregated":1|'aggregated': it is neither true nor false
	"checkpoint":"ck"|checkpoint, identity, stage, runs
	"checkpoint":"/tmp"|checkpoint, identity, stage, runs
	EOP
}

@test "nothing is written into a directory that is not the header's checkpoint" {
	mkdir d in
	echo '{"a":1}' >in/1
	stream-files --checkpoint ck in | sink-table >/dev/null
	for dir in d ck; do
		find $dir >before
		with_header '"checkpoint":"'"$PWD/$dir"'","identity":"0123456789abcdef0123456789abcdef","resume":0,"committed":-1,"runs":["x"],"stage":"s"' >s
		run -3 bash -c 'agg count <s'
		run -3 bash -c 'sink-table <s'
		find $dir | diff before -
	done
}

@test "times and numbers of batches beyond what can be are damage" {
	for line in '"begin":0,"fresh":"2026-01-01T00:00:00Z"' \
		'"begin":0,"watermark":"2026-01-01T00:00:00Z","fresh":"2027-01-01T00:00:00Z"' \
		'"begin":9223372036854775807' '"begin":0,"time":"+294247-01-01T00:00:00Z"'; do
		printf '{"#bief":{%s}}\n' '"stream":1' "$line" >in
		run -1 bash -c 'take 1 --plain <in'
		[[ "$output" == *"a control line is damaged: "* ]]
	done
}

# ---- closed descriptors ----

@test "a closed standard input is an error of whoever reads it, never waited for" {
	echo '{"a":1}' >table.json
	(programs; echo 'thru -- cat'; echo 'stream-files -'; echo 'parse-json --infer -'
	echo 'parse-text'; echo 'bief run "agg count"'; echo 'bief run "agg count | cat"'
	echo 'bief run "cat | agg count"'; echo 'serve-lines --port 0 -'
	echo 'join-static - --header --on a') |
	while read -r p; do
		for closed in '<&-' '<&- >&-'; do
			rm -rf out
			status=0
			timeout 60 bash -c "${p/>/\\>} $closed" >o 2>e || status=$?
			[ $status -eq 1 ] && grep -q 'Bad file descriptor' e || {
				echo "$p $closed: $status"; cat e; return 1; }
			status=0
			timeout 60 bash -c "${p/>/\\>} $closed 2>&-" >o || status=$?
			[ $status -eq 1 ] || { echo "$p $closed 2>&-"; return 1; }
		done
	done
}

@test "a closed standard output is an error of whoever writes, a closed error output of nobody" {
	while read -r p; do
		case $p in sink-files* | join-stream* | filter*sql*) continue ;; esac
		rm -rf out
		echo "$GOOD" | bash -c "${p/>/\\>} >&-" 2>e && { echo "$p"; return 1; }
		grep -q 'cannot write the output: Bad file descriptor' e || {
			echo "$p"; cat e; return 1; }
		rm -rf out
		echo "$GOOD" | $p >o 2>e
		rm -rf out
		echo "$GOOD" | bash -c "$p 2>&-" >o2
		diff o o2
	done < <(programs | grep -v explode; echo 'thru -- cat'; echo 'take 1')
	for p in 'bief --help' 'bief --version' 'agg --help' \
		'bief run --help' 'bief explain "agg count"' 'agg --dump-options'; do
		run -1 bash -c "$p >&-"
		[[ "$output" == *"cannot write the output"* ]] || { echo "$p: $output"; return 1; }
		bash -c "$p <&- 2>&-" >o
	done
}

@test "files that are opened do not take the place of closed descriptors" {
	mkdir in
	echo "$GOOD" >in/1
	stream-files in >whole
	bash -c 'stream-files in <&-' >o
	diff whole o
	bash -c 'stream-files in <&- 2>&-' >o
	diff whole o
	for closed in '<&-' '>&-' '<&- >&- 2>&-'; do
		rm -rf db out
		bash -c "bief run 'stream-files in | sink-table --db db --table t' $closed"
		[ "$(sqlite3 db 'SELECT count(*) FROM t')" = 1 ]
		bash -c "bief run 'stream-files in | sink-files out' $closed"
		cat out/part-* | diff whole -
	done
}

# ---- numbers of options ----

# One line per numeric option of a program: name, kind, least, most.
numbers_of() {
	"$1" --dump-options | sed -n 's/^{"name":"\([^"]*\)","kind":"\([a-z]*\)".*,"least":\([-0-9]*\),"most":\([0-9]*\),.*/\1 \2 \3 \4/p'
}

@test "every number of an option is refused beyond its limits and taken at them" {
	for p in $(ls "$(dirname "$(command -v bief)")"); do
		[ "$p" = bief ] && continue
		while read -r name kind least most; do
			unit=
			[ "$kind" = duration ] && unit=us
			for n in "$least" "$most"; do
				"$p" --$name "$n$unit" --help >/dev/null 2>e || {
					echo "$p --$name $n$unit"; cat e; return 1; }
			done
			for n in $((least - 1)) $((most + 1)) \
				4294967296000000000000 -9223372036854775809 1x '' x; do
				status=0
				"$p" --$name "$n$unit" --help >o 2>e || status=$?
				[[ $status -eq 2 && "$(<e)" == *"--$name"* && ! -s o ]] || {
					echo "$p --$name $n$unit: $status"; cat e; return 1; }
			done
		done < <(numbers_of "$p")
	done
}

@test "programs work with numbers of options at their limits" {
	printf '%s\n' '{"a":1,"t":"2016-07-26T02:45:07Z"}' '{"a":2}' >in
	printf 'a,name\n1,x\n' >table.csv
	while read -r p; do
		set -- $p
		while read -r name kind least most; do
			[ "$name" = ready-fd ] && continue
			[[ "$p" = *--$name* ]] && continue
			for n in "$least" "$most"; do
				[ "$kind" = duration ] && n=${n}us
				rm -rf out
				status=0
				timeout 60 "$@" --$name "$n" <in >o 2>e || status=$?
				[ $status -le 2 ] || { echo "$p --$name $n: $status"; cat e; return 1; }
				[ $status -eq 0 ] || [ -s e ] || { echo "$p --$name $n"; return 1; }
			done
		done < <(numbers_of "$1")
	done <<-'EOP'
	agg --by a count
	dedup --by a
	drop-null
	join-static table.csv --header --on a
	join-stream - /dev/null --on a
	order --by a
	parse-csv --header
	parse-json
	parse-text
	pivot --rows t --cols a --value a
	sink-files out
	sink-table
	stream-files in
	stream-files --trigger once in
	stream-rate --count 2 --trigger once
	stream-rate --count 2 --rows-per-batch 2
	take 1
	union - /dev/null
	watermark --on t --delay 1s --plain
	window --on t --size 1h
	window --on t --size 1h --watermark 1s --plain
	window --on t --session 1h
	EOP
}

@test "a number that does not fit is refused, never cut" {
	run -2 stream-files --ready-fd 4294967297 /dev/null
	[[ $output == *"--ready-fd is at most"* ]]
	run -2 stream-files --sinks 4294967297 /dev/null
	run -2 drop-null --max-line 6G
	run -2 serve-lines --port 65536 /dev/null
	run -2 take 99999999999999999999
	run -2 take 4294967297x
	run -2 thru --ok 4294967296 -- cat
	run -2 window --batches 99999999999999999999
	run -2 bash -c 'drop-null --trigger 30000000d | window --batches 99999 --plain'
	run -2 drop-null --trigger 106751991d
	run -2 stream-rate --trigger 106751991d
	run -0 take 4294967297 <<<'{"a":1}'
	[ "$output" = '{"a":1}' ]
}

# ---- what would run for ever, or beyond 64 bits ----

@test "no regular expression runs for ever" {
	(printf '{"s":"'; printf '%05000d' 0 | tr 0 a; printf '!"}\n') >in
	for p in 'filter .s|test("(a+)+$")' 'filter --sql s!rlike!"(a+)+$"' \
		'derive x=.s|sub("(a|aa)+$";"")' \
		'derive --sql x!=!regexp_replace(s,"(a+)+$","")' \
		'derive --sql x!=!split(s,"(a*)*b")' 'explode s --regex (a|a)+$'; do
		IFS=' ' read -ra words <<<"$p"
		status=0
		timeout 20 "${words[@]//!/ }" <in >o 2>e || status=$?
		[ $status -le 1 ] || { echo "$p: $status"; cat e; return 1; }
	done
}

@test "sums and other results beyond 64 bits are errors or doubles, never wrong" {
	printf '{"a":9223372036854775807}\n{"a":1}\n' >in
	run -1 agg sum:a <in
	[[ $output == *"64"* ]]
	run -0 --separate-stderr agg avg:a <in
	[ "$output" = '{"avg(a)":4.611686018427388e+18}' ]
	run -0 bash -c "derive b=.a+1 <in | tail -1"
	[ "$output" = '{"a":1,"b":2}' ]
	run -1 bash -c "stream-files in | agg count sum:a --batch 1 --mode update --plain"
}

@test "what no program can keep is said to be skipped, whatever --on-error says" {
	printf '{"a":1}\nno JSON\n' >in
	for p in 'pick a' dedup 'agg count' 'order --by a' 'take 5' 'union - in' \
		'derive b=.a' 'fill-null a=0' 'sink-table' 'sink-files out'; do
		$p --on-error keep <in >/dev/null 2>err
		grep -Eq ': [12] records? refused, skipped$' err || { cat err; false; }
	done
	printf '{"a":1}\n{"a":"x"}\nno JSON\n' |
		derive 'b=.a+1' --on-error keep >/dev/null 2>err
	[ "$(tail -1 err)" = "derive: 2 records refused, 1 kept, 1 skipped" ]
}

# The bytes below 0x20 but for LF and TAB, DEL, C1 controls, ends of lines of
# Unicode, and what turns text around.
wild='\033[31m\007\b\r\177\302\233\342\200\256\342\200\250\377'

@test "no message lets escape sequences of data reach the terminal" {
	local n=0 cmd
	clean() { run ! grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]|\xff' err; }
	printf '{"a":"\\u001b[31m\\u0007\\u009b\\u202e\\nfilter: done"}\n' > in
	printf "a,${wild}\n1,2\n" > in.csv
	printf "$wild\n" > bytes
	name=$(printf "x\033]0;t\007y")
	while read -r cmd; do
		eval "$cmd" > out 2> err || true
		[ -s err ] || { echo "says nothing: $cmd"; return 1; }
		LC_ALL=C clean || { echo "$cmd"; cat -v err; return 1; }
		n=$((n + 1))
	done <<'END'
derive 'r=.a|tonumber' < in
derive 'r=.a|fromjson' < in
derive 'r=error(.a)' < in
derive 'r=error({x:.a})' < in
derive 'r=.a|strptime("%Y")' < in
derive 'r=def f: error(.a); f' < in
derive --on-error skip 'r=.a|fromjson' < in
filter '.a|test(.)' < in
filter '.a|fromdate|. > 1' < in
filter ".a == \"$name\" |" < in
filter --sql "x = '$name" < in
filter --sql "\`$name\` = 1" < in
derive --sql "x=raise('$name')" < in
derive "$name" < in
filter ".\"$name\" == 1" < in
parse-json < bytes
parse-json --on-error skip < bytes
parse-json -s "$name int" < in
parse-csv --header -s 'a int, b int' < in.csv
pick "$name" < in
agg --by "$name" count < in
agg "sum:a" < in
window --on a --size 1h < in
thru "$name" < in
join-static "$name" --on a < in
stream-files "$name"
sink-files "$name/x/y" < in
bief run "$name"
bief "$name"
bief ps "--$name"
bief state "$name"
END
	[ "$n" -gt 25 ]
}

@test "a line of data does not pass for a message of a program" {
	printf '{"a":"x\\nfilter: all is well"}\n' > in
	run -1 derive 'r=error(.a)' < in
	[ "$output" = 'derive: line 1: r: x?filter: all is well (--on-error skip goes on)' ]
	run -2 filter '.a ==' < in
	[ "${lines[1]}" = '  .a ==' ]
	[ "${lines[2]}" = '       ^' ]
}

# ---- what was meant ----

@test "a file that stands where fields or expressions do is named, not waited for" {
	echo '{"a":1}' >routes.jsonl
	mkdir d
	cp routes.jsonl d/routes
	for p in 'pick a' 'filter .a' 'drop-null' 'agg count' 'dedup' 'explode' 'take 5' \
		'derive a=1' 'fill-null a=1' 'sink-table' 'order --by a' 'watermark'; do
		for f in routes.jsonl ./routes.jsonl d/routes; do
			run -2 $p $f
			[ "$output" = "${p%% *}: '$f' is a file, and stands where none is expected: ${p%% *} < $f, or a source in front" ]
		done
	done
	cp routes.jsonl a
	run -0 pick a <routes.jsonl
	run -0 pick a.b <routes.jsonl
}

@test "a word that is no option is answered with the one that was meant" {
	while IFS='|' read -r p says; do
		run -2 $p
		[ "$output" = "${p%% *}: unknown option $says" ] || { echo "$p: $output"; return 1; }
	done <<-'EOP'
	agg --groupby a|--groupby: did you mean --by?
	agg --group-by a|--group-by: did you mean --by?
	dedup --keys a|--keys: did you mean --by?
	join-stream --using a|--using: did you mean --on?
	parse-csv --delimiter ;|--delimiter: did you mean --sep?
	parse-csv --headr|--headr: did you mean --header?
	order --desc a|--desc: descending is a minus in front of the field: --by -FIELD
	order -r|-r: descending is a minus in front of the field: --by -FIELD
	stream-socket --host x|--host: the address is an operand: stream-socket HOST:PORT
	stream-socket --port 1|--port: the address is an operand: stream-socket HOST:PORT
	thru sh -c x|-c: the command, with its own options, stands behind --: thru -- COMMAND [ARGUMENT ...]
	thru grep --color x|--color: the command, with its own options, stands behind --: thru -- COMMAND [ARGUMENT ...]
	agg --groupBy a|--groupBy: did you mean --by?
	stream-rate --rowsPerSecond 5|--rowsPerSecond: did you mean --rate?
	stream-files --maxFilesPerTrigger 1|--maxFilesPerTrigger: did you mean --max-files?
	sink-table --outputMode append|--outputMode: did you mean --mode?
	sink-table --queryName q|--queryName: did you mean --name?
	stream-files --checkpointLocation d|--checkpointLocation: did you mean --checkpoint?
	agg --xyzzy|--xyzzy: see --help
	EOP
}

@test "what stands where Spark has it, or is written as there, leads on" {
	while IFS='|' read -r p says; do
		run -2 --separate-stderr bash -c "$p" </dev/null
		[ "$stderr" = "${p%% *}: $says" ] || { echo "$p: $stderr"; return 1; }
	done <<-'EOP'
	agg --mode Complete count|--mode: 'Complete' is none of append|update|complete (did you mean 'complete'?)
	sink-table --mode APPEND|--mode: 'APPEND' is none of append|update|complete (did you mean 'append'?)
	join-static t --on a --how leftOuter|--how: 'leftOuter' is none of inner|left|semi|anti (did you mean 'left'?)
	sink-table --mode sideways|--mode: 'sideways' is none of append|update|complete
	stream-files --trigger availableNow in|--trigger: 'availableNow': say available-now, of a source
	agg --trigger 'processingTime=5 seconds' count|--trigger: 'processingTime=5 seconds': an interval stands alone, as in 5s
	agg --trigger once count|--trigger: 'once': only of a source
	agg 'max(a), min(b)'|'max(a), min(b)': each function is a word of its own, without a comma: max:a min:b, or 'max(a)' 'min(b)'
	order a|what is 'a'? a field stands behind --by; usage: order --by [-]FIELD,... [--limit N]
	watermark t '10 minutes'|what is 't'? a field stands behind --on; usage: watermark --on FIELD --delay D
	pick 'a as z'|'a as z': a new name stands in front: z=a (or, as in SQL, --sql; a field of this name in double quotes)
	EOP
	echo '{"a as z":1}' | pick '"a as z"' >out
	is out <<<'{"a as z":1}'
}

@test "order says how descending is said" {
	for by in 'count desc' 'a,count DESC' ' count desc'; do
		run -2 order --by "$by"
		[ "$output" = "order: --by: descending is '-count' here" ]
	done
	run -2 order --by 'count asc'
	[ "$output" = "order: --by: ascending is 'count' here" ]
	echo '{"desc":2}' >in
	run -0 order --by desc <in
}

@test "input of another kind is called by its name, with what makes records of it" {
	says() {
		status=0
		"${@:2}" <in >o 2>e || status=$?
		grep -qF "$1" e || { echo "$*"; cat e; return 1; }
	}
	for p in 'agg count' 'filter .a' 'union - /dev/null' 'parse-json' 'parse-json -s a_int'; do
		p=${p/a_int/'a	int'}
		IFS=' ' read -ra words <<<"$p"
		printf '[\n {"a":1},\n {"a":2}\n]\n' >in
		says "it is an array (parse-json --array makes records of one)" "${words[@]}"
		printf '{\n "a":1\n}\n' >in
		says "an object over many lines (jq -c . makes a line of it)" "${words[@]}"
		echo '{"a":1}' | gzip >in
		says 'it is compressed (gzip -dc in front' "${words[@]}"
		echo '{"a":1}' | zstd -q >in
		says 'it is compressed (zstd -dc in front' "${words[@]}"
		echo '{"a":1}' | iconv -t UTF-16 >in
		says 'it is UTF-16' "${words[@]}"
		rm -rf d
		echo '{"a":1}' | sink-files d --format parquet
		cp d/part-00000.parquet in
		says 'it is Parquet (parse-parquet reads that)' "${words[@]}"
		echo '{"a":1}' | sink-table >in
		says 'it is what sink-table shows' "${words[@]}"
		sed -n '/+/,$p' in >shown
		cp shown in
		says 'it is what sink-table shows' "${words[@]}"
	done
}

@test "union says how many inputs there may be" {
	run -2 union $(yes /dev/null | head -65)
	[[ "$output" == "union: 65 inputs are more than the 64 that one program reads: "* ]]
	run -0 union $(yes /dev/null | head -64)
	run -2 union /dev/null
	[[ "$output" == *"name two or more inputs"* ]]
}

@test "messages say what they mean: the end of a text, the time of a window" {
	run -2 filter --sql 'case when a = 1 then 2'
	[[ "${lines[0]}" == "filter: sql: expected end, but the text ends here" ]]
	run -2 derive --sql 'b=window_time(window)'
	[[ "${lines[0]}" == *"'window_time' is the last moment of a window: that is window_end - interval 1 microsecond" ]]
}

@test "what is out of memory says which program it is" {
	not_sanitized
	run -1 bash -c 'ulimit -v 40000; yes "{\"a\":1}" | head -c 90000000 | order --by a'
	[[ "$output" == *"order: out of memory"* ]]
}

@test "agg --help lists the functions" {
	agg --help >o
	for f in count sum avg approx_count_distinct collect_set stats 'p0 to p100'; do
		sed -n '/^functions:/,/^as in/p' o | grep -qw -- "$f"
	done
	run -2 agg xyzzy
	[[ "$output" == *"it is one of count, "*" sum, "*"p0 to p100" ]]
}

# ---- one answer in pipes and in one process ----

# both PIPELINE: run by pipes and by bief run, with in as input, to o.
both() {
	bash -o pipefail -c "$1" <in >o 2>e || true
	bief run "$1" <in >o2 2>e2 || true
	diff o o2
}

@test "the window of a date begins at local midnight, in pipes and in one process" {
	echo '{"s":"2026-03-01"}' >in
	both 'derive --sql "d=cast(s as date)" | window --zone Asia/Tokyo --on d --size 1d | pick window_start'
	is o <<<'{"window_start":"2026-02-28T00:00:00Z"}'
	both 'derive --sql "d=cast(s as date)" | window --zone America/New_York --on d --size 1h | pick window_start'
	is o <<<'{"window_start":"2026-03-01T05:00:00Z"}'
	both 'parse-json -s "s date" --batch 1 --zone Asia/Tokyo | window --on s --size 1h --plain | pick window_start'
	is o <<<'{"window_start":"2026-02-28T15:00:00Z"}'
	both 'derive --sql "d=date_add(cast(s as date), 2000000000)" | window --on d --size 1h'
}

@test "what is not finite is a string where types are not known, in one process as well" {
	echo '{"a":1}' >in
	for n in "double('NaN')" "double('Infinity')" "double('-Infinity')" "float('NaN')" \
		"array(double('NaN'))" "struct(double('Infinity'))"; do
		for p in 'derive --sql "c=typeof(b)" "d=hash(b)" "e=b = 1" "f=to_json(struct(b))"' \
			'filter --sql "b > 5"' 'derive "c=.b|type"' 'agg --by b count max:b' 'drop-null' \
			'derive --sql c=b | derive --sql "d=typeof(c)"' 'order --by b'; do
			both "derive --sql \"b=$n\" | $p"
		done
	done
	both "derive --sql \"b=double('NaN')\" | derive --sql \"c=typeof(b)\""
	is o <<<'{"a":1,"b":"NaN","c":"string"}'
}

@test "with batches what follows learns --zone, without it is told" {
	printf '{"t":"2026-03-01 00:00:00"}\n' >in
	both 'parse-json -s "t timestamp" --zone Asia/Tokyo --batch 1 | derive --sql "h=hour(t)" --plain'
	is o <<<'{"t":"2026-02-28T15:00:00Z","h":0}'
	both 'parse-json -s "t timestamp" --zone Asia/Tokyo | derive --sql "h=hour(t)"'
	is o <<<'{"t":"2026-02-28T15:00:00Z","h":15}'
	both 'parse-json -s "t timestamp" --zone Asia/Tokyo | derive --zone Asia/Tokyo --sql "h=hour(t)"'
	is o <<<'{"t":"2026-02-28T15:00:00Z","h":0}'
	printf '{"s":"NaN"}\n' >in
	both 'parse-json -s "s string" --batch 1 | drop-null --plain'
	is o <<<'{"s":"NaN"}'
	both 'parse-json -s "s string" | drop-null'
	is o </dev/null
}

@test "sixty-four key fields are grouped by like two" {
	by=$(seq -s, -f k%g 1 64)
	(printf '{"k1":1,"k64":2,"t":"2026-01-01T00:00:00Z"}\n'
	printf '{"k1":1,"k64":3,"t":"2026-01-01T00:00:00Z"}\n') >in
	both "window --on t --size 1h | agg --by $by count | pick k1 k33 k64 count window_start"
	is o <<-'END'
	{"k1":1,"k33":null,"k64":2,"count":1,"window_start":"2026-01-01T00:00:00Z"}
	{"k1":1,"k33":null,"k64":3,"count":1,"window_start":"2026-01-01T00:00:00Z"}
	END
	run -2 agg --by "$by,k65" count
}

@test "options and schemas that are not UTF-8 are refused, names of files are not" {
	bad=$'a\377'
	while IFS='|' read -r p; do
		run -2 $p
		[[ "$output" == *'not UTF-8'* ]] || { echo "$p: $output"; return 1; }
	done <<-EOP
	derive $bad=1
	derive a='$bad'
	derive --sql x='$bad'
	filter .$bad
	pick $bad
	fill-null a=$bad
	agg --by $bad count
	agg $bad=count
	explode a --as $bad
	window --on $bad --size 1h
	parse-json --schema $bad
	stream-rate --name $bad
	sink-table --table $bad
	EOP
	printf '`a\377` int' >ddl
	run -2 parse-json --schema-file ddl
	[[ "$output" == *'not UTF-8'* ]]
	echo '{"a":1}' >"$bad"
	run -0 stream-files "$bad"
	[ "$output" = '{"a":1}' ]
	run -0 parse-text "$bad"
	run -0 thru -- printf 'x\377' <"$bad"
}

@test "a variable of the environment that cannot be what it says is refused" {
	for n in x 0 65 -1 1.5 ' '; do
		BIEF_THREADS=$n run -2 filter .a
		[ "$output" = "filter: BIEF_THREADS is a number from 1 to 64, not '$n'" ]
	done
	BIEF_CLOCK=noon run -2 bief run 'stream-rate | take 1'
	[[ "$output" == *"BIEF_CLOCK is a time such as"*"not 'noon'"* ]]
	BIEF_THREADS= BIEF_CLOCK= run -0 filter .a <<<'{"a":1}'
	BIEF_THREADS=64 run -0 filter .a <<<'{"a":1}'
}
