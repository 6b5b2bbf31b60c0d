#!/usr/bin/env bats
# The documents keep to the programs, and what they show is true.

load lib
load play

# programs: the names of all of them, from the program itself.
programs() {
	bief --help | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p'
}

# every WHAT COMMAND...: the command for each program; all failures are shown.
every() {
	local p failed=0
	for p in $(programs); do
		"$@" "$p" || failed=1
	done
	return $failed
}

@test "every program has its source, its page, its tests, a line in README.md and in bief(7)" {
	check() {
		local p=$1 ok=0
		[ -f "$TOP/src/$p.c" ] || { echo "$p: no src/$p.c"; ok=1; }
		[ -f "$TOP/man/$p.1" ] || { echo "$p: no man/$p.1"; ok=1; }
		[ -f "$TOP/tests/$p.bats" ] || { echo "$p: no tests/$p.bats"; ok=1; }
		grep -q "^| .*\`$p\`.* |" "$TOP/README.md" ||
			{ echo "$p: not in the table of README.md"; ok=1; }
		grep -q "^\.It Xr $p 1\$" "$TOP/man/bief.7" ||
			{ echo "$p: not in the table of bief(7)"; ok=1; }
		return $ok
	}
	[ "$(programs | wc -l)" -gt 20 ]
	every check
}

@test "what a page and --help say in one line is the same" {
	check() {
		local about
		about=$(sed -n 's/^\.Nd //p' "$TOP/man/$1.1")
		[ "$about" = "$("$1" --dump-options | jq -r .about)" ] ||
			{ echo "$1: the page says: $about"; return 1; }
	}
	every check
}

@test "every program says how it is used, and its version" {
	check() {
		local v
		"$1" --help >help || return
		"$1" -h | cmp help - || return
		head -1 help | grep -q "^usage: $1\( \|\$\)" ||
			{ echo "$1: $(head -1 help)"; return 1; }
		"$1" --dump-options | jq -r '.about, .options[].name' >want
		{ sed -n 2p help; sed -n 's/^  \(-., \)\?--\([a-z-]*\).*/\2/p' help
		} | sort | diff <(sort want) - || { echo "$1"; return 1; }
		v=$("$1" --version) && [ "$v" = "$1 (bief) $version" ] ||
			{ echo "$1 --version: $v"; return 1; }
	}
	local version
	version=$(sed -n '1s/^bief \([0-9.]*\).*/\1/p' "$TOP/NEWS")
	run -0 bief --version
	[ "${lines[0]}" = "bief $version" ]
	[ "$(sed -n '1s/^bief (\([0-9.]*\)) .*/\1/p' "$TOP/debian/changelog")" = "$version" ]
	every check
}

