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
sends() { # WHAT [ROWS]
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

build() {
	readelf -n "$(command -v bief)" | sed -n 's/.*Build ID: //p' | tail -n 1
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

# It tells of itself when it reads.
source_sends() {
	echo '{"k":"k9","i":0}' >&9
	shows '[.[].programs[] | select(.program == "stream-files") | .sends] ==
		["records"]'
}

@test "a source sends its lines in blocks" {
	hold bash -c 'stream-files in.json hold | parse-json | '"$agg"
	sends records
	wait_for source_sends
	let_go
	grep -v k9 out >seven
	all_is seven
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
	python3 - "$(command -v bief)" "$(build)" <<-'END'
	import os, sys
	data, build = open(sys.argv[1], 'rb').read(), bytes.fromhex(sys.argv[2])
	assert data.count(build) == 1
	open('other', 'wb').write(data.replace(build, build[:4] + bytes(16)))
	os.chmod('other', 0o755)
	END
	ln -s other agg
	runs bash "cat in.json hold | parse-json | ./$agg" text
}

# pid PROGRAM: its process, once it is seen.
pid() {
	wait_for shows "any(.[].programs[]; .program == \"$1\")" || return 1
	bief ps --json | jq ".programs[] | select(.program == \"$1\") | .pid"
}

is_gone() {
	! kill -0 "$1"
}

# signalled SIGNAL PROGRAM: of a pipeline that sends records, or text; its statuses
# and what it says.
signalled() {
	hold bash -c 'cat in.json hold | parse-json | derive "y=.i + 1" |
		'"$agg"'; echo "${PIPESTATUS[@]:1}" >statuses' 2>said
	sends "${3:-records}"
	first=$(pid parse-json)
	kill -"$1" "$(pid "$2")"
	# They learn of it while they wait.
	[ "$1" = TERM ] || wait_for is_gone "$first"
	let_go || true
	cat statuses said out
}

# words FILE: without what bash says of processes.
words() {
	grep -vE '^bash: |^ +[0-9]+ ' "$1"
}

@test "a signal to one of them ends the same as with text" {
	for program in parse-json derive agg; do
		for signal in KILL TERM; do
			signalled $signal $program >as-records
			BIEF_FUSE=0 signalled $signal $program text >as-text
			diff <(words as-text) <(words as-records) ||
				{ echo $signal $program; false; }
		done
	done
}

@test "one that is stopped keeps the others waiting until it goes on" {
	for program in parse-json derive agg; do
		hold bash -c 'cat in.json hold in.json in.json in.json |
			parse-json | derive "y=.i + 1" | agg count >out'
		sends records
		one=$(pid $program)
		kill -STOP "$one"
		exec 9>&-
		run ! timeout 1 tail --pid="$held" -f /dev/null
		[ "$(ps -o state= -p "$one")" = T ]
		kill -CONT "$one"
		wait "$held"
		is out <<<'{"count":80000}'
	done
}

@test "stopped while they meet, they go on as if nothing had been" {
	for program in parse-json agg; do
		hold bash -c 'cat hold in.json in.json in.json | parse-json |
			agg count >out'
		one=$(pid $program)
		kill -STOP "$one"
		cat in.json >&9 &
		sleep 0.1
		kill -CONT "$one"
		wait $!
		let_go
		is out <<<'{"count":80000}'
	done
}

@test "a reader that has enough ends those in front of it as ever" {
	local before after
	for n in 1 100 15000; do
		for i in 0 1; do
			BIEF_FUSE=$i bash -c 'set -o pipefail
				yes "$(head -n 1 in.json)" |
				parse-json | derive "y=.i" | take '$n' |
				tail -n 1; echo $? "${PIPESTATUS[@]}"' >given$i
		done
		diff given0 given1
	done
}

@test "nothing is held back when the input pauses" {
	hold bash -c 'cat in.json hold | parse-json |
		derive "y=.i + 1" | filter ".k == \"here\"" >out'
	wait_for shows 'any(.[].programs[];
		.program == "filter" and .rowsIn == 20000) and
		any(.[].programs[]; .program == "derive" and
			.sends == "records")'
	for i in 1 2 3; do
		echo '{"k":"here","i":'$i'}' >&9
		wait_for grep -q "\"y\":$((i + 1))" out
	done
	let_go
	is out <<-'END'
	{"k":"here","i":1,"y":2}
	{"k":"here","i":2,"y":3}
	{"k":"here","i":3,"y":4}
	END
}

@test "a slow reader takes all, in its order" {
	parse-json <in.json | derive 'y=.i' |
		thru -- bash -c 'sleep 0.5; exec cat' | cmp - <(
		BIEF_FUSE=0 parse-json <in.json | BIEF_FUSE=0 derive 'y=.i')
}

@test "records that are longer than the ring, and lines, come as they were" {
	python3 - >long.json <<-'END'
	import json
	for i in range(60):
	    n = [10, 100, 70000, 140000, 600000, 2000000][i % 6]
	    print(json.dumps({'i': i, 's': 'abc"é'[i % 4] * n, 'a': [1] * (i % 7)}))
	END
	for i in 0 1; do
		BIEF_FUSE=$i bash -c 'stream-files long.json | parse-json |
			derive "n = .s | length" | pick i,n,s,a' >given$i
	done
	cmp given0 given1
	[ "$(wc -l <given1)" = 60 ]
	for i in 0 1; do
		BIEF_FUSE=$i bash -c 'cat in.json long.json in.json |
			parse-json | pick i,s --max-line 100000 \
			--on-error skip | cat' >given$i 2>said$i
	done
	cmp given0 given1
	diff said0 said1
	# Each with a name that no record had before.
	python3 >named.json <<-'END'
	for i in range(300):
	    print('{"a%d":"%s"}' % (i, 'x' * (200000 if i % 7 == 6 else 900)))
	END
	for i in 0 now; do
		BIEF_FUSE=$i bash -c 'parse-json <named.json |
			derive "n = length" | filter .n' >given$i
	done
	cmp given0 givennow
	[ "$(wc -l <givennow)" = 300 ]
}

@test "messages have the numbers of their lines, and rejects the text" {
	{ cat in.json; echo '{"i":"no","k":"k1"}'; cat in.json
		echo ' {"i" : [1], "k":"k1"}'; } >bad.json
	for i in 0 1; do
		rm -f rejects
		BIEF_FUSE=$i bash -c 'parse-json <bad.json | derive "y=.k" |
			agg --by y sum:i --on-error skip --rejects rejects' \
			>given$i 2>said$i
		cat rejects >>given$i
	done
	diff said0 said1
	diff given0 given1
	grep 'agg: line 20001:' said1
	grep 'agg: line 40002:' said1
}

descriptors() {
	find "/proc/$1/fd" -mindepth 1 | wc -l
}

has_no_more() {
	[ "$(descriptors "$1")" -le "$2" ]
}

# Somebody at the socket of the only pipe whose writer listens.
stranger() {
	python3 - "$@" <<-'END'
	import os, socket, sys, time
	pid, what = int(sys.argv[1]), sys.argv[2]
	names = [line.split()[-1] for line in open('/proc/net/unix')
		 if '@bief-' in line]
	inode = os.stat('/proc/%d/fd/1' % pid).st_ino
	name = [n for n in names if n.endswith('-%d' % inode)][0]
	if what == 'user':
	    os.seteuid(65533)
	for n in range(20 if what == 'many' else 1):
	    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
	    s.connect('\0' + name[1:])
	    keep = globals().setdefault('kept', [])
	    keep.append(s)
	    if what == 'garbage':
	        for size in (1, 3, 4, 100, 60000):
	            try:
	                s.send(os.urandom(size))
	            except OSError:
	                pass
	    if what == 'hello':
	        build = bytes.fromhex(sys.argv[3])
	        s.send(b'\x02\0\0\0bief ring 1 \0' + build)
	    if what == 'half':
	        s.send(b'\x02\0\0\0bief ring 1 ')
	    if what == 'descriptors':
	        fds = [os.open('/dev/null', os.O_RDONLY) for i in range(4)]
	        socket.send_fds(s, [b'\x02\0\0\0bief'], fds)
	os.seteuid(os.getuid())
	open('there', 'w').close()
	while not os.path.exists('enough'):
	    time.sleep(0.01)
	END
}

@test "strangers at the socket are sent away, and it goes on" {
	local all='garbage half descriptors hello silent many gone'
	[ "$(id -u)" != 0 ] || all="$all user"
	for what in $all; do
		rm -f there enough go
		mkfifo go
		hold bash -c 'cat hold in.json in.json | parse-json |
			{ read -r <go; exec agg count >out; }'
		one=$(pid parse-json)
		before=$(descriptors "$one")
		[ $what != gone ] || touch enough
		stranger "$one" $what "$(build)" 9>&- &
		wait_for [ -e there ]
		cat in.json >&9 &
		writing=$!
		[ "$(descriptors "$one")" -le $((before + 6)) ]
		echo >go
		wait $writing
		# Nobody is kept once records go.
		wait_for has_no_more "$one" "$before"
		let_go
		is out <<<'{"count":60000}'
		touch enough
	done
}

@test "with the name of its socket taken by somebody else it is text" {
	cat >squat.py <<-'END'
	import os, socket, sys
	build = sys.argv[1][:8]
	s = os.stat(1)
	name = '\0bief-%s-%x-%d' % (build, s.st_dev, s.st_ino)
	k = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
	k.bind(name)
	k.listen()
	os.set_inheritable(k.fileno(), True)
	os.execvp('parse-json', ['parse-json'])
	END
	runs bash "cat in.json hold | python3 squat.py $(build) | $agg" text
}

@test "with a neighbour of another user it is text" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	copy=$(mktemp -d)
	chmod 755 "$copy"
	cp "$(command -v bief)" "$copy/agg"
	hold bash -c 'cat in.json hold | parse-json |
		setpriv --reuid 65533 --regid 65533 --clear-groups \
		"$1/agg" --by k count max:i >out' - "$copy"
	wait_for shows 'any(.[].programs[];
		.program == "parse-json" and .rowsOut == 20000 and
		.sends == "text")' || { rm -r "$copy"; false; }
	let_go
	rm -r "$copy"
	all_is out
}

