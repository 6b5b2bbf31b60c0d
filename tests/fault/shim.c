/*
 * shim: make one call of a program fail, or kill the program at it.
 *
 *	BIEF_FAULT="PROGRAM OP N ACTION" BIEF_FAULT_MARK=FILE LD_PRELOAD=shim.so
 *
 * PROGRAM is the name it was called by, or NAME@TEXT: one of its arguments
 * contains TEXT.  OP is write, fsync, rename, open (to write), unlink, mkdir, or
 * of sockets (librdkafka's, and neighbours') send, recv, listen, connect and
 * accept, or memfd or dup; N counts the calls of the process from 1; ACTION is
 * kill, stop (SIGSTOP, and go on as if nothing had been), half (write half of it,
 * or send all, then die), EIO, ENOSPC, EROFS, EMFILE, ECONNREFUSED, or enospc-on
 * (this call and all later ones fail).  FILE is made when the fault has happened, which it does in one
 * process only.  With BIEF_FAULT_NOSYNC fsync only counts: a killed process
 * leaves its pages to the kernel, so nothing else is needed here.  A process
 * appends its id to the file BIEF_FAULT_PIDS when it has begun to work (it makes
 * a pipe then), bief itself at once.
 *
 * With BIEF_FAULT_LOG each write, fsync, rename, unlink and mkdir appends to that
 * file a line: process, call, path.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum op {
	NONE,
	WRITE,
	FSYNC,
	RENAME,
	OPEN,
	UNLINK,
	MKDIR,
	SEND,
	RECV,
	LISTEN,
	CONNECT,
	ACCEPT,
	MEMFD,
	DUP
};
enum action { KILL, STOP, HALF, FAIL, FAIL_ON };

static enum op faulty;
static enum action action;
static long countdown;
static int error;
static bool nosync, firing;
static const char *mark;

static void
log_call(const char *call, const char *path)
{
	const char *to = getenv("BIEF_FAULT_LOG");
	char line[10000];
	int fd, n;

	if (to == NULL)
		return;
	fd = (int)syscall(
		SYS_openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_APPEND, 0666);
	n = snprintf(
		line, sizeof(line), "%d %s %s\n", (int)getpid(), call, path);
	syscall(SYS_write, fd, line, n);
	syscall(SYS_close, fd);
}

/* The path of a descriptor, or of a name in the directory of one. */
static const char *
path_of(int fd, const char *name, char path[8192])
{
	char link[40];
	ssize_t n = 0;

	if (fd == AT_FDCWD)
		n = getcwd(path, 4096) != NULL ? (ssize_t)strlen(path) : 0;
	else {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		n = readlink(link, path, 4096);
	}
	path[n > 0 ? n : 0] = '\0';
	if (name != NULL && *name == '/')
		snprintf(path, 8192, "%s", name);
	else if (name != NULL)
		snprintf(path + strlen(path), 4000, "/%s", name);
	return path;
}

static void
log_at(const char *call, int fd, const char *name)
{
	char path[8192];

	if (getenv("BIEF_FAULT_LOG") != NULL)
		log_call(call, path_of(fd, name, path));
}

static void
log_rename(int a, const char *from, int b, const char *to)
{
	log_at("from", a, from);
	log_at("rename", b, to);
}

static bool
is_ours(char *program)
{
	char line[65536], *want = strchr(program, '@');
	int fd = (int)syscall(
		SYS_openat, AT_FDCWD, "/proc/self/cmdline", O_RDONLY, 0);
	long n = syscall(SYS_read, fd, line, sizeof(line) - 1), at;
	const char *name;

	syscall(SYS_close, fd);
	if (n <= 0)
		return false;
	line[n] = '\0';
	if (want != NULL)
		*want++ = '\0';
	name = strrchr(line, '/') != NULL ? strrchr(line, '/') + 1 : line;
	if (strcmp(name, program) != 0)
		return false;
	for (at = 0; want != NULL && at < n; at += (long)strlen(line + at) + 1)
		if (strstr(line + at, want) != NULL)
			return true;
	return want == NULL;
}

