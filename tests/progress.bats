# --progress - on a terminal, and what is said there of its own accord.

load lib

terminal() {
	rm -f seen
	timeout 100 "$TOP/tests/terminal" "$@" </dev/null
}

# For commands on it: until what --seen tells has stood there.
seen='until [ -e seen ]; do sleep 0.02; done'

# ended [SIGNAL [SECONDS]]: in front of a command: SIGNAL ends it then.
ended() {
	echo "trap : TERM INT; { $seen; sleep ${2:-0}; kill -${1:-TERM} 0; } &"
}

@test "--progress - draws bytes of how many, percent, rate and time left, and is gone at the end" {
	bief sample sensors --count 20000 >in.json
	# A second time it is drawn 100 ms later at the soonest.
	terminal --seen '%$' "stream-files --progress - in.json |
		{ $seen; sleep 0.2; agg count; }" >screen
	is screen <<<'{"count":20000}'
	grep -qE '^stream-files: [0-9.]+ of 4\.7 MB, [0-9]+%$' drawn
	grep -qE '^stream-files: [0-9.]+ of 4\.7 MB, [0-9]+%, [0-9.]+ [kMG]?B/s, [0-9]+:[0-9]{2} left$' drawn
	# One line, always the same.
	[ "$(tr -cd '\n' <raw | wc -c)" = 1 ]
}

@test "--progress - counts the bytes of all files, compressed ones as they lie there" {
	mkdir in
	bief sample sensors --count 5000 --seed 1 >in/a.json
	bief sample sensors --count 5000 --seed 2 | gzip >in/b.json.gz
	all=$(cat in/* | wc -c)
	terminal --seen ' of ' "bief run 'stream-files --progress - in |
		take 10000' | { $seen; wc -l; }" >screen
	is screen <<<10000
	want=$(awk -v n="$all" 'BEGIN { printf "%.1f", n / 1e6 }')
	grep -qE " of $want MB, " drawn
}

@test "a program that reads its input from a file tells how far it is, too" {
	bief sample sensors --count 20000 >in.json
	terminal "agg --progress - count <in.json >out" >screen
	is screen </dev/null
	grep -qE '^agg: [0-9.]+ of 4\.7 MB, [0-9]+%' drawn
	terminal --seen ' of ' "parse-json --array --progress - in.json in.json |
		{ $seen; wc -l; }" >screen
	is screen <<<40000
	grep -qE '^parse-json: [0-9.]+ of 9\.3 MB, ' drawn
}

@test "of a stream without end --progress - draws rows, rate, watermark and how far that is behind" {
	local line='^stream-rate: [0-9]+ rows, [0-9.]+/s$'
	terminal --seen "$line" "$(ended) stream-rate --rate 2000 --progress - \
		>/dev/null" >screen || true
	is screen </dev/null
	grep -qE "$line" drawn
	line='^stream-rate: [0-9]+ rows, [0-9.]+/s, watermark 20[-0-9T:.]+Z, lag [0-9]+s$'
	terminal --seen "$line" "$(ended) bief run 'stream-rate --rate 2000 --progress - |
		window --on timestamp --size 1s --watermark 1s --batch 500 |
		agg --mode append count' >out" >screen || true
	grep -qE "$line" drawn
}

@test "on a terminal of 20 columns what matters most is left, on one line" {
	bief sample sensors --count 20000 >in.json
	terminal --columns 20 --seen '%$' "stream-files --progress - in.json |
		{ $seen; sleep 0.2; wc -l; }" >screen
	is screen <<<20000
	grep -qE '^[0-9]+%, [0-9]+:[0-9]{2} left$' drawn
	run ! grep -E '.{20}' drawn
	[ "$(tr -cd '\n' <raw | wc -c)" = 1 ]
	terminal --columns 20 --seen '/s$' "$(ended) stream-rate --rate 100 --progress - \
		>/dev/null" >screen || true
	grep -qE '^[0-9]+ rows, [0-9.]+/s$' drawn
	run ! grep -E '.{20}' drawn
}

@test "when the terminal is made narrower the line follows" {
	terminal --resize ' rows, ' 20 --seen '^[0-9]+ rows, ' \
		"$(ended) stream-rate --rate 100 --progress - >/dev/null" \
		>screen || true
	grep -qE '^stream-rate: [0-9]+ rows, ' drawn
	tail -1 drawn | grep -qE '^[0-9]+ rows, [0-9.]+/s$'
}

@test "a warning never stands in a line of progress, whichever program gives it" {
	bief sample sensors --count 20000 >in.json
	sed -i '5000s/.*/no/; 15000s/.*/neither/' in.json
	terminal "stream-files --progress - in.json |
		parse-json --array --schema 'device string' --on-error skip | { sleep 1; agg count; }" >screen
	# The last two are of two programs.
	sort screen >sorted
	is sorted <<-'END'
	parse-json: 2 records refused, skipped
	parse-json: line 15000: expected a value
	parse-json: line 5000: expected a value
	{"count":19998}
	END
	terminal "bief run 'stream-files --progress - in.json |
		parse-json --array --schema \"device string\" --on-error skip | agg count'" >screen
	sort screen | diff sorted -
}

@test "the line is gone, too, when the reader goes away or a signal comes" {
	bief sample sensors --count 20000 >in.json
	terminal --seen . "stream-files --progress - in.json |
		{ $seen; head -1 >/dev/null; }" >screen || true
	[ -s drawn ]
	is screen </dev/null
	terminal --seen . "$(ended INT) stream-rate --rate 100 --progress - \
		>/dev/null" >screen || true
	[ -s drawn ]
	is screen </dev/null
}

@test "what goes to the terminal itself does not stand in the line" {
	seq 20 | jq -c '{n:.}' >in.json
	terminal "stream-files --progress - in.json" >screen
	cmp in.json screen
}

waiting='waiting for the end of the input; for answers while it runs give --trigger 5s to the source, or --batch N here'

@test "an endless source whose answer would come at the end is told of after three seconds, once" {
	terminal --columns 200 --seen waiting "$(ended TERM 2) stream-rate --rate 50 |
		agg count >/dev/null" >screen || true
	is screen <<<"agg: $waiting"
	terminal --columns 200 --seen waiting "$(ended TERM 2) bief run 'stream-rate --rate 100000 |
		sink-table' >/dev/null" >screen || true
	is screen <<<"sink-table: $waiting"
}

@test "it is not told where answers come as they can, nor of what has an end" {
	terminal "timeout 4 stream-rate --rate 50 | filter '.value >= 0' | dedup --by value | take 1000 >/dev/null" >screen || true
	is screen </dev/null
	terminal "timeout 4 stream-rate --rate 50 --trigger 1s | agg count >/dev/null" >screen || true
	is screen </dev/null
	seq 3000000 | sed 's/.*/{"n":&}/' >in.json
	terminal "for i in 1 2 3 4 5 6 7 8; do cat in.json; done | agg count >/dev/null" >screen
	is screen </dev/null
}
