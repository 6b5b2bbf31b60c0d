#!/usr/bin/env bats
# The names of fields, as every program takes them.

load lib

# Records with a nested field, one with a dot, one with a comma, one that
# "window" does not stand for.
data() {
	cat >in <<-'E'
	{"m":{"id":"a","n":[1,2]},"a.b":1,"Income, median":"x","User":"u","t":"2026-11-21T08:01:00Z"}
	{"m":{"id":"b","n":[3]},"a.b":2,"Income, median":"y","User":"v","t":"2026-11-21T08:07:00Z"}
	{"m":{"id":"a","n":[5]},"a.b":1,"Income, median":"x","User":"u","t":"2026-11-21T08:08:00Z"}
	E
	ddl='m struct<id:string,n:array<int>>, `a.b` int, `Income, median` string, User string, t timestamp'
}

# each NAME...: the same answer of a record without types and with, by pipes and
# in one process.
each() {
	"$@" --plain <in >plain
	parse-json -s "$ddl" --batch 9 <in | "$@" --plain >typed
	bief run "parse-json -s '$ddl' --batch 9 | $(printf '%q ' "$@") --plain" <in >run
	diff -u plain typed
	diff -u typed run
}

@test "a path names a nested field to every program that takes fields" {
	data
	each agg --by m.id count
	is plain <<-'E'
	{"id":"a","count":2}
	{"id":"b","count":1}
	E
	each agg sum:m.n[0] max:m.id
	is plain <<<'{"sum(m.n[0])":9,"max(m.id)":"b"}'
	each dedup --by m.id,m.n[1]
	[ "$(wc -l <plain)" = 3 ]
	each dedup --by m.id
	[ "$(wc -l <plain)" = 2 ]
	order --by -m.n[0] <in | jq -c .m.n >out
	is out < <(printf '%s\n' '[5]' '[3]' '[1,2]')
	each drop-null m.n[1]
	[ "$(wc -l <plain)" = 1 ]
	each pick m.id,k=m.n[-1]
	is plain <<-'E'
	{"id":"a","k":2}
	{"id":"b","k":3}
	{"id":"a","k":5}
	E
	each explode m.n --as n
	[ "$(jq -c .n plain | paste -sd,)" = 1,2,3,5 ]
	pivot --rows m.id --cols m.n[0] --value t <in >out
	[ "$(jq -r 'keys|join(",")' out | tail -1)" = 1,3,5,m.id ]
	sink-files --partition-by m.id d <in
	[ "$(cat d/m.id=a/part* | wc -l)" = 2 ]
	printf 'k,v\na,1\n' >t.csv
	each join-static t.csv --header --on m.id=k
	[ "$(jq -c .v plain | paste -sd,)" = 1,1 ]
	echo '{"x":{"v":"{\"p\":1}"}}' | parse-json --field x.v -s 'p int' >out
	is out <<<'{"p":1}'
}

@test "times may be nested: windows, watermarks, gaps and joins take them" {
	printf '{"m":{"t":"2026-11-21T08:0%d:00Z","gap":"1m"},"k":%d}\n' 1 1 2 2 9 3 >in
	ddl='m struct<t:timestamp,gap:string>, k int'
	each window --on m.t --size 5m
	[ "$(jq -r .window_start plain | uniq -c | wc -l)" = 2 ]
	each window --on m.t --session-field m.gap
	[ "$(jq -r .window_end plain | tail -1)" = 2026-11-21T08:10:00Z ]
	for p in "parse-json -s '$ddl'" 'filter true'; do
		bief run "$p --batch 1 | watermark --on m.t --delay 1m | dedup --by m.t" <in >l
		tail -2 l | head -1 | jq -r '."#bief".watermark' >out
		is out <<<2026-11-21T08:08:00Z
		join-stream l l --on m.t --how left --plain 2>err >out
		[ ! -s err ]
		[ "$(jq -c .k out | paste -sd,)" = 1,2,3 ]
		join-stream l l --on k --how left --plain \
			--where 'left.m.t between right.m.t - interval 1 minute and right.m.t' 2>err >out
		[ ! -s err ]
		[ "$(jq -c .k out | paste -sd,)" = 1,2,3 ]
	done
}

