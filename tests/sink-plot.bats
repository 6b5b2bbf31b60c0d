#!/usr/bin/env bats
# sink-plot: charts in characters, the page for browsers, what is refused.  What
# gnuplot and a browser make of it is in services/plot.bats.

load lib

# Lines of a stream with control lines: header keys, then batches of one line.
stream() {
	local i=0 header="$1" line
	shift
	printf '{"#bief":{"stream":1%s}}\n' "${header:+,$header}"
	for line in "$@"; do
		printf '{"#bief":{"begin":%d,"time":"2026-11-21T08:00:0%dZ"}}\n' $i $i
		[ -z "$line" ] || printf '%b\n' "$line"
		printf '{"#bief":{"end":%d}}\n' $i
		i=$((i + 1))
	done
	printf '{"#bief":{"eof":1}}\n'
}

# plot ARGUMENTS: a chart of 40 columns.
plot() {
	sink-plot --size 40x10 "$@"
}

# serve FILE ARGUMENTS: a page of what the file holds, on $port.
serve() {
	local in=$1
	shift
	sink-plot --serve 127.0.0.1:0 --ready-fd 3 "$@" <"$in" 3>port 2>err >out &
	pid=$!
	wait_for test -s port
	port=$(cat port)
}

# page PATH [CURL'S OPTIONS]: what the server answers.
page() {
	python3 - "$port" "$@" <<-'END'
	import sys, urllib.request
	with urllib.request.urlopen(f'http://127.0.0.1:{sys.argv[1]}{sys.argv[2]}', timeout=30) as r:
	    sys.stdout.write(r.read().decode())
	END
}

# raw TEXT: what the server answers to these bytes.
raw() {
	python3 - "$port" "$1" <<-'END'
	import socket, sys
	s = socket.create_connection(('127.0.0.1', int(sys.argv[1])), 30)
	s.sendall(sys.argv[2].encode().decode('unicode_escape').encode('latin-1'))
	out = b''
	while True:
	    got = s.recv(65536)
	    if not got:
	        break
	    out += got
	sys.stdout.write(out.decode())
	END
}

@test "bars lie, in the order of the records, with labels and numbers" {
	printf '%s\n' '{"k":"Open","n":8}' '{"k":"日本","n":2.5}' '{"k":null,"n":4}' |
		plot --bar k,n --title Actions >out
	is out <<-'END'
	                Actions
	Open █████████████████████████ 8
	日本 ███████▉ 2.5
	null ████████████▌ 4
	END
}

@test "negative bars go left of zero, a null has no bar" {
	printf '{"k":"%s","n":%s}\n' a 3 b -3 c null | plot --bar k,n >out
	is out <<-'END'
	                 n by k
	a               │██████████████ 3
	b ██████████████│ -3
	c               │ -
	END
}

@test "bars that find no room are counted" {
	seq 20 | sed 's/.*/{"k":&,"n":&}/' | plot --bar k,n >out
	[ "$(tail -1 out)" = '... and 12 more' ]
	[ "$(wc -l <out)" -eq 10 ]
}

@test "--by makes a bar of each value, --stacked puts them upon each other" {
	printf '{"h":"%s","k":"%s","n":%d}\n' a x 1 a y 2 b x 3 >in
	plot --bar h,n --by k <in >out
	is out <<-'END'
	                 n by h
	a █████████▍ 1
	  ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓ 2
	b ████████████████████████████ 3
	   -
	  ██ x  ▓▓ y
	END
	plot --bar h,n --by k --stacked <in >out
	is out <<-'END'
	                 n by h
	a █████████▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓ 3
	b ████████████████████████████ 3
	  ██ x  ▓▓ y
	END
}

