#!/usr/bin/env bats
# Files as they are found: what others have written, replaced, renamed, left
# half done, and what is no text at all.
load lib

# has TEXT...: each is a whole line of the file out.
has() {
	local t
	for t; do
		grep -qxF -e "$t" out || return 1
	done
}

stop() {
	kill -INT "$1"
	wait "$1"
}

# A run of what is there of a growing file f; all that came so far is in got.
grown() {
	stream-files --follow --trigger available-now --checkpoint ck "${1:-f}" \
		2>> err 5>&- | parse-text 2>> err | sink-files out.d 2>> err
	cat out.d/part-* | sed 's/^{"value":"//; s/"}$//' > got
}

# ---- a file that is another one when it is gone on with ----

@test "a followed file that was made anew while down is read from its beginning" {
	printf 'aaa\nbbb\n' > f
	grown
	# as a file system does that gives the inode to the next file
	for new in 'a new log, longer\nits second line\n' 'xxx\nyyy\n' 'z\n' \
		'z\nand the same beginning\n'; do
		rm f
		printf "$new" > f
		grown
	done
	is got <<- 'E'
	aaa
	bbb
	a new log, longer
	its second line
	xxx
	yyy
	z
	z
	and the same beginning
	E
	[ "$(grep -c 'made anew or written over\|truncated\|read to its end' err)" -eq 4 ]
}

@test "a followed file that was written over while down is read from its beginning" {
	printf 'aaa\nbbb\n' > f
	grown
	for new in 'xxx\nyyy\n' 'xxx\nyyz\nmore\n' 'xxx\nz\n'; do
		printf "$new" > f # the same inode
		grown
	done
	printf 'more of it\n' >> f
	grown
	printf 'aaa bbb xxx yyy xxx yyz more xxx z more_of_it ' > want
	tr ' \n' '_ ' < got | diff - want
	[ "$(grep -c 'made anew or written over\|truncated' err)" -eq 3 ]
}

@test "a followed file that is written over between two looks is read from its beginning" {
	printf 'one\ntwo\n' > f
	stream-files --follow f > out 2> err & pid=$!
	wait_for has one two
	printf 'eins\nzwei\nund mehr\n' > f
	wait_for has eins zwei 'und mehr'
	printf 'EINS\nZWEI\nUND MEHR\n' > f # as long as before
	wait_for has EINS ZWEI 'UND MEHR'
	echo added >> f
	wait_for has added
	stop $pid
	is out <<< $'one\ntwo\neins\nzwei\nund mehr\nEINS\nZWEI\nUND MEHR\nadded'
	[ "$(grep -c truncated err)" -eq 2 ]
}

@test "a batch is not run again with a file that was written over" {
	mkdir d
	run_() {
		stream-files --max-records 2 --checkpoint ck d 2>> err |
			parse-text 2>> err | sink-files out.d 2>> err
	}
	seq 6 > d/f
	run_
	rm ck/commits/*/2.commit
	sed -i 's/1/one/' d/f
	run_ || :
	grep -q "cannot run a batch again: '.*/d/f' has been made anew or written over" err
}

# ---- a file that is renamed ----

@test "files that had the name in between are read too, in their order" {
	for as in 'log.1 log.2 log.3' 'log-20260101 log-20260102 log-20260103'; do
		rm -rf ck out.d log* err
		set -- $as
		echo a > log
		grown log
		echo a2 >> log
		if [ "$1" = log.1 ]; then
			mv log $1; echo b > log
			mv $1 $2; mv log $1; echo c > log
			mv $2 $3; mv $1 $2; mv log $1
		else
			mv log $1; echo b > log
			mv log $2; echo c > log
			mv log $3
		fi
		echo d > log
		cp log log.bak
		grown log
		is got <<< $'a\na2\nb\nc\nd'
	done
}