static void
tell_pid(void)
{
	const char *path = getenv("BIEF_FAULT_PIDS");
	char text[20];
	int fd, n;

	if (path == NULL)
		return;
	fd = (int)syscall(SYS_openat, AT_FDCWD, path,
		O_WRONLY | O_CREAT | O_APPEND, 0666);
	n = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	syscall(SYS_write, fd, text, n);
	syscall(SYS_close, fd);
}

__attribute__((constructor)) static void
start(void)
{
	static const char *const ops[] = {"", "write", "fsync", "rename",
		"open", "unlink", "mkdir", "send", "recv", "listen", "connect",
		"accept", "memfd", "dup"};
	static const struct {
		const char *name;
		enum action action;
		int error;
	} actions[] = {{"kill", KILL, 0}, {"stop", STOP, 0}, {"half", HALF, 0},
		{"EIO", FAIL, EIO}, {"ENOSPC", FAIL, ENOSPC},
		{"EROFS", FAIL, EROFS}, {"EMFILE", FAIL, EMFILE},
		{"ECONNREFUSED", FAIL, ECONNREFUSED},
		{"enospc-on", FAIL_ON, ENOSPC}};
	const char *spec = getenv("BIEF_FAULT");
	char program[200], op[20], what[20];

	if (strcmp(program_invocation_short_name, "bief") == 0)
		tell_pid();
	nosync = getenv("BIEF_FAULT_NOSYNC") != NULL;
	mark = getenv("BIEF_FAULT_MARK");
	if (spec == NULL ||
		sscanf(spec, "%199s %19s %ld %19s", program, op, &countdown,
			what) != 4 ||
		!is_ours(program))
		return;
	for (int i = 1; i <= DUP; i++)
		if (strcmp(op, ops[i]) == 0)
			faulty = (enum op)i;
	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
		if (strcmp(what, actions[i].name) == 0) {
			action = actions[i].action;
			error = actions[i].error;
		}
}

/* Is this the call that breaks?  The first process to get there is the one. */
static bool
due(enum op op)
{
	int fd;

	if (op != faulty)
		return false;
	if (firing)
		return true;
	if (--countdown != 0)
		return false;
	fd = (int)syscall(
		SYS_openat, AT_FDCWD, mark, O_WRONLY | O_CREAT | O_EXCL, 0666);
	if (fd < 0)
		return false;
	syscall(SYS_close, fd);
	firing = action == FAIL_ON;
	if (action == STOP)
		syscall(SYS_kill, (int)syscall(SYS_getpid), SIGSTOP);
	return action != STOP;
}

static void
die(void)
{
	syscall(SYS_kill, (int)syscall(SYS_getpid), SIGKILL);
	for (;;)
		;
}

/* Die or fail. */
static int
fault(void)
{
	if (action == KILL || action == HALF)
		die();
	errno = error;
	return -1;
}


#define REAL(type, name, ...) ((type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

ssize_t
write(int fd, const void *p, size_t n)
{
	ssize_t (*real)(int, const void *, size_t) = REAL(
		ssize_t, "write", int, const void *, size_t);

	if (due(WRITE)) {
		if (action == HALF && real(fd, p, n / 2) >= 0)
			die();
		return fault();
	}
	log_at("write", fd, NULL);
	return real(fd, p, n);
}

int
pipe2(int fds[2], int flags)
{
	tell_pid();
	return REAL(int, "pipe2", int *, int)(fds, flags);
}

ssize_t
pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	ssize_t (*real)(int, const void *, size_t, off64_t) = REAL(
		ssize_t, "pwrite64", int, const void *, size_t, off64_t);

	if (due(WRITE)) {
		if (action == HALF && real(fd, p, n / 2, at) >= 0)
			die();
		return fault();
	}
	log_at("write", fd, NULL);
	return real(fd, p, n, at);
}

