/*
 * meet: see meet.h.  The sockets keep messages apart, so that none can be half a
 * one; their names are abstract: they leave nothing behind, and a name that is
 * taken costs no more than a meeting.
 */
#include "io/stream/meet.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>

#define MEET_MAGIC "bief ring 1 "
#define MEET_BUILD 20     /* bytes of a build's number */
#define MEET_NOBODY 65534 /* whom a namespace does not know */
#define MEET_LOOKS 4      /* shells close their copies a little late */
#define MEET_BETWEEN_US 50

struct meet_text {
	char magic[sizeof(MEET_MAGIC)];
	unsigned char build[MEET_BUILD];
};

/* The note of the linker, in this process's memory. */
static const unsigned char *
meet_note(const char *p, const char *end)
{
	while (p + sizeof(ElfW(Nhdr)) <= end) {
		const ElfW(Nhdr) *h = (const ElfW(Nhdr) *)p;
		const char *name = p + sizeof(*h),
			   *desc = name + ((h->n_namesz + 3) & ~3u);

		if (h->n_type == NT_GNU_BUILD_ID && h->n_descsz == MEET_BUILD &&
			h->n_namesz == 4 && memcmp(name, "GNU", 4) == 0)
			return (const unsigned char *)desc;
		p = desc + ((h->n_descsz + 3) & ~3u);
	}
	return NULL;
}

/* The number of this build; NULL: it has none. */
static const unsigned char *
meet_build(void)
{
	const ElfW(Phdr) *h = (const ElfW(Phdr) *)getauxval(AT_PHDR);
	size_t n = getauxval(AT_PHNUM);
	const unsigned char *id = NULL;
	uintptr_t base = 0;

	for (size_t i = 0; h != NULL && i < n; i++)
		if (h[i].p_type == PT_PHDR)
			base = (uintptr_t)h - h[i].p_vaddr;
	for (size_t i = 0; h != NULL && i < n && id == NULL; i++)
		if (h[i].p_type == PT_NOTE) {
			const char *p = (const char *)(base + h[i].p_vaddr);

			id = meet_note(p, p + h[i].p_memsz);
		}
	return id;
}

bool
meet_wanted(void)
{
	const char *fuse = getenv("BIEF_FUSE");

	return (fuse == NULL || strcmp(fuse, "0") != 0) &&
		getauxval(AT_SECURE) == 0 && geteuid() != MEET_NOBODY &&
		meet_build() != NULL;
}

bool
meet_surely(void)
{
	const char *fuse = getenv("BIEF_FUSE");

	return fuse != NULL && strcmp(fuse, "now") == 0;
}

/* The name of the socket: of a pipe without a name, and of this build. */
static bool
meet_name(int fd, struct sockaddr_un *name, socklen_t *n)
{
	const unsigned char *build = meet_build();
	struct statfs fs;
	struct stat s;
	int k;

	if (build == NULL || fstatfs(fd, &fs) < 0 ||
		fs.f_type != PIPEFS_MAGIC || fstat(fd, &s) < 0)
		return false;
	memset(name, 0, sizeof(*name));
	name->sun_family = AF_UNIX;
	k = snprintf(name->sun_path + 1, sizeof(name->sun_path) - 1,
		"bief-%02x%02x%02x%02x-%llx-%llu", build[0], build[1], build[2],
		build[3], (unsigned long long)s.st_dev,
		(unsigned long long)s.st_ino);
	*n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
		(size_t)k);
	return true;
}

static int
meet_socket(void)
{
	return socket(
		AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static int
meet_close(int fd)
{
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool
meet_trusts(int fd)
{
	struct ucred c;
	socklen_t n = sizeof(c);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &n) == 0 &&
		c.uid == geteuid() && c.uid != MEET_NOBODY;
}

bool
meet_holds(int socket, int end, int fd)
{
	struct stat ours, its;
	struct ucred c;
	socklen_t n = sizeof(c);
	char path[60];

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &c, &n) < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)c.pid, end);
	return stat(path, &its) == 0 && fstat(fd, &ours) == 0 &&
		its.st_dev == ours.st_dev && its.st_ino == ours.st_ino;
}

int
meet_listen(int fd)
{
	struct sockaddr_un name;
	socklen_t n;
	int s;

	if (!meet_name(fd, &name, &n) || (s = meet_socket()) < 0)
		return -1;
	if (bind(s, (struct sockaddr *)&name, n) < 0 || listen(s, 8) < 0)
		return meet_close(s);
	return s;
}

int
meet_connect(int fd)
{
	struct sockaddr_un name;
	socklen_t n;
	int s;

	if (!meet_name(fd, &name, &n) || (s = meet_socket()) < 0)
		return -1;
	if (connect(s, (struct sockaddr *)&name, n) < 0 || !meet_trusts(s) ||
		!meet_holds(s, STDOUT_FILENO, fd) || !meet_hello(s, NULL, 0))
		return meet_close(s);
	return s;
}

