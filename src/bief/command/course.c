/*
 * course: see course.h.
 *
 * The pages stand where make install has put them, beside the directory of the
 * program, or in the source tree; so they are found when man does not look
 * there.  On a terminal man shows them, or mandoc; elsewhere, as in a pipe, the
 * text comes without the backspaces that stand for bold letters.
 */
#include "command/course.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "floor/near.h"

/* In the order in which they are best taken. */
static const struct course {
	const char *name, *about, *about_fr;
} courses[] = {
	{"files", "actions in files: windows, watermarks, restarts",
		"des actions dans des fichiers : fenêtres, retards, reprises"},
	{"sensors", "sensors over sockets: schemas, nulls, joins",
		"des capteurs par le réseau : schémas, nuls, jointures"},
	{"words", "words by arrival, as DStreams count them",
		"des mots dans l'ordre d'arrivée, à la manière des DStreams"},
	{"edits", "edits of a wiki: fields, lists, live streams",
		"les modifications d'un wiki : champs, listes, direct"},
	{"quotes", "who says how many words", "qui parle, et combien de mots"},
	{"flights", "flights: rankings, matrices, pictures, metrics",
		"des vols : classements, matrices, images, métriques"},
};
#define COURSES (sizeof(courses) / sizeof(*courses))

/* ---- the language ---- */

#define LANGUAGE_SIZE 4

/* The locale of messages; NULL: none is asked for. */
static const char *
locale_name(void)
{
	static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
	const char *value = NULL;

	for (size_t i = 0; i < 3 && (value == NULL || *value == '\0'); i++)
		value = getenv(names[i]);
	if (value == NULL || *value == '\0' || strcmp(value, "C") == 0 ||
		strncmp(value, "C.", 2) == 0 || strcmp(value, "POSIX") == 0)
		return NULL;
	return value;
}

/* The i-th language that is asked for, such as "fr": of LANGUAGE, which is a
 * list, else of the locale.  False: there are no more. */
static bool
language_nth(size_t i, char lang[LANGUAGE_SIZE])
{
	const char *locale = locale_name(), *list = getenv("LANGUAGE");
	size_t n = 0;

	if (locale == NULL)
		return false;
	if (list == NULL || *list == '\0')
		list = locale;
	for (; i > 0 && *list != '\0'; i--) {
		list += strcspn(list, ":");
		list += *list == ':';
	}
	while (n < LANGUAGE_SIZE - 1 && islower((unsigned char)list[n])) {
		lang[n] = list[n];
		n++;
	}
	lang[n] = '\0';
	if (*list != '\0' && (n < 2 || strchr("_.@:", list[n]) == NULL))
		lang[0] = '\0'; /* no name of a language */
	return *list != '\0';
}

/* Of the languages that pages are in. */
static bool
speaks_french(void)
{
	char lang[LANGUAGE_SIZE];

	for (size_t i = 0; language_nth(i, lang); i++)
		if (strcmp(lang, "fr") == 0 || strcmp(lang, "en") == 0)
			return strcmp(lang, "fr") == 0;
	return false;
}

/* ---- the page ---- */

/* Is there a page below dir/man or dir/share/man?  Its path. */
static bool
page_at(const char *dir, const char *lang, const char *name,
	char path[PATH_MAX])
{
	static const char *const places[] = {"%s/man/%s%sbief-course-%s.7",
		"%s/share/man/%s%sman7/bief-course-%s.7",
		"%s/share/man/%s%sman7/bief-course-%s.7.gz"};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		int n = snprintf(path, PATH_MAX, places[i], dir, lang,
			*lang != '\0' ? "/" : "", name);

		if (n < PATH_MAX && access(path, R_OK) == 0)
			return true;
	}
	return false;
}

/* Where the program is, less so many of the last names of its path. */
static bool
above_program(char dir[PATH_MAX], int names)
{
	ssize_t n = readlink("/proc/self/exe", dir, PATH_MAX - 1);
	char *slash;

	if (n < 0)
		return false;
	dir[n] = '\0';
	while (names-- > 0) {
		slash = strrchr(dir, '/');
		if (slash == NULL)
			return false;
		*slash = '\0';
	}
	return true;
}

static bool
page_in(const char *lang, const char *name, char path[PATH_MAX])
{
	/* bin/bief, and build/san/bin/bief. */
	static const int levels[] = {2, 4};
	char dir[PATH_MAX];

	for (size_t i = 0; i < 2; i++)
		if (above_program(dir, levels[i]) &&
			page_at(dir, lang, name, path))
			return true;
	return false;
}

/* The page in the first language that there is one in, else in English. */
static bool
page_find(const char *name, char path[PATH_MAX])
{
	char lang[LANGUAGE_SIZE];

	for (size_t i = 0; language_nth(i, lang); i++) {
		if (strcmp(lang, "en") == 0)
			break;
		if (*lang != '\0' && page_in(lang, name, path))
			return true;
	}
	return page_in("", name, path);
}

/* ---- showing it ---- */

/* Run a program with its output into out, or on ours (-1): its exit status, 127
 * if it is not there. */
