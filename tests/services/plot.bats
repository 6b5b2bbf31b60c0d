#!/usr/bin/env bats
# sink-plot with a real gnuplot and a real browser.

load ../lib
TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
PATH=${BIEF_BIN:-$TOP/bin}:$PATH

setup_file() {
	"$BATS_TEST_DIRNAME/plot" >&2
}

# Records with names and values that would do harm if anybody obeyed them.
hostile() {
	cat <<-'END'
	{"k":"`touch PWNED`","s":"'; system('touch PWNED'); '","n":3}
	{"k":"'.system(\"touch PWNED\").'","s":"@HOME ${HOME} $d0","n":2}
	{"k":"a\n!touch PWNED\nb","s":"{/*5 big}_x^2 %d %s","n":5}
	{"k":"EOD\nsystem 'touch PWNED'","s":"\\n \\ \"","n":-1}
	{"k":"<script>document.title='PWNED'</script>","s":"<img src=x onerror=\"document.title='PWNED'\">","n":4}
	END
}

# chrome ARGUMENTS URL: a page in a browser without a window.
chrome() {
	timeout 60 chromium --headless --no-sandbox --disable-gpu \
		--user-data-dir="$PWD/profile" --timeout=5000 "$@" 2>chrome.log
}

# colors FILE.png: how many pixels there are of which colour, the most first.
colors() {
	python3 - "$1" <<-'END'
	import collections, struct, sys, zlib
	data = open(sys.argv[1], 'rb').read()
	assert data[:8] == b'\x89PNG\r\n\x1a\n'
	at, packed = 8, b''
	while at < len(data):
	    n, kind = struct.unpack('>I4s', data[at:at + 8])
	    if kind == b'IHDR':
	        w, h, depth, color = struct.unpack('>IIBB', data[at + 8:at + 18])
	    if kind == b'IDAT':
	        packed += data[at + 8:at + 8 + n]
	    at += n + 12
	assert depth == 8
	size = {2: 3, 6: 4}[color]
	raw, rows, last = zlib.decompress(packed), [], bytearray(w * size)
	for y in range(h):
	    start = y * (w * size + 1)
	    f, row = raw[start], bytearray(raw[start + 1:start + 1 + w * size])
	    for i in range(len(row)):
	        a = row[i - size] if i >= size else 0
	        b, c = last[i], last[i - size] if i >= size else 0
	        if f == 1:
	            row[i] = row[i] + a & 255
	        elif f == 2:
	            row[i] = row[i] + b & 255
	        elif f == 3:
	            row[i] = row[i] + (a + b) // 2 & 255
	        elif f == 4:
	            p = a + b - c
	            near = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))
	            row[i] = row[i] + near[2] & 255
	    rows.append(row)
	    last = row
	count = collections.Counter(
	    tuple(r[i:i + 3]) for r in rows for i in range(0, len(r), size))
	print(w, h)
	for (r, g, b), n in count.most_common(20):
	    print(f'#{r:02x}{g:02x}{b:02x}', n)
	END
}

@test "a picture is a PNG, an SVG or a PDF, by the end of its name" {
	printf '{"k":"%s","n":%d}\n' a 3 b 2 >in
	for end in png svg pdf PNG; do
		sink-plot --bar k,n --output x.$end <in
		file -b x.$end | grep -oE '^(PNG|SVG|PDF)'
	done >out
	is out <<<$'PNG\nSVG\nPDF\nPNG'
	sink-plot --bar k,n --output x.png --size 640x480 <in
	[ "$(colors x.png | head -1)" = '640 480' ]
}

@test "every kind of picture is drawn, in the colours it should have" {
	for i in $(seq 0 9); do
		echo "{\"t\":\"2025-01-01T0$i:00:00Z\",\"x\":$i,\"n\":$((i * i))}"
	done >in
	for kind in 'line t,n' 'scatter x,n' 'bar x,n' 'bar t,n --horizontal' \
		'hist n' 'heat t,x,n' 'line x,n --by x' 'bar x,n --by t --stacked'; do
		# Words are meant.
		# shellcheck disable=SC2086
		sink-plot --$kind --output x.png <in
		colors x.png >"$kind"
		[ "$(wc -l <"$kind")" -gt 5 ]
	done
	grep -q '#0072b2' 'line t,n'
	grep -q '#00204[a-f]' 'heat t,x,n'
	grep -q '#ffea4[0-9]' 'heat t,x,n'
}

@test "a picture of nothing, of one value, of nulls and of what is no number" {
	for y in 1 -1 0 null '"x"' '"NaN"' '"Infinity"' 1e299 -1e-300; do
		echo "{\"x\":1,\"y\":$y}" | sink-plot --line x,y --scatter x,y \
			--bar x,y --hist y --heat x,x,y --output x.png 2>err
		file x.png | grep -q PNG
	done
	sink-plot --line x,y --bar x,y --output x.svg </dev/null
	[ "$(grep -c 'no data' x.svg)" -eq 2 ]
}

@test "nothing of data is executed, and all of it is shown as it is" {
	hostile >in
	for kind in 'bar k,n' 'line k,n' 'scatter k,n' 'bar k,n --horizontal'; do
		# shellcheck disable=SC2086
		sink-plot --$kind --by s --title "it's \`touch PWNED\`" \
			--xlabel '"; system "touch PWNED' --output x.svg <in
	done
	for end in png pdf svg; do
		sink-plot --heat k,s,n --output x.$end <in
	done
	[ ! -e PWNED ]
	python3 -c 'import html, re
print("\n".join(html.unescape(t) for t in re.findall("<text>([^<]*)</text>", open("x.svg").read())))' >texts
	grep -qF '`touch PWNED`' texts
	grep -qF '{/*5 big}_x^2 %d %s' texts
	grep -qF "'; system('touch PWNED'); '" texts
}

