#!/usr/bin/env bats
# The documents keep to the programs, and what they show is true.

load lib

# programs: the names of all of them, from the program itself.
programs() {
	bief --help | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p'
}

# blocks PAGE: the EXAMPLES of a page, or the indented text of a Markdown file:
# each display into a file of its own, block.N.
blocks() {
	awk -v page="$1" '
	function put(line) {
		if (page !~ /md$/) {
			gsub(/\\&/, "", line)
			gsub(/\\-/, "-", line)
			gsub(/\\\(aq/, "\047", line)
			gsub(/\\e/, "\\", line)
		}
		print line > ("block." n)
	}
	page ~ /md$/ && /^    / { if (!open) n++; open = 1; put(substr($0, 5)); next }
	page ~ /md$/ && /^$/ { if (open) put(""); next }
	page ~ /md$/ { open = 0; next }
	/^\.Sh/ { examples = $2 == "EXAMPLES" }
	!examples { next }
	/^\.Bd/ { open = 1; n++; next }
	/^\.Ed/ { open = 0 }
	open { put($0) }' "$1"
}

# play BLOCK: run its commands, each behind "$ ", in one shell and an empty
# directory; what they print is to be what follows them.  A command that ends
# in | or \ goes on in the next line.
play() {
	local block=$PWD/$1
	rm -rf empty && mkdir empty && cd empty || return
	awk -v dir=.. '
	/^\$ / || more {
		if (!more) n++
		sub(/^\$ /, "")
		print > (dir "/command." n)
		printf "" > (dir "/expected." n)
		more = /[|\\]$/
		next
	}
	n { print > (dir "/expected." n) }
	END { print n + 0 > (dir "/count") }' "$block"
	bash -c 'for i in $(seq $(cat ../count)); do
		eval "$(cat ../command.$i)" >../got.$i 2>&1
	done; wait' </dev/null
	cd .. || return
	local i
	for i in $(seq "$(cat count)"); do
		# Markdown has no empty lines at the end of a display.
		if [ -n "$2" ]; then
			sed -i '/^$/d' "expected.$i" "got.$i"
		fi
		diff -u "expected.$i" "got.$i" || {
			echo "in: $(cat "command.$i")"
			return 1
		}
	done
	rm -f command.* expected.* got.* count
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
	[ "$output" = "bief $version" ]
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
	sed -n 's/^\.It Fl \(h , Fl \)*\(-[a-z-]*\).*/\2/p' "$TOP/man/bief.7" |
		sort -u >items
	diff options items
}

@test "the pages are clean mdoc, in the order of the house" {
	local failed=0 page
	for page in "$TOP"/man/*.[157]; do
		# Whether a page that we point to is there is asked below.
		mandoc -T lint -W style "$page" 2>&1 |
			grep -v 'outdated mandoc.db\|referenced manual not found' \
				>lint || true
		[ ! -s lint ] || { cat lint; failed=1; }
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

@test "bief(7) tells of every source and sink what comes again after a crash" {
	sed -n '/^\.Ss After a crash/,/^\.S[sh] [^A]/p' "$TOP/man/bief.7" >part
	sed -n 's/^\.It Xr \([a-z-]*\) 1.* Ta .* Ta .*/\1/p' part | sort -u >told
	programs | grep -E '^(stream|sink)-' | sort -u | diff - told
}

@test "a page that another one points to is there" {
	local failed=0 name section
	grep -ho '^\.\(It \)*Xr [^ ]* [157]' "$TOP"/man/*.[157] | sed 's/.*Xr //' |
		sort -u >references
	while read -r name section; do
		case $name in
		awk | cat | cron | flock | grep | head | iconv | jq | kill | \
			logrotate | mkfifo | mv | nc | psql | regex | sh | signal | \
			socat | sort | split | sqlite3 | strftime | systemd | \
			tail | tee | timeout | crontab | wc | xargs) continue ;;
		esac
		[ -f "$TOP/man/$name.$section" ] ||
			{ echo "there is no $name($section)"; failed=1; }
	done <references
	return $failed
}

@test "the examples of every page print what the page says" {
	local failed=0 page block
	for page in "$TOP"/man/*.[157]; do
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
