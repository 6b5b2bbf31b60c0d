#!/usr/bin/env bats
# A pipeline by the shell, with text in its pipes, with records in them, with
# programs that find each other or do not, and by bief run: the same bytes, the
# same messages, the same exit status; and explain refuses what a run does.

load lib

material() {
	mkdir -p in
	for i in 0 1 2 3 4 5 6 7; do
		printf '{"time":%d,"action":"%s"}\n' $((1469501107 + i * 7)) \
			"$([ $((i % 3)) = 0 ] && echo Open || echo Close)"
	done >in/a.json
	# No newline at the end, as in the files of the courses.
	printf '{"time":1469501120,"action":"Open"}\n{"time":1469501190,"action":"Open"}' >in/b.json
	echo 'time timestamp, action string' >schema
	printf 'one two  two\nthree one été\n' >text
	printf 'k,n,name\na,1,Alice\nb,2,Bob\nb,3,"B, is"\n' >users.csv
	printf '1;2\n"x;y";z\n' >users2.csv
	mkdir -p more
	cat >in/sensors.json <<'J'
{"k":"a","d":"x","x":1.5}
{"k":"b","d":"y","x":2}
{"k":"a","d":"y","x":null}
{"k":null,"d":"x","x":4.25}
{"k":"ab","d":"x","x":3}
J
	printf '{"id":1,"meta":{"domain":"fr"}}\n{"id":2,"meta":{"domain":"en"}}\n{"id":3}\n' >in/nested.json
	printf '{"a":1}\n{"a":\n{"a":2}\n' >in/bad.json
	printf '{"n":9223372036854775807}\n{"n":1}\n' >in/overflow.json
	printf '{"#bief":{"stream":1}}\n{"#bief":{"eof":1}}\n' >header-only
	printf '{"#bief":{"stream":1}}\n{"#bief":{"begin":0}}\n{"action":"x"}\n' >cut
}

# One pipeline, in a directory of its own; files that it makes count too.
once() { # once WAY PIPELINE [FUSE]
	local fuse=${3:-}
	mkdir "$1" && cd "$1" || return
	material
	touch -d '2020-01-01' in/* # the order of names then
	# Directories hold JSON of one kind only.
	mkdir keep && mv in/sensors.json in/nested.json in/bad.json in/overflow.json keep
	set -- "$1" "${2//in\/sensors/keep\/sensors}"
	set -- "$1" "${2//in\/nested/keep\/nested}"
	set -- "$1" "${2//in\/bad/keep\/bad}"
	set -- "$1" "${2//in\/overflow/keep\/overflow}"
	local status=0
	# Blocks so small that these data make many.
	case $1 in
	run) local -x BIEF_THREADS=1 ;;
	run2) local -x BIEF_THREADS=2 BIEF_BLOCK=40 ;;
	run7) local -x BIEF_THREADS=7 BIEF_BLOCK=1 ;;
	esac
	# And where neighbours work for each other on several threads.
	if [ "$fuse" = lent ]; then
		local -x BIEF_THREADS=3 BIEF_BLOCK=40
		fuse=now
	fi
	if [[ $1 != run* ]]; then
		BIEF_FUSE=$fuse bash -o pipefail -c "$2" >../"$1".out 2>../"$1".err || status=$?
	else
		bief run "$2" >../"$1".out 2>../"$1".err || status=$?
	fi
	echo $status >../"$1".status
	for db in *.db; do
		[ -e "$db" ] && sqlite3 "$db" 'select * from t order by 1, 2, 3' >../"$1".table
	done
	cat rejects.jsonl 2>/dev/null >../"$1".rejects
	cd .. || return
}

# How a shell tells of a missing command is its own affair.
words() {
	sed 's/^bash: line [0-9]*: /bief: /' "$1" | sort
}

# What explain refuses is what a run refuses.
explained() {
	local explained=0

	cd run || return
	bief explain "$1" >../run.explain 2>&1 || explained=$?
	cd ..
	[ $explained != 2 ] || [ "$(cat run.status)" = 2 ] || {
		echo "explain refuses what runs"
		return 1
	}
	[ $explained = 2 ] || [ "$(cat run.status)" != 2 ] || {
		echo "explain does not refuse what a run does"
		return 1
	}
}

same() { # same PIPELINE
	rm -rf shell run shell.* run.*
	once shell "$1" "${2:-0}"
	once run "$1"
	cmp shell.out run.out &&
		diff <(words shell.err) <(words run.err) &&
		cmp shell.status run.status &&
		{ [ ! -e shell.table ] || cmp shell.table run.table; } &&
		cmp shell.rejects run.rejects &&
		explained "$1"
}

# all FUSE: of the pipelines; those that neighbours refuse where they must meet.
all() {
	local n=0 failed=0
	while IFS= read -r p; do
		case $p in
		'' | '#'*) continue ;;
		'?'*) [[ $1 = now || $1 = lent ]] || continue ;;
		esac
		n=$((n + 1))
		if ! same "${p#\? }" "$1" >why 2>&1; then
			failed=$((failed + 1))
			echo "differs: $p"
			cat why
		fi
	done <"$BATS_TEST_DIRNAME/pipelines"
	echo "$n pipelines, $failed differ"
	[ "$n" -gt 40 ]
	[ "$failed" -eq 0 ]
}

# Each program starts when it likes, at most a fiftieth of a second late.
late() {
	mkdir late
	for p in "$(dirname "$(command -v bief)")"/*; do
		printf '#!/bin/bash\nsleep 0.0$((RANDOM %% 20))\nexec %s "$@"\n' \
			"$p" >"late/${p##*/}"
	done
	chmod +x late/*
	PATH=$PWD/late:$PATH
}

@test "every pipeline of tests/pipelines gives the same by the shell and by bief run, and explain knows" {
	all 0
}

@test "so it does where neighbours hand records on from the first" {
	all now
}

@test "so it does where neighbours work for each other, on several threads" {
	all lent
}

@test "so it does where programs start early or late" {
	late
	all ''
	all now
}

same_threads() { # same_threads PIPELINE
	rm -rf run run2 run7 run.* run2.* run7.*
	once run "$1"
	for way in run2 run7; do
		once $way "$1"
		cmp run.out $way.out &&
			diff <(words run.err) <(words $way.err) &&
			cmp run.status $way.status &&
			{ [ ! -e run.table ] || cmp run.table $way.table; } &&
			cmp run.rejects $way.rejects || return
	done
}

@test "every pipeline gives the same by bief run with 1, 2 and 7 threads" {
	local failed=0
	while IFS= read -r p; do
		case $p in '' | '#'* | '? '*) continue ;; esac
		if ! same_threads "$p" >why 2>&1; then
			failed=$((failed + 1))
			echo "differs: $p"
			cat why
		fi
	done <"$BATS_TEST_DIRNAME/pipelines"
	[ "$failed" -eq 0 ]
}
