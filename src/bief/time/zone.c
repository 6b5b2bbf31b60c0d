/*
 * zone: time zones, from the files of the system (tzfile(5), RFC 8536) and the
 * rule at their end, without the C library's own, which know one zone at a time.
 * The forms of names are those of java.time.ZoneId, as Spark takes them.
 */
#include "time/zone.h"

#include <ctype.h>
#include <endian.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/mem.h"
#include "time/date.h"
#include "time/time.h"

#define ZONE_DIR "/usr/share/zoneinfo/"
#define ZONE_NAME 64 /* bytes of a region's name, with the NUL */
#define FILE_MAX (1 << 20)
#define DAY 86400
#define OFFSET_MAX (18 * 3600) /* java.time has no larger ones */

/* One of the two dates of a year's rule. */
struct change {
	char form; /* 'M' month.week.day, 'J' day 1-365, 'N' day 0-365 */
	int month, week, day;
	int32_t time; /* seconds of that day, wall clock */
};

/* What follows the last transition: "CET-1CEST,M3.5.0,M10.5.0/3". */
struct rule {
	bool set, has_dst;
	int32_t std, dst;              /* offsets, east positive */
	char std_name[8], dst_name[8]; /* empty where they are no letters */
	struct change start, end;
};

/* How the time between two transitions is called. */
struct period {
	bool dst;
	char name[8];
};

struct zone {
	const struct zone *next; /* opened before this one */
	char *name;
	size_t length;         /* of the name */
	size_t count;          /* transitions */
	int64_t *at;           /* their moments, seconds, ascending */
	int32_t *offset;       /* count + 1: [0] before the first one */
	struct period *period; /* as many; NULL where the offset is fixed */
	struct rule rule;
};

static int32_t no_offset[1];
static const struct zone utc = {.name = (char *)"UTC", .offset = no_offset};
const struct zone *const zone_utc = &utc;

const char *
zone_name(const struct zone *z)
{
	return z->name;
}

/* Days since 1970 of a change in a year. */
static int64_t
change_day(const struct change *c, int64_t year)
{
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	int64_t first, next, day;

	if (c->form != 'M') {
		first = date_from_civil(year, 1, 1);
		if (c->form == 'N')
			return first + c->day;
		return first + c->day - 1 + (leap && c->day >= 60);
	}
	first = date_from_civil(year, c->month, 1);
	next = c->month == 12 ? date_from_civil(year + 1, 1, 1)
			      : date_from_civil(year, c->month + 1, 1);
	/* 1970-01-01 was a Thursday; Sunday is 0. */
	day = first + ((c->day - (first + 4)) % 7 + 7) % 7 + 7 * (c->week - 1);
	return day >= next ? day - 7 : day;
}

static bool
rule_dst(const struct rule *r, int64_t second)
{
	int64_t year, start, end;
	int m, d;

	if (!r->has_dst)
		return false;
	date_to_civil(time_floor_div(second + r->std, DAY), &year, &m, &d);
	start = change_day(&r->start, year) * DAY + r->start.time - r->std;
	end = change_day(&r->end, year) * DAY + r->end.time - r->dst;
	if (start < end)
		return second >= start && second < end;
	return second < end || second >= start;
}

/* How many transitions are at or before a moment; without branches, since data
 * of all times would have them guessed wrong. */
static inline size_t
passed(const struct zone *z, int64_t second)
{
	const int64_t *at = z->at;
	size_t n = z->count, half;

	while (n > 1) {
		half = n / 2;
		at += at[half - 1] <= second ? half : 0;
		n -= half;
	}
	return (size_t)(at - z->at) + (n == 1 && *at <= second);
}

static int32_t
offset_at(const struct zone *z, int64_t second)
{
	size_t i = passed(z, second);

	if (i == z->count && z->rule.set)
		return rule_dst(&z->rule, second) ? z->rule.dst : z->rule.std;
	return z->offset[i];
}

int32_t
zone_offset(const struct zone *z, int64_t us)
{
	if (z->count == 0 && !z->rule.set)
		return z->offset[0];
	return offset_at(z, time_floor_div(us, TIME_SECOND));
}

