#!/usr/bin/env bats
# agg's functions, one by one; what they have in common is in agg.bats.

load lib

# Doubles in one spelling.
spelled() {
	if [[ $1 =~ ^-?[0-9]+$ ]]; then
		echo "$1"
	else
		jq -c . <<<"$1"
	fi
}

# asked SCHEMA RECORDS FUNCTION: the answer as Spark's to_json writes it.
asked() {
	tr ' ' '\n' <<<"$2" |
		bief run "parse-json --batch 9 -s '$1' | agg --plain \"r=$3\"" |
		sed -n 's/^{"r":\(.*\)}$/\1/p'
}

@test "the functions answer as Spark does, whose answers stand in a file" {
	local schema records f want n=0 failed=0
	while IFS=$'\t' read -r schema records f want; do
		[[ $schema != '#'* ]] || continue
		got=$(asked "$schema" "$records" "$f") || got=fails
		n=$((n + 1))
		[ "$(spelled "$got")" = "$(spelled "$want")" ] || {
			echo "$schema, $records: $f: $got, not $want"
			failed=1
		}
	done <"$BATS_TEST_DIRNAME/aggregates.expect"
	[ "$n" -gt 290 ]
	return $failed
}

@test "first and last pass over nulls when they are asked to" {
	printf '{"x":%s}\n' null 1 2 null >in
	agg first:x,true 'last(x) ignore nulls' a='any_value(x, true)' \
		b='FIRST_VALUE(x) IGNORE NULLS' c='first(x) respect nulls' \
		d=last:x,false 'e=first:x,ignore nulls' <in >out
	is out <<<'{"first(x)":1,"last(x)":2,"a":1,"b":1,"c":null,"d":null,"e":1}'
	printf '{"x":null}\n' | agg first:x,true >out
	is out <<<'{"first(x)":null}'
	run -2 agg first:x,maybe <in
	[ "$output" = "agg: 'first': behind the field stands true or nothing, not 'maybe'" ]
	run -2 agg 'sum(x) ignore nulls' <in
	[ "$output" = "agg: 'sum' looks at no nulls as it is: without ignore nulls" ]
}

@test "count_if, bool_and and bool_or take booleans, and say how to make one" {
	printf '{"x":%s}\n' true null false >in
	agg count_if:x every:x any:x 'bool_and(x)' <in >out
	is out <<<'{"count_if(x)":1,"every(x)":false,"any(x)":true,"bool_and(x)":false}'
	agg count_if:none bool_or:none <in >out
	is out <<<'{"count_if(none)":0,"bool_or(none)":null}'
	echo '{"x":1}' >in
	run -1 agg count_if:x <in
	[ "$output" = "agg: line 1: the field 'x' is not true or false: 1 (--on-error skip goes on)" ]
	run -2 bief explain "parse-json --batch 1 -s 'x int' | agg count_if:x"
	[[ $output == *"the field 'x' is of type int, not a boolean: derive --sql makes one of a condition"* ]]
	run -2 agg 'count_if(x > 3)' <in
	[ "$output" = "agg: 'count_if' takes a field, and 'x > 3' is an expression: derive --sql 'c = x > 3' makes a field c of it" ]
	run -2 agg 'count_if(x = 3)' <in
	[[ $output == *"'x = 3' is an expression"* ]]
}

@test "max_by and min_by give a field of the record in which another is extreme" {
	printf '%s\n' '{"x":"a","y":1}' '{"x":"b","y":null}' \
		'{"x":null,"y":3}' '{"x":"d","y":2}' '{"x":"e","y":1}' >in
	agg max_by:x,y 'min_by(x, y)' m=max_by:y,x n=max_by:z,y <in >out
	is out <<<'{"max_by(x, y)":null,"min_by(x, y)":"e","m":1,"n":null}'
	run -2 agg max_by:x <in
	[ "$output" = "agg: 'max_by' takes two fields: max_by:FIELD,FIELD" ]
}

@test "two fields, and names that hold commas" {
	printf '%s\n' '{"a":1,"b,c":2}' '{"a":3,"b,c":null}' '{"a":1,"b,c":2}' >in
	agg 'count:a,"b,c"' 'count(distinct a, "b,c")' 'sum:"b,c"' <in >out
	is out <<<'{"count(a, b,c)":2,"count(DISTINCT a, b,c)":1,"sum(b,c)":4}'
	run -2 agg sum:a,b <in
	[ "$output" = "agg: 'sum' takes one field: sum:FIELD, sum:FIELD ... (a name that holds a comma stands in double quotes)" ]
	run -2 agg count:a, <in
	[ "$output" = "agg: 'count': a field is missing behind a comma" ]
	run -2 agg 'corr:*' <in
	[ "$output" = "agg: 'corr' takes two fields: corr:FIELD,FIELD" ]
}