# Programs that only say that they are ours: WHAT comes after a hello.
cat_false() {
	cat <<'END'
import fcntl, os, select, socket, struct, sys, time
side, what, build = sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3])
HELLO, PLAN, LET_GO, OFFER, ALONE, SHARED, TEST, WAKE = range(2, 10)
end = 1 if side == 'writer' else 0
s = os.stat(end)
name = '\0bief-%s-%x-%d' % (build[:4].hex(), s.st_dev, s.st_ino)
def say(k, kind, text=b'', fds=()):
    try:
        socket.send_fds(k, [struct.pack('I', kind) + text], fds)
    except OSError:
        pass
def hello(k):
    say(k, HELLO, b'bief ring 1 \0' + build)
def offered(k, events):
    if all(fd != k.fileno() for fd, what in events):
        return False
    got = k.recv(70000)
    if not got:
        sys.exit('the other has gone')
    return struct.unpack('I', got[:4])[0] == OFFER
def until_gone(k):
    try:
        while k.recv(70000):
            pass
    except OSError:
        pass
def memory(size, seal):
    fd = os.memfd_create('bief', os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, size)
    if seal:
        fcntl.fcntl(fd, 1033, 2 | 4)
    return fd
null = os.open('/dev/null', os.O_RDWR)
whole = 64 * 1024 + 512 * 1024
def speak(k):
    if what == 'garbage':
        for n in (1, 3, 4, 5, 60000):
            try:
                k.send(os.urandom(n))
            except OSError:
                return
    elif what == 'half':
        k.send(struct.pack('I', OFFER)[:2])
    elif what == 'unknown':
        say(k, 77)
    elif what == 'all':
        for kind in range(12):
            say(k, kind, b'x' * kind)
    elif what == 'file':
        say(k, OFFER, fds=[null])
    elif what == 'files':
        say(k, OFFER, fds=[null] * 4)
    elif what == 'nothing':
        say(k, OFFER)
    elif what == 'short':
        say(k, OFFER, fds=[memory(4096, True)])
    elif what == 'unsealed':
        say(k, OFFER, fds=[memory(whole, False)])
    elif what == 'held':  # the pipe is not let go
        say(k, LET_GO)
        say(k, OFFER, fds=[memory(whole, True)])
    elif what == 'plan':
        say(k, PLAN, b'\xff{"a' * 9000)
    elif what == 'wake':
        for i in range(100):
            say(k, WAKE)
