#!/usr/bin/env bats
# join-stream: pairs of records of two streams.

load lib

ads() { # ads AD SECOND...
	printf '{"ad":%d,"t":"2026-11-21T08:00:%02dZ"}\n' "$@"
}

clicks() { # clicks AD SECOND...
	printf '{"ad":%d,"at":"2026-11-21T08:00:%02dZ"}\n' "$@"
}

within='right.at between left.t and left.t + interval 5 seconds'

# Both as streams, a record a batch, so late as 10 seconds.
streams() {
	watermark --on t --delay 10s --batch 1 <ads >left
	watermark --on at --delay 10s --batch 1 <clicks >right
}

@test "each pair of equal keys comes once, left fields first" {
	printf '{"k":"%s","x":%d}\n' a 1 b 2 b 3 >l
	printf '{"k":"%s","y":%d}\n' b 7 c 8 b 9 >r
	join-stream l r --on k | sort >out
	is out <<-'E'
	{"k":"b","x":2,"y":7}
	{"k":"b","x":2,"y":9}
	{"k":"b","x":3,"y":7}
	{"k":"b","x":3,"y":9}
	E
}

@test "keys may have different names; a name that both have becomes right_ on the right" {
	echo '{"id":1,"n":"l","v":5}' >l
	echo '{"no":1,"n":"r","v":6}' >r
	join-stream l r --on id=no,v --how full >out
	is out <<-'E'
	{"id":1,"n":"l","v":5,"no":null,"right_n":null}
	{"id":null,"n":null,"v":6,"no":1,"right_n":"r"}
	E
}

@test "null is equal to nothing, but in a full join to null" {
	printf '{"k":null,"x":1}\n{"x":2}\n' >l
	printf '{"k":null,"y":1}\n{"y":2}\n' >r
	join-stream l r --on k >out
	[ ! -s out ]
	join-stream l r --on k --how left >out
	is out <<-'E'
	{"k":null,"x":1,"y":null}
	{"x":2,"y":null}
	E
	echo '{"k":null,"y":1}' >r
	join-stream l r --on k --how full >out
	is out <<-'E'
	{"k":null,"x":1,"y":1}
	{"x":2,"k":null,"y":1}
	E
}

@test "each record keeps its own fields, where they are not known before" {
	printf '{"k":1,"x":1}\n{"k":1,"z":2}\n' >l
	printf '{"k":1,"y":1}\n{"k":1,"x":2}\n' >r
	join-stream l r --on k | sort >out
	is out <<-'E'
	{"k":1,"x":1,"right_x":2}
	{"k":1,"x":1,"y":1}
	{"k":1,"z":2,"x":2}
	{"k":1,"z":2,"y":1}
	E
}

@test "the fields of one side may be known, those of the other not" {
	printf '{"k":1,"x":1}\n' | parse-json --batch 1 --schema 'k int, x int' >l
	printf '{"k":1,"y":1}\n' | filter true --batch 1 >r
	join-stream l r --on k --plain >out
	is out <<<'{"k":1,"x":1,"y":1}'
}

@test "a condition in SQL alone is enough" {
	printf '{"x":%d}\n' 1 5 >l
	printf '{"y":%d}\n' 3 6 >r
	join-stream l r --where 'left.x < right.y and right.y < 6' >out
	is out <<<'{"x":1,"y":3}'
}

@test "left, right and full keep what has no match, semi gives matches once" {
	ads 1 0 2 4 >l
	clicks 1 3 1 4 3 9 >r
	join-stream l r --on ad --how left | tail -1 >out
	is out <<<'{"ad":2,"t":"2026-11-21T08:00:04Z","at":null}'
	join-stream l r --on ad --how right | tail -1 >out
	is out <<<'{"ad":3,"t":null,"at":"2026-11-21T08:00:09Z"}'
	join-stream l r --on ad --how full | tail -2 | jq -c .ad >out
	is out < <(printf '2\n3\n')
	join-stream l r --on ad --how semi >out
	is out < <(ads 1 0)
}