/*
 * In a gap as in an overlap it is the offset before the change that counts:
 * there the later wall clock, here the earlier moment.  So that one is tried
 * first, and kept unless the one after it fits and it does not.
 */
static int32_t
local_offset(const struct zone *z, int64_t second)
{
	int32_t before, after;
	size_t i;

	if (z->count == 0 && !z->rule.set)
		return z->offset[0];
	i = passed(z, second - DAY);
	if (i < z->count && z->at[i] > second + DAY) /* nothing near */
		return z->offset[i];
	before = offset_at(z, second - DAY);
	after = offset_at(z, second + DAY);
	if (before == after || offset_at(z, second - before) == before ||
		offset_at(z, second - after) != after)
		return before;
	return after;
}

int64_t
zone_to_utc(const struct zone *z, int64_t local_us)
{
	int64_t second = time_floor_div(local_us, TIME_SECOND);

	return time_add(local_us, -local_offset(z, second) * TIME_SECOND);
}

int
zone_moment(const struct zone *z, int64_t days, int64_t us_of_day, int64_t *us)
{
	int64_t second = time_floor_div(us_of_day, TIME_SECOND), rest, all;

	rest = us_of_day - second * TIME_SECOND;
	if (__builtin_mul_overflow(days, (int64_t)DAY, &all) ||
		__builtin_add_overflow(all, second, &second) ||
		second > INT64_MAX / TIME_SECOND + DAY ||
		second < INT64_MIN / TIME_SECOND - DAY)
		return -1;
	second -= local_offset(z, second);
	/* Below 0 the last second in range is the part of one. */
	if (second < 0) {
		second++;
		rest -= TIME_SECOND;
	}
	return __builtin_mul_overflow(second, TIME_SECOND, us) ||
			__builtin_add_overflow(*us, rest, us)
		? -1
		: 0;
}

int64_t
zone_day(const struct zone *z, int64_t us, int64_t *us_of_day)
{
	const int64_t whole = DAY * TIME_SECOND;
	int64_t day = us / whole;
	int64_t rest = us - day * whole + zone_offset(z, us) * TIME_SECOND;

	/* Offsets are below a day. */
	for (; rest < 0; day--)
		rest += whole;
	for (; rest >= whole; day++)
		rest -= whole;
	*us_of_day = rest;
	return day;
}

/* Letters of a rule are the names of today; an older name stands for a time
 * that the rule does not have. */
const char *
zone_abbreviation(const struct zone *z, int64_t us)
{
	int64_t second = time_floor_div(us, TIME_SECOND);
	const struct period *p = NULL;
	size_t i = passed(z, second);
	const char *name;
	bool dst;

	if (z->count == 0 && !z->rule.set)
		return z->name;
	if (i == z->count && z->rule.set) {
		dst = rule_dst(&z->rule, second);
	} else {
		p = &z->period[i];
		dst = p->dst;
	}
	name = dst ? z->rule.dst_name : z->rule.std_name;
	if (*name == '\0' && p != NULL && isalpha((unsigned char)*p->name))
		name = p->name;
	return *name != '\0' && strcmp(name, "LMT") != 0 ? name : z->name;
}

/* Two digits, or (one allowed) one; -1 if there are none. */
static int
take_two(const char **p, const char *end, bool one)
{
	int v;

	if (*p == end || !isdigit((unsigned char)**p))
		return -1;
	v = *(*p)++ - '0';
	if (*p < end && isdigit((unsigned char)**p))
		return v * 10 + *(*p)++ - '0';
	return one ? v : -1;
}

