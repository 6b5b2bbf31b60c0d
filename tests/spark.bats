#!/usr/bin/env bats
# bief-spark(7): each line of its tables runs.

load lib

PAGE=$BATS_TEST_DIRNAME/../man/bief-spark.7

# The commands that stand in the tables.
lines() {
	awk '/^\.Ss/ { table = 1 }
	/^\.Sh EXAMPLES/ { exit }
	/^\.Ed/ { on = 0 }
	table && on { gsub(/\\e/, "\\"); print }
	/^\.Bd/ { on = 1 }' "$PAGE"
}

# What the lines speak of: an input, another one, a table.
stage() {
	cat >in <<-'END'
	{"t":"2026-11-21T08:00:01Z","k":"a","n":1,"s":"an apple"}
	{"t":"2026-11-21T08:00:07Z","k":"b","n":3,"s":"a pear"}
	{"t":"2026-11-21T08:00:12Z","k":"a","n":2,"s":"an apple"}
	END
	sed 's/"n":1/"n":9/' in >more
	printf 'k,name\na,ann\nb,bob\n' >names.csv
}

# run_line LINE: as it stands between its neighbours; what has no end, or needs
# a server, is explained only.
run_line() {
	case $1 in
	*localhost* | *--trigger* | *--follow* | sink-pg*)
		case $1 in
		sink-*) bief explain "stream-files in | parse-json -s 'k string' | $1" ;;
		*) bief explain "$1" ;;
		esac ;;
	bief\ ps | bief\ top | bief\ stop*) # nothing runs, and they say so
		eval "$1" 2>said && return 1
		grep -q '^bief: ' said ;;
	window*batches* | *--mode\ complete* | dedup* | watermark* | *pprint*)
		eval "$1 --batch 2" <in || eval "parse-json --batch 2 in | $1" ;;
	*sink-table*db*) eval "$1" <in && [ "$(sqlite3 t.db 'select count(*) from counts')" = 2 ] ;;
	sink-files*) eval "parse-json -s 'k string' in | $1" && cat out/part* ;;
	*) eval "$1" <in ;;
	esac
}

@test "each line of the page runs and prints something" {
	local line n=0 failed=0
	stage
	while IFS= read -r line; do
		n=$((n + 1))
		rm -rf out ck t.db
		export BIEF_STATUS=$PWD/none
		run_line "$line" >printed 2>err </dev/null || {
			echo "fails: $line: $(cat err)"
			failed=1
			continue
		}
		[ -s printed ] || [ -s said ] || [ -f t.db ] ||
			{ echo "prints nothing: $line"; failed=1; }
		rm -f said
	done < <(lines)
	[ "$n" -gt 60 ]
	return $failed
}

@test "a program of Spark's words is found by man -k" {
	sed -n '/^\.Nd/,/^\.Sh/p' "$PAGE" >about
	local word
	for word in withWatermark session_window dropDuplicates from_json na.drop \
		explode cube pivot queryName foreachBatch checkpointLocation \
		streams.active awaitTermination stop socketTextStream reduceByKey \
		reduceByKeyAndWindow updateStateByKey countByWindow pprint \
		saveAsTextFiles foreachRDD; do
		grep -qw "$word" about || { echo "man -k $word"; return 1; }
		grep -q "^\.It Li .*$word" "$PAGE" ||
			{ echo "not there: $word"; return 1; }
	done
}
