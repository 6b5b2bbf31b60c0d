#!/usr/bin/env bats
# bief course: the pages with exercises, opened in the user's language.

load lib

@test "without a name the courses are listed, in the language of the locale" {
	bief course >out
	grep -c '^  bief course ' out | is <(echo 6)
	head -1 out | is <(echo '  bief course files     actions in files: windows, watermarks, restarts')
	LC_ALL=fr_FR.UTF-8 bief course >out
	head -1 out | is <(echo '  bief course files     des actions dans des fichiers : fenêtres, retards, reprises')
	bief course --help | head -1 | is <(echo 'usage: bief course [NAME]')
}

@test "in a pipe the plain text of the page comes out, and the next course is named" {
	bief course files >out
	grep -q '^EXERCISES$' out
	run ! grep -q $'\b' out
	tail -1 out | is <(echo 'next: bief course sensors')
	bief course bief-course-flights >out
	tail -1 out | is <(echo 'this was the last course')
}

@test "under a French locale the page is French, whether the locale is installed or not" {
	local l
	for l in fr_FR.UTF-8 fr fr_CA fr_FR@euro; do
		LC_ALL=$l bief course quotes >out
		grep -q '^EXERCICES$' out
		tail -1 out | is <(echo 'suite : bief course flights')
	done
	LC_ALL='' LC_MESSAGES='' LANG=fr_BE.UTF-8 bief course quotes >out
	grep -q '^EXERCICES$' out
	for l in fr:en de:fr x::fr:en; do
		LC_ALL=en_US.UTF-8 LANGUAGE=$l bief course quotes >out
		grep -q '^EXERCICES$' out
		tail -1 out | is <(echo 'suite : bief course flights')
	done
}

@test "a locale without pages, or that is none, gets the English ones" {
	local l
	for l in C C.UTF-8 POSIX de_DE.UTF-8 xx_YY frob ../fr '' fr/..; do
		LC_ALL=$l LANG='' bief course quotes >out
		grep -q '^EXERCISES$' out
	done
	for l in en:fr en_GB:fr de:it:en:fr; do
		LC_ALL=fr_FR.UTF-8 LANGUAGE=$l bief course quotes >out
		grep -q '^EXERCISES$' out
	done
	LC_ALL=C LANGUAGE=fr bief course quotes >out
	grep -q '^EXERCISES$' out
}

@test "an unknown course is refused, and the nearest one named" {
	run -2 bief course filez
	[ "$output" = "bief: there is no course 'filez': did you mean bief course files?" ]
	run -2 bief course xyz
	[ "$output" = "bief: there is no course 'xyz': it is one of files, sensors, words, edits, quotes, flights" ]
	run -2 bief course ''
	[[ $output == *"it is one of files, "* ]]
	run -2 bief course files words
	[ "$output" = "bief: course takes one name: see bief course --help" ]
	run -2 bief course --all
	[ "$output" = "bief: course takes one name: see bief course --help" ]
	run -2 bief cours
	[[ $output == *"did you mean bief course?" ]]
}

@test "without man and mandoc a message says what to install, and where the page is" {
	local bief
	bief=$(command -v bief)
	mkdir none
	run -1 env PATH="$PWD/none" "$bief" course files
	[[ $output == "bief: neither man nor mandoc is installed: apt-get install man-db; the page is "*bief-course-files.7 ]]
}

@test "man is good enough, and on a terminal it shows the page" {
	local bief
	bief=$(command -v bief)
	mkdir only
	printf '#!/bin/sh\necho "man $1 for $MANWIDTH"\necho "in $LC_ALL"\n' >only/man
	ln -s "$(command -v sh)" only/sh
	chmod +x only/man
	PATH=$PWD/only "$bief" course words >out
	grep -q '^man /.*/bief-course-words.7 for 80$' out
	# A locale that is not installed would cost the accents.
	LC_ALL=fr_XX.UTF-8 PATH=$PWD/only "$bief" course words >out
	grep -qx 'in C.UTF-8' out
	PATH=$PWD/only:$PATH script -qec "$bief course words" /dev/null </dev/null >out
	grep -q '^man /.*/bief-course-words.7 for ' out
	grep -q '^next: bief course edits' out
}

@test "where the page is not beside the program, that is said" {
	mkdir bin
	cp "$(command -v bief)" bin/
	run -1 bin/bief course files
	[ "$output" = "bief: the page bief-course-files(7) is not beside the program: make install puts it there" ]
	mkdir -p share/man/man7 share/man/fr/man7
	cp "$TOP/man/bief-course-files.7" share/man/man7/
	bin/bief course files | grep -q '^EXERCISES$'
	cp "$TOP/man/fr/bief-course-files.7" share/man/fr/man7/
	gzip -9 share/man/fr/man7/bief-course-files.7
	LC_ALL=fr_FR.UTF-8 bin/bief course files | grep -q '^EXERCICES$'
}
