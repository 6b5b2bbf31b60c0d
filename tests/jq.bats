#!/usr/bin/env bats
load lib

# What libjq 1.6 comes to grief on, and the like: derive and filter go on.

# Results of EXPR for the value INPUT, one a line, or what is said of it.
d() { # d INPUT EXPR
	printf '{"v":%s}\n' "$1" | derive --on-error skip "r=$2" >out 2>err &&
		{ jq -c .r out; sed -n 's/^derive: line 1: r: //p' err; }
}

@test "programs that walk paths have any number of results" {
	run d '[[1,2]]' '.v|paths'
	[ "$output" = $'[0]\n[0,0]\n[0,1]' ]
	run d '[[1]]' 'path(..)'
	[ "$output" = $'[]\n["v"]\n["v",0]\n["v",0,0]' ]
	run d '[[1,2]]' '.v|leaf_paths'
	[ "$output" = $'[0,0]\n[0,1]' ]
	run d '[3,4]' '.v|getpath(paths)'
	[ "$output" = $'3\n4' ]
	run d '[1,{"a":2}]' 'path(..|select(type=="number"))'
	[ "$output" = $'["v",0]\n["v",1,"a"]' ]
	run d '[1,2,3]' 'path(.v[])'
	[ "$output" = $'["v",0]\n["v",1]\n["v",2]' ]
	printf '{"v":[[1,2]]}\n{"v":[]}\n{"v":[3]}\n' | filter '.v|leaf_paths|length>0' > out
	is out <<'END'
{"v":[[1,2]]}
{"v":[[1,2]]}
{"v":[3]}
END
}

@test "several such programs, one for each result of the other" {
	printf '{"v":[7,8]}\n' | derive 'p=.v|paths' 'q=.v|path(.[])' 's="x"' > out
	is out <<'END'
{"v":[7,8],"p":[0],"q":[0],"s":"x"}
{"v":[7,8],"p":[0],"q":[1],"s":"x"}
{"v":[7,8],"p":[1],"q":[0],"s":"x"}
{"v":[7,8],"p":[1],"q":[1],"s":"x"}
END
}

@test "what stops in the middle of a path ends the program in good order" {
	printf '{"v":[1,2,3]}\n{"v":[4]}\n' > in
	run -1 --separate-stderr derive 'p=.v|paths' \
		'q=if .p == [1] then error("x") else 1 end' < in
	[ "$stderr" = 'derive: line 1: q: x (--on-error skip goes on)' ]
	derive --on-error skip 'p=.v|paths' 'q=if .p == [1] then error("x") else 1 end' < in > out 2> err
	is out <<'END'
{"v":[1,2,3],"p":[0],"q":1}
{"v":[1,2,3],"p":[2],"q":1}
{"v":[4],"p":[0],"q":1}
END
}

@test "modules are refused with a message, when explained too" {
	for e in 'import "a" as a; .x' 'include "a"; .x' 'module {}; .x'; do
		run derive "r=$e" <<< '{}'
		[ "$status" -eq 2 ]
		[[ "${lines[0]}" == 'derive: r: expression: modules are not for here: '* ]]
		run filter "$e" <<< '{}'
		[ "$status" -eq 2 ]
		run bief explain "filter '$e'"
		[ "$status" -eq 2 ]
		[[ "$output" == *'modules are not for here'* ]]
	done
	[ "$(d 1 '"a"|modulemeta')" = 'module not found: a' ]
	[ "$(d 1 get_search_list)" = '[]' ]
}

@test "a record that libjq dies of is refused, and the next one is taken" {
	printf '{"v":1,"d":-1}\n{"v":5,"d":2}\n{"v":1,"d":-1}\n{"v":7,"d":4}\n' > in
	derive --on-error skip 'r=.d as $d | if $d < 0 then -9223372036854775808 else .v end % $d' \
		< in > out 2> err
	is out <<'END'
{"v":5,"d":2,"r":1}
{"v":7,"d":4,"r":3}
END
	is err <<'END'
derive: line 1: r: libjq dies of this (SIGFPE): a fault of jq 1.6
derive: line 3: r: libjq dies of this (SIGFPE): a fault of jq 1.6
derive: 2 records refused, skipped
END
	derive --on-error keep 'r=.d as $d | if $d < 0 then -9223372036854775808 else .v end % $d' \
		< in 2> err | head -1 > out
	is out <<< '{"v":1,"d":-1,"r":null}'
	run derive 'r=.v|.[nan:1]' <<< '{"v":[1]}'
	[ "$status" -eq 1 ]
	[ "$output" = 'derive: line 1: r: libjq dies of this (SIGABRT): a fault of jq 1.6 (--on-error skip goes on)' ]
}

@test "a record that takes libjq too long is refused, and the next one is taken" {
	printf '{"v":1}\n{"v":2}\n' > in
	filter --on-error skip --max-cpu 100ms 'def f: f; if .v == 1 then f else true end' \
		< in > out 2> err
	is out <<< '{"v":2}'
	is err <<'END'
filter: line 1: libjq takes longer than 100ms (--max-cpu)
filter: 1 record refused, skipped
END
}