@test "of a file that has been deleted that is told, and what had its name in between read" {
	echo a > log
	grown log
	mv log log.2
	echo b > log.1
	echo c > log
	rm log.2
	grown log
	is got <<< $'a\nb\nc'
	grep -q vanished err
}

@test "a file that was renamed is read on until its writer closes it" {
	exec 5>> log
	echo a >&5
	stream-files --follow log > out 2> err 5>&- & pid=$!
	wait_for has a
	mv log log.1
	echo new > log
	echo late >&5
	wait_for has late
	printf 'and the last' >&5
	exec 5>&-
	wait_for has new
	stop $pid
	is out <<< $'a\nlate\nand the last\nnew'
	is err < /dev/null
}

@test "a run over what is there stays with a renamed file that is still written" {
	exec 5>> log
	echo a >&5
	grown log
	mv log log.1
	echo new > log
	grown log
	echo late >&5
	exec 5>&-
	grown log
	is got <<< $'a\nlate\nnew'
}

@test "--follow on a directory or glob reads each file once through rotations" {
	for what in d 'd/log*' 'd*/log*'; do
		rm -rf d ck out err out.d
		mkdir d
		echo one > d/log
		stream-files --follow "$what" > out 2> err & pid=$!
		wait_for has one
		for new in two three; do
			[ ! -e d/log.1 ] || mv d/log.1 d/log.2
			mv d/log d/log.1
			echo $new > d/log
			wait_for has $new
		done
		stop $pid
		is out <<< $'one\ntwo\nthree'
		is err < /dev/null
	done
}

@test "--follow on a directory knows rotated files over a restart" {
	mkdir d
	run_() {
		stream-files --follow --trigger available-now --checkpoint ck d |
			parse-text | sink-files out.d
	}
	echo one > d/log
	run_
	mv d/log d/log.1
	echo two > d/log
	run_
	mv d/log.1 d/log.2
	mv d/log d/log.1
	echo three > d/log
	run_
	run_
	cat out.d/part-* | tr -dc 'a-z\n' | sed s/value// > got
	is got <<< $'one\ntwo\nthree'
}

# ---- files that are being written ----

@test "a file that is being written at the start is taken when it is closed" {
	mkdir d e
	set -f
	for what in d 'd/f*' '*/f*' '--partitions d'; do
		rm -f d/f d/f1 out err
		exec 5> d/f
		echo half >&5
		echo a > d/f1
		stream-files --follow --trigger 10ms $what \
			> out 2> err 5>&- & pid=$!
		wait_for has a
		wait_for grep -q "d/f' is open for writing: read when that ends" err
		run ! has half
		echo whole >&5
		exec 5>&-
		wait_for has half whole
		stop $pid
		[ "$(grep -vc bief out)" -eq 3 ]
	done
}

@test "a file that two are writing is taken when both have closed it" {
	mkdir d
	stream-files --follow d > out & pid=$!
	exec 5> d/f 6>> d/f
	echo one >&5
	exec 5>&-
	echo a > d/a
	wait_for has a
	run ! has one
	echo two >&6
	exec 6>&-
	wait_for has one two
	stop $pid
}

@test "a file that is made empty and then filled is read" {
	mkdir d
	touch d/before
	stream-files --follow d > out & pid=$!
	echo a > d/a
	wait_for has a
	touch d/after # as mktemp does
	echo b > d/b
	wait_for has b
	echo 1 > d/before
	(echo 2; echo 3) > d/after
	wait_for has 1 2 3
	stop $pid
	[ "$(wc -l < out)" -eq 5 ]
}

@test "with a checkpoint what is being written or empty is left for the next run" {
	for trigger in available-now once; do
		for what in d d/f 'd/*'; do
			rm -rf d ck out.d err
			mkdir d
			run_() {
				stream-files --checkpoint ck --trigger $trigger \
					"$what" 2>> err 5>&- | parse-text |
					sink-files out.d
			}
			: > d/f
			run_
			exec 5> d/f
			echo half >&5
			run_
			grep -q "d/f' is open for writing: left for the next run" err
			echo whole >&5
			exec 5>&-
			run_
			run_
			cat out.d/part-* > got
			is got <<< $'{"value":"half"}\n{"value":"whole"}'
		done
	done
}