/* +h, +hh, +h:mm, +hh:m, +hh:mm, +hhmm, +hh:mm:ss, +hhmmss */
static int
parse_offset(const char *p, size_t n, int32_t *seconds)
{
	const char *end = p + n, *hour;
	int part[3] = {0, 0, 0}, count = 1;
	bool neg, colon;

	if (n < 2 || (*p != '+' && *p != '-'))
		return -1;
	neg = *p++ == '-';
	hour = p;
	part[0] = take_two(&p, end, true);
	colon = p < end && *p == ':';
	if (!colon && p < end && p - hour == 1)
		return -1;
	for (; p < end && count < 3; count++) {
		if (colon && *p++ != ':')
			return -1;
		/* A minute of one digit counts at the very end only. */
		part[count] = take_two(
			&p, end, colon && count == 1 && end - p == 1);
		if (part[count] < 0)
			return -1;
	}
	if (p != end || part[0] < 0 || part[1] > 59 || part[2] > 59)
		return -1;
	*seconds = part[0] * 3600 + part[1] * 60 + part[2];
	if (*seconds > OFFSET_MAX)
		return -1;
	if (neg)
		*seconds = -*seconds;
	return 0;
}

int
zone_fixed(const char *name, size_t n, int32_t *seconds)
{
	static const char *const prefixes[] = {"UTC", "GMT", "UT"};

	*seconds = 0;
	if (n == 1 && *name == 'Z')
		return 0;
	for (size_t i = 0; i < 3; i++) {
		size_t len = strlen(prefixes[i]);

		if (n < len || memcmp(name, prefixes[i], len) != 0)
			continue;
		return n == len ? 0
				: parse_offset(name + len, n - len, seconds);
	}
	return parse_offset(name, n, seconds);
}

/* Short names that Spark knows (java.time.ZoneId.SHORT_IDS). */
static const struct {
	const char *name, *means;
} short_names[] = {{"ACT", "Australia/Darwin"}, {"AET", "Australia/Sydney"},
	{"AGT", "America/Argentina/Buenos_Aires"}, {"ART", "Africa/Cairo"},
	{"AST", "America/Anchorage"}, {"BET", "America/Sao_Paulo"},
	{"BST", "Asia/Dhaka"}, {"CAT", "Africa/Harare"},
	{"CNT", "America/St_Johns"}, {"CST", "America/Chicago"},
	{"CTT", "Asia/Shanghai"}, {"EAT", "Africa/Addis_Ababa"},
	{"ECT", "Europe/Paris"}, {"EST", "-05:00"}, {"HST", "-10:00"},
	{"IET", "America/Indiana/Indianapolis"}, {"IST", "Asia/Kolkata"},
	{"JST", "Asia/Tokyo"}, {"MIT", "Pacific/Apia"}, {"MST", "-07:00"},
	{"NET", "Asia/Yerevan"}, {"NST", "Pacific/Auckland"},
	{"PLT", "Asia/Karachi"}, {"PNT", "America/Phoenix"},
	{"PRT", "America/Puerto_Rico"}, {"PST", "America/Los_Angeles"},
	{"SST", "Pacific/Guadalcanal"}, {"VST", "Asia/Ho_Chi_Minh"}};

/* The rule's text: [<]name[>]offset[name[offset],change,change] */
static int
rule_name(const char **p, char name[8])
{
	const char *start = *p;
	size_t n;

	if (**p == '<') {
		while (**p != '>')
			if (*(*p)++ == '\0')
				return -1;
		++*p;
		return 0;
	}
	while (isalpha((unsigned char)**p))
		++*p;
	n = (size_t)(*p - start);
	if (n < 8)
		memcpy(name, start, n);
	return n >= 3 ? 0 : -1;
}

static int
rule_number(const char **p, int most)
{
	int v = 0;

	if (!isdigit((unsigned char)**p))
		return -1;
	for (; isdigit((unsigned char)**p); ++*p) {
		v = v * 10 + **p - '0';
		if (v > most)
			return -1;
	}
	return v;
}

/* [+-]hh[:mm[:ss]], to seconds. */
static int
rule_time(const char **p, int32_t *seconds)
{
	int sign = **p == '-' ? -1 : 1, unit = 3600, v;

	if (**p == '-' || **p == '+')
		++*p;
	*seconds = 0;
	for (;;) {
		v = rule_number(p, unit == 3600 ? 167 : 59);
		if (v < 0)
			return -1;
		*seconds += sign * v * unit;
		if (**p != ':' || unit == 1)
			return 0;
		++*p;
		unit /= 60;
	}
}