static int
run_reader(char *const argv[], int out)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (out >= 0) {
			dup2(out, STDOUT_FILENO);
			setenv("MANPAGER", "cat", 1);
			setenv("MANWIDTH", "80", 1);
		}
		/* Under one that is not installed man would write ASCII. */
		if (setlocale(LC_CTYPE, "") == NULL)
			setenv("LC_ALL", "C.UTF-8", 1);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* Take back the letter in front of each backspace. */
static void
strip_backspaces(struct buf *text)
{
	size_t to = 0;

	for (size_t i = 0; i < text->n; i++) {
		if (text->p[i] != '\b') {
			text->p[to++] = text->p[i];
			continue;
		}
		/* The bytes behind the first one of a letter in UTF-8. */
		while (to > 0 && ((unsigned char)text->p[--to] & 0xc0) == 0x80)
			;
	}
	text->n = to;
}

/* What a reader writes, of a file without a name. */
static int
read_reader(char *const argv[], struct buf *text)
{
	FILE *f = tmpfile();
	char chunk[8192];
	size_t n;
	int status;

	if (f == NULL)
		return -1;
	status = run_reader(argv, fileno(f));
	rewind(f);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(text, chunk, n);
	fclose(f);
	return status;
}

/* 0, or 127 where there is no program for it, or what that has said. */
static int
show_plain(char *path)
{
	char *mandoc[] = {"mandoc", "-T", "utf8", "-O", "width=80", path, NULL};
	char *man[] = {"man", path, NULL};
	struct buf text;
	int status;

	buf_init(&text);
	status = read_reader(mandoc, &text);
	if (status == 127)
		status = read_reader(man, &text);
	if (status == 0) {
		strip_backspaces(&text);
		fwrite(text.p, 1, text.n, stdout);
	}
	buf_release(&text);
	return status;
}

static int
show_page(char *path)
{
	char *man[] = {"man", path, NULL},
	     *mandoc[] = {"mandoc", "-a", path, NULL};
	int status;

	if (!isatty(STDOUT_FILENO))
		return show_plain(path);
	status = run_reader(man, -1);
	return status != 127 ? status : run_reader(mandoc, -1);
}

/* ---- the command ---- */

static int
list_courses(void)
{
	bool french = speaks_french();

	for (size_t i = 0; i < COURSES; i++)
		printf("  bief course %-9s %s\n", courses[i].name,
			french ? courses[i].about_fr : courses[i].about);
	return STATUS_DONE;
}

static int
unknown_course(const char *name)
{
	char quoted[100];
	const char *near = NULL;

	for (size_t i = COURSES; i-- > 0;)
		if (near_enough(name, courses[i].name))
			near = courses[i].name;
	err_quote(quoted, sizeof(quoted), name, strlen(name));
	fprintf(stderr, "bief: there is no course '%s': ", quoted);
	if (near != NULL) {
		fprintf(stderr, "did you mean bief course %s?\n", near);
		return STATUS_USAGE;
	}
	fprintf(stderr, "it is one of ");
	for (size_t i = 0; i < COURSES; i++)
		fprintf(stderr, "%s%s", i > 0 ? ", " : "", courses[i].name);
	fprintf(stderr, "\n");
	return STATUS_USAGE;
}

static void
name_next(const struct course *c)
{
	bool french = speaks_french();

	if (c + 1 < courses + COURSES)
		printf("%s bief course %s\n",
			french ? "suite :" : "next:", c[1].name);
	else
		printf("%s\n",
			french ? "c'était le dernier cours"
			       : "this was the last course");
}

static int
open_course(const struct course *c)
{
	char path[PATH_MAX];
	int status;

	if (!page_find(c->name, path)) {
		fprintf(stderr,
			"bief: the page bief-course-%s(7) is not beside the "
			"program: make install puts it there\n",
			c->name);
		return STATUS_FAILED;
	}
	status = show_page(path);
	if (status == 127)
		fprintf(stderr,
			"bief: neither man nor mandoc is installed: apt-get "
			"install man-db; the page is %s\n",
			path);
	else if (status != 0)
		fprintf(stderr, "bief: the page %s cannot be shown\n", path);
	if (status != 0)
		return STATUS_FAILED;
	name_next(c);
	return STATUS_DONE;
}

int
course_command(int argc, char **argv)
{
	static const char prefix[] = "bief-course-";
	const char *name = argc > 1 ? argv[1] : NULL;

	if (name == NULL)
		return list_courses();
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
		printf("usage: bief course [NAME]\nopen the page of a course; "
		       "without a name, list the courses\n\n");
		return list_courses();
	}
	if (*name == '-' || argc > 2) {
		fprintf(stderr,
			"bief: course takes one name: see bief "
			"course --help\n");
		return STATUS_USAGE;
	}
	if (strncmp(name, prefix, sizeof(prefix) - 1) == 0)
		name += sizeof(prefix) - 1;
	for (size_t i = 0; i < COURSES; i++)
		if (strcmp(name, courses[i].name) == 0)
			return open_course(&courses[i]);
	return unknown_course(name);
}