@test "rows wait for each other over batches, whichever comes first" {
	ads 1 0 2 4 >ads
	clicks 2 3 1 1 >clicks
	streams
	join-stream left right --on ad --plain | jq -c .ad >out
	is out < <(printf '2\n1\n')
}

@test "an unmatched row comes when the watermark shows that no match can" {
	ads 1 0 2 20 3 40 >ads
	clicks 9 0 9 20 9 40 >clicks
	streams
	join-stream left right --on ad --how left --where "$within" >joined
	jq -c 'if ."#bief" then ."#bief".end // empty | "end \(.)" else .ad end' \
		joined >out
	is out <<-'E'
	"end 0"
	1
	"end 1"
	2
	"end 2"
	E
}

@test "state is freed behind the watermark" {
	ads 1 0 2 20 3 40 4 59 >ads
	clicks 9 0 9 20 9 40 9 59 >clicks
	streams
	join-stream left right --on ad --where "$within" --plain --progress p
	[ "$(jq -c .stateOperators[0].numRowsTotal p | paste -sd ' ')" = "2 2 2 2" ]
}

@test "a record older than the watermark is counted and dropped" {
	ads 1 0 2 50 3 10 >ads
	clicks 1 1 2 51 3 12 >clicks
	streams
	join-stream left right --on ad --plain >out 2>err
	jq -c .ad out >ids
	is ids < <(printf '1\n2\n')
	[ "$(cat err)" = "join-stream: 2 records came after the watermark and were dropped" ]
}

@test "the watermark is the smaller one, and lags as bounds let rows wait" {
	ads 1 0 2 50 >ads
	clicks 1 1 2 40 >clicks
	streams
	join-stream left right --on ad | tail -2 | head -1 |
		jq -r '."#bief".watermark' >out
	is out <<<2026-11-21T08:00:30Z
	join-stream left right --on ad --policy max | tail -2 | head -1 |
		jq -r '."#bief".watermark' >out
	is out <<<2026-11-21T08:00:40Z
}

@test "an outer join whose rows could wait for ever is refused" {
	ads 1 0 >ads
	clicks 1 1 >clicks
	streams
	run -2 join-stream left right --on ad --how left
	[[ "$output" == "join-stream: rows of the left input could wait for ever"*"--where"* ]]
}

@test "windows are joined as a key" {
	ads 1 5 2 15 | window --on t --size 10s --watermark 5s --batch 1 |
		agg --mode append count >left
	clicks 1 6 2 16 | window --on at --size 10s --watermark 5s --batch 1 |
		agg --mode append n=count >right
	join-stream left right --on window --plain >out
	is out <<<'{"window_start":"2026-11-21T08:00:00Z","window_end":"2026-11-21T08:00:10Z","count":1,"n":1}'
}

@test "an updating result is refused" {
	ads 1 0 | agg --batch 1 --by ad count >l
	ads 1 0 | filter true --batch 1 >r
	run -2 join-stream l r --on ad
	[[ "$output" == "join-stream: the left input is the update result"* ]]
}

@test "a wrong condition is shown with a caret" {
	ads 1 0 >l
	run -2 join-stream l l --where 'left.t <'
	[ "${lines[1]}" = "  left.t <" ]
	[[ "${lines[2]}" == *"^" ]]
}

@test "two inputs and something to join on are needed" {
	run -2 join-stream one --on k
	[[ "$output" == "join-stream: two inputs are joined"* ]]
	ads 1 0 >l
	run -2 join-stream l l
	[[ "$output" == "join-stream: on what?"* ]]
}

@test "with a checkpoint rows of an earlier run meet those of a later one" {
	mkdir l r
	ads 1 0 2 4 >l/1
	clicks 9 0 >r/1
	pipeline() {
		join-stream --on ad <(stream-files --checkpoint ck l) \
			<(stream-files --checkpoint ck r) | sink-files out
	}
	pipeline
	clicks 2 5 >r/2
	pipeline
	cat out/part-* >got
	is got <<<'{"ad":2,"t":"2026-11-21T08:00:04Z","at":"2026-11-21T08:00:05Z"}'
}