if side == 'writer':
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listening.bind(name)
    listening.listen()
    open('listens', 'w').close()
    k = listening.accept()[0]
    if what != 'silent':
        hello(k)
    speak(k)
    os.system('cat in.json')
    open('written', 'w').close()
    with open('hold') as f:
        f.read()
else:
    k = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    while True:
        try:
            k.connect(name)
            break
        except OSError:
            time.sleep(0.01)
    hello(k)
    out = os.open('out', os.O_WRONLY | os.O_CREAT)
    if what in ('looks', 'alone', 'shared'):
        p = select.poll()
        p.register(0, select.POLLIN)
        p.register(k, select.POLLIN)
        while not offered(k, p.poll()):
            os.write(out, os.read(0, 65536))
        if what != 'looks':
            say(k, SHARED if what == 'shared' else ALONE)
        if what != 'shared':
            sys.exit()
        # The pipe looks ended until the writer, which hangs up, is back.
        until_gone(k)
    else:
        speak(k)
    os.dup2(out, 1)
    os.execvp('cat', ['cat'])
END
}

@test "a writer that only says that it is ours is a writer of text" {
	cat_false >false.py
	hold bash -c 'cat in.json hold | agg count >out'
	wait_for shows 'any(.[].programs[]; .rowsIn == 20000)'
	with_text=$(descriptors "$(pid agg)")
	let_go
	for what in silent garbage half unknown all file files nothing short \
		unsealed held plan wake; do
		rm -f written listens
		hold bash -c 'python3 false.py writer "$@" |
			{ until [ -e listens ]; do sleep 0.01; done
			exec agg --by k count max:i >out; }' - $what "$(build)"
		wait_for [ -e written ]
		wait_for shows '[.[].programs[]] | any(.program == "agg" and
			.rowsIn == 20000)' || { echo $what; false; }
		# With the socket of one who has said nothing wrong.
		now=$(descriptors "$(pid agg)")
		[ "$now" -ge "$with_text" ] && [ "$now" -le $((with_text + 1)) ] ||
			{ echo "$what: $with_text, then $now"; false; }
		let_go
		all_is out
	done
}

