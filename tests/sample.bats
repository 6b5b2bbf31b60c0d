#!/usr/bin/env bats
# bief sample: data to try things with.

load lib

NAMES='events sensors heart users edits communes quotes flights states words access'
SENSORS='Arrival_Time bigint, Creation_Time bigint, Device string, Index bigint, Model string, User string, gt string, x double, y double, z double'

@test "the same seed gives the same bytes, on every machine" {
	for name in $NAMES; do
		bief sample "$name" --count 100 | sha256sum | cut -c1-16 |
			sed "s/^/$name /"
	done >sums
	is sums <<'END'
events 2fec77e935f7f7d8
sensors 4c9111f725861c21
heart 3bc2a1a602158bce
users 3400af236d7c7dd6
edits bbd2927090e80213
communes 99d704b5aeaa4ed7
quotes ee5baee2ce70eacc
flights 3b6fff2ba8c24ab3
states 978658f3d75a8774
words 99fc413b391d7b3f
access 49e713fe58cef1d7
END
}

@test "another seed gives other data" {
	for name in $NAMES; do
		[ "$name" != communes ] || continue
		bief sample "$name" >one
		bief sample "$name" --seed 1 | cmp one -
		bief sample "$name" --seed 2 >two
		run ! cmp -s one two
	done
}

@test "a sample has as many records as are asked for, and its beginning is the same" {
	for name in $NAMES; do
		head=0
		[[ $name != users && $name != communes ]] || head=1
		bief sample "$name" --count 3000 >many
		[ "$(wc -l <many)" -eq $((3000 + head)) ]
		bief sample "$name" -n 7 | cmp - <(head -n $((7 + head)) many)
	done
}

@test "without --count it has about as many as the courses have" {
	for name in $NAMES; do
		bief sample "$name" | wc -l
	done | paste -sd ' ' >got
	is got <<'END'
100000 10000 2000 27 12000 21 300 1500 6000 1000 10000
END
}

@test "events are files of 2000 actions in the order of time, without an end of line at their end" {
	bief sample events in
	[ "$(ls in | wc -l)" -eq 50 ]
	[ "$(tail -c1 in/file-49.json)" = '}' ]
	stream-files in >lines
	bief sample events | cmp - lines
	jq -c 'keys_unsorted' lines | sort -u >keys
	is keys <<'END'
["time","action"]
END
	jq .time lines | sort -nc
	run -0 parse-json --infer lines
	[ "$output" = "time bigint, action string" ]
}