static int
rule_change(const char **p, struct change *c)
{
	if (*(*p)++ != ',')
		return -1;
	c->form = 'N';
	if (**p == 'M' || **p == 'J')
		c->form = *(*p)++;
	if (c->form == 'M') {
		c->month = rule_number(p, 12);
		if (c->month < 1 || *(*p)++ != '.')
			return -1;
		c->week = rule_number(p, 5);
		if (c->week < 1 || *(*p)++ != '.')
			return -1;
		c->day = rule_number(p, 6);
	} else {
		c->day = rule_number(p, 365);
	}
	if (c->day < (c->form == 'J'))
		return -1;
	c->time = 2 * 3600;
	if (**p != '/')
		return 0;
	++*p;
	return rule_time(p, &c->time);
}

static int
rule_parse(const char *p, struct rule *r)
{
	*r = (struct rule){0};
	if (*p == '\0')
		return 0;
	if (rule_name(&p, r->std_name) < 0 || rule_time(&p, &r->std) < 0)
		return -1;
	r->std = -r->std; /* there west is positive */
	r->set = true;
	if (*p == '\0')
		return 0;
	r->has_dst = true;
	if (rule_name(&p, r->dst_name) < 0)
		return -1;
	r->dst = r->std + 3600;
	if (*p != ',') {
		if (rule_time(&p, &r->dst) < 0)
			return -1;
		r->dst = -r->dst;
	}
	if (rule_change(&p, &r->start) < 0 || rule_change(&p, &r->end) < 0)
		return -1;
	return *p == '\0' ? 0 : -1;
}

static uint32_t
get32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return be32toh(v);
}

static int64_t
get64(const char *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return (int64_t)be64toh(v);
}

/*
 * A block of a zone's file: a header of 44 bytes ("TZif", version, 15 bytes
 * unused, six counts), then times, types of each, types (offset, isdst, name),
 * names, leap seconds, two kinds of flags.
 */
struct block {
	uint32_t isut, isstd, leap, times, types, chars;
	size_t size; /* with the header */
};

static int
block_read(const char *p, size_t n, size_t word, struct block *b)
{
	if (n < 44 || memcmp(p, "TZif", 4) != 0)
		return -1;
	b->isut = get32(p + 20);
	b->isstd = get32(p + 24);
	b->leap = get32(p + 28);
	b->times = get32(p + 32);
	b->types = get32(p + 36);
	b->chars = get32(p + 40);
	if ((b->isut | b->isstd | b->leap | b->times | b->types | b->chars) >
			FILE_MAX ||
		b->types == 0)
		return -1;
	b->size = 44 + b->times * (word + 1) + b->types * 6 + b->chars +
		b->leap * (word + 4) + b->isstd + b->isut;
	return b->size <= n ? 0 : -1;
}

/* Type k of a block: its offset, whether it is summer time, its name. */
static int
period_read(struct zone *z, size_t i, const char *types, const struct block *b,
	unsigned k)
{
	const char *t = types + k * 6, *names = types + b->types * 6;
	unsigned at = (unsigned char)t[5];

	if (k >= b->types || at >= b->chars)
		return -1;
	z->offset[i] = (int32_t)get32(t);
	z->period[i] = (struct period){.dst = t[4] != 0};
	for (size_t n = 0; n < 7 && at < b->chars; n++, at++) {
		if (names[at] == '\0')
			break;
		z->period[i].name[n] = names[at];
	}
	return abs(z->offset[i]) < DAY ? 0 : -1;
}

/* Take what a file says; -1 if it is damaged or of the first version. */
static int
zone_load(struct zone *z, char *p, size_t n)
{
	const char *times, *which, *types;
	struct block b;
	char *foot;

	if (block_read(p, n, 4, &b) < 0 || p[4] < '2')
		return -1;
	p += b.size;
	n -= b.size;
	if (block_read(p, n, 8, &b) < 0)
		return -1;
	times = p + 44;
	which = times + b.times * 8;
	types = which + b.times;
	z->at = mem_alloc(b.times * sizeof(*z->at));
	z->offset = mem_alloc((b.times + 1) * sizeof(*z->offset));
	z->period = mem_alloc((b.times + 1) * sizeof(*z->period));
	z->count = b.times;
	if (period_read(z, 0, types, &b, 0) < 0)
		return -1;
	for (size_t i = 0; i < b.times; i++) {
		z->at[i] = get64(times + i * 8);
		if (period_read(z, i + 1, types, &b, (unsigned char)which[i]) <
				0 ||
			(i > 0 && z->at[i] <= z->at[i - 1]))
			return -1;
	}
	p += b.size;
	n -= b.size;
	if (n < 2 || p[0] != '\n' ||
		(foot = memchr(p + 1, '\n', n - 1)) == NULL)
		return -1;
	*foot = '\0';
	return rule_parse(p + 1, &z->rule);
}

