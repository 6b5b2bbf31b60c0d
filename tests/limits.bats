# What the pages promise as limits: at the limit it works, beyond it is refused
# with words that name it.

load lib

times() { # times N TEXT
	printf "%.0s$2" $(seq "$1")
}

# refused STATUS WORDS COMMAND...
refused() {
	run -"$1" "${@:3}" </dev/null
	[[ "$output" == *"$2"* ]] || { echo "$output"; return 1; }
}

fields() {
	seq -f f%g -s, "$1"
}

@test "a program reads 64 inputs, and refuses 65" {
	echo '{"a":1}' >in
	union $(times 64 'in ') >out
	[ "$(wc -l <out)" = 64 ]
	refused 2 '65 inputs are more than the 64' union $(times 65 'in ')
}

@test "64 pipes are read side by side" {
	eval "union $(times 64 '<(echo {}) ')" >out
	[ "$(wc -l <out)" = 64 ]
}

@test "agg takes 64 keys, and refuses 65" {
	jq -nc '[range(64) | {key: "f\(. + 1)", value: .}] | from_entries' >in
	agg --by "$(fields 64)" count <in >out
	[ "$(jq 'length' out)" = 65 ]
	refused 2 '--by: 64 fields at most' agg --by "$(fields 65)" count
}

@test "a cube or a rollup takes 12 columns, and refuses 13" {
	jq -nc '[range(12) | {key: "f\(. + 1)", value: .}] | from_entries' >in
	agg --cube --by "$(fields 12)" count <in >out
	[ "$(wc -l <out)" = 4096 ]
	agg --rollup --by "$(fields 12)" count <in >out
	[ "$(wc -l <out)" = 13 ]
	refused 2 '--cube: 12 columns at most' \
		agg --cube --by "$(fields 13)" count
	refused 2 '--rollup: 12 columns at most' \
		agg --rollup --by "$(fields 13)" count
}

nested() { # nested N: SQL of so many levels
	echo "b = $(times $(($1 - 1)) '(')a$(times $(($1 - 1)) ')')"
}

@test "SQL nests 400 deep, and no deeper" {
	derive --sql "$(nested 400)" <<<'{"a":1}' >out
	is out <<<'{"a":1,"b":1}'
	refused 2 'nested deeper than 400 levels' \
		derive --sql "$(nested 401)"
}

@test "SQL has 2000 operators in a row, 10000 arguments and 16 parts of a name" {
	derive --sql "b = a$(times 2000 +1)" <<<'{"a":1}' >out
	is out <<<'{"a":1,"b":2001}'
	refused 2 'a chain of more than 2000 operators' \
		derive --sql "b = a$(times 2001 +1)"
	derive --sql "b = greatest(a$(times 9999 ,1))" <<<'{"a":1}' >out
	is out <<<'{"a":1,"b":1}'
	refused 2 'more than 10000 arguments' \
		derive --sql "b = greatest(a$(times 10000 ,1))"
	derive --sql "b = a$(times 15 .a)" <<<'{"a":1}' >out
	refused 2 'a name of more than 16 parts' \
		derive --sql "b = a$(times 16 .a)"
}

@test "a function of SQL makes 256 MiB, and jq repeats a text up to 64 MiB" {
	if [ -n "${LONG:-}" ]; then # takes two seconds
		derive --sql 'b = length(repeat(a, 268435456))' <<<'{"a":"x"}' >out
		is out <<<'{"a":"x","b":268435456}'
	fi
	run -1 derive --sql 'b = length(repeat(a, 268435457))' <<<'{"a":"x"}'
	[[ "$output" == *"'repeat' would make more than 256 MiB"* ]]
	derive 'b = (.a * 67108863 | length)' <<<'{"a":"x"}' >out
	is out <<<'{"a":"x","b":67108863}'
	run -1 derive 'b = (.a * 67108864 | length)' <<<'{"a":"x"}'
	[[ "$output" == *'Repeat string result too long'* ]]
}

@test "a program of jq's nests 500 deep here, and deeper in libjq" {
	derive "b = $(times 499 '(').a$(times 499 ')')" <<<'{"a":1}' >out
	derive "b = $(times 600 '(').a$(times 600 ')')" <<<'{"a":1}' >>out
	is out <<-'END'
	{"a":1,"b":1}
	{"a":1,"b":1}
	END
}