@test "sensors have ten fields, CRLF, 19 digits and one record in fifty without values" {
	bief sample sensors >lines
	[ "$(grep -c $'}\r$' lines)" -eq 10000 ]
	run -0 parse-json --infer lines
	[ "$output" = "Creation_Time bigint, Arrival_Time bigint, Device string, Index bigint, Model string, User string, gt string, x double, y double, z double" ]
	[ "$(grep -cE '_Time": [0-9]{19}, "Arrival_Time": [0-9]{19},' lines)" -eq 10000 ]
	nulls=$(parse-json --schema "$SENSORS" lines |
		filter --sql 'Device IS NULL AND Index IS NULL AND Model IS NULL AND User IS NULL AND gt IS NULL' | wc -l)
	[ "$nulls" -ge 150 ]
	[ "$nulls" -le 250 ]
	[ "$(parse-json --schema "$SENSORS" lines | drop-null | wc -l)" -eq $((10000 - nulls)) ]
}

@test "sensors, heart rates and users go together" {
	bief sample users >users.csv
	bief sample sensors | parse-json --schema "$SENSORS" | drop-null >sensors
	join-static users.csv --sep ';' --header --on User <sensors |
		drop-null --how any | wc -l | cmp - <(wc -l <sensors)
	bief sample heart -n 200 | parse-json --schema 'Arrival_Time bigint, User string, bpm smallint' |
		drop-null >hearts
	join-stream <(head -200 sensors) hearts --on User >joined
	[ -s joined ]
}

@test "edits have the fields of recentchange, some are late, and pages of the communes are among them" {
	bief sample edits >edits
	jq -r 'select(.type == "edit") | keys_unsorted - ["patrolled"] | join(" ")' edits |
		sort -u >keys
	is keys <<'END'
$schema meta id type namespace title comment timestamp user bot minor length revision server_url server_name server_script_path wiki parsedcomment
END
	[ "$(jq -r .type edits | sort -u | paste -sd ' ')" = 'categorize edit log new' ]
	bief sample communes >towns.csv
	run -0 bash -c "parse-json --schema 'wiki string, title string' edits |
		join-static towns.csv --header --on title=articleName --how semi |
		agg count | jq .count"
	[ "$output" -gt 10 ]
	jq .timestamp edits >times
	run ! sort -nc times
}

@test "flights have OpenSky's fields, the newest first, and the states 17 and the time" {
	bief sample flights >flights
	jq -c 'keys_unsorted' flights | sort -u >keys
	is keys <<'END'
["icao24","firstSeen","estDepartureAirport","lastSeen","estArrivalAirport","callsign","estDepartureAirportHorizDistance","estDepartureAirportVertDistance","estArrivalAirportHorizDistance","estArrivalAirportVertDistance","departureAirportCandidatesCount","arrivalAirportCandidatesCount"]
END
	jq .firstSeen flights | sort -nrc
	bief sample states | jq -c 'keys_unsorted' | sort -u >keys
	is keys <<'END'
["time","icao24","callsign","origin_country","time_position","last_contact","longitude","latitude","baro_altitude","on_ground","velocity","true_track","vertical_rate","sensors","geo_altitude","squawk","spi","position_source"]
END
}

@test "numbers are spelled so that they are read and printed as they are" {
	bief sample sensors | tr -d '\r' >lines
	parse-json --schema "$SENSORS" lines | pick x,y,z >typed
	# Very small ones are printed with an exponent.
	grep -o '"[xyz]": [^,}]*' lines | sed 's/ //' | grep -v 'null\|0\.0000' >want
	grep -o '"[xyz]":[^,}]*' typed | grep -v 'null\|e-' | cmp want -
}

@test "any sample can go into files, divided as is asked" {
	bief sample words out -n 10 --files 3
	wc -l out/* | awk '{ print $1, $2 }' >got
	is got <<'END'
4 out/words-0.txt
3 out/words-1.txt
3 out/words-2.txt
10 total
END
	bief sample words -n 10 | cmp - <(cat out/*)
	bief sample users a/b/c/ -n 2 --files 2
	is a/b/c/users-1.csv <<'END'
User;FirstName;LastName
b;Basile;Petitjour
END
}

@test "a directory that has files is refused, with the remedy" {
	bief sample words out -n 5
	cp -r out before
	run -2 bief sample words out -n 6
	[ "$output" = "bief: sample: 'out' has files: name another directory, or add to it with --force (files of the same names are replaced)" ]
	diff -r out before
	touch out/mine
	bief sample words out -n 6 --force
	[ "$(ls out | paste -sd ' ')" = 'mine words-0.txt' ]
	[ "$(wc -l <out/words-0.txt)" -eq 6 ]
	run -2 bief sample words out/mine
	[ "$output" = "bief: sample: 'out/mine' is a file, not a directory to put files into" ]
}

@test "wrong usage is told with what was meant" {
	run -2 bief sample
	[ "$output" = "bief: sample: a name is missing: see bief sample --help" ]
	run -2 bief sample sensor
	[ "$output" = "bief: sample: there is no sample 'sensor': did you mean sensors?" ]
	run -2 bief sample nothing
	[ "$output" = "bief: sample: there is no sample 'nothing': see bief sample --help" ]
	run -2 bief sample words --count 0
	[ "$output" = "bief: sample: --count is at least 1" ]
	run -2 bief sample words --files 3
	[ "$output" = "bief: sample: --files is for files of a directory: bief sample words DIR" ]
	run -2 bief sample words out -n 2 --files 3
	[ "$output" = "bief: sample: --files: there are only 2 records for 3 files: ask for more by --count" ]
	[ ! -e out ]
	run -2 bief sample words a b
}

@test "a full disk is told, and leaves no part of a file" {
	run -1 bash -c 'bief sample words >/dev/full'
	[ "$output" = "bief: sample: cannot write the output: No space left on device" ]
	run -1 bash -c 'ulimit -f 1; trap "" XFSZ; bief sample access out'
	[ "$output" = "bief: sample: 'out/access-0.log': cannot write the output: File too large" ]
	[ -z "$(ls -A out)" ]
}

@test "a reader that closes ends it without a word" {
	run -0 bash -c 'bief sample states -n 1000000000000 | head -1 | wc -l'
	[ "$output" = 1 ]
}

@test "its help names what there is" {
	bief sample --help >help
	head -2 help | is - <<'END'
usage: bief sample NAME [DIR] [--count N] [--seed S]
make data to try things with
END
	sed -n '/^names:/,/^$/s/^  \([a-z]*\) .*/\1/p' help | paste -sd ' ' >names
	[ "$(cat names)" = "$NAMES" ]
}
