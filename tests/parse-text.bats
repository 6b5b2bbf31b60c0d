#!/usr/bin/env bats

load lib

@test "each line is the value of a record, empty ones too" {
	printf 'a\n\n b \r\n"q" \\ \t\001é' | parse-text >out
	is out <<-'E'
	{"value":"a"}
	{"value":""}
	{"value":" b "}
	{"value":"\"q\" \\ \t\u0001é"}
	E
}

@test "files are read one after the other in place of the input" {
	printf 'one\ntwo' >a
	printf 'three\n' >b
	parse-text a b </dev/null >out
	is out <<-'E'
	{"value":"one"}
	{"value":"two"}
	{"value":"three"}
	E
	run -1 parse-text nowhere
	[[ $output == *"nowhere"*"No such file or directory"* ]]
}

@test "bytes that are not UTF-8 are replaced and the line is counted" {
	printf 'a\xffb\nc\n' >in
	run -0 --separate-stderr parse-text <in
	[ "$output" = '{"value":"a�b"}
{"value":"c"}' ]
	[ "${stderr_lines[1]}" = "parse-text: 1 record refused, kept" ]
	run -0 --separate-stderr parse-text --on-error skip <in
	[ "$output" = '{"value":"c"}' ]
	run -1 --separate-stderr parse-text --on-error fail <in
	[[ $stderr == "parse-text: line 1: invalid UTF-8"* ]]
}

# ---- parts of a line ----

@test "each named group is a field, of the type that the schema gives it" {
	printf 'a1 7\nb 2x\nc -3\n' >in
	parse-text --regex '(?<w>\w+) (?<n>-?\d+)(?<rest>x)?' <in >out
	is out <<'END'
{"w":"a1","n":"7","rest":null}
{"w":"b","n":"2","rest":"x"}
{"w":"c","n":"-3","rest":null}
END
	parse-text -e '(?P<w>\w+) (?P<n>-?\d+)' -s 'n int' <in >out
	is out <<'END'
{"w":"a1","n":7}
{"w":"b","n":2}
{"w":"c","n":-3}
END
	echo '2026-11-21 08:01 2026/11/22' | parse-text -e '(?<t>\S+ \S+) (?<d>.*)' \
		-s 't timestamp' --zone Europe/Paris >out
	is out <<<'{"t":"2026-11-21T07:01:00Z","d":"2026/11/22"}'
	echo 'at 21.11.2026 08:01' | parse-text -e 'at (?<t>.*)' -s 't timestamp' \
		--timestamp-format 'dd.MM.yyyy HH:mm' >out
	is out <<<'{"t":"2026-11-21T08:01:00Z"}'
	echo 'x=1' | parse-text -e 'x=(?<v>\d+)|y=(?<v>\w+)' >out
	is out <<<'{"v":"1"}'
	echo 'y=b' | parse-text -e 'x=(?<v>\d+)|y=(?<v>\w+)' >out
	is out <<<'{"v":"b"}'
	echo ' ' | parse-text -e '^(?<v>\s*)(?<e>)$' >out
	is out <<<'{"v":" ","e":""}'
}

@test "types are known downstream, and one process gives the same answer" {
	bief sample access -n 500 >log
	p="parse-text --format combined --batch 100 | window --on time --size 1m --watermark 10s |
		agg --by status count --plain"
	bief run "$p" <log >one
	bash -c "$p" <log | cmp one -
	run -0 bief explain "parse-text -e '(?<a>.)(?<b>.)' -s 'b int' --batch 1"
	[[ "$output" == *"fields     a string, b int"* ]]
}

@test "a line that does not match is kept, skipped or fails" {
	printf 'a 1\nnone\nb x\n\n' >in
	re='^(?<w>\w) (?<n>\w+)$'
	parse-text -e "$re" -s 'n int' --corrupt-field bad <in >out 2>err
	is out <<'END'
{"w":"a","n":1,"bad":null}
{"w":null,"n":null,"bad":"none"}
{"w":"b","n":null,"bad":"b x"}
{"w":null,"n":null,"bad":""}
END
	is err <<'END'
parse-text: line 2: it does not match the expression
parse-text: line 3: field 'n' is not of its type: 'x'
parse-text: line 4: it does not match the expression
parse-text: 3 records refused, kept
END
	parse-text -e "$re" -s 'n int, _corrupt_record string' <in 2>err | tail -1 >out
	is out <<<'{"w":null,"n":null,"_corrupt_record":""}'
	parse-text -e "$re" -s 'n int' --on-error skip --rejects no <in >out 2>err
	is out <<<'{"w":"a","n":1}'
	[ "$(wc -l <no)" -eq 3 ]
	run -1 bash -c "parse-text -e '$re' --on-error fail <in"
	[[ "$output" == *"parse-text: line 2: it does not match the expression"* ]]
}

@test "an expression that cannot be used is refused, with what to write" {
	no='parse-text: --regex has no named group, which would be a field: (?<name>...)'
	run -2 parse-text -e '\d+' /dev/null
	[ "$output" = "$no" ]
	run -2 parse-text -e '(\d+)' /dev/null
	[ "$output" = "$no" ]
	run -2 parse-text -e '(?<a' /dev/null
	[ "$output" = "parse-text: --regex: invalid group name <a>: '(?<a'" ]
	run -2 parse-text -e '(?<#b>x)' /dev/null
	[ "$output" = "parse-text: --regex: invalid char in group name <#b>: '(?<#b>x)'" ]
	run -2 parse-text -e '(?<level>x)' -s 'lvel int' /dev/null
	[ "$output" = "parse-text: --schema: there is no field 'lvel': did you mean 'level'?" ]
	echo 1x2 | parse-text -e '(?<n>\d)(?<N>x)(?<m>\d)' -s 'n int, M int' >out
	is out <<<'{"n":1,"N":"x","m":2}'
	run -2 parse-text -e '(?<ab>x)(?<AB>y)' -s 'Ab int' /dev/null
	[[ "$output" == "parse-text: --schema: 'Ab' is the name of several fields"* ]]
	run -2 parse-text -e '(?<a>x)' -s 'a array<int>' /dev/null
	run -2 parse-text -e '(?<a>x)' --corrupt-field a /dev/null
	[ "$output" = "parse-text: --corrupt-field: 'a' is a part of the line: take another name" ]
	run -2 parse-text -e '(?<a>x)' --format syslog /dev/null
	[ "$output" = "parse-text: --regex and --format say the same" ]
	run -2 parse-text -s 'a int' /dev/null
	[ "$output" = "parse-text: --schema, --corrupt-field and --timestamp-format are about the fields that --regex or --format finds" ]
	run -2 parse-text --format comon /dev/null
}

@test "an expression that runs away gives up, and the next line is read" {
	{ printf 'a%.0s' $(seq 50); printf 'b\naaa\n'; } |
		parse-text -e '^(?<x>(a|aa)+)$' >out 2>err
	is out < <(printf '%s\n' '{"x":null}' '{"x":"aaa"}')
	[[ "$(head -1 err)" == "parse-text: line 1: the expression gives up (retry-limit-in-match over)"* ]]
}

@test "common and combined are what web servers write" {
	cat >in <<'END'
127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326
::1 - a b [10/Oct/2000:13:55:37 +0530] "POST /a%20b?c=\"d\" HTTP/1.1" 404 -
192.0.2.1 - - [29/Feb/2024:00:00:00 +0000] "\x16\x03\x01" 400 5
192.0.2.1 - - [29/Feb/2024:00:00:00 +0000] "-" 408 0
192.0.2.1 - - [29/Feb/2024:23:59:59 +0000] "GET /old" 200 1
END
	parse-text --format common <in >out
	is out <<'END'
{"host":"127.0.0.1","ident":null,"user":"frank","time":"2000-10-10T20:55:36Z","method":"GET","path":"/apache_pb.gif","protocol":"HTTP/1.0","status":200,"size":2326}
{"host":"::1","ident":null,"user":"a b","time":"2000-10-10T08:25:37Z","method":"POST","path":"/a%20b?c=\"d\"","protocol":"HTTP/1.1","status":404,"size":null}
{"host":"192.0.2.1","ident":null,"user":null,"time":"2024-02-29T00:00:00Z","method":null,"path":"\u0016\u0003\u0001","protocol":null,"status":400,"size":5}
{"host":"192.0.2.1","ident":null,"user":null,"time":"2024-02-29T00:00:00Z","method":null,"path":null,"protocol":null,"status":408,"size":0}
{"host":"192.0.2.1","ident":null,"user":null,"time":"2024-02-29T23:59:59Z","method":"GET","path":"/old","protocol":null,"status":200,"size":1}
END
	sed 's/$/ "-" "curl \\"x\\" \\\\ \\xc3\\xa9 \\xff"/; 1s/$/ 0.25 a/' in |
		parse-text --format combined -s 'status string' |
		jq -c '[.status,.referer,.agent,.rest]' >out
	is out <<'END'
["200",null,"curl \\\"x\\\" \\\\ \\xc3\\xa9 \\xff","0.25 a"]
["404",null,"curl \\\"x\\\" \\\\ \\xc3\\xa9 \\xff",null]
["400",null,"curl \\\"x\\\" \\\\ \\xc3\\xa9 \\xff",null]
["408",null,"curl \\\"x\\\" \\\\ \\xc3\\xa9 \\xff",null]
["200",null,"curl \\\"x\\\" \\\\ \\xc3\\xa9 \\xff",null]
END
	sed -n '1s/$/ "-" "\\xc3\\xa9\\\\"/p' in | parse-text --format combined |
		jq -r .agent >out
	is out <<<'é\'
}

@test "a malformed line of a web server is told what it lacks" {
	t='[10/Oct/2000:13:55:36 -0700]'
	while IFS='|' read -r format line why; do
		echo "$line" | parse-text --format "$format" >out 2>err
		[ "$(jq -c '.path' out)" = null ] || [[ $why == field* ]]
		[ "$(head -1 err)" = "parse-text: line 1: $why" ] || { cat err; false; }
	done <<END
common||no host, identity and user at its beginning
common|hello|no host, identity and user at its beginning
common|h - - 10|no time in brackets behind the user
common|h - - [10/Oct|the bracket around the time is not closed
common|h - - $t GET|no request in quotes behind the time
common|h - - $t "GET / HTTP/1.0|no request in quotes behind the time
common|h - - $t "GET /"|no status and size behind the request
common|h - - $t "GET /" 200 1 "-" "-"|text behind the size: is it --format combined?
combined|h - - $t "GET /" 200 1|nothing behind the size: is it --format common?
combined|h - - $t "GET /" 200 1 "-" x|no referer and agent in quotes behind the size
common|h - - [31/Feb/2000:13:55:36 -0700] "GET /" 200 1|field 'time' is not of its type: '31/Feb/2000:13:55:36 -0700'
common|h - - $t "GET /" 2x 1|field 'status' is not of its type: '2x'
END
}

@test "every minute of a log is the time that it says" {
	for z in +0000 -0730 +1400; do
		for s in 00:00:00 00:00:59 00:01:00 23:59:07 23:59:60 00:00:05; do
			echo "h - - [28/Feb/2023:$s $z] \"GET /\" 200 1"
			echo "h - - [01/Mar/2024:$s $z] \"GET /\" 200 1"
		done
	done >in
	parse-text --format common <in | jq -r .time >out
	sed 's/.*\[//; s/\].*//; s|/| |g; s/:/ /; s/:60 /:59 /' in |
		date -u -f - +%FT%TZ >want
	# A second leap is the next minute's first.
	paste -d ' ' in out want | awk '/:60 / { next } $(NF - 1) != $NF { print }' >wrong
	is wrong </dev/null
}

@test "syslog is that of files and of both RFCs" {
	cat >in <<'END'
<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - BOM'su root' failed
<165>1 2003-10-11T22:14:15.003-01:00 host evntslog 88 ID47 [ex@32473 iut="3" x="a\]b]"][e2 y="z"] An event
<34>Oct 11 22:14:15 mymachine su: 'su root' failed
Nov  9 23:40:01 web1 CRON[12]: (root) CMD (x)
2026-11-29T23:40:01.123456+00:00 web1 kernel: [1.0] boot: ok
Nov 30 23:40:01 web1 sshd[9]: of last year
Feb 29 10:00:00 web1 leap
<0>1 - - - - - -
nonsense
<999>Oct 11 22:14:15 m su: x
Oct 11 22:14:15
<3>1 2003-10-11T22:14:15Z h a p m [x
END
	BIEF_CLOCK=2026-11-29T12:00:00Z parse-text --format syslog <in 2>err |
		jq -c '[.time,.host,.app,.pid,.facility,.priority,.msgid,.data,.message]' >out
	is out <<'END'
["2003-10-11T22:14:15.003Z","mymachine.example.com","su",null,4,2,"ID47",null,"BOM'su root' failed"]
["2003-10-11T23:14:15.003Z","host","evntslog",88,20,5,"ID47","[ex@32473 iut=\"3\" x=\"a\\]b]\"][e2 y=\"z\"]","An event"]
["2026-10-11T22:14:15Z","mymachine","su",null,4,2,null,null,"'su root' failed"]
["2026-11-09T23:40:01Z","web1","CRON",12,null,null,null,null,"(root) CMD (x)"]
["2026-11-29T23:40:01.123456Z","web1","kernel",null,null,null,null,null,"[1.0] boot: ok"]
["2025-11-30T23:40:01Z","web1","sshd",9,null,null,null,null,"of last year"]
["2024-02-29T10:00:00Z","web1",null,null,null,null,null,null,"leap"]
[null,null,null,null,0,0,null,null,""]
[null,null,null,null,null,null,null,null,null]
[null,null,null,null,null,null,null,null,null]
[null,null,null,null,null,null,null,null,null]
[null,null,null,null,null,null,null,null,null]
END
	is err <<'END'
parse-text: line 9: no time at its beginning
parse-text: line 10: its priority is none
parse-text: line 11: no time at its beginning
parse-text: line 12: its structured data are not closed
parse-text: 4 records refused, kept
END
	BIEF_CLOCK=2026-11-29T12:00:00Z parse-text --format syslog --zone Europe/Paris \
		< <(sed -n 4p in) | jq -r .time >out
	is out <<<2026-11-09T22:40:01Z
}

@test "logfmt is keys and values" {
	cat >in <<'END'
time=2026-11-29T10:00:00Z level=info msg="a \"b\" \u00e9\n" dur=12 ok e= q=""

	level=warn  level=err  x=a=b
END
	parse-text --format logfmt <in >out
	is out <<'END'
{"time":"2026-11-29T10:00:00Z","level":"info","msg":"a \"b\" é\n","dur":"12","ok":true,"e":"","q":""}
{"level":"warn","level":"err","x":"a=b"}
END
	parse-text --format logfmt -s 'dur int, LEVEL string, time timestamp, ok boolean' <in >out
	is out <<'END'
{"dur":12,"LEVEL":"info","time":"2026-11-29T10:00:00Z","ok":true}
{"dur":null,"LEVEL":null,"time":null,"ok":null}
{"dur":null,"LEVEL":"err","time":null,"ok":null}
END
	printf 'a=1\na="b\n=c\n#bief=1\n' >in
	run -1 parse-text --format logfmt in
	[[ "$output" == *"parse-text: line 2: a quote is not closed"* ]]
	parse-text --format logfmt --on-error skip <in >out 2>err
	is out <<<'{"a":"1"}'
	parse-text --format logfmt -s 'a string' <in >out 2>err
	is out < <(printf '%s\n' '{"a":"1"}' '{"a":null}' '{"a":null}' '{"a":null}')
	run -2 parse-text --format logfmt --on-error keep in
}

@test "journal is what journalctl -o json prints" {
	cat >in <<'END'
{"__REALTIME_TIMESTAMP":"1700000000123456","_HOSTNAME":"h","_SYSTEMD_UNIT":"cron.service","SYSLOG_IDENTIFIER":"cron","PRIORITY":"3","_PID":"7","SYSLOG_FACILITY":"9","MESSAGE":"bad \"x\" é","Z":["a","b"]}
{"MESSAGE":[72,195,169,27,255],"__REALTIME_TIMESTAMP":"1700000000123457"}
{ "MESSAGE" : "[1,2]", "__REALTIME_TIMESTAMP" : "1700000000000000" }
{"MESSAGE":null,"__REALTIME_TIMESTAMP":"1700000000123457"}
{"a":1}
x
END
	parse-text --format journal <in >out 2>err
	is out <<'END'
{"time":"2023-11-14T22:13:20.123456Z","host":"h","unit":"cron.service","app":"cron","pid":7,"facility":9,"priority":3,"message":"bad \"x\" é"}
{"time":"2023-11-14T22:13:20.123457Z","host":null,"unit":null,"app":null,"pid":null,"facility":null,"priority":null,"message":"Hé\u001b�"}
{"time":"2023-11-14T22:13:20Z","host":null,"unit":null,"app":null,"pid":null,"facility":null,"priority":null,"message":"[1,2]"}
{"time":"2023-11-14T22:13:20.123457Z","host":null,"unit":null,"app":null,"pid":null,"facility":null,"priority":null,"message":null}
{"time":null,"host":null,"unit":null,"app":null,"pid":null,"facility":null,"priority":null,"message":null}
{"time":null,"host":null,"unit":null,"app":null,"pid":null,"facility":null,"priority":null,"message":null}
END
	[ "$(head -1 err)" = "parse-text: line 5: no __REALTIME_TIMESTAMP: is it what journalctl -o json prints?" ]
}

@test "lines of 10 MB, with NUL bytes and in Latin-1 are read or refused in every format" {
	long() { head -c 10000000 /dev/zero | tr '\0' a; }
	{ long; echo; } >long
	{ printf 'h - - [10/Oct/2000:13:55:36 +0000] "GET /'; long; echo '" 200 1 "-" "-"'; } >request
	{ printf 'k="'; long; echo '"'; } >pair
	printf 'h - j\351an [10/Oct/2000:13:55:36 +0000] "GET /\0" 200 1 "-" "-"\n' >odd
	for f in combined syslog journal logfmt; do
		parse-text --format $f --on-error skip long >out 2>err
	done
	parse-text --format combined request | wc -c >out
	[ "$(cat out)" -gt 10000000 ]
	parse-text --format logfmt pair | wc -c >out
	[ "$(cat out)" -eq 10000009 ]
	parse-text -e '^(?<c>.)(?<all>.*)$' long | wc -c >out
	[ "$(cat out)" -eq 10000018 ]
	parse-text --format combined odd 2>err | jq -c '[.user,.path]' >out
	is out <<<'["j�an","/\u0000"]'
	is err <<'END'
parse-text: line 1: invalid UTF-8
parse-text: 1 record refused, kept
END
	parse-text -e '(?<a>j.an).*GET (?<p>[^"]*)' --on-error skip odd >out 2>err
	is out </dev/null
	parse-text -e '(?<a>j.an).*GET (?<p>[^"]*)' odd >out 2>err
	is out <<<'{"a":"j�an","p":"/\u0000"}'
}

@test "--field takes a field of records for the line, and --keep keeps the others" {
	cat >in <<'END'
{"k":1,"m":{"v":"a 1"}}
{"k":2,"m":{"v":"\u0062\t\"2"}}
{"k":3}
{"k":4,"m":{"v":5}}
END
	re='^(?<w>\S+)\s"?(?<n>\d+)$'
	parse-text --field m.v -e "$re" -s 'n int' <in >out 2>err
	is out <<'END'
{"w":"a","n":1}
{"w":"b","n":2}
{"w":null,"n":null}
{"w":null,"n":null}
END
	is err <<'END'
parse-text: line 4: it does not match the expression
parse-text: 1 record refused, kept
END
	for p in 'filter true' "parse-json -s 'k int, m struct<v:string>' --batch 9"; do
		bief run "$p | parse-text --field m.v --keep -e '$re' -s 'n int' --plain |
			derive k='.k + 1'" <in 2>err | jq -c '[.k,.w,.n]' >out
		is out <<'END'
[2,"a",1]
[3,"b",2]
[4,null,null]
[5,null,null]
END
	done
	echo '{"n":"x","m":"a 1"}' | parse-text --field m --keep -e "$re" >out
	is out <<<'{"n":"1","m":"a 1","w":"a"}'
	echo '{"value":"a=1 b"}' | parse-text --field value --format logfmt >out
	is out <<<'{"a":"1","b":true}'
	bief sample access -n 20 >log
	parse-text log | parse-text --field VALUE --format combined >out
	parse-text --format combined log | cmp out -
	run -2 parse-text --field value in
	[ "$output" = "parse-text: --field is about what --regex or --format finds in it" ]
	run -2 parse-text --keep -e "$re" in
	run -2 bash -c "parse-json -s 'a int' --batch 1 <in | parse-text --field value -e '$re'"
	[[ "$output" == *"no field 'value'"* ]]
}