@test "a line is drawn in the order of x, gaps where y is no number" {
	printf '{"x":%s,"y":%s}\n' 4 0 0 0 1 2 2 null 3 '"NaN"' | plot --line x,y >out
	is out <<-'END'
	                 y by x
	  2 ┤       ⢠⠊
	    │      ⡰⠁
	    │     ⡜
	  1 ┤   ⢀⠎
	    │  ⢠⠃
	    │ ⡰⠁
	  0 ┤⡜                                 ⢀
	    └───────────────────────────────────
	     0  0.5   1  1.5  2  2.5   3  3.5  4
	END
}

@test "an axis of times has the hours of the zone, and the day once" {
	printf '{"t":"2025-01-01T%02d:00:00Z","n":%d}\n' 0 1 6 2 12 1 18 3 23 0 |
		sink-plot --line t,n --size 60x12 --zone +02:00 >out
	tail -2 out >ticks
	is ticks <<-'END'
	     03:00  06:00  09:00  12:00   15:00  18:00  21:00  00:00
	     2025-01-01                                   2025-01-02
	END
}

@test "several lines have letters, which the legend tells" {
	printf '{"x":%d,"a":%d,"b":%d}\n' 0 0 4 1 4 0 | plot --line x,a,b >out
	grep -q 'A' out
	[ "$(tail -1 out)" = '  A a  B b' ]
}

@test "a histogram counts by bins between round numbers" {
	seq 0 99 | sed 's/.*/{"v":&}/' | plot --hist v >out
	is out <<-'END'
	               count by v
	  0 – 20 █████████████████████ 20
	 20 – 40 █████████████████████ 20
	 40 – 60 █████████████████████ 20
	 60 – 80 █████████████████████ 20
	80 – 100 █████████████████████ 20
	END
	seq 0 99 | sed 's/.*/{"v":&}/' | plot --hist v --bins 2 >out
	[ "$(wc -l <out)" -eq 3 ]
}

@test "a matrix has the numbers in its cells, from fields or from a pivot" {
	printf '{"a":"%s","b":"%s","n":%d}\n' x p 1 x q 5 y p 3 >in
	plot --heat a,b,n <in >out
	is out <<-'END'
	              n by a and b
	     p    q
	x  ·  1 █  5
	y  ▒  3
	   ·      1 ░      2 ▒      3 ▓      4 █      5
	END
	pivot --rows a --cols b --value n <in | plot --heat a >out
	sed -n 2,4p out >cells
	is cells <<-'END'
	     p    q
	x  ·  1 █  5
	y  ▒  3
	END
}

@test "a picture takes the records that have its fields" {
	printf '%s\n' '{"a":"x","n":1}' '{"b":"y","m":2}' |
		sink-plot --bar a,n --bar b,m --title One --title Two >out
	grep -c '█' out >count
	is count <<<2
	grep -q '^x █* 1$' out
	grep -q '^y █* 2$' out
}

@test "append adds, update replaces by key, complete replaces all" {
	stream '' '{"k":"a","n":1}' '{"k":"a","n":2}' | plot --bar k,n | tail -2 >out
	is out <<-'END'
	a ██████████████ 1
	a ████████████████████████████ 2
	END
	printf '{"k":"%s"}\n' a b a | agg --by k n=count --mode update --batch 1 |
		plot --bar k,n | tail -2 >out
	is out <<-'END'
	a ████████████████████████████ 2
	b ██████████████ 1
	END
	printf '{"k":"%s"}\n' a b a | agg --by k n=count --mode complete --batch 2 |
		plot --bar k,n | tail -2 >out
	is out <<-'END'
	a ████████████████████████████ 2
	b ██████████████ 1
	END
	printf '{"k":"%s","n":%d}\n' a 1 b 2 a 3 |
		plot --bar k,n --mode update --key k | tail -2 >out
	is out <<-'END'
	a ████████████████████████████ 3
	b ██████████████████▋ 2
	END
}

