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