@test "without a checkpoint a file is read as far as it goes, and that is told" {
	mkdir d
	exec 5> d/f
	echo half >&5
	for what in d d/f 'd/*'; do
		stream-files "$what" > out 2> err 5>&-
		is out <<< half
		grep -q "d/f' is open for writing, and has been read as far as it went" err
	done
}

@test "a file that is changed after it was read is told" {
	mkdir d
	echo a > d/a
	stream-files --follow d > out 2> err & pid=$!
	wait_for has a
	echo more >> d/a
	wait_for grep -q "d/a' has been changed since it was read" err
	stop $pid
	is out <<< a
	run_() {
		stream-files --checkpoint ck d 2> err | parse-text |
			sink-files out.d
	}
	run_
	is err < /dev/null
	echo b > d/b
	run_
	is err < /dev/null
	echo more >> d/b
	run_
	grep -q "d/b' has been changed since it was read" err
}

# ---- which files, and in which order ----

@test "--order name takes files by their names, whatever their times" {
	mkdir d
	for i in 10 9 1; do
		echo $i > d/f-$i
		touch -d 2026-01-0${i::1} d/f-$i
	done
	touch -d 2020-01-01 d/f-9
	stream-files --order name d > out
	stream-files --order name --latest-first 'd/*' >> out
	stream-files --order time d >> out
	is out <<< $'1\n9\n10\n10\n9\n1\n9\n1\n10'
	# and none is too old
	stream-files --order name --trigger available-now --max-files 1 d |
		grep -v bief > out
	is out <<< $'1\n9\n10'
}

@test "files that are ignored for their age are counted" {
	mkdir d
	echo new > d/new
	run_() {
		stream-files --checkpoint ck d 2> err | parse-text |
			sink-files out.d
	}
	run_
	echo old > d/old
	echo older > d/older
	touch -d '10 days ago' d/old*
	run_
	grep -qx 'stream-files: 2 files are ignored: more than --max-file-age older than the newest one read' err
}

@test "a file of 2099 does not make the others old" {
	mkdir d
	echo 2099 > d/2099
	touch -d 2099-01-01 d/2099
	run_() {
		stream-files --checkpoint ck d 2> err | parse-text |
			sink-files out.d
	}
	run_
	echo now > d/now
	run_
	is err < /dev/null
	cat out.d/part-* > got
	is got <<< $'{"value":"2099"}\n{"value":"now"}'
}

@test "--clean archive keeps directories that a glob matched, and equal names" {
	mkdir -p in/a in/b in/.old
	echo 1 > in/a/f
	echo 2 > in/b/f
	echo 3 > in/f
	run_() {
		stream-files --checkpoint ck --clean archive=old "$@" |
			parse-text | sink-files out.d
	}
	run_ 'in/[ab]' in
	run_ 'in/[ab]' in
	[ "$(cat old/a/f old/b/f old/f)" = $'1\n2\n3' ]
	rm -rf ck out.d
	echo 4 > in/a/f
	echo 5 > in/b/f
	run_ in/a in/b
	run_ in/a in/b
	cat old/f old/f.1 old/f.2 > got
	is got <<< $'3\n4\n5'
	[ -z "$(find in -type f)" ]
}

@test "--partitions passes over a directory that is inside of itself" {
	mkdir -p d/a=1/b=2
	echo '{}' > d/a=1/b=2/f
	ln -s . d/x=1
	ln -s .. d/a=1/y=1
	ln -s "$PWD/d/a=1" d/a=1/b=2/z=1
	ln -s a=1 d/a=3 # is no loop
	timeout 60 stream-files --partitions d > out 2> err
	sort out > got
	is got <<- 'E'
	{"a":1,"b":2}
	{"a":3,"b":2}
	E
	grep -q "x=1' is passed over: it is inside of itself" err
}