@test "--keep draws the newest records, and tells" {
	seq 9 | sed 's/.*/{"k":&,"n":1}/' | plot --bar k,n --keep 2 >out 2>err
	is out <<-'END'
	                 n by k
	8 ████████████████████████████ 1
	9 ████████████████████████████ 1
	END
	is err <<<'sink-plot: the newest 2 records are drawn: --keep N for more'
}

@test "without data there is a chart that says so" {
	plot --line x,y </dev/null >out
	is out <<-'END'
	                 y by x
	                (no data)
	END
	printf '{"x":1,"y":"%s"}\n' Infinity -Infinity NaN | plot --scatter x,y >out
	[[ $(cat out) == *"(no data)"* ]]
}

@test "one value, and values at the end of what can be drawn" {
	for y in 0 -1 1e299 -1e299 1e-300 1e308; do
		for kind in line scatter bar; do
			echo "{\"x\":1,\"y\":$y}" | plot --$kind x,y >out
		done
		echo "{\"x\":1,\"y\":$y}" | plot --hist y >out
		echo "{\"x\":1,\"y\":$y}" | plot --heat x,x,y >out
	done
}

@test "what is no number is counted and left out, text that spells one is one" {
	printf '{"k":"a","n":"%s"}\n' 2 two 0x10 | plot --bar k,n >out 2>err
	is err <<<'sink-plot: 2 values are no numbers, and are left out'
	[ "$(sed -n 2p out)" = 'a ████████████████████████████ 2' ]
}

@test "control characters of names and values do not reach the terminal" {
	printf '%s\n' '{"k":"\u001b[31m\u0007\u009bx\n","n":1}' |
		plot --bar k,n --title $'a\033[2Jb' >out
	run ! grep -qP '\x1b|\x07|\xc2\x9b' out
	[ "$(wc -l <out)" -eq 2 ]
}

@test "on a terminal a drawing takes the place of the last, and fits the window" {
	cat >watch.py <<-'END'
	import fcntl, os, pty, select, struct, sys, termios
	def size(rows, cols):
	    fcntl.ioctl(m, termios.TIOCSWINSZ, struct.pack('HHHH', rows, cols, 0, 0))
	m, s = pty.openpty()
	size(20, 60)
	r, w = os.pipe()
	pid = os.fork()
	if pid == 0:
	    os.setsid()
	    fcntl.ioctl(s, termios.TIOCSCTTY, 0)
	    os.dup2(r, 0)
	    os.dup2(s, 1)
	    os.close(w)
	    os.execvp('sink-plot', ['sink-plot', '--bar', 'x,y', '--batch', '1'])
	os.close(r)
	os.close(s)
	def until(what):
	    out = b''
	    while what not in out:
	        assert select.select([m], [], [], 30)[0], out
	        out += os.read(m, 65536)
	    return out.decode()
	os.write(w, b'{"x":"a","y":8}\n')
	first = until(b' 8\r\n\x1b[?7h')
	assert first.count('█') == 48, first.count('█')
	os.write(w, b'{"x":"b","y":8}\n')
	second = until(b' 8\r\n\x1b[?7h')
	assert second.startswith('\x1b[2F\x1b[J'), second
	size(20, 100)
	third = until(b' 8\r\n\x1b[?7h')
	assert third.count('█') >= 88, third
	os.close(w)
	sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	END
	timeout 60 python3 watch.py
}

@test "the page has the chart and the table, in HTML that needs no other host" {
	printf '%s\n' '{"k":"Open","n":179}' '{"k":"Close","n":null}' >in
	serve in --bar k,n --title 'Actions'
	page / >html
	grep -q '<title>Actions</title>' html
	grep -q '<svg viewBox=' html
	grep -q '<tr><td>Open</td><td class="n">179</td></tr>' html
	grep -q '<td class="null">null</td>' html
	grep -q 'prefers-color-scheme: dark' html
	run ! grep -qE '(src|href|url|from|import)[=(:] *["'\'']?(https?:)?//' html
	is err <<<"sink-plot: the page is http://127.0.0.1:$port/"
	kill $pid
	wait $pid
}

