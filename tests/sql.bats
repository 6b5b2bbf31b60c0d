#!/usr/bin/env bats
load lib

@test "filter --sql keeps the records for which the condition is true, not null" {
	run filter --sql "i <> 1" <<< '{"i":1}
{"i":null}
{"i":2}'
	[ "$output" = '{"i":2}' ]
}

@test "field names are known in any case of letters" {
	run filter --sql "GT LIKE '%stairs%'" <<< '{"gt":"stairsup"}
{"Gt":"stairsdown"}
{"gt":"sit"}'
	[ "$output" = '{"gt":"stairsup"}
{"Gt":"stairsdown"}' ]
}

@test "derive --sql adds fields, left to right" {
	run derive --sql "band = CASE WHEN a < 5000 THEN 'Low' ELSE 'High' END" \
		"n = length(band)" <<< '{"a":10}
{"a":null}'
	[ "$output" = '{"a":10,"band":"Low","n":3}
{"a":null,"band":"High","n":4}' ]
}

@test "pick --sql takes a select list" {
	run pick --sql '-x as y, model, m.domain, upper(model) m' <<< \
		'{"Model":"a","x":2,"m":{"domain":"fr"}}'
	[ "$output" = '{"y":-2,"model":"a","domain":"fr","m":"A"}' ]
}

@test "pick --sql knows all fields where they are known" {
	run bash -c "printf '1,2\n' | parse-csv --schema 'a int, b int' \
		--batch 10 | pick --sql '*, a + b as c' --plain"
	[ "$output" = '{"a":1,"b":2,"c":3}' ]
}

@test "what is not computed keeps its spelling" {
	run pick --sql 'a, b' <<< '{"a":1.50,"b":"\u00e9"}'
	[ "$output" = '{"a":1.50,"b":"\u00e9"}' ]
}

@test "a wrong expression is refused at the start, with the place" {
	run filter --sql 'i + * 2 > 1' <<< '{}'
	[ "$status" -eq 2 ]
	[ "$output" = "filter: sql: expected an expression, not '*'
  i + * 2 > 1
      ^" ]
}

@test "a function that is not there is refused by name, with the nearest" {
	run derive --sql 'x = lenght(s)' <<< '{"s":"a"}'
	[ "$status" -eq 2 ]
	[[ "$output" = *"no function 'lenght' (did you mean 'length'?)"* ]]
}

@test "what is no condition is refused" {
	run filter --sql 'null' <<< '{"i":1}'
	[ "$status" -eq 2 ]
	run filter --sql 'i' <<< '{"i":1}'
	[ "$status" -eq 1 ]
	[[ "$output" = *"neither true nor false"* ]]
}

@test "a regular expression that would run for ever is bounded" {
	printf '{"s":"%s!"}\n{"s":"aa"}\n' "$(printf 'a%.0s' {1..40})" > in
	run filter --sql "s rlike '^(a+)+\$'" --on-error skip --rejects bad < in
	[ "$status" -eq 0 ]
	[[ "$output" = *'{"s":"aa"}'* ]]
	grep -q 'regular expression' bad
}

@test "a record on which the expression fails names the line" {
	run derive --sql 'y = element_at(a, 0)' <<< '{"a":[1]}'
	[ "$status" -eq 1 ]
	[[ "$output" = *"line 1"*"counts places from 1"* ]]
}

@test "times are read and shown in the zone" {
	run derive --sql --zone Europe/Paris "h = hour(t)" \
		"s = cast(t as string)" <<< '{"t":"2016-07-26T02:45:07Z"}'
	[ "$output" = '{"t":"2016-07-26T02:45:07Z","h":4,"s":"2016-07-26 04:45:07"}' ]
}

@test "Spark's answers: golden families sql-filter and sql-derive" {
	shared=${BIEF_SHARED:-$BATS_TEST_DIRNAME/../../shared}
	[ -d "$shared/golden" ] || skip "no ../shared"
	run "$BATS_TEST_DIRNAME/conformance" --family sql-filter "$shared/golden"
	[ "$status" -eq 0 ]
	run "$BATS_TEST_DIRNAME/conformance" --family sql-derive "$shared/golden"
	[ "$status" -eq 0 ]
}

@test "from_json reads a struct, an array or a map, with Spark's options" {
	printf '%s\n' '{"s":"{a: 01, \"d\": \"26/08/2015\"} // x"}' \
		'{"s":"[1,2]"}' '{"s":" "}' >in
	pick --sql "from_json(s, 'a int, d date, _bad string',
		map('allowUnquotedFieldNames', 'true', 'allowComments', 'true',
		'allowNumericLeadingZeros', 'true', 'dateFormat', 'dd/MM/yyyy',
		'columnNameOfCorruptRecord', '_bad')) as j,
		from_json(s, 'array<int>') as l,
		from_json(s, 'map<string,int>') as m" <in >out
	is out <<-'E'
	{"j":{"a":1,"d":"2015-08-26","_bad":null},"l":null,"m":null}
	{"j":{"a":null,"d":null,"_bad":"[1,2]"},"l":[1,2],"m":null}
	{"j":null,"l":null,"m":null}
	E
	echo '{"s":"{\"a\":1}"}' >in
	pick --sql "from_json(s, 'array<struct<a:int>>') as l" <in >out
	is out <<<'{"l":[{"a":1}]}'
	run -2 pick --sql "from_json(s, 'a int', map('pretty', 'true')) as j" <in
	[[ $output == *"'from_json' has no option 'pretty'"* ]]
	run -2 pick --sql "from_json(s, 'a int', map('mode', s)) as j" <in
	[[ $output == *"options of 'from_json' are texts"* ]]
	run -1 pick --on-error fail \
		--sql "from_json('{', 'a int', map('mode', 'FAILFAST')) as j" <in
	[[ $output == *"from_json: it ends too early at byte 2"* ]]
}

@test "to_json takes patterns, a zone, nulls and line breaks" {
	echo '{"t":"2015-08-26T18:00:00Z","n":null,"l":[1,2],"e":{}}' >in
	pick --sql "to_json(struct(t, n), map('timestampFormat',
		'dd/MM/yyyy HH:mm', 'timeZone', 'Europe/Paris',
		'ignoreNullFields', 'false')) as a,
		to_json(named_struct('l', l, 'x', named_struct('n', n)),
		map('pretty', 'true')) as b,
		to_json(named_struct('d', date '2015-08-26'),
		map('dateFormat', 'd.M.yy')) as c" <in >out
	is out <<-'E'
	{"a":"{\"t\":\"26/08/2015 20:00\",\"n\":null}","b":"{\n  \"l\" : [ 1, 2 ],\n  \"x\" : { }\n}","c":"{\"d\":\"26.8.15\"}"}
	E
}

