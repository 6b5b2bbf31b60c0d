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
