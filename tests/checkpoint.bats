#!/usr/bin/env bats
# Checkpoints in bad company: what they survive, and what they refuse.
# (tests/crash and tests/damage try all of it at length: make crash.)

load lib

SHIM=$TOP/${B:-build}/shim.so

# A checkpoint of three batches, with a table and files, and new input; the
# answer of an undisturbed run in want.
PIPELINE='stream-files --checkpoint ck --max-files 1 --sinks 2 in |
	parse-json | tee >(sink-files out) | agg --mode update --by a count |
	sink-table --db x.db --table t'
made() {
	mkdir in
	for i in 1 2 3; do
		printf '{"a":%d}\n' $i 0 >in/$i
	done
	bief run "$PIPELINE" 2>err
	printf '{"a":4}\n{"a":0}\n' >in/4
	seq 4 | sed 's/.*/&|1/' | cat <(echo '0|4') - >want
}

answer() {
	sqlite3 -readonly x.db 'SELECT * FROM t ORDER BY a'
	[ "$(jq -r 'select(.path).path' out/_bief_log/0* | sed 's,^,out/,' |
		xargs cat | wc -l)" -eq $((2 * $(ls in | wc -l))) ]
}

# All but the locks, which tell who was there last.
picture() {
	find ck out -type f ! -name lock ! -name '*.tmp' -exec md5sum {} + | sort
	sqlite3 -readonly x.db .dump
}

# refused STATUS TEXT: the next run is, with this in its message, and nothing
# has changed.
refused() {
	picture >before
	run -"$1" bief run "$PIPELINE"
	[[ $output == *"$2"* ]]
	picture | diff before -
}

goes_on() {
	bief run "$PIPELINE" 2>err
	answer | diff want -
}

# The program BIEF_FAULT names fails as it says, in this command.
broken() {
	rm -f mark
	BIEF_FAULT=$1 BIEF_FAULT_MARK=$PWD/mark BIEF_FAULT_NOSYNC=1 \
		LD_PRELOAD=$SHIM "${@:2}"
}

# ---- damaged ----

@test "damaged files are noticed or do not matter: some of them" {
	not_sanitized
	BIEF_SHIM=$SHIM "$TOP/tests/damage" --every 500 >out || { cat out; return 1; }
	tail -1 out | grep -q ', 0 failed'
}

@test "killed and broken at some moments, pipelines go on with the same result" {
	not_sanitized
	BIEF_SHIM=$SHIM "$TOP/tests/crash" --sample 3 >out || { cat out; return 1; }
	tail -1 out | grep -q ', 0 failed'
}

# ---- gone ----

@test "a checkpoint without its metadata is refused" {
	made
	mv ck/metadata .
	refused 3 "metadata' is missing"
	mv metadata ck
	goes_on
}

@test "a batch that is missing in the middle is refused" {
	made
	rm ck/commits/*agg+*/[12].commit
	mv ck/offsets/*/1.offset .
	refused 3 "1.offset' is missing: where batch 1 ended is not known"
	mv 1.offset ck/offsets/*/
	mv ck/state/*/0.delta .
	refused 3 "the state of batch 0 is missing"
	mv 0.delta ck/state/*/
	goes_on
}

