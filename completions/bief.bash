# Completions for the programs of bief: made by completions/generate.

# _bief_options PROGRAM: the names of its options.
_bief_options() {
	case $1 in
	agg) echo "--by -b --cube --rollup --grouping-id --no-window --mode -m --help -h --version --dump-options --max-line --name --plain --progress --rejects --zone --on-error --batch --trigger --max-state" ;;
	dedup) echo "--by -b --within-watermark --help -h --version --dump-options --max-line --name --plain --progress --rejects --zone --on-error --batch --trigger --max-state" ;;
	derive) echo "--sql --max-cpu --help -h --version --dump-options --max-line --name --plain --progress --rejects --zone --on-error --batch --trigger --max-state" ;;
	drop-null) echo "--how --help -h --version --dump-options --max-line --name --plain --progress --rejects --zone --on-error --batch --trigger --max-state" ;;
	explode) echo "--split --regex --as --outer --keep --help -h --version --dump-options --max-line --name --plain --progress --rejects --zone --on-error --batch --trigger --max-state" ;;
	fill-null) echo "--help -h --version --dump-options --max-line --name --plain --progress --rejects --zone --on-error --batch --trigger --max-state" ;;
	filter) echo "--sql --max-cpu --help -h --version --dump-options --max-line --name --plain --progress --rejects --zone --on-error --batch --trigger --max-state" ;;
	join-static) echo "--on --how --sep --header --null --table-schema --help -h --version --dump-options --max-line --name --plain --progress --rejects --zone --on-error --batch --trigger --max-state" ;;
	join-stream) echo "--how --on --policy --where --help -h --version --dump-options --max-line --name --plain --progress --rejects --zone --on-error --batch --trigger --max-state" ;;
	order) echo "--by -b --limit --help -h --version --dump-options --max-line --name --plain --progress --rejects --zone --on-error --batch --trigger --max-state" ;;
	parse-csv) echo "--sep --header --schema -s --schema-file --quote --multi-line --null --trim --comment --ragged --corrupt-field --timestamp-format --infer --help -h --version --dump-options --max-line --name --plain --progress --rejects --zone --on-error --batch --trigger --max-state" ;;
	parse-json) echo "--schema -s --schema-file --field --keep --corrupt-field --timestamp-format --date-format --allow --deny --infer --help -h --version --dump-options --max-line --name --plain --progress --rejects --zone --on-error --batch --trigger --max-state" ;;
	parse-text) echo "--help -h --version --dump-options --max-line --name --plain --progress --rejects --zone --on-error --batch --trigger --max-state" ;;
	pick) echo "--sql --help -h --version --dump-options --max-line --name --plain --progress --rejects --zone --on-error --batch --trigger --max-state" ;;
	pivot) echo "--cols --fill --rows --value --help -h --version --dump-options --max-line --name --plain --progress --rejects --zone --on-error --batch --trigger --max-state" ;;
	sink-files) echo "--format --partition-by --sep --stamp --mode -m --help -h --version --dump-options --max-line --name --plain --progress --rejects --zone --on-error --batch --trigger --max-state" ;;
	sink-table) echo "--db --table --mode -m --key --rows --truncate --no-truncate --live --style --help -h --version --dump-options --max-line --name --plain --progress --rejects --zone --on-error --batch --trigger --max-state" ;;
	stream-files) echo "--max-files --max-bytes --max-records --max-file-age --order --latest-first --file-name-only --partitions --follow -f --clean --help -h --version --dump-options --max-line --name --plain --progress --rejects --zone --on-error --trigger --checkpoint --sinks --ready-fd" ;;
	stream-rate) echo "--rate -r --ramp-up --count -n --rows-per-batch --start --advance --help -h --version --dump-options --max-line --name --plain --progress --rejects --zone --on-error --trigger --checkpoint --sinks --ready-fd" ;;
	stream-socket) echo "--listen -l --reconnect --timestamp --for --journal-max --max-state --help -h --version --dump-options --max-line --name --plain --progress --rejects --zone --on-error --trigger --checkpoint --sinks --ready-fd" ;;
	take) echo "--help -h --version --dump-options --max-line --name --plain --progress --rejects --zone --on-error --batch --trigger --max-state" ;;
	thru) echo "--ok --help -h --version --dump-options --max-line --name --plain --progress --rejects --zone --on-error --batch --trigger --max-state" ;;
	union) echo "--policy --help -h --version --dump-options --max-line --name --plain --progress --rejects --zone --on-error --batch --trigger --max-state" ;;
	watermark) echo "--on --delay --idle --future --flush --help -h --version --dump-options --max-line --name --plain --progress --rejects --zone --on-error --batch --trigger --max-state" ;;
	window) echo "--on --size --slide --start --session --session-field --watermark --unit --batches --every --help -h --version --dump-options --max-line --name --plain --progress --rejects --zone --on-error --batch --trigger --max-state" ;;
	serve-lines) echo "--port -p --listen --rate -r --loop --shuffle --seed --once --help -h --version --dump-options --ready-fd" ;;
	esac
}