@test "what goes into its own input is refused, as by cat" {
	seq 3 > f
	for cmd in 'stream-files f' 'stream-files --follow f' 'stream-files - < f' \
		'parse-text f' 'parse-text < f' 'union f g'; do
		: > g
		run -2 bash -c "$cmd >> f"
		[[ $output = *"is the input and the output"* ]]
	done
	seq 3 | diff - f
	mkdir d
	cp f d/f
	stream-files d > d/out 2> err
	is d/out <<< $'1\n2\n3'
	grep -q "d/out' is passed over: it is the output" err
	run -2 bief run 'stream-files d | parse-text | sink-files d'
	[[ $output = *"'d' is read, and written by sink-files"* ]]
}

# ---- compressed files ----

# pack KIND: standard input as a .gz or .zst.
pack() {
	case $1 in
	gz) gzip -c ;;
	zst) zstd -qc ;;
	esac
}

@test "compressed files that are empty, of several members or padded are whole" {
	for k in gz zst; do
		: > empty.$k
		: | pack $k > nothing.$k
		printf 'a\n' | pack $k > one.$k
		{ printf 'a\nb' | pack $k; : | pack $k; printf 'c\nd' | pack $k
		} > several.$k
		{ printf 'a\n' | pack $k; head -c 300000 /dev/zero; } > padded.$k
		{ printf 'a\n' | pack $k; printf '\0'; } > by-one.$k
		stream-files empty.$k nothing.$k > out
		is out < /dev/null
		stream-files one.$k several.$k padded.$k by-one.$k > out
		is out <<< $'a\na\nbc\nd\na\na'
	done
}

@test "an empty compressed file does not end a pipeline, and is read when it is filled" {
	mkdir d
	touch d/z.gz
	stream-files --follow d > out & pid=$!
	echo a > d/a
	wait_for has a
	touch d/y.zst
	echo b > d/b
	wait_for has b
	printf 'z\n' | gzip > d/z.gz
	printf 'y\n' | zstd -q > d/y.zst
	wait_for has y z
	stop $pid
}

@test "compressed files that are damaged are an error, or left out from there" {
	for k in gz zst; do
		seq 100000 | pack $k > whole
		head -c 5 whole > cut-1.$k
		head -c 50000 whole > cut-2.$k
		{ seq 2 | pack $k; echo garbage; } > behind-1.$k
		{ seq 2 | pack $k; printf '\0\0garbage'; } > behind-2.$k
		{ seq 2 | pack $k; seq 3 4 | pack $k | head -c 12
		} > behind-3.$k
		echo garbage > no-1.$k
		printf '\0\0' > no-2.$k
		for f in cut-1 cut-2 behind-1 behind-2 behind-3 no-1 no-2; do
			echo next > next
			run -1 --separate-stderr stream-files $f.$k next
			[[ $stderr = "stream-files: '$PWD/$f.$k': the compressed data "* ]]
			stream-files --on-error skip $f.$k next > out 2> err
			{ seq $(($(wc -l < out) - 1)); echo next; } > want
			diff want out
			grep -q "$f.$k': the compressed data .*: the rest of it is left out" err
			case $f in
			behind-[12]) [ "$(wc -l < out)" -eq 3 ] ;;
			cut-2) [ "$(wc -l < out)" -gt 1000 ] ;;
			esac
		done
	done
}

# ---- ends of lines, and the mark of UTF-8 ----