@test "DISTINCT, for sums, averages and their like" {
	printf '{"x":%s}\n' 1 1 2.5 null >in
	agg sum_distinct:x 'avg(DISTINCT x)' 'try_sum(distinct x)' \
		sumDistinct:n <in >out
	is out <<<'{"sum(DISTINCT x)":3.5,"avg(DISTINCT x)":1.75,"try_sum(DISTINCT x)":3.5,"sum(DISTINCT n)":null}'
	agg 'sum_distinct:*' <in >out
	is out <<<'{"sum(DISTINCT x)":3.5}'
	run -2 agg 'max(distinct x)' <in
	[[ $output == "agg: 'max' takes no DISTINCT: "* ]]
	printf '{"x":%s}\n' 9223372036854775807 1 >in
	run -1 agg sum_distinct:x <in
	[[ $output == *"the sum of 'x' does not fit in 64 bits"* ]]
	agg try_sum:x try_avg:x t='try_sum(distinct x)' <in >out
	is out <<<'{"try_sum(x)":null,"try_avg(x)":4.611686018427388e+18,"t":null}'
}

@test "several shares give an array; percentile_approx has the field's type" {
	printf '{"x":%s}\n' 1 2 3 >in
	agg percentile:x,0.5,0.9 'a=percentile_approx(x, array(0.5, 0.9), 100)' \
		'percentile_approx(x, 0.5, 100)' <in >out
	is out <<<'{"percentile(x, array(0.5, 0.9), 1)":[2.0,2.8],"a":[2,3],"percentile_approx(x, 0.5, 100)":2}'
	bief run "parse-json --batch 9 -s 'x decimal(9,3)' | agg --plain percentile_approx:x,0.5,1" <in >out
	is out <<<'{"percentile_approx(x, array(0.5, 1), 10000)":[2.000,3.000]}'
	bief run "parse-json --batch 9 -s 'x decimal(9,3)' | agg percentile_approx:x,0.5,1" <in |
		head -1 | grep -q 'array<decimal(9,3)>'
	printf '{"x":%s}\n' 1 2.5 3 | agg percentile_approx:x,0.1 >out
	is out <<<'{"percentile_approx(x, 0.1, 10000)":1.0}'
	run -2 agg 'percentile(x, 0.5, 2)' <in
	[ "$output" = "agg: 'percentile' gives every record the same weight, not '2'" ]
	run -2 agg 'percentile_approx(x, 0.5, 0)' <in
	[[ $output == *"the accuracy is a number above 0, not '0'" ]]
	run -2 agg 'percentile_cont(0.5) within group (order by x desc)' <in
	[[ $output == *"give 1 - share instead of desc" ]]
}

@test "mode gives the least of several, within group desc the largest" {
	printf '{"x":%s}\n' 2 1 2 1 null null null 0 >in
	agg mode:x 'm=mode(x, true)' 'n=mode() within group (order by x desc)' <in >out
	is out <<<'{"mode(x)":1,"m":1,"n":2}'
	printf '{"x":%s}\n' '"b"' '"a"' '"a"' '[1]' | agg mode:x >out
	is out <<<'{"mode(x)":"a"}'
}

@test "listagg puts texts together in the order of input, or of values" {
	printf '{"x":%s}\n' '"b"' '"a"' null '"b\n"' >in
	agg listagg:x,- 's=string_agg(x, '"', '"') within group (order by x desc)' \
		'd=listagg(distinct x)' 'n=listagg:none' 't=listagg:x,\t' <in >out
	is out <<<'{"listagg(x, -)":"b-a-b\n","s":"b\n, b, a","d":"abb\n","n":null,"t":"b\ta\tb\n"}'
	printf '{"x":%s}\n' 1 2.5 true | agg listagg:x, >out
	is out <<<'{"listagg(x, NULL)":"12.5true"}'
	run -2 agg 'listagg(x) within group (order by y)' <in
	[[ $output == "agg: 'listagg' orders the values of its own field alone: "* ]]
	run -2 bief explain "parse-json --batch 1 -s 'x array<int>' | agg listagg:x"
	[[ $output == *"the field 'x' is of type array<int>, not a text: derive --sql makes one"* ]]
}

@test "bits are those of integers" {
	printf '{"x":%s}\n' 6 3 null >in
	agg bit_and:x bit_or:x bit_xor:x n=bit_or:none <in >out
	is out <<<'{"bit_and(x)":2,"bit_or(x)":7,"bit_xor(x)":5,"n":null}'
	run -1 agg bit_and:x < <(echo '{"x":1.5}')
	[[ $output == *"the field 'x' is not an integer: 1.5"* ]]
	run -2 bief explain "parse-json --batch 1 -s 'x double' | agg bit_and:x"
	[[ $output == *"the field 'x' is of type double, not an integer"* ]]
}