@test "a record for which libjq needs too much memory is refused" {
	not_sanitized
	printf '{"v":[999999999]}\n{"v":[1]}\n' > in
	derive --on-error skip --max-cpu 60s 'r=.v|.[.[0]]=0' < in > out 2> err
	is out <<< '{"v":[1],"r":[1,0]}'
	is err <<'END'
derive: line 1: r: libjq needs more memory than 1 GiB
derive: 1 record refused, skipped
END
}

@test "SIGTERM ends a program while libjq is at work for ever" {
	mkfifo in
	echo '{"v":1}' > in &
	derive --on-error skip --max-cpu 1h 'r=def f: f; f' < in 2> err &
	pid=$!
	busy() { [ "$(ps --ppid "$pid" -o comm=)" = bief-libjq ]; }
	wait_for busy
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 1 ]
	is err <<< 'derive: told to stop while libjq was at work on this record'
	run ! busy
}

@test "a killed program leaves no process behind" {
	mkfifo in
	echo '{"v":1}' > in &
	derive --max-cpu 1h 'r=def f: f; f' < in 2> err &
	pid=$!
	child() { pgrep -P "$pid"; }
	wait_for child
	child=$(child)
	kill -KILL "$pid"
	gone() { ! kill -0 "$child"; }
	wait_for gone
}

@test "the process of libjq holds no pipe of its pipeline open" {
	mkfifo in out
	derive 'r=def f: .v; f' < in > out &
	pid=$!
	exec 4> in 5< out
	echo '{"v":1}' >&4
	child() { [ "$(ps --ppid "$pid" -o comm=)" = bief-libjq ]; }
	wait_for child
	[ "$(readlink "/proc/$(pgrep -P "$pid")/fd/"* | sed 's/:.*//' | sort -u)" = "\
$(printf '/dev/null\nsocket')" ]
	exec 4>&-
	cat <&5 > got
	is got <<< '{"v":1,"r":1}'
	wait "$pid"
}

@test "the event time and the batch's time are known to libjq there too" {
	printf '{"t":"2026-01-01T00:00:00Z"}\n' > in
	export BIEF_CLOCK=2026-11-21T08:00:00Z
	bief run "watermark --on t --delay 1s | derive --plain \
		'e=def f: event_time; f' 'b=def f: batch_timestamp; f' 'n=def f: now; f'" < in > out
	is out <<'END'
{"t":"2026-01-01T00:00:00Z","e":"2026-01-01T00:00:00Z","b":"2026-11-21T08:00:00Z","n":1795248000}
END
}

@test "an integer that libjq would round is refused with its field there too" {
	run derive 'x=def f: .n; f' <<< '{"m":1,"n":9007199254740993}'
	[ "$status" -eq 1 ]
	[ "$output" = "derive: line 1: x: field 'n' holds 9007199254740993, which libjq would round (it is beyond 2^53) (--on-error skip goes on)" ]
}

@test "results and records of any size pass" {
	awk 'BEGIN { printf "{\"v\":\""; for (i = 0; i < 300000; i++) printf "xy"; print "\"}" }' > in
	derive 'r=def f: .v + .v; f|length' < in | tail -c 14 > out
	is out <<< ',"r":1200000}'
	derive 'r=def f: range(50000); f' 'v=.r' <<< '{"v":1}' | tail -1 > out
	is out <<< '{"v":49999,"r":49999}'
	[ "$(derive 'r=def f: range(50000); f' <<< '{"v":1}' | wc -l)" -eq 50000 ]
}

@test "a number that is no time is refused by the functions of dates" {
	for e in '.v|todate' '.v|strftime("%Y")' '.v as $x | $x | todate' \
		'.v as $x | $x | strftime("%Y")' '.v as $x | $x | strflocaltime("%Y")'; do
		for v in 1.6194487433473e18 1e308 1e17 -1e17; do
			[[ "$(d "$v" "$e")" == number*' are seconds since 1970 of no year that there is' ]]
		done
		[ -n "$(d 1619448743 "$e")" ]
	done
	[[ "$(d 0 'nan|todate')" == 'number (null) are'* ]]
	[ "$(d 0 '1|strftime([])')" = 'strftime/1 requires a string format' ]
	[ "$(d 0 '. as $x | 1 | strftime([])')" = 'strftime/1 requires a string format' ]
	[ "$(d 1619448743347469312 '.v|todate')" = \
		'number (16194487433...) are seconds since 1970 of no year that there is' ]
	[ "$(d -1.5 '.v|todate')" = '"1969-12-31T23:59:59Z"' ]
}