@test "two streams are joined on paths and elements, in every kind of join" {
	printf '{"a":{"x":1},"n":1}\n{"a":{"x":null},"n":2}\n{"n":3}\n' >l
	printf '{"b":[{"x":2}],"m":8}\n{"b":[{"x":1}],"m":9}\n{"b":[],"m":10}\n' >r
	typed() { # typed how: the same with types and batches
		join-stream <(parse-json -s 'a struct<x:int>, n int' --batch 1 <l) \
			<(parse-json -s 'b array<struct<x:int>>, m int' --batch 1 <r) \
			--on 'a.x=b[0].x' --how "$1" --plain
	}
	for how in inner left right semi; do
		join-stream l r --on 'a.x=b[0].x' --how $how | jq -c '[.n,.m]' |
			sort >$how
	done
	is inner <<<'[1,9]'
	is left < <(printf '%s\n' '[1,9]' '[2,null]' '[3,null]')
	is right < <(printf '%s\n' '[1,9]' '[null,10]' '[null,8]')
	is semi <<<'[1,null]'
	typed inner | jq -c '[.n,.m]' >out
	is out <<<'[1,9]'
}

@test "blanks around the commas of a list are no part of a name" {
	echo '{"a":1,"b":2," c":3}' >in
	pick 'a, b' <in >out
	is out <<<'{"a":1,"b":2}'
	pick ' c' <in >out
	is out <<<'{" c":3}'
	drop-null 'a , b' <in >out
	is out <in
	printf '{"a":%d,"b":%d}\n' 1 2 1 1 0 3 >in
	order --by 'a, -b' <in | jq -c '[.a,.b]' | paste -sd, >out
	is out <<<'[0,3],[1,2],[1,1]'
	agg --by 'a,
		b' count <in | wc -l >out
	is out <<<3
	join-stream in in --on 'a, b' | wc -l >out
	is out <<<3
}

@test "a name with a comma, an equals sign or a dot is written in quotes" {
	data
	each agg --by '"Income, median","a.b"' 'n=count:"Income, median"' '"x=y"=sum:"a.b"'
	is plain <<-'E'
	{"Income, median":"x","a.b":1,"n":2,"x=y":2}
	{"Income, median":"y","a.b":2,"n":1,"x=y":2}
	E
	each pick 'i="Income, median","p=q"="a.b"'
	is plain < <(printf '{"i":"%s","p=q":%d}\n' x 1 y 2 x 1)
	each dedup --by '"Income, median", "a.b"'
	[ "$(wc -l <plain)" = 2 ]
	each agg max:'"Income, median"'
	is plain <<<'{"max(Income, median)":"y"}'
	order --by '-"Income, median",t' <in | head -1 | jq -c '."a.b"' >out
	is out <<<2
	printf '{"k=v":1,"x, y":null}\n' | fill-null '"k=v"=5' '"x, y"=6' >out
	is out <<<'{"k=v":1,"x, y":6}'
	join-stream in in --on '"Income, median"="Income, median",t' | wc -l >out
	is out <<<3
	sink-files --partition-by '"Income, median"' d <in
	[ -d 'd/Income, median=x' ]
}

@test "a field of the whole name goes before the path that it could be" {
	printf '{"a.b":1,"a":{"b":2}}\n{"a":{"b":3}}\n' >in
	agg --by a.b count <in >out
	is out <<-'E'
	{"a.b":1,"count":1}
	{"a.b":3,"count":1}
	E
	pick a.b <in >out
	is out < <(printf '%s\n' '{"a.b":1}' '{"b":3}')
	pick a.\"b\" <in >out
	is out < <(printf '%s\n' '{"b":2}' '{"b":3}')
	printf '%s\n' Sepal.Length 5.1 4.9 5.1 | parse-csv --header | agg --by Sepal.Length count >out
	is out <<-'E'
	{"Sepal.Length":"4.9","count":1}
	{"Sepal.Length":"5.1","count":2}
	E
}

@test "a name is known in another case, too; what goes out is called as it is written" {
	data
	each agg --by USER max:"a.B"
	is plain < <(printf '{"USER":"%s","max(a.B)":%d}\n' u 1 v 2)
	each dedup --by user
	[ "$(wc -l <plain)" = 2 ]
	each pick user,M.ID
	is plain < <(printf '{"user":"%s","ID":"%s"}\n' u a v b u a)
	each drop-null USER,m.N[1]
	[ "$(wc -l <plain)" = 1 ]
	each window --on T --size 5m
	[ "$(wc -l <plain)" = 3 ]
	echo '{"a":null}' | fill-null A=1 >out
	is out <<<'{"a":1}'
	order --by -USER,T <in | head -1 | jq -r .User >out
	is out <<<v
	echo '{"user":"u","z":1}' >r
	join-stream in r --on user | jq -c 'keys' | uniq >out
	is out <<<'["Income, median","User","a.b","m","t","z"]'
	bief run 'watermark --on T --delay 0s --batch 1 | window --on t --size 5m | agg --mode append count --plain' <in >out
	is out <<<'{"window_start":"2026-11-21T08:00:00Z","window_end":"2026-11-21T08:05:00Z","count":1}'
}

