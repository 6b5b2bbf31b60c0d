#!/usr/bin/env bats
# parse-json against what a real Spark answered, and against Spark's own tests.

load lib

setup() {
	shared
	# The day of a time without a date is that on which Spark was asked.
	export BIEF_CLOCK=2026-11-21T08:00:00Z
	cd "$BATS_TEST_TMPDIR" || return
}

# family NAME: every case of a file of golden cases, line by line.
family() {
	local golden=$SHARED/golden/$1.jsonl name schema text
	jq -c '.name as $name | .batches | flatten | to_entries[] |
		{$name, line: .value, n: .key}' "$golden" >lines
	jq -c '.spark.batches[][].rows[]' "$golden" >want
	jq -r '[.name, .schema, (.batches | flatten | join("\n") | @base64)] |
		@tsv' "$golden" >cases
	while IFS=$'\t' read -r name schema text; do
		base64 -d <<<"$text" >in
		echo >>in
		parse-json --schema "$schema" <in >raw 2>err
		[ "$(wc -l <raw)" -eq "$(wc -l <in)" ]
		# jq does not read half a surrogate pair.
		sed 's/"\\ud800"/"\\ufffd"/' raw >>out
	done <cases
	awk '!/^#/ { print $1 " " $2 }' "$TOP/tests/deviations" >known
	jq -n -r -L "$TOP/tests" --slurpfile in lines --slurpfile out out \
		--slurpfile want want --rawfile known known '
		include "golden";
		($known | split("\n") | map({(.): true}) | add) as $known |
		range($want | length) as $i |
		select(same($out[$i]; $want[$i]) | not) | $in[$i] as $in |
		select($known["\($in.name) \($in.n)"] | not) |
		"\($in.name): \($in.line)\n  gives \($out[$i])\n  not   \($want[$i])"
		' >differences
	is differences </dev/null
}

@test "golden: lines, good and bad" {
	family parse-lines
}

@test "golden: every type against every token" {
	family parse-types
}

@test "golden: arrays, maps and structs" {
	family parse-nested
}

@test "Spark's own tests of from_json with a struct" {
	local case
	jq -c 'select(.query.op == "from_json" and .kind == "batch") |
		select(.query.schema | test("^(ARRAY|MAP)<") | not) |
		select((.query.options // {} | keys) - ["timestampFormat", "mode",
			"columnNameOfCorruptRecord"] == []) |
		select((.query.conf // {} | keys) -
			["spark.sql.columnNameOfCorruptRecord",
			 "spark.sql.json.enablePartialResults"] == []) |
		select(.query.conf["spark.sql.json.enablePartialResults"] !=
			"false") |
		select(.query.select == null)' \
		"$SHARED"/spark-cases/Json*Suite.jsonl >cases
	[ -s cases ]
	while IFS= read -r case; do
		set -- --schema "$(jq -r .query.schema <<<"$case")"
		bad=$(jq -r '.query.options.columnNameOfCorruptRecord //
			.query.conf["spark.sql.columnNameOfCorruptRecord"] //
			empty' <<<"$case")
		[ -z "$bad" ] || set -- "$@" --corrupt-field "$bad"
		form=$(jq -r '.query.options.timestampFormat // empty' \
			<<<"$case")
		[ -z "$form" ] || set -- "$@" --timestamp-format "$form"
		# A text may hold line ends, so each is a field of a record.
		jq -c '.batches[].input[]' <<<"$case" |
			parse-json --field value "$@" >out 2>err
		jq -c '.batches[].expect[]' <<<"$case" >want
		jq -n -r -L "$TOP/tests" --slurpfile out out \
			--slurpfile want want --arg id "$(jq -r .id <<<"$case")" '
			include "golden";
			range($want | length) as $i |
			($want[$i].parsed // ($out[$i] | map_values(null))) as $w |
			select(same($out[$i]; $w) | not) |
			"\($id): gives \($out[$i])\n  not \($w)"' >>differences
	done <cases
	is differences </dev/null
}