# A text by every way it can come in: as operands, by stream-files, by standard
# input, in one process, with batches; PARSER... reads it, answers are equal.
all_ways() {
	"$@" f g > want
	stream-files f g | "$@" > got
	diff want got
	[ -n "$marks" ] || cat f g | "$@" | diff want -
	stream-files <(cat f) <(cat g) | "$@" > got
	diff want got
	gzip -k f g
	stream-files f.gz g.gz | "$@" > got
	diff want got
	rm f.gz g.gz
	bief run "stream-files f g | ${*@Q}" > got
	diff want got
	stream-files --trigger available-now --max-records 1 f g |
		"$@" --plain > got
	diff want got
	stream-files --trigger available-now --max-records 1 \
		--checkpoint ck-$BATS_TEST_NUMBER-$RANDOM f g | "$@" |
		sink-files out-$BATS_TEST_NUMBER-$RANDOM
	mv out-$BATS_TEST_NUMBER-*/part* . && cat part* > got && rm part*
	diff want got
	rm -rf out-* ck-*
}

@test "lines end in LF, CR LF, or CR alone, in every parser and every way" {
	for end in '\n' '\r\n' '\r'; do
		printf "a,b$end"'1,2'"$end$end"'3,4'"$end" > f
		printf "a,b$end"'5,6' > g # with no end
		all_ways parse-csv --header
		is want <<- 'E'
		{"a":"1","b":"2"}
		{"a":"3","b":"4"}
		{"a":"5","b":"6"}
		E
		printf '{"v":1}'"$end"'{"v":2}'"$end" > f
		printf '{"v":3}'"$end"'{"v":4}' > g
		all_ways parse-json -s 'v int'
		is want <<< $'{"v":1}\n{"v":2}\n{"v":3}\n{"v":4}'
		all_ways parse-json
		printf "x$end${end}y$end" > f
		printf "$end${end}z" > g
		all_ways parse-text
		sed 's/.*:"//; s/".*//' want | paste -sd, > got
		is got <<< 'x,,y,,,z'
		printf '{"v":1}'"$end"'{"v":2}'"$end" > f
		filter .v < f > got
		is got <<< $'{"v":1}\n{"v":2}'
	done
	printf 'a\nb\r\nc\rd\r\re\n\rf\r\r\ng\r' > f
	: > g
	all_ways parse-text
	sed 's/.*:"//; s/".*//' want | paste -sd, > got
	is got <<< 'a,b,c,d,,e,,f,,g'
}

@test "a CR inside of a quoted cell stays" {
	printf 'a,b\r1,"x\ry"\r2,"x\r\ny"\r' > f
	printf '3,"\r"\r' > g
	parse-csv --header f g > want
	is want <<- 'E'
	{"a":"1","b":"x\ry"}
	{"a":"2","b":"x\r\ny"}
	{"a":"3","b":"\r"}
	E
	stream-files f g | parse-csv --header | diff want -
	bief run 'stream-files f g | parse-csv --header' | diff want -
}

@test "ends that fall between two blocks are ends all the same" {
	# blocks are 256 KiB: a CR LF, a CR and a mark at and around their ends
	for k in 262141 262142 262143 262144; do
		{ head -c $k /dev/zero | tr '\0' x; printf '\r\ny\rz\r'; } > f
		: > g
		for cmd in 'parse-text f' 'stream-files f | parse-text' \
			'cat f | parse-text' \
			"bief run 'stream-files f | parse-text'"; do
			bash -c "$cmd" | tr -d x > got
			is got <<< $'{"value":""}\n{"value":"y"}\n{"value":"z"}' ||
				return 1
		done 2> /dev/null
	done
}

@test "control lines behind a CR are refused like others" {
	printf 'a\r{"#bief":{"eof":1}}\rb' > f
	for cmd in 'stream-files f' "bief run 'stream-files f | parse-text'"; do
		bash -c "$cmd" > out 2> err
		run ! grep -q bief out
		grep -q 'begins as a control line' err
	done
}

