/*
 * proc: see proc.h.
 */
#include "io/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/buf.h"

/* "/proc/PID/NAME", without what a signal handler may not call. */
static void
proc_path(char out[64], int pid, const char *name)
{
	char digits[12];
	int n = 0;
	char *p = out;

	memcpy(p, "/proc/", 6);
	p += 6;
	do
		digits[n++] = (char)('0' + pid % 10);
	while ((pid /= 10) > 0);
	while (n > 0)
		*p++ = digits[--n];
	*p++ = '/';
	memcpy(p, name, strlen(name) + 1);
}

static ssize_t
read_some(int pid, const char *name, char *out, size_t max)
{
	char path[64];
	ssize_t n;
	int fd;

	proc_path(path, pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, out, max);
	close(fd);
	return n;
}

/* The number that field i is (3: the state, the first behind the name). */
static uint64_t
stat_field(const char *p, int i)
{
	uint64_t n = 0;

	for (; i > 3 && *p != '\0'; p++)
		i -= *p == ' ';
	for (; *p >= '0' && *p <= '9'; p++)
		n = n * 10 + (uint64_t)(*p - '0');
	return n;
}

bool
proc_look(int pid, struct proc *p)
{
	char text[1024], *name, *end;
	ssize_t n;
	size_t len;

	if (pid <= 0)
		return false;
	n = read_some(pid, "stat", text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	name = strchr(text, '(');
	end = strrchr(text, ')');
	if (name == NULL || end == NULL || end < name || end[1] != ' ')
		return false;
	memset(p, 0, sizeof(*p));
	p->pid = pid;
	len = (size_t)(end - ++name);
	if (len >= sizeof(p->name))
		len = sizeof(p->name) - 1;
	memcpy(p->name, name, len);
	end += 2;
	p->dead = *end == 'Z' || *end == 'X';
	p->parent = (int)stat_field(end, 4);
	p->ticks = stat_field(end, 22);
	return true;
}

uint64_t
proc_space(void)
{
	struct stat s;

	return stat("/proc/self/ns/pid", &s) == 0 ? (uint64_t)s.st_ino : 0;
}

void
proc_command(const struct proc *p, struct buf *out)
{
	char text[1000];
	ssize_t n = read_some(p->pid, "cmdline", text, sizeof(text));

	while (n > 0 && text[n - 1] == '\0')
		n--;
	if (n <= 0) {
		buf_printf(out, "[%s]", p->name);
		return;
	}
	for (ssize_t i = 0; i < n; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	buf_add(out, text, (size_t)n);
}

int
proc_all(void (*each)(void *arg, const struct proc *p), void *arg)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	struct stat s;
	struct proc p;

	if (d == NULL)
		return -1;
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] < '1' || e->d_name[0] > '9' ||
			fstatat(dirfd(d), e->d_name, &s, 0) < 0 ||
			s.st_uid != geteuid() ||
			!proc_look((int)strtol(e->d_name, NULL, 10), &p))
			continue;
		each(arg, &p);
	}
	closedir(d);
	return 0;
}

size_t
proc_pipes(int pid, int last, struct proc_pipe *pipes, size_t max)
{
	char path[64];
	struct dirent *e;
	size_t n = 0;
	DIR *d;

	proc_path(path, pid, "fd");
	d = opendir(path);
	if (d == NULL)
		return 0;
	while (n < max && (e = readdir(d)) != NULL) {
		struct stat s, link;
		char first = '\0';
		int fd = (int)strtol(e->d_name, NULL, 10);

		if (e->d_name[0] == '.' || fd > last ||
			fstatat(dirfd(d), e->d_name, &s, 0) < 0 ||
			!S_ISFIFO(s.st_mode) ||
			fstatat(dirfd(d), e->d_name, &link,
				AT_SYMLINK_NOFOLLOW) < 0 ||
			readlinkat(dirfd(d), e->d_name, &first, 1) < 0)
			continue;
		pipes[n++] = (struct proc_pipe){.fd = fd,
			.write = !(link.st_mode & S_IRUSR),
			.named = first == '/',
			.dev = (uint64_t)s.st_dev,
			.ino = (uint64_t)s.st_ino};
	}
	closedir(d);
	return n;
}