@test "a reader that only says that it is ours is given text" {
	cat_false >false.py
	for what in garbage half unknown all file files nothing plan wake shared; do
		rm -f out
		hold bash -c 'cat in.json hold | parse-json |
			python3 false.py reader "$@"' - $what "$(build)"
		# All that is left at the end is in the first block of output.
		wait_for shows 'any(.[].programs[]; .rowsIn == 20000)'
		let_go
		cmp in.json out || { echo $what; false; }
	done
}

@test "a reader that goes while it should look is a cut pipe" {
	cat_false >false.py
	for what in looks alone; do
		timeout 60 bash -c 'yes "$(head -n 1 in.json)" | parse-json |
			python3 false.py reader "$@"
			echo "${PIPESTATUS[@]}" >statuses' - $what "$(build)"
		is statuses <<<'141 141 0'
	done
}

@test "with a neighbour in another namespace it is text" {
	unshare -n true 2>/dev/null || skip "no namespaces here"
	runs bash "cat in.json hold | parse-json | unshare -n $agg" text
	runs bash "cat in.json hold | unshare -n parse-json | $agg" text
	hold bash -c "cat in.json hold | unshare -p -f parse-json | $agg"
	wait_for shows 'any(.[].programs[]; .program == "agg" and
		.rowsIn == 20000)'
	let_go
	all_is out
	runs bash "cat in.json hold | parse-json | unshare -U $agg" text
	runs bash "cat in.json hold | parse-json | unshare -m $agg" records
}

# damage PID WHAT: of the memory that it shares, by way of its own.
damage() {
	python3 - "$@" <<-'END'
	import os, re, sys
	pid, what = int(sys.argv[1]), sys.argv[2]
	at = [int(line.split('-')[0], 16) for line in open('/proc/%d/maps' % pid)
	      if 'memfd:bief' in line and ' 00000000 ' in line]
	assert at, 'no ring'
	mem = open('/proc/%d/mem' % pid, 'r+b', buffering=0)
	for a in at:
	    where, n = {'head': (0, 8), 'tail': (64, 8), 'front': (0, 128),
	                'data': (65536, 524288)}[what]
	    mem.seek(a + where)
	    mem.write({'data': os.urandom(n)}.get(what, b'\xfd' * n))
	END
}