@test "lines that end in CR count for --max-line, --max-records, --partitions" {
	mkdir -p d/k=1
	printf '{"a":1}\r{"a":2}\r{"a":3}\r' > d/k=1/f
	stream-files --partitions d > out
	is out <<< $'{"a":1,"k":1}\n{"a":2,"k":1}\n{"a":3,"k":1}'
	seq 100000 | tr '\n' '\r' > f
	stream-files --max-line 10 f > out
	tr '\r' '\n' < out | diff - <(seq 100000)
	printf 'aaaa\rbbbbbbbbbbbbb\rcc\r' > f
	stream-files --max-line 4 f 2> err | tr '\r' '\n' > out
	is out <<< $'aaaa\ncc'
}

@test "a batch that ended at a CR, or before a line without end, is run again to there" {
	run_() {
		stream-files --max-records 1 --checkpoint ck f |
			parse-json | sink-files out.d
	}
	for text in '{"a":1}\r{"a":2}\r{"a":3}\r' '{"a":1}\n{"a":2}\n{"a":3}'; do
		rm -rf ck out.d old
		printf "$text" > f
		run_
		rm ck/commits/*/*.commit
		mv out.d old
		run_
		cat out.d/part* > got
		is got <<< $'{"a":1}\n{"a":2}\n{"a":3}'
		diff -r -x _bief_log old out.d
	done
}

@test "the mark of UTF-8 is left out at the beginning of every file" {
	m=$'\xef\xbb\xbf'
	marks=1
	printf "${m}a,b\n1,2\n" > f
	printf "${m}a,b\n3,4\n" > g
	all_ways parse-csv --header
	is want <<< $'{"a":"1","b":"2"}\n{"a":"3","b":"4"}'
	printf "${m}"'{"v":1}\r\n' > f
	printf "${m}"'{"v":2}' > g
	all_ways parse-json -s 'v int'
	is want <<< $'{"v":1}\n{"v":2}'
	all_ways parse-json
	cat f g | head -1 | filter .v > got
	is got <<< '{"v":1}'
	printf "${m}7\n" > f
	printf "$m$m\n" > g # nothing but marks
	all_ways parse-csv -s 'n int'
	is want <<< '{"n":7}'
	all_ways parse-text
	is want <<< $'{"value":"7"}\n{"value":""}'
	printf "a${m}b\n${m}c" > f # inside of data it stays
	printf '\xef\xbb' > g
	parse-text f > want
	is want <<< "{\"value\":\"a${m}b\"}"$'\n'"{\"value\":\"${m}c\"}"
	stream-files f | parse-text | diff want -
	printf "${m}k,v\n1,x\n" > t.csv
	printf "${m}"'{"k":1,"v":"x"}\n' > t.json
	for t in t.csv t.json; do
		echo '{"k":1}' | join-static $t --header --on k > out
		is out <<< '{"k":1,"v":"x"}'
	done
	printf "${m}"'a int' > schema
	echo '{"a":1}' | parse-json --schema-file schema > out
	is out <<< '{"a":1}'
}

# ---- what is no file, or never ends ----

@test "standard input that is closed is an error, by whatever name" {
	run -1 bash -c 'stream-files - <&-'
	run -1 bash -c 'stream-files /dev/stdin <&-'
	[[ $output = *"cannot open"* ]]
}

@test "a line that never ends can be interrupted" {
	mkfifo p
	head -c 1000000000000 /dev/zero > p & writer=$!
	stream-files p > out 2> err & pid=$!
	wait_for grep -q 'too long' err
	kill -TERM $pid
	wait $pid
	is out < /dev/null
}

@test "a file, a glob or a directory that cannot be read is told, and no other" {
	[ "$(id -u)" -eq 0 ] && ! command -v setpriv && skip "needs setpriv"
	as=
	[ "$(id -u)" -eq 0 ] && as="setpriv --reuid 65534 --clear-groups"
	chmod 755 .
	mkdir d
	echo a > d/a
	chmod 0 d/a
	for what in d d/a 'd/*'; do
		run -1 $as "$(command -v stream-files)" "$what"
		[[ $output = *"cannot open '"*"d/a': Permission denied" ]]
	done
}