# _bief_value PROGRAM OPTION: what its value may be: words, "*" for files, "?"
# for anything; nothing where it takes none.
_bief_value() {
	case "$1 $2" in
	"agg --by" | "agg -b") echo "?" ;;
	"agg --mode" | "agg -m") echo "append update complete" ;;
	"agg --max-line") echo "?" ;;
	"agg --name") echo "?" ;;
	"agg --progress") echo "*" ;;
	"agg --rejects") echo "*" ;;
	"agg --zone") echo "?" ;;
	"agg --on-error") echo "fail skip keep" ;;
	"agg --batch") echo "?" ;;
	"agg --trigger") echo "?" ;;
	"agg --max-state") echo "?" ;;
	"dedup --by" | "dedup -b") echo "?" ;;
	"dedup --max-line") echo "?" ;;
	"dedup --name") echo "?" ;;
	"dedup --progress") echo "*" ;;
	"dedup --rejects") echo "*" ;;
	"dedup --zone") echo "?" ;;
	"dedup --on-error") echo "fail skip keep" ;;
	"dedup --batch") echo "?" ;;
	"dedup --trigger") echo "?" ;;
	"dedup --max-state") echo "?" ;;
	"derive --max-cpu") echo "?" ;;
	"derive --max-line") echo "?" ;;
	"derive --name") echo "?" ;;
	"derive --progress") echo "*" ;;
	"derive --rejects") echo "*" ;;
	"derive --zone") echo "?" ;;
	"derive --on-error") echo "fail skip keep" ;;
	"derive --batch") echo "?" ;;
	"derive --trigger") echo "?" ;;
	"derive --max-state") echo "?" ;;
	"drop-null --how") echo "any all" ;;
	"drop-null --max-line") echo "?" ;;
	"drop-null --name") echo "?" ;;
	"drop-null --progress") echo "*" ;;
	"drop-null --rejects") echo "*" ;;
	"drop-null --zone") echo "?" ;;
	"drop-null --on-error") echo "fail skip keep" ;;
	"drop-null --batch") echo "?" ;;
	"drop-null --trigger") echo "?" ;;
	"drop-null --max-state") echo "?" ;;
	"explode --split") echo "?" ;;
	"explode --regex") echo "?" ;;
	"explode --as") echo "?" ;;
	"explode --max-line") echo "?" ;;
	"explode --name") echo "?" ;;
	"explode --progress") echo "*" ;;
	"explode --rejects") echo "*" ;;
	"explode --zone") echo "?" ;;
	"explode --on-error") echo "fail skip keep" ;;
	"explode --batch") echo "?" ;;
	"explode --trigger") echo "?" ;;
	"explode --max-state") echo "?" ;;
	"fill-null --max-line") echo "?" ;;
	"fill-null --name") echo "?" ;;
	"fill-null --progress") echo "*" ;;
	"fill-null --rejects") echo "*" ;;
	"fill-null --zone") echo "?" ;;
	"fill-null --on-error") echo "fail skip keep" ;;
	"fill-null --batch") echo "?" ;;
	"fill-null --trigger") echo "?" ;;
	"fill-null --max-state") echo "?" ;;
	"filter --sql") echo "?" ;;
	"filter --max-cpu") echo "?" ;;
	"filter --max-line") echo "?" ;;
	"filter --name") echo "?" ;;
	"filter --progress") echo "*" ;;
	"filter --rejects") echo "*" ;;
	"filter --zone") echo "?" ;;
	"filter --on-error") echo "fail skip keep" ;;
	"filter --batch") echo "?" ;;
	"filter --trigger") echo "?" ;;
	"filter --max-state") echo "?" ;;
	"join-static --on") echo "?" ;;
	"join-static --how") echo "inner left semi anti" ;;
	"join-static --sep") echo "?" ;;
	"join-static --null") echo "?" ;;
	"join-static --table-schema") echo "?" ;;
	"join-static --max-line") echo "?" ;;
	"join-static --name") echo "?" ;;
	"join-static --progress") echo "*" ;;
	"join-static --rejects") echo "*" ;;
	"join-static --zone") echo "?" ;;
	"join-static --on-error") echo "fail skip keep" ;;
	"join-static --batch") echo "?" ;;
	"join-static --trigger") echo "?" ;;
	"join-static --max-state") echo "?" ;;
	"join-stream --how") echo "inner left right full semi" ;;
	"join-stream --on") echo "?" ;;
	"join-stream --policy") echo "min max" ;;
	"join-stream --where") echo "?" ;;
	"join-stream --max-line") echo "?" ;;
	"join-stream --name") echo "?" ;;
	"join-stream --progress") echo "*" ;;
	"join-stream --rejects") echo "*" ;;
	"join-stream --zone") echo "?" ;;
	"join-stream --on-error") echo "fail skip keep" ;;
	"join-stream --batch") echo "?" ;;
	"join-stream --trigger") echo "?" ;;
	"join-stream --max-state") echo "?" ;;
	"order --by" | "order -b") echo "?" ;;
	"order --limit") echo "?" ;;
	"order --max-line") echo "?" ;;
	"order --name") echo "?" ;;
	"order --progress") echo "*" ;;
	"order --rejects") echo "*" ;;
	"order --zone") echo "?" ;;
	"order --on-error") echo "fail skip keep" ;;
	"order --batch") echo "?" ;;
	"order --trigger") echo "?" ;;
	"order --max-state") echo "?" ;;
	"parse-csv --sep") echo "?" ;;
	"parse-csv --schema" | "parse-csv -s") echo "?" ;;
	"parse-csv --schema-file") echo "*" ;;
	"parse-csv --quote") echo "?" ;;
	"parse-csv --multi-line") echo "true false" ;;
	"parse-csv --null") echo "?" ;;
	"parse-csv --comment") echo "?" ;;
	"parse-csv --corrupt-field") echo "?" ;;
	"parse-csv --timestamp-format") echo "?" ;;
	"parse-csv --infer") echo "*" ;;
	"parse-csv --max-line") echo "?" ;;
	"parse-csv --name") echo "?" ;;
	"parse-csv --progress") echo "*" ;;
	"parse-csv --rejects") echo "*" ;;
	"parse-csv --zone") echo "?" ;;
	"parse-csv --on-error") echo "fail skip keep" ;;
	"parse-csv --batch") echo "?" ;;
	"parse-csv --trigger") echo "?" ;;
	"parse-csv --max-state") echo "?" ;;
	"parse-json --schema" | "parse-json -s") echo "?" ;;
	"parse-json --schema-file") echo "*" ;;
	"parse-json --field") echo "?" ;;
	"parse-json --corrupt-field") echo "?" ;;
	"parse-json --timestamp-format") echo "?" ;;
	"parse-json --date-format") echo "?" ;;
	"parse-json --allow") echo "?" ;;
	"parse-json --deny") echo "?" ;;
	"parse-json --infer") echo "*" ;;
	"parse-json --max-line") echo "?" ;;
	"parse-json --name") echo "?" ;;
	"parse-json --progress") echo "*" ;;
	"parse-json --rejects") echo "*" ;;
	"parse-json --zone") echo "?" ;;
	"parse-json --on-error") echo "fail skip keep" ;;
	"parse-json --batch") echo "?" ;;
	"parse-json --trigger") echo "?" ;;
	"parse-json --max-state") echo "?" ;;
	"parse-text --max-line") echo "?" ;;
	"parse-text --name") echo "?" ;;
	"parse-text --progress") echo "*" ;;
	"parse-text --rejects") echo "*" ;;
	"parse-text --zone") echo "?" ;;
	"parse-text --on-error") echo "fail skip keep" ;;
	"parse-text --batch") echo "?" ;;
	"parse-text --trigger") echo "?" ;;
	"parse-text --max-state") echo "?" ;;
	"pick --sql") echo "?" ;;
	"pick --max-line") echo "?" ;;
	"pick --name") echo "?" ;;
	"pick --progress") echo "*" ;;
	"pick --rejects") echo "*" ;;
	"pick --zone") echo "?" ;;
	"pick --on-error") echo "fail skip keep" ;;
	"pick --batch") echo "?" ;;
	"pick --trigger") echo "?" ;;
	"pick --max-state") echo "?" ;;
	"pivot --cols") echo "?" ;;
	"pivot --fill") echo "?" ;;
	"pivot --rows") echo "?" ;;
	"pivot --value") echo "?" ;;
	"pivot --max-line") echo "?" ;;
	"pivot --name") echo "?" ;;
	"pivot --progress") echo "*" ;;
	"pivot --rejects") echo "*" ;;
	"pivot --zone") echo "?" ;;
	"pivot --on-error") echo "fail skip keep" ;;
	"pivot --batch") echo "?" ;;
	"pivot --trigger") echo "?" ;;
	"pivot --max-state") echo "?" ;;
	"sink-files --format") echo "json csv" ;;
	"sink-files --partition-by") echo "?" ;;
	"sink-files --sep") echo "?" ;;
	"sink-files --mode" | "sink-files -m") echo "?" ;;
	"sink-files --max-line") echo "?" ;;
	"sink-files --name") echo "?" ;;
	"sink-files --progress") echo "*" ;;
	"sink-files --rejects") echo "*" ;;
	"sink-files --zone") echo "?" ;;
	"sink-files --on-error") echo "fail skip keep" ;;
	"sink-files --batch") echo "?" ;;
	"sink-files --trigger") echo "?" ;;
	"sink-files --max-state") echo "?" ;;
	"sink-table --db") echo "*" ;;
	"sink-table --table") echo "?" ;;
	"sink-table --mode" | "sink-table -m") echo "append update complete" ;;
	"sink-table --key") echo "?" ;;
	"sink-table --rows") echo "?" ;;
	"sink-table --truncate") echo "?" ;;
	"sink-table --style") echo "console pprint" ;;
	"sink-table --max-line") echo "?" ;;
	"sink-table --name") echo "?" ;;
	"sink-table --progress") echo "*" ;;
	"sink-table --rejects") echo "*" ;;
	"sink-table --zone") echo "?" ;;
	"sink-table --on-error") echo "fail skip keep" ;;
	"sink-table --batch") echo "?" ;;
	"sink-table --trigger") echo "?" ;;
	"sink-table --max-state") echo "?" ;;
	"stream-files --max-files") echo "?" ;;
	"stream-files --max-bytes") echo "?" ;;
	"stream-files --max-records") echo "?" ;;
	"stream-files --max-file-age") echo "?" ;;
	"stream-files --order") echo "time name" ;;
	"stream-files --clean") echo "off delete" ;;
	"stream-files --max-line") echo "?" ;;
	"stream-files --name") echo "?" ;;
	"stream-files --progress") echo "*" ;;
	"stream-files --rejects") echo "*" ;;
	"stream-files --zone") echo "?" ;;
	"stream-files --on-error") echo "fail skip keep" ;;
	"stream-files --trigger") echo "once available-now" ;;
	"stream-files --checkpoint") echo "*" ;;
	"stream-files --sinks") echo "?" ;;
	"stream-files --ready-fd") echo "?" ;;
	"stream-rate --rate" | "stream-rate -r") echo "?" ;;
	"stream-rate --ramp-up") echo "?" ;;
	"stream-rate --count" | "stream-rate -n") echo "?" ;;
	"stream-rate --rows-per-batch") echo "?" ;;
	"stream-rate --start") echo "?" ;;
	"stream-rate --advance") echo "?" ;;
	"stream-rate --max-line") echo "?" ;;
	"stream-rate --name") echo "?" ;;
	"stream-rate --progress") echo "*" ;;
	"stream-rate --rejects") echo "*" ;;
	"stream-rate --zone") echo "?" ;;
	"stream-rate --on-error") echo "fail skip keep" ;;
	"stream-rate --trigger") echo "once available-now" ;;
	"stream-rate --checkpoint") echo "*" ;;
	"stream-rate --sinks") echo "?" ;;
	"stream-rate --ready-fd") echo "?" ;;
	"stream-socket --timestamp") echo "?" ;;
	"stream-socket --for") echo "?" ;;
	"stream-socket --journal-max") echo "?" ;;
	"stream-socket --max-state") echo "?" ;;
	"stream-socket --max-line") echo "?" ;;
	"stream-socket --name") echo "?" ;;
	"stream-socket --progress") echo "*" ;;
	"stream-socket --rejects") echo "*" ;;
	"stream-socket --zone") echo "?" ;;
	"stream-socket --on-error") echo "fail skip keep" ;;
	"stream-socket --trigger") echo "once available-now" ;;
	"stream-socket --checkpoint") echo "*" ;;
	"stream-socket --sinks") echo "?" ;;
	"stream-socket --ready-fd") echo "?" ;;
	"take --max-line") echo "?" ;;
	"take --name") echo "?" ;;
	"take --progress") echo "*" ;;
	"take --rejects") echo "*" ;;
	"take --zone") echo "?" ;;
	"take --on-error") echo "fail skip keep" ;;
	"take --batch") echo "?" ;;
	"take --trigger") echo "?" ;;
	"take --max-state") echo "?" ;;
	"thru --ok") echo "?" ;;
	"thru --max-line") echo "?" ;;
	"thru --name") echo "?" ;;
	"thru --progress") echo "*" ;;
	"thru --rejects") echo "*" ;;
	"thru --zone") echo "?" ;;
	"thru --on-error") echo "fail skip keep" ;;
	"thru --batch") echo "?" ;;
	"thru --trigger") echo "?" ;;
	"thru --max-state") echo "?" ;;
	"union --policy") echo "min max" ;;
	"union --max-line") echo "?" ;;
	"union --name") echo "?" ;;
	"union --progress") echo "*" ;;
	"union --rejects") echo "*" ;;
	"union --zone") echo "?" ;;
	"union --on-error") echo "fail skip keep" ;;
	"union --batch") echo "?" ;;
	"union --trigger") echo "?" ;;
	"union --max-state") echo "?" ;;
	"watermark --on") echo "?" ;;
	"watermark --delay") echo "?" ;;
	"watermark --idle") echo "?" ;;
	"watermark --future") echo "?" ;;
	"watermark --max-line") echo "?" ;;
	"watermark --name") echo "?" ;;
	"watermark --progress") echo "*" ;;
	"watermark --rejects") echo "*" ;;
	"watermark --zone") echo "?" ;;
	"watermark --on-error") echo "fail skip keep" ;;
	"watermark --batch") echo "?" ;;
	"watermark --trigger") echo "?" ;;
	"watermark --max-state") echo "?" ;;
	"window --on") echo "?" ;;
	"window --size") echo "?" ;;
	"window --slide") echo "?" ;;
	"window --start") echo "?" ;;
	"window --session") echo "?" ;;
	"window --session-field") echo "?" ;;
	"window --watermark") echo "?" ;;
	"window --unit") echo "s ms us ns" ;;
	"window --batches") echo "?" ;;
	"window --every") echo "?" ;;
	"window --max-line") echo "?" ;;
	"window --name") echo "?" ;;
	"window --progress") echo "*" ;;
	"window --rejects") echo "*" ;;
	"window --zone") echo "?" ;;
	"window --on-error") echo "fail skip keep" ;;
	"window --batch") echo "?" ;;
	"window --trigger") echo "?" ;;
	"window --max-state") echo "?" ;;
	"serve-lines --port" | "serve-lines -p") echo "?" ;;
	"serve-lines --listen") echo "?" ;;
	"serve-lines --rate" | "serve-lines -r") echo "?" ;;
	"serve-lines --seed") echo "?" ;;
	"serve-lines --ready-fd") echo "?" ;;
	esac
}