@test "every option of a program is in its page, and every option in its page is one of it" {
	check() {
		jq -r '.options[] | select(.common | not) |
			"-" + .name, (.letter // empty)' "$1.options" |
			sort >options
		jq -r '.options[] | "-" + .name, (.letter // empty)' \
			"$1.options" | sort >all
		sed -n '/^\.Bl/,/^\.El/s/^\.It \(Fl .*\)/\1/p' "$TOP/man/$1.1" |
			grep -o 'Fl -*[a-zA-Z-]*' | sed 's/^Fl //' | sort -u >items
		comm -23 options items | sed "s/^/$1: not in the page: -/" >wrong
		comm -13 all items | sed "s/^/$1: only in the page: -/" >>wrong
		# What the text speaks of is an option, its own or a common one.
		grep -o 'Fl -[a-z-]*' "$TOP/man/$1.1" | sed 's/^Fl //' |
			sort -u | grep -v '^-$' >spoken
		comm -13 everything spoken |
			sed "s/^/$1: there is no option -/" >>wrong
		cat wrong
		[ ! -s wrong ]
	}
	for p in $(programs); do
		"$p" --dump-options >"$p.options"
	done
	jq -r '.options[] | "-" + .name' ./*.options | sort -u >everything
	every check
}

@test "bief(7) tells of every option that all programs have" {
	for p in agg stream-rate serve-lines; do
		"$p" --dump-options |
			jq -r '.options[] | select(.common) | "-" + .name'
	done | sort -u >options
	local page
	for page in "$TOP/man/bief.7" "$TOP/man/fr/bief.7"; do
		sed -n 's/^\.It Fl \(h , Fl \)*\(-[a-z-]*\).*/\2/p' "$page" |
			sort -u >items
		diff options items
	done
}

# lint PAGE: what mandoc has against it.  Whether a page that it points to is
# there is asked elsewhere.  On standard error mandoc speaks of its database only;
# its status is up to 4 for what it found in a page, more where it failed.
lint() {
	local status=0
	mandoc -T lint -W style "$1" 2>err >found || status=$?
	[ $status -le 4 ] || { cat found err; return 1; }
	grep -v 'referenced manual not found' found || true
}

@test "the pages are clean mdoc, in the order of the house" {
	local failed=0 page
	for page in "$TOP"/man/*.[157]; do
		lint "$page" >told
		[ ! -s told ] || { cat told; failed=1; }
	done
	# mandoc counts bytes, and knows the names of sections in English only.
	for page in "$TOP"/man/fr/*.[157]; do
		lint "$page" >all
		grep -v 'longer than 80 bytes\|NAME\|section name' all >told || true
		[ ! -s told ] || { cat told; failed=1; }
	done
	for page in "$TOP"/man/bief-course-*.7 "$TOP"/man/fr/bief-course-*.7; do
		grep '^\.Sh' "$page" | sed 's/^\.Sh //' | tr '\n' , >got
		case $(cat got) in
		NAME,DESCRIPTION,EXERCISES,'SEE ALSO,') ;;
		NOM,DESCRIPTION,EXERCICES,'VOIR AUSSI,') ;;
		*) echo "$page: $(cat got)"; failed=1 ;;
		esac
	done
	for page in $(programs); do
		[ -f "$TOP/man/$page.1" ] || continue
		grep '^\.Sh' "$TOP/man/$page.1" | grep -v 'ENVIRONMENT\|FILES\|LIMITS' |
			sed 's/^\.Sh //' | tr '\n' ,  >got
		[ "$(cat got)" = 'NAME,SYNOPSIS,DESCRIPTION,EVENT TIME,STATE,EXIT STATUS,EXAMPLES,SEE ALSO,' ] ||
			{ echo "$page: $(cat got)"; failed=1; }
	done
	return $failed
}

@test "bief(7) names the same programs in every language" {
	sed -n 's/^\.It Xr \([a-z-]* 1\)$/\1/p' "$TOP/man/bief.7" >programs
	sed -n 's/^\.It Xr \([a-z-]* 1\)$/\1/p' "$TOP/man/fr/bief.7" | is programs
	blocks "$TOP/man/bief.7"
	cat block.* >english
	rm block.*
	blocks "$TOP/man/fr/bief.7"
	cat block.* | is english
}

@test "no quotation of a page stands within another by mistake" {
	local page
	for page in "$TOP"/man/*.[157]; do
		mandoc -T utf8 -O width=900 "$page" | col -b >text
		grep -q '^DESCRIPTION' text
		grep -H --label "$page" '‘[^’]*‘\|’’' <text >>found || true
		# A word in quotes and what follows, (‘word more’), is one, too.
		grep -H '^\.Pq Ql .* No ' "$page" >>found || true
	done
	is found </dev/null
}

# unattended PAGE: its script, its line for cron and its unit, one a file.
unattended() {
	awk '/^\.Sh/ { on = /UNATTENDED|SURVEILLANCE/ }
	on && /^\.Bd/ { n++; open = 1; next }
	/^\.Ed/ { open = 0 }
	on && open { print > ("unattended." n) }' "$1"
}

@test "the script, the line for cron and the unit of bief(7) work, in every language" {
	unattended "$TOP/man/fr/bief.7"
	cat unattended.* >french
	unattended "$TOP/man/bief.7"
	cat unattended.* | is french
	mkdir events
	sed -i "s#/var/lib/events#$PWD/events#g;s#/usr/local/bin#$PWD#g" unattended.*
	mv unattended.1 counts
	chmod +x counts
	bief sample events --count 100 events/incoming
	counted() {
		[ "$(sqlite3 events/events.db 'SELECT sum(count) FROM counts')" = "$1" ]
	}
	grep -qE '^([0-9*/]+ ){5}[^%]+$' unattended.2
	sed -E 's/^([0-9*\/]+ ){5}//' unattended.2 >line
	sh line
	counted 100
	sh line 2>err
	grep -q 'no new data' err
	mv unattended.3 counts.service
	if command -v systemd-analyze >/dev/null; then
		systemd-analyze verify ./counts.service >found 2>&1 || true
		is found </dev/null
	fi
	bief sample events --count 50 --seed 2 more
	cp more/file-0.json events/incoming/more.json
	sed -n 's/^ExecStart=//p' counts.service >line
	bash -c "exec $(cat line)" &
	wait_for counted 150
	kill $!
	wait $!
}

