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