@test "fields of an input that have changed since the checkpoint are refused" {
	mkdir l r
	ads 1 0 >l/1
	clicks 1 0 >r/1
	pipeline() {
		{ join-stream --on ad <(stream-files --checkpoint ck l |
			parse-json --schema "$1") <(stream-files --checkpoint ck r |
			parse-json --schema 'ad bigint, at timestamp')
		echo $? >status; } | sink-files out
	}
	pipeline 'ad bigint, t timestamp'
	run pipeline 'ad bigint, t timestamp, name string'
	[ "$(cat status)" = 3 ]
	[[ "$output" == *"now has left ad bigint, t timestamp, name string"* ]]
}

@test "standard input cannot be both inputs" {
	run -2 join-stream - - --on a </dev/null
	[ "$output" = "join-stream: '-' is there twice, but standard input can be read only once" ]
	run -2 union - - </dev/null
	[[ "$output" == "union: '-' is there twice"* ]]
}

@test "a field called right_a beside a is not there twice" {
	echo '{"k":1,"right_a":3,"a":1}' >l
	echo '{"k":1,"a":7}' >r
	join-stream l r --on k >out
	join-stream r l --on k >>out
	join-stream l l --on k >>out
	is out <<-'J'
	{"k":1,"right_a":3,"a":1,"right_right_a":7}
	{"k":1,"a":7,"right_a":3,"right_right_a":1}
	{"k":1,"right_a":3,"a":1,"right_right_a":3,"right_right_right_a":1}
	J
}

@test "--where knows names in any case, with fields known or not" {
	echo '{"k":1}' >l
	echo '{"K":1,"b":2}' >r
	join-stream l r --where 'left.K = right.k' >out
	join-stream <(parse-json --batch 1 --schema 'k int' <l) \
		<(parse-json --batch 1 --schema 'K int, b int' <r) \
		--where 'left.K = right.k' --plain >>out
	is out <<-'J'
	{"k":1,"K":1,"b":2}
	{"k":1,"K":1,"b":2}
	J
}

@test "a bound on time is found whatever the case of its names" {
	side() {
		printf '{"t":"2020-01-01T00:00:0%d.000000Z"}\n' 1 2 3 |
			watermark --on t --delay 0s --batch 1
	}
	side >s
	join-stream s s --how left --plain --where \
		'left.T = right.t and left.T between right.T - interval 1 second and right.t' >out 2>err
	[ "$(wc -l <out)" = 3 ]
	[ ! -s err ]
}

@test "a field to join on that no record has is told" {
	echo '{"k":1}' >l
	: >empty
	join-stream l l --on nosuch 2>err
	is err <<<$'join-stream: no record had a field \'nosuch\'\njoin-stream: no record had a field \'nosuch\''
	join-stream l empty --on k 2>err
	[ ! -s err ]
}

@test "behind a join the times of both inputs carry the watermark" {
	printf '{"id":%d,"shown":"2026-11-21T08:0%d:00Z"}\n' 1 0 2 1 3 9 >l
	printf '{"no":%d,"paid":"2026-11-21T08:0%d:30Z"}\n' 1 0 7 2 3 9 9 9 >r
	plain() { cat; }
	typed() { parse-json -s "$1"; }
	for as in plain typed; do
		join-stream --on id=no --how right \
			--where 'right.paid between left.shown and left.shown + interval 1 minute' \
			<($as 'id int, shown timestamp' <l | watermark --on shown --delay 0s --batch 1) \
			<($as 'no int, paid timestamp' <r | watermark --on paid --delay 10s --batch 1) >joined
		head -1 joined | grep -o '"times":[^]]*]' >out
		is out <<<'"times":["paid","10s"]'
		window --on paid --size 5m <joined | agg --mode append count --plain >out
		is out <<<'{"window_start":"2026-11-21T08:00:00Z","window_end":"2026-11-21T08:05:00Z","count":2}'
		window --on shown --size 5m <joined | agg --mode append count --plain >out 2>err
		is out <<<'{"window_start":"2026-11-21T08:00:00Z","window_end":"2026-11-21T08:05:00Z","count":1}'
		pick p=paid <joined | window --on p --size 5m | agg --mode append count --plain >out
		is out <<<'{"window_start":"2026-11-21T08:00:00Z","window_end":"2026-11-21T08:05:00Z","count":2}'
		agg --mode append --by paid count --plain <joined >out
		[ "$(wc -l <out)" -ge 2 ]
		dedup --by paid <joined | tail -2 | head -1 >out
		grep -c '"end"' out
	done
}

