# What pages show is played: their commands are run, their output compared.

# blocks PAGE: the EXAMPLES of a page, or the indented text of a Markdown file:
# each display into a file of its own, block.N.  A course is one session: all
# displays of its exercises in one file, but those that need a service.
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
	/^\.Sh/ { examples = $2 ~ /^EX[AE]MPLES$/; course = $2 ~ /^EXERCI[SC]ES$/ }
	course && /^\.Bd/ { n = 1; shown = ""; held = 0; display = 1; next }
	course && /^\.Ed/ {
		lines = split(shown, line, "\n")
		for (i = 1; i < lines; i++)
			if (!held) put(line[i])
		display = 0
	}
	course && display {
		shown = shown $0 "\n"
		held = held || /localhost:(9091|9092|5432)|https:/
	}
	!examples { next }
	/^\.Bd/ { open = 1; n++; next }
	/^\.Ed/ { open = 0 }
	open { put($0) }' "$1"
}

# free_ports: no other test, and nobody else here, listens at the ports of the
# courses: each becomes one that is free.
free_ports() {
	python3 -c '
import socket
taken = [socket.socket() for _ in range(3)]
for s, port in zip(taken, (9999, 10000, 10001)):
    s.bind(("127.0.0.1", 0))
    print(r"s/(localhost:|--port )%d\b/\1%d/" % (
        port, s.getsockname()[1]))'
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

# session PAGE: the commands of a course into block.1, at free ports.
session() {
	rm -f block.*
	blocks "$1"
	free_ports >ports
	sed -i -E -f ports block.1
	mkdir -p -m 700 status
	export BIEF_STATUS=$PWD/status
}