@test "gsub ends where a match is empty, natively and in libjq" {
	for before in '' '. as $x | '; do
		[ "$(d '"abc"' "$before.v|gsub(\"^\"; \">\")")" = '">abc"' ]
		[ "$(d '"abc"' "$before.v|gsub(\"\"; \"-\")")" = '"-a-b-c"' ]
		[ "$(d '"axbx"' "$before.v|gsub(\"x*\"; \"-\")")" = '"-a--b-"' ]
		[ "$(d '"abc"' "$before.v|gsub(\"\$\"; \"!\")")" = '"abc!"' ]
		[ "$(d '"a1b"' "$before.v|gsub(\"[^a-z]*\"; \"\")")" = '"ab"' ]
		[ "$(d '"axb"' "$before.v|gsub(\"(?<a>x)?\"; \"\")")" = '"ab"' ]
		[ "$(d '"abcb"' "$before.v|gsub(\"(?=b)\"; \"-\")")" = '"a-bc-b"' ]
		[ "$(d '""' "$before.v|gsub(\"\"; \"-\")")" = '"-"' ]
	done
	[ "$(d '"aéb"' '.v|gsub(""; "-")')" = '"-a-é-b"' ]
	[ "$(d '"日本"' '.v|gsub("x*"; ".")')" = '".日.本"' ]
}

@test "sub, gsub, capture and scan are jq's, with several results of libjq" {
	[ "$(d '"aa"' '.v|gsub("a";"b","c")')" = $'"bb"\n"cb"\n"bc"\n"cc"' ]
	[ "$(d '"xay"' '.v|sub("(?<l>[a-y])";"<\(.l)>")')" = '"<x>ay"' ]
	[ "$(d '"xay"' '.v|gsub("(?<l>[x-y])|a";"<\(.l)>")')" = '"<x><null><y>"' ]
	[ "$(d '"aaa"' '.v|gsub("^a";"b")')" = '"bbb"' ]
	[ "$(d '"a-B"' '.v|gsub("b";"";"i")')" = '"a-"' ]
	[ "$(d '"a"' '.v|sub("a";1)')" = 'string ("") and number (1) cannot be added' ]
	[ "$(d 1 '.v|gsub("a";"b")')" = 'number (1) cannot be matched, as it is not a string' ]
	[ "$(d '"a1b22"' '.v|scan("[a-z]([0-9]+)")')" = $'["1"]\n["22"]' ]
	[ "$(d '"a1b22"' '.v|capture("(?<l>[a-z])(?<n>[0-9]+)";"g").n')" = $'"1"\n"22"' ]
	run derive 'r=.v|gsub("(";"")' <<< '{"v":"a"}'
	[ "$status" -eq 2 ]
	run derive 'r=.v|gsub("a";"(")' <<< '{"v":"a"}'
	[ "$output" = '{"v":"a","r":"("}' ]
}

@test "places of an empty text: null, none" {
	for before in '' '. as $x | '; do
		[ "$(d '"abc"' "$before.v|index(\"\")")" = null ]
		[ "$(d '"abc"' "$before.v|rindex(\"\")")" = null ]
		[ "$(d '"abc"' "$before.v|indices(\"\")")" = '[]' ]
		[ "$(d '"abcb"' "$before.v|rindex(\"b\")")" = 3 ]
		[ "$(d '"aaa"' "$before.v|indices(\"aa\")")" = '[0]' ]
		[ "$(d '[1,2,1]' "$before.v|indices(1)")" = '[0,2]' ]
	done
}

@test "a key of several results goes with its own value each time" {
	printf '{"x":10,"y":20,"k":["x","y"]}\n' | derive 'r={"\(.k[])"}' > out
	is out <<'END'
{"x":10,"y":20,"k":["x","y"],"r":{"x":10}}
{"x":10,"y":20,"k":["x","y"],"r":{"y":20}}
END
}

@test "the ends of a slice are rounded as by jq" {
	[ "$(d '[0,1,2]' '.v[1.7:0.3]')" = '[]' ]
	[ "$(d '[0,1,2]' '.v[1.2:1.5]')" = '[1]' ]
	[ "$(d '"abc"' '.v[1.7:0.3]')" = '""' ]
	[ "$(d '[0,1,2]' '.v[-1.5:]')" = '[1,2]' ]
	[ "$(d '[0,1,2]' '.v[5:1]')" = '[]' ]
}

@test "results without end come to one, and a signal ends them before" {
	filter --on-error skip --max-cpu 100ms 'repeat(.v) == 2' <<< '{"v":1}' > out 2> err
	[ ! -s out ]
	is err <<'END'
filter: line 1: libjq takes longer than 100ms (--max-cpu)
filter: 1 record refused, skipped
END
	mkfifo in
	echo '{"v":1}' > in &
	filter --max-cpu 1h 'repeat(.v) == 2' < in 2> err &
	pid=$!
	busy() { [ "$(ps --ppid "$pid" -o comm=)" = bief-libjq ]; }
	wait_for busy
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 1 ]
	derive 'r=repeat(1)' <<< '{"v":1}' 2> err | head -1 > out
	is out <<< '{"v":1,"r":1}'
}

@test "no function of jq ends or hangs a program by values from the edge" {
	run "$TOP/tests/jq-net" 50
	echo "$output"
	[ "$status" -eq 0 ]
	[ "${output##* programs, }" = '0 failed' ]
}