@test "a regular expression gives up after ten million steps back" {
	jq -nc '{a: ("a" * 40 + "b")}' >in
	run -1 filter '.a | test("(a+)+$")' <in
	[[ "$output" == *'retry-limit-in-match over'* ]]
	run -1 filter --sql "a rlike '(a+)+$'" <in
	[[ "$output" == *'retry-limit-in-match over'* ]]
}

arrays() { # arrays N: a type of so many levels
	echo "a $(times $(($1 - 1)) 'array<')int$(times $(($1 - 1)) '>')"
}

@test "a schema nests 100 deep, a value 1000" {
	parse-json --schema "$(arrays 100)" <<<'{"a":null}' >out
	is out <<<'{"a":null}'
	refused 2 'nested deeper than 100 levels' \
		parse-json --schema "$(arrays 101)"
	echo "{\"a\":$(times 999 '[')$(times 999 ']')}" >in
	parse-json <in | cmp - in
	echo "{\"a\":$(times 1000 '[')$(times 1000 ']')}" >in
	run -1 parse-json <in
	[[ "$output" == *'nested deeper than 1000'* ]]
}

@test "a string of 20,000,000 characters and a number of 1000 digits are read, longer ones are not" {
	for n in 20000000 20000001; do
		printf '{"a":"%*s"}\n' $n '' | parse-json --max-line 64M \
			--schema 'a string' --on-error keep >got
		jq -c '.a | length' got
	done >out
	for n in 1000 1001; do
		printf '{"a":%s}\n' "$(times $n 1)" | parse-json \
			--schema 'a string' --on-error keep >got
		jq -c '.a | length' got
	done >>out
	is out <<-'END'
	20000000
	0
	1000
	0
	END
}

@test "pipelines stand within each other 100 deep" {
	touch x
	bief explain "$(times 100 'union x <(')cat x$(times 100 ') ')" >out
	refused 2 'more than 100 deep' \
		bief explain "$(times 101 'union x <(')cat x$(times 101 ') ')"
}

@test "a line has 16 MiB, and with --max-line up to 512 MiB" {
	line() {
		printf '{"a":"%*s"}\n' $(($1 - 8)) ''
	}
	line $((16 << 20)) | filter true | wc -c >out
	is out <<<$(((16 << 20) + 1))
	line $(((16 << 20) + 1)) >in
	run -1 filter true <in
	[[ "$output" == *'--max-line'* ]]
	filter --max-line 17M true <in | cmp - in
	refused 2 '--max-line is at most 536870912' \
		filter --max-line 513M true
}

@test "a delay has 10,000 years, and so has a window" {
	watermark --on t --delay '10000 years' </dev/null
	refused 2 'longer than 10000 years' \
		watermark --on t --delay '10001 years'
	window --on t --size 3650000d </dev/null
	refused 2 'longer than 10000 years' window --on t --size 3700000d
}

@test "five messages about single records are written, the others are counted" {
	yes nonsense | head -9 | filter --on-error skip true 2>err
	sed 's/: not .*//' err >said
	is said <<-'END'
	filter: line 1
	filter: line 2
	filter: line 3
	filter: line 4
	filter: line 5
	filter: 9 records refused, skipped
	END
}

@test "a partition's path has less than 4000 bytes, a table 2000 columns" {
	# 16 names of 249 bytes and what parts them; then one byte more.
	jq -nc '[range(16) | {key: "abcdefghijklmnop"[.:. + 1],
		value: ("x" * 247)}] | from_entries' >in
	sink-files --partition-by a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p out <in
	[ "$(find out -type f ! -path '*/_*' | wc -l)" = 1 ]
	jq -c '.a += "x"' in >longer
	run -1 sink-files --partition-by a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p \
		more <longer
	[[ "$output" == *'and can have 4000: partition by less'* ]]
	jq -nc '[range(2000) | {key: "f\(.)", value: .}] | from_entries' |
		sink-table --db x.db --table t
	jq -nc '[range(2001) | {key: "f\(.)", value: .}] | from_entries' >in
	run -1 sink-table --db y.db --table t <in
	[[ "$output" == *'more than the 2000 columns'* ]]
}