_bief_programs="agg dedup derive drop-null explode fill-null filter join-static join-stream order parse-csv parse-json parse-text pick pivot sink-files sink-table stream-files stream-rate stream-socket take thru union watermark window serve-lines"
_bief_commands="explain ps run state stop to-spark top"

_bief() {
	local word=${COMP_WORDS[COMP_CWORD]} before= first=0 program value
	COMPREPLY=()
	program=${COMP_WORDS[0]##*/}
	if [ "$program" = bief ]; then
		if [ "$COMP_CWORD" -eq 1 ]; then
			COMPREPLY=($(compgen -W "$_bief_commands $_bief_programs --help --version" -- "$word"))
			return
		fi
		program=${COMP_WORDS[1]} first=1
	fi
	[ "$COMP_CWORD" -gt "$((first + 1))" ] && before=${COMP_WORDS[COMP_CWORD - 1]}
	# --name=value comes in three words.
	if [ "$before" = = ]; then
		before=${COMP_WORDS[COMP_CWORD - 2]}
	elif [ "$word" = = ]; then
		word=
	fi
	value=$(_bief_value "$program" "$before")
	case $value in
	"") ;;
	"*") COMPREPLY=($(compgen -f -- "$word")); return ;;
	"?") return ;;
	*) COMPREPLY=($(compgen -W "$value" -- "$word")); return ;;
	esac
	case $word in
	-*) COMPREPLY=($(compgen -W "$(_bief_options "$program")" -- "$word")) ;;
	*) COMPREPLY=($(compgen -f -- "$word")) ;;
	esac
}

complete -o filenames -F _bief bief $_bief_programs