@test "of names that differ in case the exact one is meant, and none where none is exact" {
	echo '{"User":1,"USER":2}' >in
	pick USER <in >out
	is out <<<'{"USER":2}'
	for p in 'pick user' 'agg --by user count' 'dedup --by user' 'order --by user' \
		'drop-null user' 'fill-null user=1' 'agg sum:user' 'join-stream in in --on user' \
		'explode user' 'sink-files --partition-by user d'; do
		run -1 bash -c "$p <in"
		[[ "$output" == *"'user' is the name of several fields"* ]]
		case $p in
		fill*|join*) continue ;;
		esac
		run -2 bash -c "parse-json -s 'User int, USER int' --batch 1 <in | $p"
		[[ "$output" == *"'user' is the name of several fields"* ]]
	done
	{ cat in; echo '{"user":3}'; } | pick --on-error skip user >out 2>err
	is out <<<'{"user":3}'
	[[ "$(tail -1 err)" == "pick: 1 record refused, skipped" ]]
}

@test "pick --except keeps all fields but these" {
	data
	each pick --except m,USER
	is plain <<-'E'
	{"a.b":1,"Income, median":"x","t":"2026-11-21T08:01:00Z"}
	{"a.b":2,"Income, median":"y","t":"2026-11-21T08:07:00Z"}
	{"a.b":1,"Income, median":"x","t":"2026-11-21T08:08:00Z"}
	E
	each pick --except 'a.b, "Income, median", t , User'
	[ "$(head -1 plain)" = '{"m":{"id":"a","n":[1,2]}}' ]
	printf '{"a":1,"b":2}\n{"b":3}\n{"a":4,"c":5}\n{"a":6}\n' | pick --except a >out
	is out < <(printf '%s\n' '{"b":2}' '{"b":3}' '{"c":5}' '{}')
	echo '{"t":"2026-11-21T08:01:00Z","x":1}' | window --on t --size 5m |
		pick --except window >out
	is out <<<'{"t":"2026-11-21T08:01:00Z","x":1}'
	# What is left of the event time and the windows goes on to those behind.
	for p in "parse-json -s 't timestamp, x int' --batch 1" 'filter true --batch 1'; do
		bief run "$p | window --on t --size 5m --watermark 0s | pick --except x |
			agg --mode append count --plain" >out \
			<<<'{"t":"2026-11-21T08:01:00Z","x":1}
{"t":"2026-11-21T08:07:00Z","x":1}'
		is out <<-'E'
		{"window_start":"2026-11-21T08:00:00Z","window_end":"2026-11-21T08:05:00Z","count":1}
		E
	done
}

@test "pick --except refuses what it cannot leave out" {
	data
	run -2 bash -c 'pick --except m.id <in'
	[ "$output" = "pick: --except takes whole fields, and 'm.id' is within one" ]
	run -2 bash -c "parse-json -s '$ddl' <in | pick --except m.id --batch 1"
	run -2 bash -c "bief run \"parse-json -s 'a int, b int' --batch 1 | pick --except bb\" </dev/null"
	[[ "$output" == *"no field 'bb'"* ]]
	run -2 bash -c "bief run \"parse-json -s 'a int, b int' --batch 1 | pick --except a,b\" </dev/null"
	[[ "$output" == *"pick: --except leaves no field"* ]]
	run -2 pick --except a b
	[ "$output" = "pick: --except keeps all other fields: what is to be kept cannot be named beside it" ]
	run -0 bash -c 'pick --except nothing <in | wc -l'
	[ "${lines[0]}" = "pick: no record had a field 'nothing'" ]
}

