#!/usr/bin/env bats
# What a shell does with a pipeline, it does with one whose programs send records:
# keys, jobs, statuses, other ways to connect programs.

load lib

setup() {
	enter
	mkdir -m 700 run
	export BIEF_STATUS=$PWD/run/bief
	awk 'BEGIN { for (i = 0; i < 20000; i++)
		printf "{\"i\": %d, \"k\": \"k%d\", " \
			"\"t\": \"2016-07-26T02:45:%02dZ\"}\n",
			i, i % 7, i % 60 }' >in.json
	mkfifo hold
}

shells() {
	local s
	for s in "$@"; do
		! command -v "$s" >/dev/null || echo "$s"
	done
}

# typed PROGRAM N LINE: the same comes of it with records and with text, in each
# shell: what standard input says, but for the statuses where it has "...".
typed() {
	local shell fuse
	cat >want
	for shell in $(shells bash zsh dash); do
		for fuse in '' 0; do
			BIEF_FUSE=$fuse timeout 200 "$TOP/tests/keys" "$shell" \
				"$@" </dev/null >told || {
				echo "$shell, BIEF_FUSE=$fuse:"
				cat told
				return 1
			}
			# dash knows the status of the last one only.
			[ "$shell" != dash ] ||
				sed -i 's/^Ctrl-C: 0$/Ctrl-C: 130 0 0 0/' told
			diff want told || {
				echo "$shell, BIEF_FUSE=$fuse"
				return 1
			}
		done
	done
}

@test "Ctrl-C, Ctrl-Z, fg and kill do to records what they do to text" {
	typed agg 20000 "cat in.json hold | parse-json | derive 'y=.i' |
		agg count" <<-'END'
	Ctrl-C: 130 0 0 0
	{"count":20000}
	Ctrl-Z, fg: 0
	{"count":20000}
	Ctrl-Z, kill %1: ended
	{"count":20000}
	END
}

@test "so they do to windows of time" {
	typed agg 20000 "cat in.json hold |
		parse-json --schema 'k string, t timestamp' |
		window --on t --size 1m | agg count" <<-'END'
	Ctrl-C: 130 0 0 0
	{"window_start":"2016-07-26T02:45:00Z","window_end":"2016-07-26T02:46:00Z","count":20000}
	Ctrl-Z, fg: 0
	{"window_start":"2016-07-26T02:45:00Z","window_end":"2016-07-26T02:46:00Z","count":20000}
	Ctrl-Z, kill %1: ended
	{"window_start":"2016-07-26T02:45:00Z","window_end":"2016-07-26T02:46:00Z","count":20000}
	END
}

@test "so they do to a count of words" {
	typed agg 120000 "cat in.json hold | parse-text |
		explode value --split ' ' --as w | agg count" <<-'END'
	Ctrl-C: 130 0 0 0
	{"count":120000}
	Ctrl-Z, fg: 0
	{"count":120000}
	Ctrl-Z, kill %1: ended
	{"count":120000}
	END
}

# both SHELL SCRIPT: what it writes, and all that it leaves, is the same with
# records and with text.
both() {
	local fuse
	for fuse in now 0; do
		rm -rf "$fuse" && mkdir "$fuse"
		(cd "$fuse" && BIEF_FUSE=$fuse timeout 60 "$1" -c "$2" \
			>out 2>said </dev/null) || echo $? >"$fuse/status"
	done
	diff -r now 0 || { echo "$1: $2"; return 1; }
}

@test "zsh has the status of each in pipestatus" {
	command -v zsh || skip "no zsh"
	both zsh "yes '{\"i\":1}' | parse-json | derive 'y=.i' | take 5 |
		agg count; echo \$pipestatus"
	is now/out <<-'END'
	{"count":5}
	141 141 141 0 0
	END
	both zsh "parse-json ../in.json | false | agg count
		echo \$pipestatus[2,3]"
	is now/out <<-'END'
	{"count":0}
	1 0
	END
	both zsh "setopt pipefail
		parse-json ../in.json | filter '.i == \"x\" + 1' | agg count"
	[ -s now/status ]
}

@test "a tee between two, and a process substitution behind or before, get text" {
	for shell in $(shells bash zsh); do
		both $shell "parse-json ../in.json | tee copy |
			agg --by k count max:i"
		cmp now/copy <(parse-json <in.json)
		both $shell "parse-json ../in.json |
			tee >(agg count >counted) >(pick i >i) >/dev/null
			until [ -s counted ] && [ \$(wc -l <i) = 20000 ]; do
				sleep 0.01
			done"
		is now/counted <<<'{"count":20000}'
		both $shell "parse-json ../in.json > >(agg count >counted)
			until [ -s counted ]; do sleep 0.01; done"
		is now/counted <<<'{"count":20000}'
		both $shell "agg count < <(parse-json ../in.json)"
		is now/out <<<'{"count":20000}'
	done
}

@test "where zsh gives an output to several, each gets all of it" {
	command -v zsh || skip "no zsh"
	both zsh 'parse-json ../in.json >copy | agg count'
	is now/out <<<'{"count":20000}'
	cmp now/copy <(parse-json <in.json)
	both zsh 'agg count <../in.json <../in.json'
	is now/out <<<'{"count":40000}'
	both zsh 'parse-json ../in.json |& agg count'
	is now/out <<<'{"count":20000}'
}

@test "a job in the background is one that wait and disown know" {
	for shell in $(shells bash zsh dash); do
		both $shell 'parse-json ../in.json | agg count >counted &
			wait $!; echo $?'
		is now/counted <<<'{"count":20000}'
		is now/out <<<0
	done
}