static char *
file_read(const char *path, size_t *n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *data = NULL;
	ssize_t got;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
		st.st_size < FILE_MAX) {
		*n = (size_t)st.st_size;
		data = mem_alloc(*n);
		for (size_t at = 0; at < *n; at += (size_t)got) {
			got = read(fd, data + at, *n - at);
			if (got <= 0) {
				free(data);
				data = NULL;
				break;
			}
		}
	}
	close(fd);
	return data;
}

/* A region's name as java.time takes it, and nothing that leaves ZONE_DIR. */
static bool
region_valid(const char *name, size_t n)
{
	if (n < 2 || n >= ZONE_NAME || !isalpha((unsigned char)name[0]))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)name[i]) &&
			memchr("/_+-", name[i], 4) == NULL)
			return false;
	return !(n > 6 &&
		       (memcmp(name, "posix/", 6) == 0 ||
			       memcmp(name, "right/", 6) == 0)) &&
		!(n == 9 && memcmp(name, "localtime", 9) == 0) &&
		!(n == 10 && memcmp(name, "posixrules", 10) == 0) &&
		!(n == 7 && memcmp(name, "Factory", 7) == 0);
}

static void
zone_free(struct zone *z)
{
	free(z->name);
	free(z->at);
	free(z->offset);
	free(z->period);
	free(z);
}

/* Make a zone of a name that is not in the cache. */
static struct zone *
zone_make(const char *name, size_t n)
{
	char path[sizeof(ZONE_DIR) + ZONE_NAME], *data = NULL;
	struct zone *z = mem_zalloc(sizeof(*z));
	const char *file = name;
	size_t len = n, size;
	int32_t fixed;

	z->name = mem_dup(name, n);
	z->length = n;
	for (size_t i = 0; i < sizeof(short_names) / sizeof(*short_names); i++)
		if (strcmp(z->name, short_names[i].name) == 0) {
			file = short_names[i].means;
			len = strlen(file);
		}
	if (zone_fixed(file, len, &fixed) == 0) {
		z->offset = mem_alloc(sizeof(*z->offset));
		z->offset[0] = fixed;
		return z;
	}
	if (!region_valid(file, len))
		goto err;
	memcpy(path, ZONE_DIR, sizeof(ZONE_DIR) - 1);
	memcpy(path + sizeof(ZONE_DIR) - 1, file, len);
	path[sizeof(ZONE_DIR) - 1 + len] = '\0';
	data = file_read(path, &size);
	if (data == NULL || zone_load(z, data, size) < 0)
		goto err;
	free(data);
	return z;
err:
	free(data);
	zone_free(z);
	return NULL;
}

/*
 * Zones are of the process, not of an operator: they never change and are never
 * freed, so this list is the one thing that the library keeps at file level.
 */
static const struct zone *zones;

const struct zone *
zone_open(const char *name, size_t n)
{
	const struct zone *first = __atomic_load_n(&zones, __ATOMIC_ACQUIRE),
			  *z;
	struct zone *made;

	if ((n == 1 && *name == 'Z') || (n == 3 && memcmp(name, "UTC", 3) == 0))
		return zone_utc;
	for (z = first; z != NULL; z = z->next)
		if (z->length == n && memcmp(z->name, name, n) == 0)
			return z;
	if ((made = zone_make(name, n)) == NULL)
		return NULL;
	/* Threads may open some at the same time, be it the same one. */
	do
		made->next = first;
	while (!__atomic_compare_exchange_n(&zones, &first, made, false,
		__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
	return made;
}
