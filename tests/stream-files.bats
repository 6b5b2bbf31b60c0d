#!/usr/bin/env bats
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

@test "a final line without newline is a record all the same" {
	printf 'a\nb' > 1
	printf 'c' > 2
	stream-files 1 2 > out
	is out <<< $'a\nb\nc'
}

@test "the files of a directory come oldest first, then in natural order" {
	mkdir d
	for i in 1 2 10; do echo $i > d/f-$i; done
	touch -d 2026-01-01T00:00:00.000000002 d/*
	echo old > d/z
	touch -d 2026-01-01T00:00:00.000000001 d/z
	stream-files d > out
	is out <<< $'old\n1\n2\n10'
}

@test "--latest-first turns the order around" {
	mkdir d
	for i in 1 2 3; do
		echo $i > d/$i
		touch -d 2026-01-0$i d/$i
	done
	stream-files --latest-first d > out
	is out <<< $'3\n2\n1'
}

@test "names that are not data are passed over" {
	mkdir -p d/sub
	echo a > d/a
	echo b > d/_b=c
	for f in .x _x x._COPYING_ sub/x; do echo no > d/$f; done
	touch -d 2026-01-01 d/a d/_b=c
	stream-files d > out
	is out <<< $'b\na'
}

@test "a glob in quotes names files, and a file may hold its characters" {
	echo 1 > a1.json
	echo 2 > a2.json
	echo 3 > 'b[1].json'
	touch -d 2026-01-01 *.json
	stream-files 'a*.json' 'b[1].json' > out
	is out <<< $'1\n2\n3'
}

@test "plain files come in the order given, as often as given" {
	echo a > a
	echo b > b
	stream-files b a b > out
	is out <<< $'b\na\nb'
}

@test "- is standard input, a pipe or a file" {
	printf 'x\ny' > f
	stream-files - < f > out
	cat f | stream-files f - >> out
	is out <<< $'x\ny\nx\ny\nx\ny'
}

@test ".gz and .zst are unpacked, also of several members" {
	printf 'a\n' | gzip > f.gz
	printf 'b' | gzip >> f.gz
	printf 'c\n' | zstd -q > f.zst
	printf 'd\n' | zstd -q >> f.zst
	stream-files f.gz f.zst > out
	is out <<< $'a\nb\nc\nd'
}

@test "damaged compressed data are an error that names the file" {
	seq 100000 | gzip > f.gz
	head -c 1000 f.gz > cut.gz
	run -1 --separate-stderr stream-files cut.gz
	[[ $stderr = "stream-files: '$PWD/cut.gz': the compressed data end too early (--on-error skip leaves out the rest of it)" ]]
	printf 'no gzip at all' > bad.zst
	run -1 stream-files bad.zst
	[[ $output = *"the compressed data are damaged (--on-error skip leaves out the rest of it)" ]]
}

@test "what is not there or cannot be read is an error" {
	run -1 stream-files nowhere
	[ "$output" = "stream-files: cannot open 'nowhere': No such file or directory" ]
	run -1 stream-files 'no*'
	[ "$output" = "stream-files: no file matches 'no*'" ]
	run -2 stream-files
	[[ $output = *"nothing to read"* ]]
}

@test "a directory that cannot be read is an error" {
	[ "$(id -u)" -eq 0 ] && ! command -v setpriv && skip "needs setpriv"
	mkdir d
	chmod 0 d
	as=
	[ "$(id -u)" -eq 0 ] && as="setpriv --reuid 65534 --clear-groups"
	chmod 755 .
	run -1 $as "$(command -v stream-files)" d
	[[ $output = *"Permission denied" ]]
}

@test "lines that begin as control lines do are refused, counted, kept" {
	printf 'a\n{"#bief":{"eof":1}}\nb\n' > f
	stream-files --rejects rejects f > out 2> err
	is out <<< $'a\nb'
	grep -q 'begins as a control line' err
	grep -qF '{\"#bief\":{\"eof\":1}}' rejects
	run -1 stream-files --on-error fail f
}

@test "a line beyond --max-line is refused and never gathered whole" {
	{ echo a; head -c 100000000 /dev/zero | tr '\0' x; echo; echo b; } > f
	# A sanitizer wants more room than there is.
	sanitized || limit=50000
	(ulimit -v ${limit:-unlimited}
	stream-files --max-line 1M --rejects rejects f) > out 2> err
	is out <<< $'a\nb'
	grep -q 'too long' err
	[ "$(wc -l < rejects)" -eq 1 ]
	printf 'aaaaa\nbb\n' | stream-files --max-line 4 - > out 2> err
	is out <<< bb
}

@test "--max-files bounds a batch" {
	mkdir d
	for i in 1 2 3; do echo $i > d/$i; done
	touch -d 2026-01-01 d/*
	export BIEF_CLOCK=2026-11-21T08:00:00Z
	stream-files --trigger available-now --max-files 2 d > out
	is out <<- 'END'
	{"#bief":{"stream":1,"trigger":"available-now"}}
	{"#bief":{"begin":0,"time":"2026-11-21T08:00:00Z"}}
	1
	2
	{"#bief":{"end":0}}
	{"#bief":{"begin":1,"time":"2026-11-21T08:00:00Z"}}
	3
	{"#bief":{"end":1}}
	{"#bief":{"eof":1}}
	END
}

@test "--max-records bounds a batch, which never ends within a line" {
	seq 5 > f
	printf 6 > g
	stream-files --trigger available-now --max-records 2 f g > out
	sed -i 's/^{"#bief":{"\([a-z]*\).*/\1/' out
	paste -sd ' ' out > got
	is got <<< "stream begin 1 2 end begin 3 4 end begin 5 6 end eof"
}

