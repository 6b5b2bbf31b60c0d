#!/usr/bin/env bats
# Neighbours in a pipeline find each other through their pipe and hand records on
# as they are; where they must not, text goes through the pipe as ever.

load lib

# Nothing but what a test starts is to be seen.
setup() {
	cd "$BATS_TEST_TMPDIR" || return
	mkdir -m 700 run
	export BIEF_STATUS=$PWD/run/bief
	unset BIEF_FUSE
	awk 'BEGIN { for (i = 0; i < 20000; i++)
		printf "{\"i\": %d, \"k\": \"k%d\", \"x\": %.3f, " \
			"\"t\": \"2016-07-26T02:45:%02dZ\"}\n",
			i, i % 7, i / 3, i % 60 }' >in.json
	mkfifo hold
}

# shows JQ: the expression is true of the pipelines that are shown.
shows() {
	bief ps --json 2>/dev/null | jq -se "$1"
}

# hold COMMAND...: it runs until the FIFO "hold", which it reads, is let go.
hold() {
	"$@" &
	held=$!
	exec 9>hold
}

let_go() {
	exec 9>&-
	wait "$held"
}

# sends WHAT: parse-json does, and agg has had all of it.
sends() {
	wait_for shows "[.[].programs[]] |
		any(.program == \"agg\" and .rowsIn >= ${2:-20000}) and
		([.[] | select(.program == \"parse-json\") | .sends] |
		unique == [\"$1\"])"
}

# all_is FILE: the counts of all records.
all_is() {
	is "$1" <<-'END'
	{"k":"k0","count":2858,"max(i)":19999}
	{"k":"k1","count":2857,"max(i)":19993}
	{"k":"k2","count":2857,"max(i)":19994}
	{"k":"k3","count":2857,"max(i)":19995}
	{"k":"k4","count":2857,"max(i)":19996}
	{"k":"k5","count":2857,"max(i)":19997}
	{"k":"k6","count":2857,"max(i)":19998}
	END
}

# runs SHELL SCRIPT WHAT: parse-json sends that, and the answer is right.
runs() {
	hold "$1" -c "$2"
	sends "$3" || { echo "$1: $2" >&2; return 1; }
	let_go
	all_is out
}

shells() {
	local s
	for s in bash dash zsh; do
		! command -v "$s" >/dev/null || echo "$s"
	done
}

agg='agg --by k count max:i >out'
feed='cat in.json hold |'

@test "the programs of a plain pipeline send records, in every shell" {
	for shell in $(shells); do
		runs "$shell" "$feed parse-json | $agg" records
	done
}

@test "so they do in whatever way a shell has started them" {
	mkdir there
	for shell in $(shells); do
		runs "$shell" "(cat in.json hold) | parse-json | $agg &
			wait" records
		runs "$shell" "x=\$($feed parse-json |
			agg --by k count max:i); echo \"\$x\" >out" records
		runs "$shell" "$feed (cd there; exec parse-json) | $agg" records
		runs "$shell" "$feed parse-json 2>said | $agg" records
		runs "$shell" "$feed nice parse-json | env X=1 $agg" records
	done
}

@test "several stages in a process send records as well, and so do several links" {
	hold bash -c 'set -o pipefail
		cat in.json hold | parse-json | derive "y=.i + 1" |
		bief run "filter \".i >= 0\" | pick k,i,y" | '"$agg"
	wait_for shows '[.[0].programs[] | select(.sends) |
		[.program, .sends]] == [["parse-json", "records"],
		["derive", "records"], ["pick", "records"]]'
	let_go
	all_is out
}

@test "a source sends its lines in blocks" {
	hold bash -c 'stream-files in.json hold | parse-json | '"$agg"
	sends records
	wait_for shows '[.[].programs[] | select(.program == "stream-files") |
		.sends] == ["records"]'
	let_go
	all_is out
}

@test "with two writers of the pipe it is text" {
	for shell in bash zsh; do
		command -v $shell || continue
		runs $shell "{ cat in.json hold | parse-json; true; } | $agg" text
	done
	for shell in $(shells); do
		runs "$shell" "(cat hold & cat in.json hold | parse-json) |
			$agg" text
		runs "$shell" "cat in.json hold | parse-json 2>&1 | $agg" text
	done
}

@test "with two readers of the pipe it is text" {
	for shell in $(shells); do
		runs "$shell" "cat in.json hold | parse-json |
			{ $agg; true; }" text
	done
}

@test "with a pipe that a shell still holds it is text" {
	runs bash "$agg < <(cat in.json hold | parse-json)" text
	runs bash "coproc { cat in.json hold | parse-json; }
		agg --by k count max:i <&\${COPROC[0]} >out" text
}

@test "with a foreign program, a file or a FIFO between them it is text" {
	runs bash "cat in.json hold | parse-json | tee copy | $agg" text
	runs bash "cat in.json hold | parse-json | cat | $agg" text
	cmp <(parse-json <in.json) copy
	mkfifo between
	runs bash "cat in.json hold | parse-json >between &
		$agg <between; wait" text
	parse-json <in.json >file
	agg --by k count max:i <file >out
	all_is out
}

@test "with BIEF_FUSE=0 on either side it is text" {
	runs bash "cat in.json hold | BIEF_FUSE=0 parse-json | $agg" text
	runs bash "cat in.json hold | parse-json | BIEF_FUSE=0 $agg" text
}

@test "with a program of another build it is text" {
	local id
	id=$(readelf -n "$(command -v bief)" |
		sed -n 's/.*Build ID: //p' | tail -n 1)
	python3 - "$(command -v bief)" "$id" <<-'END'
	import os, sys
	data, build = open(sys.argv[1], 'rb').read(), bytes.fromhex(sys.argv[2])
	assert data.count(build) == 1
	open('other', 'wb').write(data.replace(build, build[:4] + bytes(16)))
	os.chmod('other', 0o755)
	END
	ln -s other agg
	runs bash "cat in.json hold | parse-json | ./$agg" text
}