@test "the newest offset of a batch that stages have is not made anew" {
	made
	rm ck/commits/*/2.commit
	mv ck/offsets/*/2.offset .
	refused 3 "2.offset' is missing"
	mv 2.offset ck/offsets/*/
	goes_on
}

@test "a table that is gone, or its rows of _bief_batches, is refused" {
	made
	cp x.db old.db
	for change in 'DROP TABLE t' 'DROP TABLE _bief_batches' \
		'DELETE FROM _bief_batches' \
		'UPDATE _bief_batches SET batch = 1'; do
		cp old.db x.db
		sqlite3 x.db "$change"
		refused 3 "table 't' in 'x.db': it is gone, or older"
	done
	rm x.db
	run -3 bief run "$PIPELINE"
	[[ $output == *"table 't' in 'x.db': it is gone, or older"* ]]
	cp old.db x.db
	goes_on
}

@test "files that are gone, or older, are refused" {
	made
	cp -r out old
	for i in ck/commits/*files/2.commit; do
		grep -q '"mark":2' "$i"
	done
	for change in 'out/_bief_log/0000000002' 'out/_bief_log/checkpoint' \
		'out/_bief_log' out; do
		rm -r "$change"
		refused 1 "directory 'out': what the checkpoint has committed"
		rm -rf out
		cp -r old out
	done
	goes_on
}

# ---- of others ----

@test "a checkpoint of another pipeline is refused, with what is other" {
	made
	mkdir more
	PIPELINE=${PIPELINE/ in / more } refused 3 "its source is 'stream-files,in'"
	PIPELINE=${PIPELINE/--by a/--by a,b} refused 3 "--by 'a'"
	PIPELINE=${PIPELINE/agg/dedup | agg} refused 3 "stage 'stream-files,in+dedup' is not in the checkpoint"
	goes_on
}

@test "a file of a newer version is refused, though its checksum fits" {
	made
	python3 - ck/metadata <<-'EOF'
	import sys
	table = []
	for i in range(256):
	    for _ in range(8):
	        i = i >> 1 ^ (0x82f63b78 if i & 1 else 0)
	    table.append(i)
	data = open(sys.argv[1], 'rb').read()[:-18]
	data = data.replace(b'bief-checkpoint 1', b'bief-checkpoint 2')
	crc = 0xffffffff
	for b in data:
	    crc = table[(crc ^ b) & 255] ^ crc >> 8
	open(sys.argv[1], 'wb').write(data + b'\n#crc32c %08x\n' % (crc ^ 0xffffffff))
	EOF
	refused 3 "metadata' is of version 2, this program reads version 1: update bief"
}

# ---- the system says no ----

@test "a checkpoint that may not be written ends with a message, and goes on later" {
	made
	chmod -R a+rX . && chmod 777 in
	setpriv --reuid 65534 --clear-groups true 2>/dev/null || skip "not root"
	setpriv --reuid 65534 --clear-groups test -x "$(command -v bief)" -a \
		-r in/4 || skip "others may not go here"
	picture >before
	run -1 setpriv --reuid 65534 --clear-groups bief run "$PIPELINE"
	[[ $output == *"cannot open 'ck/"*"Permission denied"* || \
		$output == *"/ck/"*"Permission denied"* ]]
	picture | diff before -
	goes_on
}

@test "on a file system that is read-only nothing changes, and it goes on later" {
	made
	unshare -rm true 2>/dev/null || skip "no namespaces"
	picture >before
	run -1 unshare -rm bash -c 'mount -o bind,ro "$1" "$1" 2>/dev/null ||
		mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" || exit 77
		cd "$1" && bief run "$2"' - "$PWD" "$PIPELINE"
	[[ $output == *"Read-only file system"* ]]
	picture | diff before -
	goes_on
}

# broken_at OP WHAT: calls of that kind, earlier and later ones, of the source, the
# stage and the sinks.
broken_at() {
	local i program
	for program in stream-files agg sink-files sink-table; do
		for i in 1 2 4 7 11 16 22 29 37; do
			rm -rf ck out x.db* in
			cp -r "$saved"/. .
			broken "$program $1 $i $2" bash -o pipefail -c "$PIPELINE" \
				>out1 2>&1 || true
			[ -e mark ] || break
			goes_on || { echo "$program $1 $i $2"; cat out1 err; return 1; }
		done
		[ "$i" -gt 1 ]
	done
}

@test "no space, at one call or from there on, is survived" {
	not_sanitized
	made
	saved=$(mktemp -d)
	cp -r in ck out x.db "$saved"
	broken_at write enospc-on
	broken_at open EROFS
	rm -rf "$saved"
}

@test "where the clock was set back, the time of batches is not" {
	mkdir in
	echo '{"a":1}' >in/1
	BIEF_CLOCK=2026-01-02T00:00:00Z bief run "stream-files --checkpoint ck in |
		sink-files out"
	echo '{"a":2}' >in/2
	BIEF_CLOCK=2026-01-01T00:00:00Z bief run "stream-files --checkpoint ck in |
		tee begun | sink-files out"
	grep -q '"begin":1,"time":"2026-01-02T00:00:00Z"' begun
	cat ck/offsets/*/1.offset | grep -q '"time":1767312000000000'
}