@test "once takes all into one batch, whatever the limits" {
	mkdir d
	for i in 1 2 3; do echo $i > d/$i; done
	touch -d 2026-01-01 d/*
	stream-files --trigger once --max-files 1 --max-records 1 d > out
	[ "$(grep -c begin out)" -eq 1 ]
	grep -v bief out > got
	is got <<< $'1\n2\n3'
}

@test "limits without batches are refused with the remedy" {
	run -2 stream-files --max-files 1 .
	[[ $output = *"add --trigger available-now"* ]]
}

@test "--follow takes files as they are renamed, linked or closed" {
	mkdir d
	echo a > d/a
	stream-files --follow d > out &
	wait_for has a
	echo b > tmp; mv tmp d/b
	wait_for has a b
	echo c > d/c
	wait_for has a b c
	echo d > tmp; ln tmp d/d
	wait_for has a b c d
	exec 5> d/e; echo e1 >&5
	echo f > d/f
	wait_for has f
	run ! has e1
	echo e2 >&5; exec 5>&-
	wait_for has e1 e2
	stop $!
	[ "$(wc -l < out)" -eq 7 ]
}

@test "a file is read once, by its path" {
	mkdir d
	echo a > d/a
	stream-files --trigger 10ms d > out &
	wait_for has a
	echo again >> d/a
	echo b > d/b
	wait_for has b
	stop $!
	run ! has again
	[ "$(grep -c '^a$' out)" -eq 1 ]
	[ "$(tail -1 out)" = '{"#bief":{"eof":1}}' ]
}

@test "new files that match a glob are taken, others are not" {
	mkdir d
	stream-files --trigger 10ms 'd/*.json' > out &
	wait_for has '{"#bief":{"stream":1,"trigger":"10ms"}}'
	echo no > d/a.txt
	echo yes > d/a.json
	wait_for has yes
	stop $!
	run ! has no
}

@test "a directory that goes away while it is watched is an error" {
	mkdir d
	echo a > d/a
	stream-files --follow d > out 2> err &
	wait_for has a
	rm -r d
	status=0
	wait $! || status=$?
	[ "$status" -eq 1 ]
	grep -q 'is gone' err
}

@test "--follow reads a growing file through rotation and truncation" {
	printf 'one\ntw' > log
	stream-files --follow log > out 2> err &
	wait_for has one
	printf 'o\nthree\n' >> log
	wait_for has two three
	mv log log.1
	printf 'four\nlast' >> log.1
	echo five > log
	wait_for has four last five
	: > log
	wait_for grep -q truncated err
	echo six > log
	wait_for has six
	rm log
	echo seven > log
	wait_for has seven
	stop $!
	[ "$(wc -l < out)" -eq 8 ]
}

@test "a file to be followed that is not there yet is waited for" {
	stream-files --follow log > out 2> err &
	wait_for grep -q 'waiting for it' err
	echo a > log
	wait_for has a
	stop $!
}

@test "files much older than the newest one read are ignored" {
	mkdir d
	echo new > d/new
	stream-files --trigger 10ms --max-file-age 1d d > out &
	wait_for has new
	echo old > old
	touch -d '3 days ago' old
	mv old d/old
	echo next > d/next
	wait_for has next
	stop $!
	run ! has old
}

@test "a reader that goes away ends an idle source" {
	mkdir d
	echo a > d/a
	stream-files --follow d | head -1 > out
	is out <<< a
}

@test "a pipe that pauses does not hold back what has come" {
	mkfifo p
	stream-files p > out &
	exec 5> p
	echo a >&5
	wait_for has a
	printf 'b\nc' >&5
	wait_for has b
	exec 5>&-
	wait $!
	is out <<< $'a\nb\nc'
}

@test "with a checkpoint each run takes what is new" {
	mkdir d
	echo '{"a":1}' > d/1
	go() { stream-files --checkpoint ck d | sink-files out.d; }
	go
	printf '{"a":2}\n{"a":3}' > d/2
	go
	go
	cat out.d/part-* > got
	is got <<< $'{"a":1}\n{"a":2}\n{"a":3}'
}

@test "with a checkpoint a growing file goes on where it was, renamed or not" {
	printf '{"a":1}\n{"a"' > log
	go() { stream-files --follow --checkpoint ck log | sink-files out.d; }
	go
	printf ':2}\n' >> log
	go
	echo '{"a":3}' >> log
	mv log log.1
	echo '{"a":4}' > log
	go
	cat out.d/part-* > got
	is got <<< $'{"a":1}\n{"a":2}\n{"a":3}\n{"a":4}'
}

@test "a batch that is run again reads the same lines" {
	mkdir d
	for i in 1 2 3 4 5; do seq -f '{"a":%g}' ${i}1 ${i}7 > d/$i; done
	gzip d/3
	touch -d 2026-01-01 d/*
	go() {
		stream-files --checkpoint ck --max-records 3 d |
			tee $1 | sink-files out.d
	}
	go first
	rm ck/commits/*/*.commit
	echo '{"a":0}' > d/0
	go second
	grep -v bief first > a
	grep -v bief second > b
	echo '{"a":0}' >> a
	diff a b
	[ "$(grep -c begin second)" -eq 13 ]
}