@test "a ring that is damaged is refused, by its reader and by its writer" {
	python3 -c 'open("/proc/self/mem", "r+b")' || skip "no /proc/PID/mem"
	export BIEF_THREADS=1
	for what in head tail front data; do
		hold bash -c 'cat in.json hold in.json in.json in.json in.json |
			parse-json | agg --by k count >out
			echo "${PIPESTATUS[@]:1}" >statuses' 2>said
		sends records
		one=$(pid agg)
		kill -STOP "$one"
		exec 9>&-
		# Until the ring is full, or the writer has ended.
		wait_for shows 'any(.[].programs[]; .program == "parse-json" and
			.waiting > .room * 0.7)'
		damage "$one" $what
		# The reader would tell anew how far it is; the writer looks first.
		if [ $what = tail ]; then
			first=$(pid parse-json)
			kill -USR1 "$first"
			wait_for is_gone "$first"
		fi
		kill -CONT "$one"
		wait "$held"
		grep -E '^((0|1|141) 1|1 0|1 1)$' statuses || {
			echo $what
			cat statuses said
			false
		}
		grep -E 'damaged' said
	done
}

@test "work that is damaged on its way is refused" {
	python3 -c 'open("/proc/self/mem", "r+b")' || skip "no /proc/PID/mem"
	export BIEF_THREADS=2
	hold bash -c 'cat in.json in.json hold in.json in.json in.json in.json |
		parse-json | derive "x=.k" >out
		echo "${PIPESTATUS[@]:1}" >statuses' 2>said
	works_for_others
	one=$(pid derive)
	kill -STOP "$one"
	exec 9>&-
	wait_for shows 'any(.[].programs[]; .program == "parse-json" and
		.waiting > .room * 0.7)'
	damage "$one" data
	kill -CONT "$one"
	wait "$held"
	grep -E '^(0|1|141) 1$' statuses
	grep -E 'damaged' said
}

# parse-json works for those behind it: it has threads, as it has none else.
works_for_others() {
	wait_for has_threads "$(pid parse-json)"
}

has_threads() { # has_threads PID
	[ "$(ls "/proc/$1/task" | wc -l)" -gt 1 ]
}

@test "threads of one program work for those behind it, which keep what is theirs" {
	export BIEF_THREADS=2
	hold bash -c 'cat in.json in.json hold | parse-json | filter ".i % 2 == 0" |
		agg --by k count max:i >out; echo "${PIPESTATUS[@]}" >statuses'
	works_for_others
	let_go
	jq -s 'map(.count) | add' out >got
	is got <<<20000
	is statuses <<<'0 0 0 0'
	# Their counts, messages and rejects.
	BIEF_FUSE=now BIEF_BLOCK=1000 bash -c 'parse-json <in.json |
		filter --on-error skip --rejects rejects ".k | startswith(1)" |
		agg count' 2>said
	grep -c . rejects >got
	is got <<<20000
	grep -q '^filter: 20000 records refused' said
}

@test "whoever has worked for whom, and from when on, the answer is the same" {
	printf 'k,name\n' >names.csv
	seq 0 6 | sed 's/.*/k&,n&/' >>names.csv
	cat in.json in.json >more.json
	for block in 1000 4000 16000; do
		for n in 1 2 3 4; do
			BIEF_THREADS=3 BIEF_BLOCK=$block bash -c '
				late() { sleep 0.0$((RANDOM % 5)); exec "$@"; }
				late stream-files more.json |
				late parse-json --schema "i int, k string, x double" |
				late join-static names.csv --header --on k |
				late agg --by name,k avg:x max:i count' >out
			jq -s "map(.count) | add" out >got
			is got <<<40000
			[ -e first ] || cp out first
			cmp first out
		done
	done
}

