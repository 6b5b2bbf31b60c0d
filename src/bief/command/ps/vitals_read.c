/*
 * vitals_read: what other processes say of themselves; see vitals.h.
 *
 * The file may be another version's, cut, or its process's that is long dead,
 * so every place in it is checked before it is looked at. Rates come from the
 * moments that a process has remembered, so that one look is enough.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/mem.h"
#include "time/time.h"
#include "io/proc.h"
#include "runtime/report/vitals.h"

#define WINDOW_US (5 * TIME_SECOND) /* of rates and shares */
/* To read a file while nobody writes it; who has been stopped in the middle of a
 * change is given time after the first half of them. */
#define TRIES 100
#define NAP_US 1000
#define SIZE_MAX_FILE (1 << 20)

/* May what was read be believed to lie where it says? */
static bool
is_sound(const struct vitals *v, size_t size)
{
	size_t head = sizeof(*v) +
		(size_t)v->nstages * sizeof(struct vitals_stage);

	if (memcmp(v->magic, VITALS_MAGIC, sizeof(v->magic)) != 0 ||
		v->size != size || v->nstages == 0 || v->nstages > size ||
		head > size || v->text != head || v->ninputs > VITALS_INPUTS ||
		v->doing >= VITALS_WAYS)
		return false;
	for (uint32_t i = 0; i < v->nstages; i++) {
		const struct vitals_stage *s = &v->stages[i];

		if (s->command > size || s->ncommand > size - s->command ||
			s->name > size || s->nname > size - s->name ||
			s->nprogram > s->ncommand)
			return false;
	}
	return true;
}

static struct vitals *
read_file(int dir, const char *name)
{
	struct vitals *v = NULL;
	uint32_t before, after;
	struct stat s;
	int fd = openat(
		dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return NULL;
	if (fstat(fd, &s) < 0 || !S_ISREG(s.st_mode) || s.st_uid != geteuid() ||
		s.st_size > SIZE_MAX_FILE || s.st_size < (off_t)sizeof(*v)) {
		close(fd);
		return NULL;
	}
	v = mem_zalloc((size_t)s.st_size);
	/* Its owner may die in the middle of a change: then it is good enough. */
	for (int i = 0; i < TRIES; i++) {
		if (pread(fd, v, (size_t)s.st_size, 0) != s.st_size)
			break;
		before = v->odd;
		if (pread(fd, &after, sizeof(after),
			    offsetof(struct vitals, odd)) != sizeof(after) ||
			(before == after && !(before & 1)))
			break;
		if (i >= TRIES / 2)
			usleep(NAP_US);
	}
	close(fd);
	if (!is_sound(v, (size_t)s.st_size)) {
		free(v);
		v = NULL;
	}
	return v;
}

/* The file's process has ended, and another may have its number. */
static bool
is_stale(const struct vitals *v, int pid)
{
	struct proc p;

	if (v == NULL) /* of another version, or no such file at all */
		return !proc_look(pid, &p) || p.dead;
	return v->space == proc_space() &&
		(!proc_look(v->pid, &p) || p.dead || p.ticks != v->ticks);
}

static void
one_file(int dir, const char *name, void (*each)(void *, struct vitals *),
	void *arg)
{
	char *end;
	long pid = strtol(name, &end, 10);
	struct vitals *v;

	if (pid <= 0 || pid > INT32_MAX || *end != '\0')
		return;
	v = read_file(dir, name);
	if (is_stale(v, (int)pid)) {
		unlinkat(dir, name, 0);
		free(v);
	} else if (v != NULL && v->space == proc_space() && v->pid == pid)
		each(arg, v);
	else
		free(v);
}

void
vitals_read_all(void (*each)(void *arg, struct vitals *v), void *arg)
{
	char dirs[2][VITALS_PATH];

	vitals_places(dirs);
	for (int i = 0; i < 2; i++) {
		struct dirent *e;
		DIR *d;

		if (dirs[i][0] == '\0' || !vitals_is_ours(dirs[i]) ||
			(d = opendir(dirs[i])) == NULL)
			continue;
		while ((e = readdir(d)) != NULL)
			one_file(dirfd(d), e->d_name, each, arg);
		closedir(d);
	}
}

/* Values of one kind at moments, in order. */
struct curve {
	int n;
	int64_t at[VITALS_PAST + 3];
	double value[VITALS_PAST + 3];
};

static void
vitals_read_add(struct curve *c, int64_t at, double value)
{
	if (c->n > 0 && at < c->at[c->n - 1])
		at = c->at[c->n - 1];
	c->at[c->n] = at;
	c->value[c->n++] = value;
}

static double
vitals_read_value_at(const struct curve *c, int64_t t)
{
	int i = c->n - 1;

	while (i > 0 && c->at[i] > t)
		i--;
	if (i == c->n - 1 || c->at[i] >= t)
		return c->value[i];
	return c->value[i] +
		(c->value[i + 1] - c->value[i]) * (double)(t - c->at[i]) /
		(double)(c->at[i + 1] - c->at[i]);
}

/* How much it grew a second, over the last few. */
static double
growth(const struct curve *c, int64_t now)
{
	int64_t from = now - WINDOW_US;

	if (from < c->at[0])
		from = c->at[0];
	if (now - from < 1000)
		return 0;
	return (vitals_read_value_at(c, now) - vitals_read_value_at(c, from)) *
		1e6 / (double)(now - from);
}

/* The moment that is the ith of those kept, the oldest first; -1: no more. */
static int
moment(const struct vitals *v, uint32_t i)
{
	uint32_t kept = v->npast < VITALS_PAST ? v->npast : VITALS_PAST;

	return i < kept ? (int)((v->npast - kept + i) % VITALS_PAST) : -1;
}

static void
vitals_read_begin(struct curve *c, const struct vitals *v)
{
	c->n = 0;
	if (v->npast <= VITALS_PAST)
		vitals_read_add(c, v->began_us, 0);
}

void
vitals_read_rates(const struct vitals *v, size_t stage, int64_t now_us,
	double *in, double *out)
{
	const struct vitals_stage *s = &v->stages[stage];
	double *to[2] = {in, out};

	for (int way = 0; way < 2; way++) {
		struct curve c;

		vitals_read_begin(&c, v);
		for (uint32_t i = 0; moment(v, i) >= 0; i++) {
			int k = moment(v, i);

			vitals_read_add(
				&c, v->past[k].at_us, (double)s->past[k][way]);
		}
		vitals_read_add(&c, v->updated_us,
			(double)(way == 0 ? s->now.in : s->now.out));
		*to[way] = growth(&c, now_us);
	}
}

void
vitals_read_shares(
	const struct vitals *v, int64_t now_us, double share[VITALS_WAYS])
{
	double all = 0;

	for (int way = 0; way < VITALS_WAYS; way++) {
		double spent = (double)v->spent_us[way];
		struct curve c;

		vitals_read_begin(&c, v);
		for (uint32_t i = 0; moment(v, i) >= 0; i++) {
			int k = moment(v, i);

			vitals_read_add(&c, v->past[k].at_us,
				(double)v->past[k].spent_us[way]);
		}
		vitals_read_add(&c, v->since_us, spent);
		if (now_us > v->since_us && v->doing == (uint32_t)way)
			spent += (double)(now_us - v->since_us);
		vitals_read_add(&c, now_us, spent);
		share[way] = growth(&c, now_us) / 1e6;
		if (share[way] < 0)
			share[way] = 0;
		all += share[way];
	}
	for (int way = 0; way < VITALS_WAYS && all > 0; way++)
		share[way] /= all;
}
