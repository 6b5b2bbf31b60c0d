# A bare Debian 12 to do in what a newcomer does: debootstrap's minbase.

die() {
	echo "fresh: $*" >&2
	exit 1
}

# fresh_root [DIRECTORY]: make it and go from it at the end, its path in root;
# one in a directory that was named is kept, and used again.
fresh_root() {
	[ "$(id -u)" = 0 ] || die "chroot needs root: sudo make check-fresh"
	command -v debootstrap >/dev/null ||
		die "debootstrap is missing: apt-get install debootstrap"
	keep=${1-}
	if [ -n "$keep" ]; then
		mkdir -p "$keep"
		root=$(cd "$keep" && pwd)
	else
		root=$(mktemp -d)
	fi
	trap fresh_leave EXIT
	[ -e "$root/etc/debian_version" ] ||
		debootstrap --variant=minbase bookworm "$root" >&2
	cp /etc/resolv.conf /etc/hosts "$root/etc/"
	mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
	mountpoint -q "$root/dev" || mount --bind /dev "$root/dev"
	mountpoint -q "$root/dev/pts" || mount --bind /dev/pts "$root/dev/pts"
}

fresh_leave() {
	mountpoint -q "$root/proc" && umount "$root/proc"
	mountpoint -q "$root/dev/pts" && umount "$root/dev/pts"
	mountpoint -q "$root/dev" && umount "$root/dev"
	[ -n "$keep" ] || rm -rf --one-file-system "$root"
}

# fresh_run COMMAND: by the shell in there, as root on a plain terminal.
fresh_run() {
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb \
		DEBIAN_FRONTEND=noninteractive \
		chroot "$root" bash -c "$1" </dev/null
}