@test "bief(7) tells of every source and sink what comes again after a crash" {
	sed -n '/^\.Ss After a crash/,/^\.S[sh] [^A]/p' "$TOP/man/bief.7" >part
	sed -n 's/^\.It Xr \([a-z-]*\) 1.* Ta .* Ta .*/\1/p' part | sort -u >told
	programs | grep -E '^(stream|sink)-' | sort -u | diff - told
}

@test "a page that another one points to is there" {
	local failed=0 name section
	grep -ho '^\.\(It \)*Xr [^ ]* [157]' "$TOP"/man/*.[157] "$TOP"/man/fr/*.[157] | sed 's/.*Xr //' |
		sort -u >references
	while read -r name section; do
		case $name in
		awk | cat | cron | crontab | flock | grep | head | iconv | jq | kill | \
			logrotate | man | mandoc | mkfifo | mv | nc | psql | regex | sh | signal | \
			socat | sort | split | sqlite3 | strftime | systemd | \
			tail | tee | timeout | wc | xargs) continue ;;
		esac
		[ -f "$TOP/man/$name.$section" ] ||
			{ echo "there is no $name($section)"; failed=1; }
	done <references
	return $failed
}

@test "the examples of every page print what the page says" {
	local failed=0 page block
	for page in "$TOP"/man/*.[157] "$TOP"/man/fr/*.[157]; do
		[[ $page != */bief-course-* ]] || continue # they are below
		rm -f block.*
		blocks "$page"
		for block in block.*; do
			[ -f "$block" ] || continue
			# What needs a service is played by tests/services.
			! grep -q localhost:9092 "$block" || continue
			play "$block" '' >why || {
				echo "$(basename "$page"):"
				cat why
				failed=1
			}
		done
	done
	return $failed
}

@test "the exercises of the courses print what their pages say" {
	local failed=0 page
	for page in "$TOP"/man/bief-course-*.7 "$TOP"/man/fr/bief-course-*.7; do
		session "$page"
		play block.1 '' >why || {
			echo "$(basename "$page"):"
			cat why
			failed=1
		}
	done
	return $failed
}

@test "the courses set exercises E1 to E57" {
	sed -n 's/^\.Ss E\([0-9]*\)\..*/\1/p' "$TOP"/man/bief-course-*.7 | sort -nu >set
	seq 57 | is set
}

@test "the courses are the same exercises in every language, but for what people read" {
	local failed=0 page
	for page in "$TOP"/man/bief-course-*.7; do
		[ -f "$TOP/man/fr/$(basename "$page")" ] ||
			{ echo "not in French: $page"; failed=1; }
	done
	for page in "$TOP"/man/fr/bief-course-*.7; do
		blocks "$page"
		mv block.1 other
		blocks "$TOP/man/$(basename "$page")"
		diff -u block.1 other || { echo "in: $page"; failed=1; }
		grep -o '^\.Ss E[0-9]*' "$page" >other
		grep -o '^\.Ss E[0-9]*' "$TOP/man/$(basename "$page")" | is other
	done
	return $failed
}