@test "schema_of_json tells a text's type as Spark does" {
	printf '%s\n' '{"s":"{\"b\":1,\"a b\":[1,2.5,null]}"}' \
		'{"s":"[{\"x\":null},{\"y\":\"2016-01-01\"}]"}' '{"s":"[]"}' >in
	pick --sql "schema_of_json(s) as a, schema_of_json(s,
		map('dropFieldIfAllNull', 'true', 'prefersDecimal', 'true')) as b" \
		<in >out
	is out <<-'E'
	{"a":"STRUCT<`a b`: ARRAY<DOUBLE>, b: BIGINT>","b":"STRUCT<`a b`: ARRAY<DECIMAL(21,1)>, b: BIGINT>"}
	{"a":"ARRAY<STRUCT<x: STRING, y: STRING>>","b":"ARRAY<STRUCT<y: STRING>>"}
	{"a":"ARRAY<STRING>","b":"STRING"}
	E
}

@test "get_json_object takes single quotes and prints numbers as Java does" {
	printf '%s\n' "{\"s\":\"{'a':'x','b':[1.50,1e3,'q']}\"}" >in
	pick --sql "get_json_object(s, '\$.a') as a, get_json_object(s, '\$.b') as b,
		json_array_length('[1, \\'x\\']') as n" <in >out
	is out <<-'E'
	{"a":"x","b":"[1.5,1000.0,\"q\"]","n":2}
	E
}

