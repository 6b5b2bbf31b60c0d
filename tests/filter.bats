#!/usr/bin/env bats
load lib

@test "records for which the expression is true pass unchanged" {
	run filter '.a > 1' <<< '{"a":1}
{ "a" : 2.50, "s":"\u00e9" }
{"a":1.0000001}'
	[ "$status" -eq 0 ]
	[ "$output" = '{ "a" : 2.50, "s":"\u00e9" }
{"a":1.0000001}' ]
}

@test "all but false and null is true, as with jq's select" {
	run filter .a <<< '{"a":0}
{"a":""}
{"a":false}
{"a":null}
{}
{"a":[]}'
	[ "$output" = '{"a":0}
{"a":""}
{"a":[]}' ]
}

@test "a record comes out once for each result that is true" {
	run filter '.a[] > 1' <<< '{"a":[1,2,3]}'
	[ "$output" = '{"a":[1,2,3]}
{"a":[1,2,3]}' ]
	run filter 'empty' <<< '{"a":1}'
	[ "$output" = '' ]
}

@test "what is not native is run by libjq, with the same outcome" {
	for e in '.x as $v | $v > 1' 'reduce .l[] as $i (0; . + $i) == 6' \
		'try (.s | tonumber) catch true' '.l | add == 6' \
		'def f(g): g; f(.x) == 2' 'any(.l[]; . == 3)' '[.l[] |= . + 1] | true' \
		'to_entries | length == 3' '.. == 3'; do
		run filter "[$e] | any" <<< '{"x":2,"l":[1,2,3],"s":"q"}'
		[ "$output" = '{"x":2,"l":[1,2,3],"s":"q"}' ]
	done
}

@test "integers are exact over 64 bits" {
	run filter '.t == 1584786731698422519' <<< '{"t":1584786731698422519}
{"t":1584786731698422520}'
	[ "$output" = '{"t":1584786731698422519}' ]
}

@test "an integer that libjq would round is refused with its field" {
	run filter '.t as $t | $t > 0' <<< '{"t":1584786731698422519}'
	[ "$status" -eq 1 ]
	[[ "$output" == "filter: line 1: field 't' holds 1584786731698422519, which libjq would round"* ]]
}

@test "a large integer that the program does not look at is no matter" {
	run filter '.a as $a | $a > 0' <<< '{"t":1584786731698422519,"a":1}'
	[ "$output" = '{"t":1584786731698422519,"a":1}' ]
	run filter 'select(.a as $a | $a > 0)' <<< '{"t":1584786731698422519,"a":1}'
	[ "$output" = '{"t":1584786731698422519,"a":1}' ]
	run filter '.t as $t | 1584786731698422519 == $t' <<< '{}'
	[ "$status" -eq 2 ]
	[[ "$output" == *"would round this integer"* ]]
}

@test "times of the stream compare as times" {
	run filter '.t > "2016-07-26T02:45:07Z"' <<< \
		'{"t":"2016-07-26T02:45:07.5Z"}'
	[ "$output" = '{"t":"2016-07-26T02:45:07.5Z"}' ]
}

@test "a wrong expression is refused with a caret under the place" {
	run filter '.a == (1' <<< '{}'
	[ "$status" -eq 2 ]
	[ "$output" = "filter: expression: it ends where ')' is expected
  .a == (1
          ^" ]
	run filter '.a ==== 1' <<< '{}'
	[ "$status" -eq 2 ]
	[ "${lines[1]}" = '  .a ==== 1' ]
	[ "${lines[2]}" = '       ^' ]
}

@test "an unknown function is refused with the nearest one" {
	run filter '.a | contain("x")' <<< '{}'
	[ "$status" -eq 2 ]
	[ "$output" = "filter: expression: no function 'contain' (did you mean 'contains'?)
  .a | contain(\"x\")
       ^" ]
	run filter '.a | length(1)' <<< '{}'
	[[ "${lines[0]}" == *"'length' does not take 1 argument"* ]]
	run filter '.a == $b' <<< '{}'
	[[ "${lines[0]}" == *"no variable '\$b'" ]]
}

@test "a field that is known not to exist is refused with the nearest one" {
	printf '{"user":"a","n":1}\n' > in
	run bief run "stream-files --trigger once . |
		parse-json --schema 'user string, n long' |
		filter '.usr == \"a\"'"
	[ "$status" -eq 2 ]
	[[ "$output" == *"no field 'usr' (did you mean 'user'?)"* ]]
}

@test "a literal that is no regular expression is refused at the start" {
	run filter '.a | test("(")' <<< '{}'
	[ "$status" -eq 2 ]
	[[ "${lines[0]}" == *"end pattern with unmatched parenthesis" ]]
	[ "${lines[2]}" = '             ^' ]
}

@test "a regular expression that would run for ever fails on the record" {
	run filter '.a | test("(a+)+$")' <<< \
		'{"a":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"}'
	[ "$status" -eq 1 ]
	[[ "$output" == *"retry-limit"* ]]
}

@test "a record on which it fails ends the program, with the line's number" {
	run --separate-stderr filter '.a + 1 > 1' <<< '{"a":1}
{"a":"x"}'
	[ "$status" -eq 1 ]
	[ "$output" = '{"a":1}' ]
	[[ "$stderr" == 'filter: line 2: string ("x") and number (1) cannot be added'* ]]
}

@test "--on-error skip drops such records, keep passes them on" {
	printf '{"a":"x"}\n{"a":1}\n{"a":0}\n' > in
	filter --on-error skip --rejects bad '.a + 1 > 1' < in > out 2> err
	is out <<< '{"a":1}'
	grep -q 'cannot be added' bad
	filter --on-error keep '.a + 1 > 1' < in > out 2> err
	is out <<< '{"a":"x"}
{"a":1}'
}

@test "event_time is the stream's, null without a watermark" {
	printf '{"t":"2020-01-01T00:00:10Z","v":1}\n{"t":null,"v":2}\n' > in
	run bash -c "watermark --on t --delay 5s --batch 1 < in |
		filter --plain 'event_time == .t and .v == 1'"
	[ "$output" = '{"t":"2020-01-01T00:00:10Z","v":1}' ]
	run filter 'event_time == null' <<< '{"a":1}'
	[ "$output" = '{"a":1}' ]
}

@test "now and batch_timestamp are the batch's, for libjq too" {
	export BIEF_CLOCK=2026-11-21T08:00:00Z
	for e in 'now == 1795248000' 'now as $n | $n == 1795248000' \
		'batch_timestamp == "2026-11-21T08:00:00Z"' \
		'batch_timestamp as $t | $t == "2026-11-21T08:00:00Z"'; do
		run filter "$e" <<< '{"a":1}'
		[ "$output" = '{"a":1}' ]
	done
}

@test "an expression is needed, and one only" {
	run filter <<< '{}'
	[ "$status" -eq 2 ]
	run filter .a '>' 1 <<< '{}'
	[ "$status" -eq 2 ]
	[[ "$output" == *"quote the whole"* ]]
	run filter ' ' <<< '{}'
	[ "$status" -eq 2 ]
}

@test "an assignment in place of a comparison is refused" {
	run -2 filter '.wiki = "frwiki"' <<< '{"wiki":"x"}'
	[ "$output" = "filter: expression: an assignment is true for every record (did you mean '=='?)
  .wiki = \"frwiki\"
        ^" ]
	for e in '.a > 1 and .b = 2' '(.a = 1)?' '.b | .a = 1' '.a = 1 | .b = 2' \
		'if .a then .b = 1 else .b = 2 end' '. as $x | .a = $x.b' \
		'.a == 1 or (.b = 2)' 'def f: .a; .a = f' '.a[0] = 1'; do
		run -2 filter "$e" <<< '{"a":1}'
		[[ "${lines[0]}" == *"(did you mean '=='?)" ]]
	done
	for e in '.a |= 1' '.a += 1' '.a -= 1' '.a *= 2' '.a /= 2' '.a %= 2' '.a //= 2'; do
		run -2 filter "$e" <<< '{"a":1}'
		[[ "${lines[0]}" == *"an assignment is true for every record: derive"* ]]
	done
}

@test "a condition that is the same for every record is refused" {
	for e in 1 0 '"x"' null '[]' '{}' '{a:.a}' '[.a]' '"\(.a)"' '@json' '1 == 1' \
		'"wiki" == "frwiki"' '.a - 1' '.n % 2' '(-.a)' '.a / 2' '.a + 1' '.l | length' \
		'.a // 1' '.a == "en" or "de"' '"de" and .a' 'map(.)' '.l | map(. > 1)' \
		'.a | type' '.a | tostring' '.a, 1 | "x"' 'if .a then 1 else 2 end' \
		'del(.a)'; do
		run -2 filter "$e" <<< '{"a":1}'
		[[ "${lines[0]}" == 'filter: expression: '*'every record'* || \
			"${lines[0]}" == *'a constant is true for no record' ]]
	done
}

@test "what is true by what the record holds is not refused, nor true and false" {
	printf '{"a":1,"l":[true]}\n' > in
	for e in true . '.a, .l' 'if .a == 1 then true else false end' '.l[]' '.a // false' \
		'.a = 1 | .a == 1' 'select(.a = 2 | .a == 2)' '[.l[]] | any' '.a == 1 and true' \
		'if .b then null else 1 == .a end' 'if .a then .a else null end' '{b:.a} | .b == 1' '"\(.a)" == "1"' '.a as $x | $x == 1' \
		'.a + .b' 'def length: .a; .|length' '.a | tonumber' '[.a] != []'; do
		filter "$e" < in > out 2>&1 || { echo "$e"; cat out; return 1; }
		grep -q '"l"' out
	done
	filter false < in > out
	[ ! -s out ]
}

@test "a field that no record had is told, also where it stands in others" {
	printf '{"type":"edit","a":{"bcd":1},"l":[{"name":1}],"n":5}\n{"type":null,"l":[]}\n' > in
	while IFS='|' read -r expr said; do
		filter "${expr//!/|}" < in > out 2> err
		is err <<< "filter: no record had a field $said"
	done <<'END'
.tpye=="edit"|'tpye' (did you mean 'type'?)
.["tpye"]=="edit"|'tpye' (did you mean 'type'?)
."tpye" == 1|'tpye' (did you mean 'type'?)
.a.bcx == 1|'a.bcx' (did you mean 'a.bcd'?)
.a["bcx"] == 1|'a.bcx' (did you mean 'a.bcd'?)
.a ! .bdc == 1|'a.bdc' (did you mean 'a.bcd'?)
.l[].nmae == 1|'l[].nmae' (did you mean 'l[].name'?)
.l[0].nmae == 1|'l[].nmae' (did you mean 'l[].name'?)
.l ! map(.nmae) == []|'l[].nmae' (did you mean 'l[].name'?)
.x.y.z == 1|'x.y.z'
if .type == 1 then .tpye else false end|'tpye' (did you mean 'type'?)
.type == 1 and .tpye == 2|'tpye' (did you mean 'type'?)
.tpye // "" ! contains("x")|'tpye' (did you mean 'type'?)
.tpye? == 1|'tpye' (did you mean 'type'?)
. as $r ! .tpye == $r|'tpye' (did you mean 'type'?)
[.l[] ! select(.nam == 1)] == 1|'l[].nam' (did you mean 'l[].name'?)
first(.tpye) == 1|'tpye' (did you mean 'type'?)
.new = .tpye ! .new == 1|'tpye' (did you mean 'type'?)
END
	for e in 'has("foo")' '.n == 5' '.a.bcd == 1' '.l[].name == 1' '.n as $n | $n == 1' \
		'.new = .n | .new == 5' 'del(.foo) == 1' '[.foo?, .n] | length == 3 | not'; do
		filter "$e" < in > out 2> err || { cat err; return 1; }
		[ ! -s err ] || { [[ "$e" == *foo* ]] && is err <<< "filter: no record had a field 'foo'"; }
	done
	filter '.tpye == 1' < /dev/null 2> err
	[ ! -s err ]
}

@test "a field that no record had is told of SQL, too, in any case of letters" {
	printf '{"type":"edit","a":{"bcd":1},"l":[{"name":1}],"n":5,"gt":"x"}\n' > in
	while IFS='|' read -r expr said; do
		filter --sql "$expr" < in > out 2> err
		is err <<< "filter: no record had a field $said"
	done <<'END'
tpye = 'edit'|'tpye' (did you mean 'type'?)
gt = stairsup|'stairsup'
a.bcx = 1|'a.bcx' (did you mean 'a.bcd'?)
case when n = 1 then tpye else 'a' end = 'b'|'tpye' (did you mean 'type'?)
coalesce(tpye, 'x') = 'y'|'tpye' (did you mean 'type'?)
l.nmae[0] = 1|'l.nmae' (did you mean 'l.name'?)
END
	filter --sql "TYPE = 'edit' and A.Bcd = 1" < in > out 2> err
	cmp in out
	[ ! -s err ]
}

@test "with types known such a field is refused before data flows" {
	printf '{"type":"edit","l":[{"name":1}]}\n' > in
	for e in "filter '.tpye == 1'" "filter --sql \"tpye = 'x'\"" "derive 'x=.tpye'" \
		"filter 'if .type == 1 then .tpye else false end'" "derive --sql 'x = tpye'" \
		"derive 'x=first(.tpye)'" "derive 'x=.new = .tpye'"; do
		run bief run "parse-json -s 'type string, l array<struct<name:int>>' --batch 5 | $e" < in
		[ "$status" -eq 2 ]
		[[ "$output" == *"no field 'tpye' (did you mean 'type'?)"* ]]
	done
}

@test "what is written as in other languages is refused with what it is here" {
	while IFS='@' read -r expr said; do
		run -2 filter "$expr" <<< '{}'
		[ "${lines[0]}" = "filter: expression: $said" ]
	done <<'END'
wiki@no function 'wiki' (a field is .wiki, a text "wiki"; in SQL: --sql)
.gt == stairsup@no function 'stairsup' (a field is .stairsup, a text "stairsup"; in SQL: --sql)
.gt == walk@'walk' does not take 0 arguments (a field is .walk, a text "walk"; in SQL: --sql)
.first-name == 1@no function 'name' (a name with a '-' is written ."first-name")
length(.word)@'length' does not take 1 argument (did you mean '.word | length'?)
startswith(.a; "x")@'startswith' does not take 2 arguments (did you mean '.a | startswith("x")'?)
test(.a[(1)]; ";"; "g")@'test' does not take 3 arguments (did you mean '.a[(1)] | test(";"; "g")'?)
.gt == 'walk'@unexpected ''', where a value is expected (a text stands in double quotes)
.gt == “walk”@unexpected '“', where a value is expected (a text stands in double quotes)
.a && .b@unexpected '&', where an operator or the end is expected (did you mean 'and'?)
.a || .b@unexpected '|', where a value is expected (did you mean 'or'?)
.a <> 1@unexpected '>', where a value is expected (did you mean '!='?)
.a === 1@unexpected '=', where a value is expected (did you mean '=='?)
!.a@unexpected '!', where a value is expected (to negate is '| not', behind it)
.a AND .b@unexpected 'AND', where an operator or the end is expected (did you mean 'and'?)
.a is null@unexpected 'is', where an operator or the end is expected (that is SQL: --sql)
.a like "x%"@unexpected 'like', where an operator or the end is expected (that is SQL: --sql)
END
}

@test "backslashes that a regular expression does not get are told" {
	echo '{"a":"1"}' > in
	run filter --sql "a rlike '\\d+'" < in
	[ "$output" = "filter: in '\\d+' backslashes are taken away before rlike sees it: write r'\\d+'" ]
	run derive --sql "b = regexp_replace(a, '\\.', '-')" < in
	[ "${lines[0]}" = "derive: b: in '\\.' backslashes are taken away before regexp_replace sees it: write r'\\.'" ]
	for e in "a rlike r'\\d+'" "a rlike '\\\\d+'" "a rlike '1'"; do
		run filter --sql "$e" < in
		[ "$output" = '{"a":"1"}' ]
	done
	run -2 filter --sql "a rlike '\\('" < in
	[ "${lines[0]}" = "filter: sql: regular expression: end pattern with unmatched parenthesis (backslashes stay in r'...' alone)" ]
}

@test "what a condition was for a value is not taken for an answer where the time counts" {
	printf '{"k":"%s","time":"2026-01-01T0%d:00:00Z"}\n' a 0 b 1 a 2 b 3 a 4 >in
	bief run 'stream-files --trigger once in |
		parse-json --schema "k string, time timestamp" |
		watermark --on time --delay 1d |
		filter ".k == \"a\" and event_time >= \"2026-01-01T02:00:00Z\"" |
		pick time --plain' >out
	is out <<-'EOF'
	{"time":"2026-01-01T02:00:00Z"}
	{"time":"2026-01-01T04:00:00Z"}
	EOF
}

@test "a condition fails for each record with a value for which it fails" {
	printf '{"k":%s}\n' '"ab"' null '"b"' null '"ab"' >in
	filter --on-error skip '.k | contains("a")' <in >out 2>err
	is out <<-'EOF'
	{"k":"ab"}
	{"k":"ab"}
	EOF
	is err <<-'EOF'
	filter: line 2: null (null) and string ("a") cannot have their containment checked
	filter: line 4: null (null) and string ("a") cannot have their containment checked
	filter: 2 records refused, skipped
	EOF
}
