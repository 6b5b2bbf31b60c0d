# make install and make uninstall.

load lib

# What is tested elsewhere, under another name and by other tools, is not what
# would be installed.
setup() {
	[ "$(cd "$(dirname "$(command -v bief)")" && pwd)" = "$TOP/bin" ] ||
		skip "these are not the programs that make install takes"
	cd "$BATS_TEST_TMPDIR" || return
	unset MAKEFLAGS MAKELEVEL MFLAGS
}

# put TARGET: by a packager, into root/usr.
put() {
	make -s -C "$TOP" "$1" DESTDIR="$PWD/root" PREFIX=/usr >made 2>&1 ||
		{ cat made; return 1; }
}

programs() {
	bief --help | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p'
}

@test "what is installed runs from there, with its pages and completions" {
	put install
	local p n=0
	for p in $(programs); do
		[ "$(root/usr/bin/"$p" --version | cut -d' ' -f1)" = "$p" ]
		cmp "$TOP/man/$p.1" "root/usr/share/man/man1/$p.1"
		[ -s "root/usr/share/bash-completion/completions/$p" ]
		[ -s "root/usr/share/fish/vendor_completions.d/$p.fish" ]
		n=$((n + 1))
	done
	[ "$n" -gt 20 ]
	[ -s root/usr/share/zsh/site-functions/_bief ]
	for p in bief.1 bief.7 bief-stream.5 bief-checkpoint.5 bief-sql.7 bief-spark.7 bief-course-files.7; do
		cmp "$TOP/man/$p" "root/usr/share/man/man${p##*.}/$p"
	done
	for p in "$TOP"/man/fr/*; do
		cmp "$p" "root/usr/share/man/fr/man${p##*.}/$(basename "$p")"
	done
	PATH=$PWD/root/usr/bin bief run "filter '.a > 1'" <<<'{"a":2}' >out
	is out <<<'{"a":2}'
}

@test "what is installed is whole without the checkout: no path of it, all may read it" {
	put install
	run ! grep -rlF "$TOP" root/usr/share
	[ -z "$(find root -type l -lname '/*')" ]
	[ -z "$(find root ! -type l ! -perm -a+r)" ]
	[ -z "$(find -L root -type l)" ]
}

@test "installing again changes nothing, uninstalling leaves no file, and none but ours goes" {
	put install
	(cd root && find . | sort) >first
	put install
	(cd root && find . | sort) | diff first -
	echo mine >root/usr/bin/other
	put uninstall
	find root ! -type d >left
	is left <<<root/usr/bin/other
	put uninstall
}

@test "make dist gives the same bytes each time, also from what it gave" {
	put dist
	cp made first
	[ "$(wc -l <first)" = 1 ]
	# One of another version may lie beside it.
	tar -xzf "$TOP/$(cut -d ' ' -f 3 made)"
	cd bief-* || return
	find . -type f -perm -u+x -exec chmod 700 {} +
	(umask 077 && TZ=Asia/Tokyo make -s dist | cmp ../first -)
	[ "$(SOURCE_DATE_EPOCH=1000000000 make -s dist)" != "$(cat ../first)" ]
	tar -tvzf build/dist/*.tar.gz | grep -vc ' 2001-09-09 ' | grep -qx 0
}
