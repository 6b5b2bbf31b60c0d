#!/usr/bin/env bats
# pivot: a matrix of records.

load lib

cells() { # cells ROW COLUMN VALUE...
	printf '{"r":"%s","c":"%s","n":%d}\n' "$@"
}

@test "values of one field become rows, of another columns, both in order" {
	cells b y 1 a y 2 b x 3 | pivot --rows r --cols c --value n >out
	is out <<-'E'
	{"r":"a","x":null,"y":2}
	{"r":"b","x":3,"y":1}
	E
}

@test "--fill is JSON, or else text" {
	cells b y 1 a x 2 >in
	pivot --rows r --cols c --value n --fill 0 <in >out
	is out < <(printf '{"r":"a","x":2,"y":0}\n{"r":"b","x":0,"y":1}\n')
	pivot --rows r --cols c --value n --fill none <in >out
	is out < <(printf '{"r":"a","x":2,"y":"none"}\n{"r":"b","x":"none","y":1}\n')
}

@test "columns that are no text are named by their JSON" {
	printf '{"r":1,"c":%s,"n":"v"}\n' 10 9 null true |
		pivot --rows r --cols c --value n >out
	is out <<<'{"r":1,"null":"v","true":"v","9":"v","10":"v"}'
}

@test "names keep their escapes, values their spelling" {
	printf '{"r":"a","c":"x\\"y","n":1.50}\n' |
		pivot --rows r --cols c --value n >out
	is out <<<'{"r":"a","x\"y":1.50}'
}

@test "a cell that is filled twice is refused, or the first one kept" {
	cells a x 1 a x 2 >in
	run -1 pivot --rows r --cols c --value n <in
	[[ "$output" == "pivot: line 2: a second value"*"agg --by r,c"* ]]
	pivot --rows r --cols c --value n --on-error skip <in >out 2>err
	is out <<<'{"r":"a","x":1}'
	[ "$(tail -1 err)" = "pivot: 1 record refused, skipped" ]
}

@test "no input is no output" {
	pivot --rows r --cols c --value n </dev/null >out
	[ ! -s out ]
}

@test "each batch of a complete result is a matrix of its own" {
	cells a x 1 a y 1 b x 1 | agg --batch 2 --mode complete --by r,c count |
		pivot --rows r --cols c --value count --plain >out
	is out <<-'E'
	{"r":"a","x":1,"y":1}
	{"r":"a","x":1,"y":1}
	{"r":"b","x":1,"y":null}
	E
}

@test "a stream that is no complete result is refused" {
	run -2 pivot --rows r --cols c --value n --batch 1 < <(cells a x 1)
	[[ "$output" == "pivot: the columns are known at the end"* ]]
}

@test "--rows, --cols and --value are all needed" {
	run -2 pivot --rows r --cols c </dev/null
	[ "$output" = "pivot: --rows, --cols and --value are all needed" ]
}

@test "--max-state bounds the cells" {
	seq 20000 | sed 's/.*/{"r":&,"c":1,"v":&}/' >in
	run -1 pivot --rows r --cols c --value v --max-state 100K <in
	[[ "$output" == *"the state has reached its limit of 102400 bytes"* ]]
}

@test "1 and 1.0 are two columns, and two rows" {
	cat >in <<-'J'
	{"r":1,"c":1,"v":1}
	{"r":1,"c":1.0,"v":3}
	{"r":1.0,"c":1,"v":4}
	J
	pivot --rows r --cols c --value v <in >out
	is out <<-'J'
	{"r":1,"1":1,"1.0":3}
	{"r":1.0,"1":4,"1.0":null}
	J
}

@test "no two fields have one name" {
	cat >in <<-'J'
	{"r":1,"c":"r","v":5}
	{"r":1,"c":null,"v":6}
	{"r":1,"c":"null","v":7}
	{"r":1,"c":1,"v":8}
	{"r":1,"c":"1","v":9}
	{"r":1,"c":["a"],"v":10}
	J
	pivot --rows r --cols c --value v <in >out
	is out <<-'J'
	{"r":1,"null":6,"1":8,"1_2":9,"null_2":7,"r_2":5,"[\"a\"]":10}
	J
}