@test "struct names its fields: by as, by what they are called, by their place" {
	echo '{"i":1,"s":{"a":2}}' >in
	pick --sql 'struct(i as x, s.a, i + 1, s as `a b`) as r, cbrt(27) as c' \
		<in >out
	is out <<<'{"r":{"x":1,"a":2,"col3":2,"a b":{"a":2}},"c":3.0}'
	pick --sql "(i, 'x').col2 as r, (i, 2) in ((1, 2), (3, 4)) as c" \
		<in >out
	is out <<<'{"r":"x","c":true}'
	run -2 pick --sql 'struct(i as) as r' <in
}

# A header, the records of standard input, the end.
typed() { # typed DDL
	printf '{"#bief":{"stream":1,"fields":"%s","zone":"UTC"}}\n' "$1"
	echo '{"#bief":{"begin":0}}'
	cat
	printf '%s\n' '{"#bief":{"end":0}}' '{"#bief":{"eof":1}}'
}

@test "text is ordered by its bytes, however far apart they are" {
	printf '{"c":"%s"}\n' FR DE ES D '' É 'FR ' >in
	filter --sql "c <> 'DE'" <in >out
	is out <<<'{"c":"FR"}
{"c":"ES"}
{"c":"D"}
{"c":""}
{"c":"É"}
{"c":"FR "}'
	filter --sql "c between 'DE' and 'FR'" <in >out
	is out <<<'{"c":"FR"}
{"c":"DE"}
{"c":"ES"}'
	typed 'c string' <in | filter --plain --sql "c not in ('ES') and
		(c < 'DE' or c > 'FR' or array(c) = array('FR'))" >out
	is out <<<'{"c":"FR"}
{"c":"D"}
{"c":""}
{"c":"É"}
{"c":"FR "}'
	derive --sql "d = date '2026-03-01' >= '2006-01-01'" \
		"s = c >= 'BE'" <<<'{"c":"DE"}' >out
	is out <<<'{"c":"DE","d":true,"s":true}'
}

@test "join-stream --where compares text as filter does" {
	printf '{"a":"%s"}\n' a b c d >l
	printf '{"b":"%s"}\n' a b c d >r
	join-stream l r --where 'left.a > right.b' | sort >out
	is out <<-'E'
	{"a":"b","b":"a"}
	{"a":"c","b":"a"}
	{"a":"c","b":"b"}
	{"a":"d","b":"a"}
	{"a":"d","b":"b"}
	{"a":"d","b":"c"}
	E
}

@test "items that are not what their type says are no equal ones" {
	typed 'a array<int>' <<<'{"a":["x"]}' >in
	run -0 --separate-stderr filter --plain --on-error skip \
		--sql 'a = array(1)' <in
	[ "$output" = "" ]
	[[ "$stderr" == *'is no int: "x"'* ]]
}

@test "the types that an expression makes are read by the next program" {
	local e k=0
	echo '{"a":1}' | typed 'a int' >in
	for e in 'map(a, 2)' "map(date '2020-01-01', a)" 'map(1.5, a)' \
		"map(timestamp '2020-01-01 10:00:00.5', array(a))" \
		"map(true, map(1.5D, double('NaN')))" "map(x'FF00', a)" \
		"map(array(a, 2), struct(a, 'q\"' as s))" \
		"map(struct(a, 'q\"' as s), null)" 'map(interval 1 day, a)' \
		'map()' 'array()' 'array(null)' 'null' 'interval 1 month' \
		'array(interval 1 hour)' 'struct(null as n, interval 1 day as i)' \
		'cast(a as decimal(38,18))' "struct(a as \`x, y\`)" \
		"concat(x'FF80', x'00')"; do
		derive --sql "m = $e" <in >one
		derive --sql 'n = m' 'o = array(m)' 'p = o[0]' <one |
			pick --plain --sql \
			'm, n, p, to_json(o) = to_json(array(p)) as same' >out
		jq -ce 'select(.m == .n and .m == .p and .same)' out >/dev/null ||
			{ echo "$e"; cat out; k=1; }
	done
	[ "$k" -eq 0 ]
}

