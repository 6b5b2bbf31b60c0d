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