@test "window stands for window_start and window_end wherever fields are named" {
	printf '{"t":"2026-11-21T08:%s:00Z","id":1}\n' 01 07 08 13 >raw
	for p in 'filter true' "parse-json -s 't timestamp, id int' --batch 9"; do
		bash -c "$p" <raw | window --on t --size 5m >in
		dedup --plain --by id,window <in | jq -r .t | cut -c 15-16 | paste -sd, >out
		is out <<<01,07,13
		agg --plain --by window,id count <in | jq -c '.count' | paste -sd, >out
		is out <<<1,2,1
		pick --plain id,window <in | head -1 >out
		is out <<<'{"id":1,"window_start":"2026-11-21T08:00:00Z","window_end":"2026-11-21T08:05:00Z"}'
		drop-null --plain window <in | wc -l >out
		is out <<<4
		join-stream --plain in in --on id,window | wc -l >out
		is out <<<6
		filter --plain --sql 'window.start > timestamp"2026-11-21 08:06:00"' <in | wc -l >out
		is out <<<1
		rm -rf d
		sink-files --partition-by window d <in
		ls -d d/window_start=*/window_end=* >out
		[ "$(wc -l <out)" = 3 ]
		sink-table --db x.db --table t --mode update --key id,window <in
		sqlite3 x.db 'select count(*) from t; drop table t' >out
		is out <<<3
	done
	window --on t --size 5m <raw >in
	order --by -window <in | jq -r .t | cut -c 15-16 | paste -sd, >out
	is out <<<13,07,08,01
	agg --by id count <in | pivot --rows window --cols id --value count >out
	is out <<-'E'
	{"window_start":"2026-11-21T08:00:00Z","window_end":"2026-11-21T08:05:00Z","1":1}
	{"window_start":"2026-11-21T08:05:00Z","window_end":"2026-11-21T08:10:00Z","1":2}
	{"window_start":"2026-11-21T08:10:00Z","window_end":"2026-11-21T08:15:00Z","1":1}
	E
}

@test "a field that is called window is that one" {
	printf '{"window":%d,"n":%d}\n' 1 1 2 2 1 3 >in
	ddl='window int, n int'
	each dedup --by window
	[ "$(jq -c .n plain | paste -sd,)" = 1,2 ]
	each agg --by window sum:n
	is plain < <(printf '{"window":%d,"sum(n)":%d}\n' 1 4 2 2)
	each pick window
	is plain < <(printf '{"window":%d}\n' 1 2 1)
	join-stream in in --on window | wc -l >out
	is out <<<5
}

@test "window is refused where records are known to have none" {
	data
	run -2 bash -c "parse-json -s '$ddl' --batch 9 <in | dedup --by window"
	[[ "$output" == "dedup: no field 'window'"* ]]
}

@test "a part of a field is no key of a table" {
	data
	run -2 sink-table --db x.db --table t --mode update --key m.id <in
	[[ "$output" == "sink-table: --key: 'm.id' is a part of a field, not a column"* ]]
}

@test "an integer is a key by all of its digits, however many they are" {
	local a=100000000000000000000000614 b=100000000000000000000000615
	printf '{"k":%s,"n":%d}\n' $b 1 $a 2 -$b 3 -$a 4 >in
	ddl='k decimal(38,0), n int'
	each agg --by k count
	[ "$(wc -l <plain)" = 4 ]
	each dedup --by k
	[ "$(wc -l <plain)" = 4 ]
	each agg min:k max:k count_distinct:k
	is plain <<<"{\"min(k)\":-$b,\"max(k)\":$b,\"count(DISTINCT k)\":4}"
	agg sum:n max:k <in | grep -o "\"max.*" >out
	is out <<<"\"max(k)\":$b}"
	each agg collect_set:k
	is plain <<<"{\"collect_set(k)\":[-$b,-$a,$a,$b]}"
	order --by -k <in | jq -c .n | paste -sd, >out
	is out <<<1,2,4,3
	pivot --rows n --cols k --value n <in | head -1 | grep -o "$b" | wc -l >out
	is out <<<2
	join-stream in in --on k | wc -l >out
	is out <<<4
	join-stream in in --where 'left.k = right.k' | wc -l >out
	is out <<<4
	join-stream <(parse-json -s "$ddl" --batch 9 <in) <(filter true --batch 9 <in) \
		--on k --plain | wc -l >out
	is out <<<4
	printf '{"k":%s}\n' 9007199254740993 9223372036854775807 18446744073709551616 >l
	printf '{"k":%s}\n' 9007199254740992.0 9223372036854775808 1.8446744073709551616e19 >r
	join-stream l r --on k >out
	is out <<<'{"k":18446744073709551616}'
}