@test "grouping sets are those that are asked for" {
	printf '{"a":%s,"b":%s}\n' 1 2 1 3 2 3 >in
	agg --grouping-sets 'a,b;b;' --grouping-id count <in >out
	is out <<-'END'
	{"a":null,"b":null,"grouping_id":3,"count":3}
	{"a":null,"b":2,"grouping_id":2,"count":1}
	{"a":null,"b":3,"grouping_id":2,"count":2}
	{"a":1,"b":2,"grouping_id":0,"count":1}
	{"a":1,"b":3,"grouping_id":0,"count":1}
	{"a":2,"b":3,"grouping_id":0,"count":1}
	END
	agg --grouping-sets '(a, b), (b), ()' --grouping-id count <in | cmp - out
	agg --by b,a --grouping-sets 'A' --grouping-id count <in >out
	is out <<-'END'
	{"b":null,"a":1,"grouping_id":2,"count":2}
	{"b":null,"a":2,"grouping_id":2,"count":1}
	END
	run -2 agg --grouping-sets 'a;b;a' count <in
	[ "$output" = "agg: --grouping-sets 'a;b;a': two sets are the same" ]
	run -2 agg --by a --grouping-sets 'a;c' count <in
	[ "$output" = "agg: --grouping-sets: 'c' is no field of --by" ]
	run -2 agg --grouping-sets 'a' --cube count <in
	[ "$output" = "agg: --cube, --rollup and --grouping-sets: one of them" ]
	run -2 agg --grouping-sets '(a),b' count <in
	[[ $output == *"sets are written '(a,b),(a),()', or 'a,b;a;'" ]]
}

@test "windows belong to every grouping set, unless some name the window" {
	printf '{"t":"2026-01-01T00:0%s:00Z","a":%s}\n' 1 1 6 2 |
		window --on t --size 5m >in
	agg --grouping-sets 'a;' count <in | jq -c '[.window_start[14:16],.a,.count]' >out
	is out <<-'END'
	["00",null,1]
	["00",1,1]
	["05",null,1]
	["05",2,1]
	END
	agg --grouping-sets 'window;a' count <in | jq -c '[.window_start[14:16]?,.a,.count]' >out
	is out <<-'END'
	[null,1,1]
	[null,2,1]
	["00",null,1]
	["05",null,1]
	END
}

# Records at the minutes 1 to 7, in two parts; and a function of each kind, each
# of which has a name of its own.
stage() {
	mkdir all part
	printf '{"t":"2026-01-01T00:0%s:00Z","k":"%s","v":%s,"w":%s,"b":%s}\n' \
		1 a 5 1.5 true 2 b 3 2.5 false 3 c 9 7 true >one
	printf '{"t":"2026-01-01T00:0%s:00Z","k":%s,"v":%s,"w":%s,"b":%s}\n' \
		4 '"a"' 3 0.25 null 6 null 9 1 false 7 '"d"' null 8 true >two
	cat one two >all/1
	ALL="a=max_by:k,v b=min_by:v,k c=count:k,v 'd=count(distinct k,v)'
		e=mode:k f=sum_distinct:v g=percentile:v,0.5,1
		h=percentile_approx:v,0.5,1 i=corr:v,w j=covar_samp:v,w
		k=regr_avgx:v,w l=skewness:v m=kurtosis:v n=bit_xor:v
		o=first:k,true p=last:k,true q=count_if:b r=bool_and:b
		s=bool_or:b u=try_sum:v x=try_avg:w"
	ALL=${ALL//$'\n'/ }
	PARSE="parse-json -s 't timestamp, k string, v bigint, w double, b boolean'"
}

# The same without the last digits of what follows the order of records.
rounded() {
	jq -c 'reduce ("i", "j", "l", "m") as $f (.; if .[$f] == null then .
		else .[$f] |= (. * 1e12 | round) end) | '"${1:-.}"
}

@test "the functions go through a checkpoint, and through bief state and back" {
	stage
	local p="$PARSE | agg --mode complete $ALL 'z=listagg:k,;'"
	bief run "stream-files --checkpoint ck1 all | $p | sink-table --db t.db --table want"
	cp one part/1
	bief run "stream-files --checkpoint ck part | $p | sink-table --db t.db --table got"
	bief state ck dump agg >dumped
	bief state ck load agg dumped
	bief state ck dump agg | cmp - dumped
	cp two part/2
	bief run "stream-files --checkpoint ck part | $p | sink-table --db t.db --table got"
	sqlite3 -line t.db 'select * from want' >want
	sqlite3 -line t.db 'select * from got' >got
	[ -s want ]
	diff want got
}

@test "the functions are put together of the slices of sliding windows" {
	stage
	local p="window --on t --size 4m --slide 2m"
	bief run "stream-files all | $PARSE | $p | agg $ALL --plain" >got
	bief run "stream-files all | $PARSE --plain" | $p |
		eval "agg $ALL --plain" >want
	[ "$(wc -l <want)" = 5 ]
	diff <(rounded <want) <(rounded <got)
}

@test "sessions that become one bring what the functions have kept" {
	stage
	local p="window --on t --session 90s | agg --plain $ALL 'z=listagg:k,;'"
	bief run "stream-files all | $PARSE | $p" >want
	# the record between two sessions comes last, but for those of order
	jq -c 'select(.t[15:16] != "3")' all/1 >part/1
	jq -c 'select(.t[15:16] == "3")' all/1 >>part/1
	bief run "stream-files part | $PARSE | $p" >got
	[ "$(wc -l <want)" = 2 ]
	diff <(rounded 'del(.p, .z)' <want) <(rounded 'del(.p, .z)' <got)
	[ "$(jq -c '[.p, .z]' want got)" = '["a","a;b;c;a"]
["d","d"]
["c","a;b;a;c"]
["d","d"]' ]
}