# ---- the order of writing ----

# What each process has written and not yet flushed must be nothing when it names
# an offset or a commit, and a file must be flushed before it gets its name.
unflushed() {
	awk '
	function up(path) { sub("/[^/]*$", "", path); return path }
	$3 ~ "/lock$" || $3 ~ "-shm$" || index($3, at) != 1 { next }
	$2 == "write" { dirty[$1, $3] = $3 }
	$2 == "fsync" || $2 == "unlink" { delete dirty[$1, $3] }
	$2 == "mkdir" { dirty[$1, up($3)] = up($3) }
	$2 == "from" && ($1, $3) in dirty { print "not flushed: " $3 }
	$2 == "rename" && $3 ~ "/[0-9]*[.](offset|commit)$" {
		for (i in dirty) {
			split(i, part, SUBSEP)
			if (part[1] == $1)
				print "before " $3 ": " dirty[i]
		}
		named++
	}
	$2 == "rename" { dirty[$1, up($3)] = up($3) }
	END { if (named < 3) print "too few: " named + 0 }' at="$1" "$2"
}

@test "what an offset or a commit stands for is on disk before" {
	not_sanitized
	mkdir in
	for i in 1 2 3; do
		printf '{"a":%d,"b":1}\n' 0 $i >in/$i
	done
	LD_PRELOAD=$SHIM BIEF_FAULT_NOSYNC=1 BIEF_FAULT_LOG=$PWD/log bash -c "$(
		sed 's/(sink-files out)/(sink-files out --partition-by a,b)/' \
			<<<"$PIPELINE")"
	unflushed "$PWD" log >found
	is found </dev/null
	grep -q 'fsync .*/x.db-wal' log
}

@test "what a journal holds is on disk before its offset" {
	not_sanitized
	seq -f '{"n":%.0f}' 40 >f
	mkfifo ready
	serve-lines f --once --rate 400 --port 0 --ready-fd 3 3>ready &
	read -r port <ready
	LD_PRELOAD=$SHIM BIEF_FAULT_NOSYNC=1 BIEF_FAULT_LOG=$PWD/log \
		stream-socket --checkpoint ck --trigger 5ms "$port" | sink-files out
	unflushed "$PWD" log >found
	is found </dev/null
	grep -q 'rename .*[.]journal' log
}

# ---- several of them ----

@test "the slowest sink decides where to go on, the others skip what they have" {
	made
	cp x.db old.db
	rm ck/commits/*agg+*/2.commit
	sqlite3 x.db "UPDATE _bief_batches SET batch = 1; DELETE FROM t WHERE a = 3;
		UPDATE t SET count = 2 WHERE a = 0"
	bief run "${PIPELINE/parse-json/parse-json | tee seen}" 2>err
	[ "$(grep -o '"begin":[0-9]*' seen | tr '\n' ' ')" = '"begin":2 "begin":3 ' ]
	answer | diff want -
}

# The process waits: it comes to a wait again and again.
waits() {
	local n
	switches() {
		awk '/^voluntary/ { print $2 }' "/proc/$1/status"
	}
	later() {
		[ "$(switches "$1")" -gt "$2" ]
	}
	n=$(switches "$1")
	wait_for later "$1" $((n + 10))
}

@test "a source is 16 batches ahead of the slowest sink, and no more" {
	mkdir in
	for i in $(seq -w 20); do
		echo '{"a":1}' >"in/$i"
	done
	mkfifo go
	bief run 'stream-files --checkpoint ck --max-files 1 in |
		sh -c "read -r x; echo \"\$x\"; cat go; cat" |
		sink-table --db x.db --table t' 2>err &
	local offsets=ck/offsets/stream-files,in
	wait_for test -e "$offsets/15.offset"
	waits "$(sed -n '2s/ .*//p' "$offsets/lock")"
	[ ! -e "$offsets/16.offset" ]
	: >go
	wait $!
	[ -e "$offsets/19.offset" ]
	[ "$(sqlite3 x.db 'SELECT count(*) FROM t')" = 20 ]
}