@test "a map's key is read again as what it was" {
	echo '{"a":7}' | typed 'a int' |
		derive --sql "m = map(a, 'x', 8, 'y')" \
		"t = map(timestamp '2020-01-01 10:00:00.5', 1)" |
		derive --plain --sql 'x = m[7]' 'k = map_keys(m)[1] + 1' \
		"y = t[timestamp '2020-01-01 10:00:00.5']" >out
	is out <<-'E'
	{"a":7,"m":{"7":"x","8":"y"},"t":{"2020-01-01T10:00:00.5Z":1},"x":"x","k":9,"y":1}
	E
}

@test "keys of maps in JSON are strings, and another type is refused" {
	run -2 parse-json -s 'm map<int,string>' <<<'{}'
	[[ "$output" == *"map<int,string>: the keys of a map are strings here" ]]
	run -2 derive --sql "x = from_json(s, 'a array<map<date,int>>')" <<<'{}'
	[[ "$output" == *"the keys of a map are strings here"* ]]
}

@test "a record cannot make an expression take the memory" {
	echo '{"a":9223372036854775800,"b":9223372036854775807,"s":"xxxxxxxxxx"}' |
		typed 'a bigint, b bigint, s string' >in
	derive --plain --sql 'n = size(sequence(a, b))' <in | pick n >out
	is out <<<'{"n":8}'
	for e in 'sequence(-b, b)' 'sequence(-b, b, b div 1000000000000)' \
		'array_repeat(repeat(s, 100000), 100000)' \
		'to_json(array_repeat(repeat(s, 100000), 100000))' \
		'aggregate(sequence(1, 60), s, (x, i) -> x || x)' \
		'aggregate(sequence(1, 60), array(s), (x, i) -> concat(x, x))' \
		"replace(repeat(s, 100000), 'x', repeat(s, 100000))" \
		'flatten(array_repeat(sequence(a, a + 100000), 1000000))' \
		"array_join(array_repeat(repeat(s, 100000), 100000), ',')"; do
		run -0 derive --plain --on-error skip --sql "r = $e" <in
		[[ "$output" == *"would "*" more than "*" MiB"* ||
			"$output" == *"would be larger than 256 MiB"* ]]
	done
}

@test "an integer of 38 digits is exact where types are not known" {
	printf '%s\n' '{"n":-99999999999999999999999999999999999999}' \
		'{"n":99999999999999999999999999999999999999}' |
		derive --sql 't = typeof(n)' 'm = n + 1 - 1' 'z = -n' >out
	is out <<-'E'
	{"n":-99999999999999999999999999999999999999,"t":"decimal(38,0)","m":-99999999999999999999999999999999999999,"z":99999999999999999999999999999999999999}
	{"n":99999999999999999999999999999999999999,"t":"decimal(38,0)","m":null,"z":-99999999999999999999999999999999999999}
	E
}

@test "an interval that is too long fails the record, not its value" {
	printf '{"n":%s}\n' 1 2147483647 2147483648 >in
	run -0 --separate-stderr derive --on-error skip \
		--sql 'i = make_ym_interval(0, n) * 2' <in
	[ "$output" = '{"n":1,"i":"INTERVAL '"'0-2'"' YEAR TO MONTH"}' ]
	[[ "$stderr" == *"i: the interval is too long"* ]]
}

@test "what only agg computes is refused with what agg has" {
	for call in 'count_if(a)' 'bool_and(a)' 'max_by(a, b)' 'corr(a, b)'; do
		run -2 derive --sql "r = $call" <<<'{}'
		[[ "$output" == *"'${call%%(*}' aggregates: use agg for it"* ]]
	done
	printf '{"b":true}\n{"b":false}\n' |
		agg all=bool_and:b any=bool_or:b >out
	is out <<<'{"all":false,"any":true}'
}