@test "characters that no font has do not spoil the picture" {
	printf '{"k":"%s","n":%d}\n' '日本' 3 b 2 | sink-plot --bar k,n --output x.png
	# The paper is white, most of it.
	[ "$(colors x.png | sed -n 2p | cut -d' ' -f1)" = '#ffffff' ]
}

@test "the picture is replaced as a whole after each batch" {
	mkfifo in
	sink-plot --bar k,n --batch 1 --output x.svg <in &
	exec 9>in
	echo '{"k":"first","n":1}' >&9
	wait_for grep -q first x.svg
	exec 8<x.svg
	echo '{"k":"second","n":1}' >&9
	wait_for grep -q second x.svg
	run ! grep -q second <&8
	grep -q first x.svg
	exec 9>&-
	wait $!
	[ "$(ls -A)" = $'in\nx.svg' ]
}

@test "a restart that has nothing new leaves the picture that is there" {
	echo '{"a":"the only"}' >in.json
	for run in first second; do
		stream-files in.json --trigger once --checkpoint ck |
			parse-json --schema 'a string' | agg --by a --mode complete count |
			sink-plot --bar a,count --output p.svg
		grep -q 'the only' p.svg
	done
}

@test "a hundred thousand points are drawn in a second or so" {
	seq 100000 | awk '{ print "{\"x\":" $1 ",\"y\":" sin($1 / 5000) "}" }' >in
	for end in png svg; do
		timeout 60 sink-plot --line x,y --output x.$end <in
	done
	# Not one of them each.
	[ "$(stat -c %s x.svg)" -lt 1000000 ]
}

@test "a browser shows the chart and the table, runs no script of data, and follows" {
	hostile >data
	mkfifo in
	sink-plot --bar k,n --title "<script>document.title='PWNED'</script>" \
		--batch 1 --serve 127.0.0.1:0 --ready-fd 3 <in 3>port >out 2>err &
	exec 9>in
	wait_for test -s port
	cat data >&9
	# It may look before the first event has come.
	live() {
		chrome --dump-dom "http://127.0.0.1:$(cat port)/" >dom
		grep -q '>Live: updated at ' dom
	}
	wait_for live
	grep -q '<td class="n">5</td>' dom
	grep -q '<rect class="s0"' dom
	run ! grep -q '<title>PWNED\|<img' dom
	[ "$(grep -c '<script' dom)" -eq 1 ]
	chrome --window-size=900,900 --hide-scrollbars --screenshot="$PWD/shot.png" \
		"http://127.0.0.1:$(cat port)/"
	colors shot.png >found
	grep -q '#ffffff' found
	grep -q '#0072b2' found
	exec 9>&-
}

@test "in the dark the page is dark" {
	printf '{"k":"%s","n":%d}\n' a 3 b 2 >in
	sink-plot --bar k,n --serve 127.0.0.1:0 --ready-fd 3 <in 3>port >out 2>err &
	wait_for test -s port
	chrome --blink-settings=preferredColorScheme=0 --window-size=900,900 \
		--hide-scrollbars --screenshot="$PWD/shot.png" \
		"http://127.0.0.1:$(cat port)/"
	[ "$(colors shot.png | sed -n 2p | cut -d' ' -f1)" = '#161616' ]
}

@test "E37, E39, E40 and E43 are a pipeline each" {
	SHARED=${BIEF_SHARED:-$TOP/../shared}
	[ -d "$SHARED" ] || skip "no shared data here"
	flights() {
		stream-files "$SHARED"/data/opensky/derived-flights-departure-{LFPG-2022-12-01,LFPG-2023-01-23,EDDF-2023-07-04}.jsonl
	}
	local fields='estDepartureAirport string, estArrivalAirport string'
	flights | parse-json --schema 'lastSeen timestamp' |
		window --on lastSeen --size '60 minutes' | agg arrivals=count |
		sink-plot --line window_start,arrivals --title Arrivals --output e37.png
	flights | parse-json --schema "$fields" | drop-null |
		agg --by estDepartureAirport,estArrivalAirport flights=count |
		derive --sql "route = concat(estDepartureAirport, ' → ', estArrivalAirport)" |
		order --by -flights,route --limit 15 |
		sink-plot --bar route,flights --hist flights --horizontal --output e39.png
	flights | parse-json --schema "$fields" | drop-null |
		agg --by estDepartureAirport,estArrivalAirport n=count |
		order --by -n,estDepartureAirport,estArrivalAirport --limit 30 |
		pivot --rows estDepartureAirport --cols estArrivalAirport --value n --fill 0 |
		sink-plot --heat estDepartureAirport --output e40.png
	union <(flights | parse-json --schema "$fields" | drop-null |
		agg --by estDepartureAirport departures=count | order --by -departures --limit 10) \
		<(flights | parse-json --schema "$fields" | drop-null |
			agg --by estArrivalAirport arrivals=count | order --by -arrivals --limit 10) |
		sink-plot --bar estDepartureAirport,departures --bar estArrivalAirport,arrivals \
			--output e43.png
	for picture in e37 e39 e40 e43; do
		[ "$(colors $picture.png | wc -l)" -gt 5 ]
	done
}