@test "a name becomes that of a directory, cut and marked where it must be" {
	local long name
	long=$(printf 'n%.0s' {1..100})
	mkdir in
	echo '{"a":1}' >in/1
	for name in "$long" "${long}m" 'a b/c' _-.+,=@; do
		stream-files --checkpoint ck "--name=$name" in | parse-json |
			sink-table --db x.db --table "t $name" --name s
		[ "$(sqlite3 x.db "SELECT count(*) FROM \"t $name\"")" = 1 ]
		ls ck/offsets >>got
		ls ck/commits >>got
		rm -r ck
	done
	# The marks are FNV-1a's of the whole names, found by another program.
	is got <<-END
	$long
	$long~a8362e07
	$long~a431db71
	$long~b1d28349
	a_b_c~ec38f684
	a_b_c+s~facbdadc
	_-.+,=@~ed5990b6
	_-.+,=@+s~379cdb52
	END
}

@test "a sink that is gone is refused, and its name told" {
	made
	local gone='tee >(sink-files out) |' P=${PIPELINE/--sinks 2 /}
	P=${P/"$gone"/}
	picture >before
	run -3 bief run "$P"
	[[ $output == *"the sink 'stream-files,in+sink-files' of the checkpoint"*"is not there"* ]]
	picture | diff before -
	goes_on
}

@test "two agg in one pipeline keep apart, and so do the branches of a tee" {
	mkdir in
	for i in 1 3 5; do
		echo '{"t":"2026-01-01T0'$i':00:00Z"}' >in/$i
		bief run 'stream-files --checkpoint ck --sinks 2 in | parse-json |
			tee >(agg --name one --mode complete count |
				sink-table --db x.db --table one) |
			window --on t --size 1h --watermark 0s |
			agg --mode append count | window --on window --size 2h |
			agg --mode append count |
			sink-table --db x.db --table two'
	done
	[ "$(sqlite3 x.db 'SELECT * FROM one')" = 3 ]
	[ "$(sqlite3 x.db 'SELECT count(*), sum("count") FROM two')" = '2|2' ]
	[ "$(ls ck/state | grep -c agg)" -eq 3 ]
	# with 2, where the shell tells of the one that refuses
	run bief run 'stream-files --checkpoint ck2 --sinks 2 in | parse-json |
		tee >(agg --mode complete count | sink-table --db y.db --table a) |
		agg --mode complete count | sink-table --db y.db --table b'
	[ "$status" -ne 0 ]
	[[ $output == *"another stage of this pipeline is called"*"--name"* ]]
}