@test "lines that end in CR alone are whole when a thread of the other works at what follows" {
	seq 60000 | awk '{ printf "{\"k\":\"k%d\",\"long\":\"%0*d\"}\r", $1 % 3,
		1 + $1 % 90, 1 } $1 % 100 == 0 { printf "{\"k\":\r" }' >cr
	for n in 1 2 3; do
		BIEF_THREADS=2 bash -c 'stream-files cr |
			parse-json --on-error skip | agg --by k count' >out 2>err
		is out <<-'END'
		{"k":"k0","count":20000}
		{"k":"k1","count":20000}
		{"k":"k2","count":20000}
		END
		tail -1 err >said
		is said <<<'parse-json: 600 records refused, skipped'
	done
}

@test "in another directory or environment a program does its own work" {
	export BIEF_FUSE=now BIEF_BLOCK=1000 BIEF_THREADS=2
	for other in 'cd /' 'export TZ=UTC+1' 'export LC_ALL=fr_FR.UTF-8'; do
		bash -c "parse-json <in.json | ($other; exec agg --by k count)" >out
		jq -s 'map(.count) | add' out >got
		is got <<<20000
	done
}

@test "what a program works at for another is not held back when input pauses" {
	export BIEF_FUSE=now BIEF_BLOCK=1000 BIEF_THREADS=2
	mkfifo some
	bash -c "parse-json <some | derive 'x=.i' | filter '.x >= 0' >out" &
	exec 8>some
	head -n 5000 in.json >&8
	wait_for lines_are 5000 out
	head -n 1 in.json >&8
	wait_for lines_are 5001 out
	exec 8>&-
	wait
}

lines_are() { # lines_are N FILE
	[ "$(wc -l <"$2")" -eq "$1" ]
}

@test "without descriptors or memory for more it is text" {
	for n in 8 9 10 11 12 13 14 15 16; do
		cat in.json in.json | (ulimit -n $n; exec parse-json) |
			(ulimit -n $n; exec agg --by k count max:i) |
			sed 's/5716/2858/;s/5714/2857/' >out
		all_is out
	done
	not_sanitized
	for v in 12000 13000 14000 15000 20000; do
		cat in.json in.json | (ulimit -v $v; exec parse-json) |
			(ulimit -v $v; exec agg --by k count max:i) |
			sed 's/5716/2858/;s/5714/2857/' >out
		all_is out
	done
}

# counts LIMIT: with it a reader counts all records, or says what it lacks.
counts() {
	local status=0
	cat in.json in.json | parse-json |
		timeout 60 bash -c "ulimit $1; exec agg count --threads 1" \
			>out 2>said || status=$?
	if [ $status = 0 ]; then
		is out <<<'{"count":40000}'
	else
		[ -s said ]
	fi
}

@test "a reader that has no descriptor or no memory left for a ring counts all as ever" {
	for n in 4 5 6 7 8; do
		counts "-n $n" || { echo $n; false; }
	done
	not_sanitized
	for v in $(seq 7200 200 9600); do
		counts "-v $v" || { echo $v; false; }
	done
}

# Both start side by side, and the writer has something to say for a while.
meets() { # meets SCRIPT: its output, words and statuses
	BIEF_FUSE=now bash -c "$1; echo \"\${PIPESTATUS[@]}\" >statuses" \
		>out 2>said </dev/null
}

@test "a field that no record can have is refused before any flows" {
	# More than a pipe holds: who writes it is there until it is read.
	local much="in.json in.json in.json in.json in.json in.json"
	meets "parse-json --schema 'k string, i int' $much |
		filter '.kk == \"k1\"' | agg count" || true
	is said <<-'END'
	filter: expression: no field 'kk' (did you mean 'k'?)
	  .kk == "k1"
	  ^
	END
	is statuses <<<'141 2 2'
	meets "parse-json --schema 'k string, i int' $much |
		derive 'y=.j' | agg count" || true
	is said <<-'END'
	derive: y: expression: no field 'j' (did you mean 'k'?)
	  .j
	  ^
	END
	# Through those between them; and what they make is known.
	meets "parse-json --schema 'k string, i int' $much |
		derive 'y=.i + 1' | filter '.i > 2' | pick k,y |
		agg --by k sum:yy" || true
	is said <<<"agg: no field 'yy' (did you mean 'y'?)"
	meets "parse-json --schema 'k string, i int' $much |
		derive 'y=.i + 1' | agg --by k max:y"
	is said </dev/null
	[ "$(wc -l <out)" = 7 ]
}