ssize_t
pwrite(int fd, const void *p, size_t n, off_t at)
{
	return pwrite64(fd, p, n, at);
}

ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
	ssize_t (*real)(int, const struct msghdr *, int) = REAL(
		ssize_t, "sendmsg", int, const struct msghdr *, int);

	if (due(SEND)) {
		if (action == HALF && real(fd, m, flags) >= 0)
			die();
		return fault();
	}
	return real(fd, m, flags);
}

ssize_t
recvmsg(int fd, struct msghdr *m, int flags)
{
	if (due(RECV))
		return fault();
	return REAL(ssize_t, "recvmsg", int, struct msghdr *, int)(
		fd, m, flags);
}

int
listen(int fd, int n)
{
	if (due(LISTEN))
		return fault();
	return REAL(int, "listen", int, int)(fd, n);
}

int
connect(int fd, const struct sockaddr *to, socklen_t n)
{
	if (due(CONNECT))
		return fault();
	return REAL(int, "connect", int, const struct sockaddr *, socklen_t)(
		fd, to, n);
}

int
accept4(int fd, struct sockaddr *from, socklen_t *n, int flags)
{
	if (due(ACCEPT))
		return fault();
	return REAL(int, "accept4", int, struct sockaddr *, socklen_t *, int)(
		fd, from, n, flags);
}

int
memfd_create(const char *name, unsigned flags)
{
	if (due(MEMFD))
		return fault();
	return REAL(int, "memfd_create", const char *, unsigned)(name, flags);
}

int
dup2(int from, int to)
{
	if (due(DUP))
		return fault();
	return REAL(int, "dup2", int, int)(from, to);
}

int
fsync(int fd)
{
	if (due(FSYNC))
		return fault();
	log_at("fsync", fd, NULL);
	return nosync ? 0 : REAL(int, "fsync", int)(fd);
}

int
fdatasync(int fd)
{
	if (due(FSYNC))
		return fault();
	log_at("fsync", fd, NULL);
	return nosync ? 0 : REAL(int, "fdatasync", int)(fd);
}

int
rename(const char *from, const char *to)
{
	if (due(RENAME))
		return fault();
	log_rename(AT_FDCWD, from, AT_FDCWD, to);
	return REAL(int, "rename", const char *, const char *)(from, to);
}

int
renameat(int a, const char *from, int b, const char *to)
{
	if (due(RENAME))
		return fault();
	log_rename(a, from, b, to);
	return REAL(int, "renameat", int, const char *, int, const char *)(
		a, from, b, to);
}

int
unlink(const char *path)
{
	if (due(UNLINK))
		return fault();
	log_at("unlink", AT_FDCWD, path);
	return REAL(int, "unlink", const char *)(path);
}

int
unlinkat(int dir, const char *path, int flags)
{
	if (due(UNLINK))
		return fault();
	log_at("unlink", dir, path);
	return REAL(int, "unlinkat", int, const char *, int)(dir, path, flags);
}

int
mkdirat(int dir, const char *path, mode_t mode)
{
	int ret;

	if (due(MKDIR))
		return fault();
	ret = (int)syscall(SYS_mkdirat, dir, path, mode);
	if (ret == 0)
		log_at("mkdir", dir, path);
	return ret;
}

int
mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

static int
open_any(int dir, const char *path, int flags, mode_t mode)
{
	if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) && due(OPEN))
		return fault();
	return (int)syscall(SYS_openat, dir, path, flags, mode);
}


#define OPEN_BODY(dir)                         \
	mode_t mode = 0;                       \
	if (flags & (O_CREAT | __O_TMPFILE)) { \
		va_list ap;                    \
		va_start(ap, flags);           \
		mode = va_arg(ap, mode_t);     \
		va_end(ap);                    \
	}                                      \
	return open_any(dir, path, flags, mode)

int
open(const char *path, int flags, ...)
{
	OPEN_BODY(AT_FDCWD);
}

int
open64(const char *path, int flags, ...)
{
	OPEN_BODY(AT_FDCWD);
}

int
openat(int dir, const char *path, int flags, ...)
{
	OPEN_BODY(dir);
}

int
openat64(int dir, const char *path, int flags, ...)
{
	OPEN_BODY(dir);
}