@test "names and values of data are text in the page, whatever they hold" {
	cat >in <<-'END'
	{"<script>alert(1)</script>":"</td><script>alert(2)</script>","n":1,"b":"\"' onload=alert(3) x='"}
	{"<script>alert(1)</script>":"<img src=x onerror=alert(4)>","n":2,"b":"&lt;b&gt;"}
	END
	for kind in line scatter bar heat; do
		serve in --$kind '"<script>alert(1)</script>"',n${heat:+,n} --by b \
			--title '<script>alert(5)</script>' \
			--bar '"<script>alert(1)</script>"',n --horizontal \
			--heat '"<script>alert(1)</script>"',b,n --hist n
		page / >html
		kill $pid
		wait $pid
		[ "$(grep -c '<script' html)" -eq 1 ]
		run ! grep -q '<img\|<b>\|</td><script' html
		python3 - <<-'P'
		from html.parser import HTMLParser
		class P(HTMLParser):
		    def handle_starttag(self, tag, attrs):
		        assert not any(n.startswith('on') for n, v in attrs), attrs
		P().feed(open('html').read())
		P
		[ $kind != bar ] || break
	done
}

@test "a script of the page runs by its nonce alone, which is new each time" {
	echo '{"k":"a","n":1}' >in
	serve in --bar k,n
	raw 'GET / HTTP/1.0\r\n\r\n' >one
	raw 'GET / HTTP/1.0\r\n\r\n' >two
	a=$(grep -o "script-src 'nonce-[0-9a-f]*'" one)
	grep -q "<script nonce=\"$(sed "s/.*nonce-//; s/'//" <<<"$a")\">" one
	[ "$a" != "$(grep -o "script-src 'nonce-[0-9a-f]*'" two)" ]
	grep -q "default-src 'none'" one
}

@test "the page is updated by Server-Sent Events, one for each batch, and told the end" {
	mkfifo in
	sink-plot --bar k,n --batch 1 --serve 127.0.0.1:0 --ready-fd 3 <in 3>port \
		>out 2>err &
	exec 9>in
	wait_for test -s port
	cat >listen.py <<-'END'
	import http.client, sys
	c = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1]), timeout=60)
	c.request('GET', '/events')
	r = c.getresponse()
	assert r.getheader('Content-Type') == 'text/event-stream'
	def until(text):
	    while text not in (line := r.readline().decode()):
	        assert line, text
	until('Waiting for data')
	open('listening', 'w').close()
	until('<td>a</td>')
	open('first', 'w').close()
	until('<td>b</td>')
	open('second', 'w').close()
	until('event: end')
	END
	timeout 60 python3 listen.py "$(cat port)" 9>&- &
	wait_for test -e listening
	echo '{"k":"a","n":1}' >&9
	wait_for test -e first
	echo '{"k":"b","n":1}' >&9
	wait_for test -e second
	exec 9>&-
	wait $!
}

@test "the page stays when the input has ended, until a signal; --until-end ends with it" {
	echo '{"k":"a","n":1}' >in
	serve in --bar k,n
	page / | grep -q '<td>a</td>'
	kill $pid
	wait $pid
	timeout 30 sink-plot --bar k,n --serve 127.0.0.1:0 --until-end <in
}

@test "other requests and garbage are refused, and harm nobody" {
	echo '{"k":"a","n":1}' >in
	serve in --bar k,n
	for request in 'GET /x HTTP/1.1\r\n\r\n' 'POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx' \
		'garbage\r\n\r\n' '\n\n' '\x00\xff\x00\n\n' 'GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n' \
		'GET /../../etc/passwd HTTP/1.1\r\n\r\n' 'HEAD / HTTP/1.1\r\nHost: localhost:80\r\n\r\n'; do
		raw "$request" | head -1 | tr -d '\r'
	done >out
	raw "GET /$(printf '%09000d' 0)" | head -1 | tr -d '\r' >>out
	is out <<-'END'
	HTTP/1.1 404 Not Found
	HTTP/1.1 405 Method Not Allowed
	HTTP/1.1 400 Bad Request
	HTTP/1.1 400 Bad Request
	HTTP/1.1 400 Bad Request
	HTTP/1.1 403 Forbidden
	HTTP/1.1 404 Not Found
	HTTP/1.1 200 OK
	HTTP/1.1 431 Request Header Fields Too Large
	END
	page / | grep -q '<td>a</td>'
}

