# Libraries are opened when they are first needed, by one door (floor/dl.h).

load lib

# A directory in front of the system's libraries, where FILE is none.
broken() {
	mkdir -p lib
	echo no >"lib/$1"
}

# The same with one that is a library, but has nothing that we know.
empty() {
	mkdir -p lib
	${CC:-cc} -shared -fPIC -x c -o "lib/$1" - <<<'int nothing;'
}

with_lib() {
	LD_LIBRARY_PATH=$PWD/lib "$@"
}

@test "a library that is not there is named with its package, status 2" {
	echo '{"a":"1"}' >in.json
	gzip -k in.json
	zstd -q in.json
	for l in libjq.so.1 libonig.so.5 libsqlite3.so.0 libz.so.1 \
		libzstd.so.1 libcrypto.so.3; do
		broken "$l"
	done
	missing() {
		local status=0
		with_lib "$@" <in.json >out 2>>err || status=$?
		[ "$status" = 2 ]
	}
	missing filter '.a as $x | $x > 0'
	missing filter --sql "a rlike 'a+'"
	missing filter --sql "'x' rlike a"
	missing derive --on-error skip --sql 'b = md5(a)'
	missing derive --on-error skip --sql 'b = crc32(a)'
	missing sink-table --db x.db --table x
	is err <<-'END'
	filter: expression: parts of jq's language need libjq.so.1, which is not installed (Debian: libjq1)
	filter: sql: regular expression: patterns need libonig.so.5, which is not installed (Debian: libonig5)
	  a rlike 'a+'
	          ^
	filter: sql: patterns need libonig.so.5, which is not installed (Debian: libonig5)
	  'x' rlike a
	            ^
	derive: b: sql: md5, sha1 and sha2 need libcrypto.so.3, which is not installed (Debian: libssl3)
	   md5(a)
	   ^
	derive: b: sql: checksums by crc32 need libz.so.1, which is not installed (Debian: zlib1g)
	   crc32(a)
	   ^
	sink-table: table 'x' in 'x.db': SQLite databases need libsqlite3.so.0, which is not installed (Debian: libsqlite3-0)
	END
	missing_file() {
		run ! with_lib stream-files "$1"
		echo "$output" >>err
	}
	: >err
	missing_file in.json.gz
	missing_file in.json.zst
	is err <<-'END'
	stream-files: files that end in .gz need libz.so.1, which is not installed (Debian: zlib1g)
	stream-files: files that end in .zst need libzstd.so.1, which is not installed (Debian: libzstd1)
	END
}

@test "a library that is another one is named with what it lacks" {
	not_sanitized
	echo '{"a":1}' >in.json
	empty libsqlite3.so.0
	run -2 --separate-stderr with_lib sink-table --db x.db --table x <in.json
	echo "$stderr" >err
	is err <<-'END'
	sink-table: table 'x' in 'x.db': SQLite databases need libsqlite3.so.0, but the one that is installed has no 'sqlite3_column_bytes' (Debian: libsqlite3-0)
	END
}

@test "bief --version tells which libraries there are, and what brings one that is missing" {
	broken libpq.so.5
	with_lib bief --version >out
	grep -qE '^bief [0-9.]+$' out
	grep -E 'libpq|libz\.' out | sed -E 's#/.*/(libz\.so\.1)[.0-9]*$#FOUND \1#' >some
	is some <<-'END'
	  libz.so.1        FOUND libz.so.1
	  libpq.so.5       missing, for PostgreSQL: apt-get install libpq5
	END
	# None that is opened is left out.
	sed -n 's/^  \(lib[^ ]*\).*/\1/p' out | sort >told
	sed -n 's/.*{"\(lib[^"]*\.so[^"]*\)".*/\1/p' "$TOP/src/bief/floor/dl.c" |
		sort | diff - told
}

@test "a library is not opened by programs that do not need it" {
	for l in libjq.so.1 libonig.so.5 libsqlite3.so.0 libz.so.1 \
		libzstd.so.1 libcrypto.so.3; do
		broken "$l"
	done
	echo '{"a":"1"}' | with_lib filter '.a == "1"' >out
	is out <<<'{"a":"1"}'
}

# A libjq of the system's behind another name, with what jq 1.7 has more.
newer_libjq() {
	local real
	real=$(ldconfig -p | awk '$1 == "libjq.so.1" { print $NF; exit }')
	[ -n "$real" ] || skip "no libjq here"
	mkdir -p lib
	LC_ALL=C sed 's/libjq\.so\.1/libjq.so.9/g' "$real" >lib/libjq.so.9
	${CC:-cc} -shared -fPIC -x c -o lib/libjq.so.1 - -x none -Wl,--no-as-needed \
		lib/libjq.so.9 <<<'int jv_number_with_literal;'
}

@test "a libjq that is newer than jq 1.6 is used, and told of once" {
	not_sanitized
	newer_libjq
	printf '{"a":1}\n{"a":2}\n' |
		with_lib derive 'b = (.a as $x | $x + 1)' >out 2>err
	is out <<-'END'
	{"a":1,"b":2}
	{"a":2,"b":3}
	END
	is err <<-'END'
	derive: b: the expression is run by a libjq that is newer than jq 1.6, which the rest of the language follows; filter(1) says where they differ
	END
	printf '{"a":1}\n' | with_lib derive 'b = .a + 1' >out 2>err
	is out <<<'{"a":1,"b":2}'
	[ ! -s err ]
}