@test "before any comes, too" {
	hold bash -c "parse-json --schema 'k string' <hold |
		filter '.kk == 1'; echo \"\${PIPESTATUS[@]}\" >statuses" 2>said
	# Its input is open, and nothing has come.
	wait_for [ -s said ]
	is said <<-'END'
	filter: expression: no field 'kk' (did you mean 'k'?)
	  .kk == 1
	  ^
	END
	# All end, with the input still open.
	wait_for [ -s statuses ]
	let_go
	is statuses <<<'141 2'
}

@test "and when the writer begins after its reader" {
	mkfifo go
	bash -c "{ read -r <go; exec parse-json --schema 'k string' <hold; } |
		filter '.kk == 1'; echo \"\${PIPESTATUS[@]}\" >statuses" 2>said &
	wait_for shows 'any(.[].programs[]; .program == "filter")'
	echo >go
	exec 9>hold
	wait_for [ -s said ]
	is said <<-'END'
	filter: expression: no field 'kk' (did you mean 'k'?)
	  .kk == 1
	  ^
	END
	wait_for [ -s statuses ]
	exec 9>&-
	wait
	is statuses <<<'141 2'
}

@test "with another writer of the pipe nothing is refused that it may send" {
	export BIEF_FUSE=now
	bash -c "{ parse-json --schema 'i int' <in.json
		echo '{\"b\":2}'; } | filter '.b == 2' | agg count" >out 2>said
	is out <<<'{"count":1}'
	is said </dev/null
	bash -c "{ parse-json --schema 'i int' <in.json
		echo '{\"b\":2}'; } | derive 'x=.i' | filter '.b == 2' |
		agg count" >out 2>said
	is out <<<'{"count":1}'
	is said </dev/null
}

@test "where they have not met, the end says what no record had" {
	BIEF_FUSE=0 bash -c "parse-json --schema 'k string' <in.json |
		filter '.kk == 1' | derive 'y=.kkk' | agg count" >out 2>said
	is out <<<'{"count":0}'
	is said <<<"filter: no record had a field 'kk'"
	BIEF_FUSE=0 bash -c "parse-json --schema 'k string' <in.json |
		derive 'y=.kkk' | agg count" >out 2>said
	is said <<<"derive: no record had a field 'kkk'"
}

@test "bief run refuses what neighbours refuse" {
	run ! bief run "parse-json --schema 'k string' <in.json |
		filter '.kk == 1' | agg count"
	[ "$output" = "filter: expression: no field 'kk' (did you mean 'k'?)
  .kk == 1
  ^" ]
}

@test "a key that no record can have is refused without the table's being read" {
	printf 'k,name\nk1,Ann\n' >users.csv
	for how in inner left semi anti; do
		run -2 bief run "parse-json --schema 'k string' <in.json |
			join-static users.csv --header --on kk=k --how $how"
		[ "$output" = "join-static: no field 'kk' (did you mean 'k'?)" ]
	done
	# Behind it the table's fields may be meant, where it has any.
	bief run "parse-json --schema 'k string' <in.json |
		join-static users.csv --header --on k | pick name" >out
	[ "$(sort -u out)" = '{"name":"Ann"}' ]
	run -2 bief run "parse-json --schema 'k string' <in.json |
		join-static users.csv --header --on k --how anti | pick name"
	[ "$output" = "pick: no field 'name'" ]
	meets "parse-json --schema 'k string, i int' in.json in.json in.json |
		join-static users.csv --header --on kk=k | agg count" || true
	is said <<<"join-static: no field 'kk' (did you mean 'k'?)"
}

@test "explain says which pipes carry text, and why" {
	bief explain "parse-json <a | filter '.x > 1' | jq -c . | agg count" |
		grep -E '^[a-z]|pipe' >got
		is got <<-'END'
	parse-json
	filter '.x > 1'
	  pipe       text: jq is no program of bief
	jq -c .
	agg count
	END
	bief explain "union <(parse-json <a) b | agg count" |
		grep -E '^ *(parse-json|union|agg)|pipe' >got
		is got <<-'END'
	    parse-json
	      pipe       text: union reads several inputs
	union <(...) b
	agg count
	END
	BIEF_FUSE=0 bief explain 'parse-json <a | agg count' | grep pipe >got
	is got <<<'  pipe       text: BIEF_FUSE is 0'
}