@test "two sources of one join recover together from the middle of a run" {
	mkdir l r
	for i in 1 2 3; do
		printf '{"k":%d,"t":"2026-01-01T0%d:00:00Z"}\n' $i $i >l/$i
		printf '{"k":%d,"u":"2026-01-01T0%d:00:00Z"}\n' $i $i >r/$((4 - i))
		touch -d @$((1000 + i)) l/$i
		touch -d @$((1004 - i)) r/$((4 - i))
	done
	join() {
		join-stream --on k \
			<(stream-files --checkpoint "$1" --max-files "$2" l) \
			<(stream-files --checkpoint "$1" --max-files "$2" r) |
			sink-table --db "$1.db" --table t
	}
	join once 1
	join ck 1
	rm ck/commits/*/[12].commit
	# of the first batch there was nothing to join
	sqlite3 ck.db 'DELETE FROM t; UPDATE _bief_batches SET batch = 0'
	join ck 3
	for db in once.db ck.db; do
		sqlite3 $db 'SELECT k, t, u FROM t ORDER BY k' >$db.rows
	done
	diff once.db.rows ck.db.rows
	[ -s ck.db.rows ]
}

# ---- from cron ----

@test "available-now takes what is new, and says so when there is nothing" {
	mkdir in
	for n in 0 1; do
		echo '{"a":1}' >in/$n
		run -0 --separate-stderr bief run 'stream-files --checkpoint ck in |
			tee seen | sink-files out'
		[ "$stderr" = "" ]
		grep -q "\"end\":$n" seen
		run -0 --separate-stderr bief run 'stream-files --checkpoint ck in |
			tee seen | sink-files out'
		[ "$stderr" = "stream-files: no new data" ]
		[ "$(ls out/part-* | wc -l)" -eq $((n + 1)) ]
	done
}

@test "a second run while the first goes on is refused at once" {
	mkdir in
	stream-files --checkpoint ck --follow --trigger 10ms in >p &
	local first=$!
	wait_for grep -q stream p
	run -1 bash -o pipefail -c 'stream-files --checkpoint ck in | parse-json |
		sink-files out'
	[[ $output == "stream-files: another run of this pipeline is at work with the checkpoint '$PWD/ck' (process $first, since 20"*"): this run has done nothing; let that one end, or stop it" ]]
	[ ! -e out ]
	kill $first
}

@test "a run that meets only a sink still committing waits for it" {
	mkdir in
	mkfifo p
	sink-table --db x.db --table t <p &
	local sink=$! source second
	stream-files --checkpoint ck --follow --trigger 10ms in | tee seen >p &
	wait_for grep -q '"end":0' seen
	source=$(sed -n 2s/\ .*//p ck/offsets/*/lock)
	coproc sqlite3 x.db
	printf '%s\n' '.timeout 60000' 'BEGIN IMMEDIATE;' "SELECT 'locked';" \
		>&"${COPROC[1]}"
	read -r _ <&"${COPROC[0]}"
	echo '{"a":1}' >in/1
	wait_for grep -q '"a":1' seen
	kill "$source"
	wait_for grep -q eof seen
	echo '{"a":2}' >in/2
	stream-files --checkpoint ck in 2>err | sink-table --db x.db --table t &
	second=$!
	wait_for grep -q "waiting for 'stream-files,in+sink-table' of an earlier run" err
	echo COMMIT\; >&"${COPROC[1]}"
	wait $sink
	wait $second
	[ "$(sqlite3 x.db 'SELECT * FROM t')" = $'1\n2' ]
}

@test "a checkpoint is its user's alone, and links in it are not followed" {
	umask 022
	mkdir in
	echo '{"a":1}' > in/1
	run_() {
		stream-files --checkpoint ck in | parse-json |
			agg --mode complete count | sink-table --db t.db --table t
	}
	run_
	[ -z "$(find ck -type d ! -perm 0700)" ]
	[ -z "$(find ck -type f ! -perm 0600)" ]
	# as an earlier version has made them
	chmod 644 ck/lock ck/*/*/lock
	echo '{"a":2}' > in/2
	run_
	[ -z "$(find ck -type f -name lock ! -perm 0600)" ]
	echo precious > target
	rm ck/lock ck/offsets/*/lock
	ln -s "$PWD/target" ck/offsets/*/lock 2>/dev/null ||
		ln -s "$PWD/target" "$(echo ck/offsets/*)/lock"
	echo '{"a":3}' > in/3
	run run_
	[[ $output = *"/lock': Too many levels of symbolic links"* ]]
	is target <<< precious
}

@test "waiting for the lock of a checkpoint ends at SIGTERM" {
	mkdir ck in
	: > ck/lock
	command -v python3 || skip "needs python3"
	flock_() { # an open file description lock, as ours are
		exec python3 -c 'import fcntl, os, struct, sys, time
f = os.open("ck/lock", os.O_RDWR)
fcntl.fcntl(f, 37, struct.pack("hhqqi4x", 1, 0, 0, 0, 0))
print("held", flush=True)
time.sleep(600)'
	}
	flock_ > held &
	wait_for grep -q held held
	stream-files --checkpoint ck in > out 2> err & pid=$!
	catches() { # has it set up to be told by SIGTERM?
		[ $((0x$(awk '/SigCgt/ { print $2 }' /proc/$1/status) & 0x4000)) -ne 0 ]
	}
	wait_for catches $pid
	kill -TERM $pid
	wait_for grep -q "stopped while it waited" err
	# (run would wait in a shell whose child it is not.)
	local rc=0
	wait $pid || rc=$?
	[ "$rc" = 1 ]
}