@test "many browsers, slow ones and those that go away hold up nobody" {
	cat >crowd.py <<-'END'
	import socket, subprocess, sys, os
	p = subprocess.Popen(['sink-plot', '--bar', 'k,n', '--batch', '10', '--serve',
	    '127.0.0.1:0', '--ready-fd', '1', '--until-end'], stdin=subprocess.PIPE,
	    stdout=subprocess.PIPE)
	port = int(p.stdout.readline())
	crowd = []
	for i in range(260):
	    s = socket.create_connection(('127.0.0.1', port), 30)
	    if i % 3 == 0:
	        s.sendall(b'GET /events HTTP/1.1\r\n\r\n')  # and never reads
	    elif i % 3 == 1:
	        s.sendall(b'GET / HT')  # and says no more
	    crowd.append(s)
	for s in crowd[::2]:
	    s.close()
	for i in range(2000):
	    p.stdin.write(b'{"k":"name %d","n":%d}\n' % (i, i))
	p.stdin.flush()
	for s in crowd[1::2]:
	    s.close()
	got = b''
	while b'</html>' not in got:  # there may be no room yet: then once more
	    s = socket.create_connection(('127.0.0.1', port), 30)
	    got = b''
	    try:
	        s.sendall(b'GET / HTTP/1.0\r\n\r\n')
	        while (more := s.recv(65536)):
	            got += more
	    except OSError:
	        pass
	p.stdin.close()
	sys.exit(p.wait(60))
	END
	timeout 100 python3 crowd.py
}

@test "an address that is taken, or is none, is told" {
	echo '{"k":"a","n":1}' >in
	serve in --bar k,n
	run -1 sink-plot --bar k,n --serve 127.0.0.1:$port <in
	[ "$output" = "sink-plot: cannot listen on '127.0.0.1:$port': another program has this address: take another port, or 0 for any" ]
	run -2 sink-plot --bar k,n --serve nowhere <in
	[[ $output == "sink-plot: --serve: 'nowhere' is no address: "* ]]
}

@test "a file needs gnuplot, its directory, and an end of its name that is known" {
	mkdir none
	echo '{"k":"a","n":1}' >in
	ln -s "$(command -v sink-plot)" none/sink-plot
	PATH=$PWD/none run -1 none/sink-plot --bar k,n --output x.png <in
	[ "$output" = "sink-plot: cannot draw 'x.png': there is no gnuplot: install it (apt-get install gnuplot-nox fonts-dejavu-core), or draw by --term or --serve" ]
	[ ! -e x.png ]
	run -1 sink-plot --bar k,n --output no/x.png <in
	[ "$output" = "sink-plot: cannot write 'no/x.png': there is no directory 'no': make it first (mkdir -p)" ]
	run -2 sink-plot --bar k,n --output x.gif <in
	[ "$output" = "sink-plot: --output: the end of the name says what is drawn: .png, .svg or .pdf" ]
}