# What bief sample gives, from the folder of real data.
real_samples() {
	mkdir real
	cat >real/bief <<-END
	#!/bin/bash
	d=$SHARED/data
	case "\$1 \$2" in
	"sample events") exec cp -r "\$d/events" "\$3" ;;
	"sample sensors") exec zcat "\$d"/iot/ensai-lab/iot20210426-205348.jsonl.gz ;;
	"sample users") exec cat "\$d"/users/donn*.csv ;;
	"sample edits") exec zcat "\$d"/wikimedia/recentchange-2023-01-25.jsonl.gz ;;
	"sample communes") exec cat "\$d"/users/hte-garonne.csv ;;
	"sample quotes") exec cat "\$d"/kaamelott/quote.json ;;
	"sample words") exec jq -r .quote "\$d"/kaamelott/quote.json ;;
	"sample flights") exec cp "\$d"/opensky/derived-flights-departure-{LFPG-2022-12-01,LFPG-2023-01-23,EDDF-2023-07-04}.jsonl "\$3" ;;
	"sample states") exec zcat "\$d"/opensky/derived-states-2025-01-31.jsonl.gz ;;
	esac
	exec -a bief $(command -v bief) "\$@"
	END
	chmod +x real/bief
	PATH=$PWD/real:$PATH
}

@test "with real data the exercises give the answers of Spark" {
	shared
	local failed=0 n=0 page answer spark
	real_samples
	for page in "$TOP"/man/bief-course-*.7; do
		session "$page"
		play block.1 '' >/dev/null || true # prints something else
		for answer in empty/e[0-9]*; do
			# The words are not of lines there, and nothing is
			# a row without a count; tests/exercises.bats has them.
			case $answer in */e32 | */e48 | */e5[23]) continue ;; esac
			spark=$(basename "$answer" | sed 's/^e\(.\)$/e0\1/')
			spark=("$SHARED"/golden/exercises/"$spark"*.jsonl)
			[ -f "${spark[0]}" ] || continue
			n=$((n + 1))
			python3 "$BATS_TEST_DIRNAME/cases/rows" any "${spark[0]}" \
				"$answer" || { echo "in: $answer"; failed=1; }
		done
	done
	[ "$n" -gt 25 ]
	return $failed
}

@test "the README's pipeline prints what the README says" {
	blocks "$TOP/README.md"
	grep -l '^\$ ' block.* >sessions
	[ -s sessions ]
	while read -r block; do
		play "$block" markdown
	done <sessions
}

@test "nothing in src/bief points to a room above it or stands in a circle, and names tell their file" {
	[ -d "$TOP/${B:-build}/lib" ] || skip "no objects here"
	run -0 "$TOP/tests/direction"
}

@test "all C files are wrapped and aligned by one hand" {
	[[ $(clang-format --version 2>&1) == *" 14."* ]] ||
		skip "no clang-format 14 here"
	find "$TOP/src" "$TOP/tests" -name '*.[ch]' -print0 |
		xargs -0 clang-format --dry-run -Werror
}

@test "no test asserts by a ! that bats does not look at" {
	awk '
	last { if ($0 !~ /^\t*}/) { print last; bad = 1 }; last = "" }
	/^[\t ]*! / && !/\|\|/ { last = FILENAME ":" FNR ": " $0 }
	END { exit bad }' "$TOP"/tests/*.bats "$TOP"/tests/lib.bash
}

@test "no test waits for a process by run, whose shell is not its parent" {
	run ! grep -nE '^\s*run (-[-0-9a-z]+ )*wait ' "$TOP"/tests/*.bats
}

@test "the completions are those of the programs" {
	"$TOP/completions/generate" new
	for f in bief.bash _bief bief.fish; do
		diff -u "$TOP/completions/$f" "new/$f"
	done
	bash -n "$TOP/completions/bief.bash"
}