@test "a join of two streams without an equality is refused" {
	ads 1 0 >ads
	clicks 1 1 >clicks
	streams
	run -2 join-stream left right --where 'left.t < right.at'
	[[ "$output" == "join-stream: a join of two streams wants an equality"* ]]
	join-stream ads clicks --where 'left.t < right.at' | wc -l >out
	is out <<<1
}

@test "what is no record among others is told by its line, in its turn" {
	lines() { # lines FIELD LAST: other keys in between, and shapes
		local i
		for ((i = 1; i <= $2; i++)); do
			case $i in
			70) echo 'no record' ;;
			71) echo ;;
			72) echo '{"\u0023bief":1}' ;;
			73) printf '{"k":73,"%s":73}\r\n' "$1" ;;
			9?) echo "{\"$1$i\":$i,\"k\":$i}" ;;
			*) echo "{\"k\":$i,\"$1\":$i}" ;;
			esac
		done
	}
	lines x 200 >l
	lines y 2 >r
	echo '{"k":"s","y":0}' >>r
	lines y 100 | sed 1,2d >>r
	join-stream l r --on k --on-error skip --rejects no >out 2>err
	jq -c '[.k, .x // .["x\(.k)"], .y // .["y\(.k)"]]' out >got
	seq 100 | grep -vx '7[012]' | sed 's/.*/[&,&,&]/' >want
	is got <want
	jq -c '[.line, .reason]' no >out
	is out <<-'E'
	[70,"l: not a JSON object: 'no record'"]
	[72,"it begins as a control line, with '#bief'"]
	[271,"r: not a JSON object: 'no record'"]
	[273,"it begins as a control line, with '#bief'"]
	E
	# What fails ends it after those in front of it.
	printf '{"y":%s}\n' '"a"' '"b"' '[1]' '"c"' >r
	echo '{"x":"B"}' >l
	run -1 join-stream l r --where 'left.x = upper(right.y)'
	is <(sort <<<"$output") <<-'E'
	join-stream: a value of type array cannot become string
	{"x":"B","y":"b"}
	E
}

@test "what comes when the other input has ended is not kept" {
	seq 200000 | sed 's/.*/{"k":&,"x":&}/' >l
	printf '{"k":%d,"y":%d}\n' 200000 1 7 2 7 3 >r
	for how in inner right; do
		join-stream l r --on k --how $how --max-state 200K >out
		is out <<-'E'
		{"k":7,"x":7,"y":2}
		{"k":7,"x":7,"y":3}
		{"k":200000,"x":200000,"y":1}
		E
	done
	join-stream l r --on k --how semi --max-state 200K >out
	is out <<-'E'
	{"k":7,"x":7}
	{"k":200000,"x":200000}
	E
	join-stream r l --on k --how semi --max-state 200K >out
	is out <<-'E'
	{"k":7,"y":2}
	{"k":7,"y":3}
	{"k":200000,"y":1}
	E
	# An outer one has to say at the end what had no match.
	join-stream l r --on k --how left | wc -l >out
	is out <<<200001
	run -1 join-stream l r --on k --how left --max-state 200K
	[[ "$output" == *"the state has reached its limit"* ]]
}