int
meet_accept(int listening)
{
	int s;

	while ((s = accept4(listening, NULL, NULL,
			SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		if (meet_trusts(s))
			return s;
		close(s);
	}
	return -1;
}

/* ---- messages ---- */

union meet_control {
	struct cmsghdr h;
	char room[CMSG_SPACE(4 * sizeof(int))];
};

/* The one descriptor that may come with a message; others are closed. */
static int
meet_descriptor(struct msghdr *m)
{
	int fd = -1, one;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL;
		c = CMSG_NXTHDR(m, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			memcpy(&one, CMSG_DATA(c) + i * sizeof(int),
				sizeof(int));
			if (fd >= 0)
				close(one);
			else
				fd = one;
		}
	}
	return fd;
}

enum meet_kind
meet_take(int socket, char *text, size_t *n, int *fd)
{
	union meet_control control;
	uint32_t kind = 0;
	struct iovec v[2] = {{&kind, sizeof(kind)}, {text, MEET_MOST}};
	struct msghdr m = {.msg_iov = v,
		.msg_iovlen = 2,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	ssize_t got;

	*n = 0;
	*fd = -1;
	do
		got = recvmsg(socket, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN ? MEET_NOTHING : MEET_GONE;
	*fd = meet_descriptor(&m);
	if ((size_t)got < sizeof(kind) || kind < MEET_HELLO ||
		kind > MEET_LEND || (m.msg_flags & MSG_TRUNC)) {
		meet_close(*fd);
		*fd = -1;
		return MEET_GONE;
	}
	*n = (size_t)got - sizeof(kind);
	return (enum meet_kind)kind;
}

bool
meet_say(int socket, enum meet_kind kind, const char *text, size_t n, int fd)
{
	union meet_control control;
	uint32_t word = (uint32_t)kind;
	struct iovec v[2] = {{&word, sizeof(word)}, {(void *)text, n}};
	struct msghdr m = {.msg_iov = v, .msg_iovlen = n > 0 ? 2 : 1};
	ssize_t put;

	if (fd >= 0) {
		struct cmsghdr *c = &control.h;

		memset(&control, 0, sizeof(control));
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	do
		put = sendmsg(socket, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (put < 0 && errno == EINTR);
	return put >= 0;
}

bool
meet_hello(int socket, const char *plan, size_t n)
{
	struct meet_text t = {.magic = MEET_MAGIC};
	char text[MEET_MOST];

	if (n > sizeof(text) - sizeof(t))
		n = 0;
	memcpy(t.build, meet_build(), MEET_BUILD);
	memcpy(text, &t, sizeof(t));
	if (n > 0)
		memcpy(text + sizeof(t), plan, n);
	return meet_say(socket, MEET_HELLO, text, sizeof(t) + n, -1);
}

bool
meet_known(const char *text, size_t n, const char **plan, size_t *nplan)
{
	const struct meet_text *t = (const struct meet_text *)text;

	if (n < sizeof(*t) ||
		memcmp(t->magic, MEET_MAGIC, sizeof(MEET_MAGIC)) != 0 ||
		memcmp(t->build, meet_build(), MEET_BUILD) != 0)
		return false;
	*plan = text + sizeof(*t);
	*nplan = n - sizeof(*t);
	return true;
}

/* ---- the pipe ---- */

static int
meet_open(int fd, int flags)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags | O_CLOEXEC);
}

int
meet_second_end(int fd)
{
	return meet_open(fd, O_WRONLY | O_NONBLOCK);
}

int
meet_let_go(int fd)
{
	int place = meet_open(fd, O_PATH);

	/* At once, so that nobody else is given the number. */
	if (place < 0 || dup2(place, fd) < 0) {
		meet_close(place);
		return -1;
	}
	close(place);
	return 0;
}

static int
meet_reopen(int fd, int flags)
{
	int end = meet_open(fd, flags);

	if (end < 0 || dup2(end, fd) < 0) {
		meet_close(end);
		return -1;
	}
	close(end);
	return 0;
}

int
meet_take_back(int fd)
{
	return meet_reopen(fd, O_WRONLY);
}

/* Has the other side of the pipe nobody left? */
static bool
meet_left(int fd, short what)
{
	for (int i = 0; i < MEET_LOOKS; i++) {
		struct pollfd p = {.fd = fd};

		if (poll(&p, 1, 0) == 1 && (p.revents & what))
			return true;
		usleep(MEET_BETWEEN_US);
	}
	return false;
}

int
meet_alone(int fd, bool writers)
{
	int other;
	bool alone;

	if (!meet_left(fd, POLLHUP))
		return 0;
	if (writers)
		return 1;
	/* Somebody has to have it open, or what is in it is lost. */
	if ((other = meet_open(fd, O_WRONLY)) < 0)
		return 0;
	if (meet_let_go(fd) < 0) {
		close(other);
		return 0;
	}
	alone = meet_left(other, POLLERR);
	if (meet_reopen(fd, O_RDONLY) < 0) {
		close(other);
		return -1;
	}
	close(other);
	return alone;
}