@test "gnuplot that fails, dies or draws nothing is told, and the old picture stays" {
	mkdir fake
	echo '{"k":"a","n":1}' >in
	echo old >x.png
	fake() {
		printf '#!/bin/sh\n%s\n' "$1" >fake/gnuplot
		chmod +x fake/gnuplot
		PATH=$PWD/fake:$PATH run -1 sink-plot --bar k,n --output x.png <in
		echo "$output"
		[ "$(cat x.png)" = old ]
		[ "$(ls -A)" = $'err\nfake\nin\nx.png' ]
	} 2>err
	fake 'echo "line 1: no such terminal" >&2; exit 3' >err
	[ "$(cat err)" = "sink-plot: cannot draw 'x.png': gnuplot failed with status 3: line 1: no such terminal" ]
	fake 'kill -SEGV $$' >err
	[ "$(cat err)" = "sink-plot: cannot draw 'x.png': gnuplot died of signal 11" ]
	fake 'cat >/dev/null' >err
	[ "$(cat err)" = "sink-plot: cannot draw 'x.png': gnuplot has drawn nothing" ]
}

@test "in gnuplot's script no sign of data stands as it is" {
	mkdir fake
	printf '#!/bin/sh\ncat >script; echo drawn\n' >fake/gnuplot
	chmod +x fake/gnuplot
	cat >in <<-'END'
	{"k`id`":"'; system('id'); '","n":1,"b":"`id` @HOME $d0 {/Bold} %d"}
	{"k`id`":"a\n!id\nEOD\nquit","n":2,"b":"\"\\\" . system(\"id\")"}
	END
	for chart in '--bar "k`id`",n' '--line "k`id`",n' '--heat "k`id`",b,n'; do
		PATH=$PWD/fake:$PATH sink-plot $chart --by b --output x.png \
			--title '`id`"' --xlabel "'x" --ylabel '\' <in
		is x.png <<<drawn
		run ! grep -q '`\|@\|system(\|^!\|^quit\|\$d0 {\|%d[^o]\|Bold}' script
	done
}

@test "wrong usage is refused, with what is wanted" {
	while IFS='|' read -r arguments message; do
		eval "run -2 sink-plot $arguments </dev/null"
		[ "$output" = "sink-plot: $message" ] ||
			{ echo "$arguments: $output"; return 1; }
	done <<-'END'
	|what is to be drawn? say --line X,Y, --bar LABEL,VALUE, --heat ROWS,COLS,VALUE, --hist FIELD or --scatter X,Y
	--bar k,|--bar: a field's name is missing: it is LABEL,VALUE
	--heat a,b|--heat is ROWS,COLS,VALUE or ROWS, not 2 fields
	--heat a,b,c,d|--heat is ROWS,COLS,VALUE or ROWS, not 4 fields
	--line x,y --title a --title b|--title, --xlabel and --ylabel are one for each picture, and there is 1
	--line x,y --layout 3|--layout: rows and columns of pictures are wanted, such as 1x2
	--line x,y --bar x,y --layout 1x1|--layout 1x1 has no room for 2 pictures
	--line x,y --size big|--size: columns and lines are wanted, 30x8 to 1000x1000
	--line x,y --output a.png --size 5x5|--size: width and height in pixels are wanted, 100x100 to 10000x10000
	--line x,y --until-end|--until-end is for --serve
	--line x,y --key x|--key is for --mode update
	--heatmap x|unknown option --heatmap: say --heat ROWS,COLS,VALUE
	--hist x --bins 0|--bins is at least 1
	END
}

@test "a field that no record has is told, and one that the header has not" {
	echo '{"k":"a","n":1}' >in
	run sink-plot --bar k,m <in
	[[ $output == *"sink-plot: no record had a field 'm'"* ]]
	stream '"fields":"k string, n int"' '{"k":"a","n":1}' >in
	run -2 sink-plot --bar k,m <in
	[[ $output == "sink-plot: no field 'm'"* ]]
}

@test "a hundred thousand points are drawn in less than five seconds, a million with --keep" {
	seq 100000 | sed 's/.*/{"x":&,"y":&}/' >in
	# Of one core, however busy that is.
	(ulimit -t 5 && exec sink-plot --line x,y <in >out)
	[ "$(wc -l <out)" -gt 10 ]
}
