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