# ---- what a sink writes to ----

# A pipeline of one source with a checkpoint into the sink that is told.
into() {
	stream-files --trigger available-now --checkpoint ck in |
		parse-json -s 'n int' | { "$@" 2>err; echo $? >status; }
}

@test "a look on the terminal does not take what is a table's" {
	mkdir in
	echo '{"n":1}' >in/1
	into sink-table --db q.db --table t
	echo '{"n":2}' >in/2
	into sink-table >out || true
	[ ! -s out ]
	is err <<-END
	sink-table: this checkpoint writes table t of q.db: put that back, take another --checkpoint, or give it up: bief state $PWD/ck forget stream-files,in+sink-table
	END
	is status <<<3
	echo '{"n":3}' >in/3
	into sink-table --db q.db --table t
	[ "$(sqlite3 q.db 'SELECT n FROM t')" = $'1\n2\n3' ]
}

@test "another table, database or directory is refused, and nothing is made or lost" {
	local other
	mkdir in
	echo '{"n":1}' >in/1
	into sink-table --db q.db --table t
	echo '{"n":2}' >in/2
	for other in 'r.db --table t' 'q.db --table u'; do
		into sink-table --db $other || true
		grep -q '^sink-table: this checkpoint writes table t of q.db: ' err
		is status <<<3
		into sink-table --db $other --mode append || true
		is status <<<3
	done
	[ ! -e r.db ]
	[ "$(sqlite3 q.db "SELECT name FROM sqlite_master WHERE name = 'u'")" = '' ]
	into sink-table --db q.db --table t
	[ "$(sqlite3 q.db 'SELECT n FROM t')" = $'1\n2' ]
	rm -r ck in/2
	into sink-files d
	echo '{"n":2}' >in/2
	into sink-files e || true
	grep -q '^sink-files: this checkpoint writes directory d: ' err
	[ ! -e e ]
	mkdir e
	into sink-files e || true
	is status <<<3
	[ -z "$(ls -A e)" ]
	into sink-files d
	cat d/part-* >out
	is out <<-'END'
	{"n":1}
	{"n":2}
	END
}

@test "a checkpoint that was shown on the terminal is no table's, until the sink is given up" {
	mkdir in
	echo '{"n":1}' >in/1
	into sink-table >out
	echo '{"n":2}' >in/2
	into sink-table --db q.db --table t || true
	grep -q '^sink-table: this checkpoint writes to standard output: ' err
	[ ! -e q.db ]
	bief state ck forget stream-files,in+sink-table
	into sink-table --db q.db --table t
	[ "$(sqlite3 q.db 'SELECT n FROM t')" = 2 ]
}

@test "a table or a directory that was moved goes on where it is now" {
	mkdir in
	echo '{"n":1}' >in/1
	into sink-table --db q.db --table t
	mkdir new
	mv q.db new/r.db
	echo '{"n":2}' >in/2
	into sink-table --db new/r.db --table t
	[ "$(sqlite3 new/r.db 'SELECT n FROM t')" = $'1\n2' ]
	into sink-table --db q.db --table t || true
	grep -q '^sink-table: this checkpoint writes table t of new/r.db: ' err
	rm -r ck
	into sink-files d
	mv d e
	echo '{"n":3}' >in/3
	into sink-files ./e
	cat e/part-* >out
	is out <<-'END'
	{"n":1}
	{"n":2}
	{"n":3}
	END
}

@test "a sink of another kind is refused by the source, which says what the first one writes" {
	mkdir in
	echo '{"n":1}' >in/1
	into sink-files d
	echo '{"n":2}' >in/2
	stream-files --trigger available-now --checkpoint ck in 2>err |
		sink-table >out 2>/dev/null || true
	[ ! -s out ]
	is err <<-END
	stream-files: this checkpoint writes directory d: the pipeline has changed: the sink 'stream-files,in+sink-files' of the checkpoint '$PWD/ck' is not there: put it back, or give it up: bief state $PWD/ck forget stream-files,in+sink-files
	END
	into sink-files d
	[ "$(cat d/part-*)" = $'{"n":1}\n{"n":2}' ]
}