@test "a batch that cannot be read again is an error" {
	mkdir d
	echo '{"a":1}' > d/1
	stream-files --checkpoint ck d | sink-files out.d
	rm ck/commits/*/*.commit d/1
	stream-files --checkpoint ck d 2> err | sink-files out.d || :
	grep -q "cannot run a batch again: '$PWD/d/1' is gone" err
}

@test "--clean deletes or archives what every sink has" {
	mkdir d old
	go() {
		stream-files --checkpoint ck --clean $1 d | sink-files out.d
	}
	run -2 stream-files --clean delete d
	for i in 1 2; do echo "{\"a\":$i}" > d/$i; done
	go delete
	go delete
	[ -z "$(ls d)" ]
	echo '{"a":3}' > d/3
	go archive=old
	go archive=old
	[ "$(ls old)" = 3 ]
	cat out.d/part-* > got
	is got <<< $'{"a":1}\n{"a":2}\n{"a":3}'
}

@test "standard input with a checkpoint is refused" {
	run -2 stream-files --checkpoint ck -
	[[ $output = *"cannot be read again"* ]]
}

@test "names that are not UTF-8 survive a checkpoint" {
	mkdir d
	echo '{"a":1}' > d/$'\xff\xe9"\\'
	go() { stream-files --checkpoint ck d | sink-files out.d; }
	go
	go
	[ "$(cat out.d/part-*)" = '{"a":1}' ]
}

@test "the 50 event files hold 100,000 records" {
	shared
	[ "$(stream-files "$SHARED/data/events" | wc -l)" -eq 100000 ]
}

@test "a file that vanishes before it is read is told, and the rest read" {
	mkdir d
	seq 1000000 > d/1
	echo two > d/2
	echo three > d/3
	touch -d 2026-01-01 d/*
	mkfifo p
	stream-files d > p 2> err &
	exec 5< p
	read -r line <&5 # it has looked at the directory, and cannot go on
	rm d/2
	cat <&5 > out
	wait $!
	[ "$(tail -1 out)" = three ]
	run ! has two
	grep -q "'$PWD/d/2' has vanished" err
}

@test "--ready-fd tells when the files are known" {
	seq 3 >f
	stream-files --ready-fd 3 f 3>ready >out
	is ready <<<ready
}

@test "--partitions adds what the names of directories tell to their objects" {
	mkdir -p d/day=1/hour=08 d/day=__HIVE_DEFAULT_PARTITION__ \
		'd/day=a%3Db c' d/other d/_x=1
	echo '{"a":1}' > d/day=1/hour=08/f
	printf '{"a":2} \n\n{ }' > d/day=__HIVE_DEFAULT_PARTITION__/f
	echo "{'a':3}" > 'd/day=a%3Db c/f'
	echo '{"a":4}' > d/f
	echo '{"a":5}' > d/other/f
	echo '{"a":6}' > d/_x=1/f
	touch -d 2026-01-01 d/f d/*/f d/*/*/f
	stream-files --partitions d > out
	sort out > sorted
	is sorted <<-'E'

	{ "day":null}
	{"a":1,"day":1,"hour":"08"}
	{"a":2,"day":null}
	{"a":4}
	{"a":6,"_x":1}
	{'a':3,"day":"a=b c"}
	E
	stream-files d > out
	is out <<< '{"a":4}'
	stream-files --partitions 'd/day*' > out
	[ "$(grep -c day out)" -eq 0 ]
	mkdir -p "e/k=$(printf '\377')%4" e/k=%2d1
	echo '{}' | tee e/k=%2d1/f > "e/k=$(printf '\377')%4/f"
	stream-files --partitions e | sort > out
	is out <<< $'{"k":"\ufffd%4"}\n{"k":-1}'
}

@test "--partitions refuses a line that is no object" {
	mkdir -p d/k=1
	printf 'x\n{"a":1}\n[1]\n}\n' > d/k=1/f
	run -0 --separate-stderr stream-files --partitions --rejects r d
	[ "$output" = '{"a":1,"k":1}' ]
	[ "$(wc -l < r)" -eq 3 ]
	[[ $stderr == *"is no JSON object"* ]]
	run -1 stream-files --partitions --on-error fail d
}

@test "what sink-files parts, --partitions puts together, over a restart too" {
	printf '{"a":%s,"p":"%s","q":%s}\n' 1 x 1 2 y/% null 3 x 2 > in
	sink-files out --partition-by p,q < in
	run_() {
		stream-files --partitions --checkpoint ck --max-records 1 out |
			parse-json -s 'a int, p string, q int' |
			sink-table --db db --table t --mode append
	}
	run_
	echo '{"a":4,"p":"z","q":3}' | sink-files new --partition-by p,q
	mv new/p=z out
	run_
	sqlite3 db 'select a, p, q from t order by a' > rows
	is rows <<-'E'
	1|x|1
	2|y/%|
	3|x|2
	4|z|3
	E
}

@test "--max-bytes bounds a batch, which has one file at least" {
	mkdir d
	for i in 1 2 3 4; do printf '%s123456789\n' $i > d/$i; done
	printf '%0100d\n' 5 > d/5
	touch -d 2026-01-01 d/*
	stream-files --trigger available-now --max-bytes 25 d |
		grep -o '^[1-9]\|"begin":[0-9]*\|^0' > out
	is out <<-'E'
	"begin":0
	1
	2
	"begin":1
	3
	4
	"begin":2
	0
	E
	run -2 stream-files --trigger once --max-bytes 1k --max-files 1 d
	run -2 stream-files --max-bytes 1k d
}

@test "--file-name-only knows a file by its last name" {
	mkdir -p d/a d/b
	run_() {
		stream-files --file-name-only --checkpoint ck 'd/*' |
			parse-text | tee -a out | sink-files t
	}
	echo 1 > d/a/f
	run_
	echo 2 > d/b/f
	echo 3 > d/b/g
	run_
	grep -o '"value":"."' out > values
	is values <<< $'"value":"1"\n"value":"3"'
}

@test "--clean archive keeps the directories, and nothing is overwritten" {
	mkdir -p d/k=1 d/k=2 old/k=2
	echo '{"a":1}' > d/k=1/f
	echo '{"a":2}' > d/k=2/f
	echo old > old/k=2/f
	run_() {
		stream-files --partitions --checkpoint ck \
			--clean archive=old d | sink-files out
	}
	run_
	echo '{"a":3}' > d/k=1/g
	run_ 2> err
	[ "$(cat old/k=1/f)" = '{"a":1}' ]
	[ "$(cat old/k=2/f)" = old ]
	[ "$(cat old/k=2/f.1)" = '{"a":2}' ]
	[ ! -e d/k=2/f ]
}

@test "--clean does not archive into what is read from" {
	mkdir fin
	for from in fin 'fi*/*.json' 'fin/*'; do
		run -2 stream-files --clean archive=fin --checkpoint ck "$from"
		[[ "$output" == *"--clean archives into 'fin', which is read from: name another directory"* ]]
	done
	run -2 stream-files --trigger once --max-files 0 fin
	[[ "$output" == *"--max-files is at least 1"* ]]
}
