/*
 * bief: one binary.  Called by the name of a program it is that program; called
 * as bief it runs, explains and looks after pipelines.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/dl.h"
#include "floor/err.h"
#include "floor/near.h"
#include "runtime/ops.h"
#include "runtime/stage.h"
#include "runtime/options/tool.h"
#include "runtime/options/version.h"
#include "command/course.h"
#include "command/explain.h"
#include "command/pipeline.h"
#include "command/ps/ps.h"
#include "command/sample/sample.h"
#include "command/spark/spark_command.h"
#include "command/state/inspect.h"
#include "runtime/run.h"

static int
run_parsed(const char *text, int (*what)(const struct pipeline *))
{
	struct pipeline *p;
	struct err err;
	int ret;

	switch (pipeline_parse(text, &p, &err)) {
	case PIPELINE_GOOD:
		ret = what(p);
		pipeline_free(p);
		return ret;
	case PIPELINE_SHELL:
		if (what == explain_pipeline) {
			fprintf(stderr,
				"bief: this pipeline uses more of the "
				"shell than bief reads: it cannot be "
				"explained; what is meant as it stands "
				"belongs in quotes:\n  %s\n",
				err_clean(err.text));
			return STATUS_USAGE;
		}
		fprintf(stderr,
			"bief: this pipeline uses more of the shell "
			"than bief reads: it is run by the shell\n");
		return spawn_shell(text);
	default:
		fprintf(stderr, "bief: %s\n", err_clean(err.text));
		return STATUS_USAGE;
	}
}

static bool
asks_help(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0 ||
			strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

/* --threads N of run; the words that it takes go.  0 or -1. */
static int
take_threads(int *argc, char **argv)
{
	static const char name[] = "--threads";
	const size_t len = sizeof(name) - 1;
	const char *n = NULL;
	int64_t value;
	int to = 1;

	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], name) == 0 && i + 1 < *argc)
			n = argv[++i];
		else if (strncmp(argv[i], name, len) == 0 &&
			argv[i][len] == '=')
			n = argv[i] + len + 1;
		else
			argv[to++] = argv[i];
	}
	*argc = to;
	if (n == NULL)
		return 0;
	if (opt_number(n, &value) == 0 && value >= 1 && value <= STAGE_CLONES)
		return setenv("BIEF_THREADS", n, 1);
	fprintf(stderr,
		"bief: run: --threads is a number from 1 to %d, not '%s'\n",
		STAGE_CLONES, n);
	return -1;
}

static int
run_command(int argc, char **argv)
{
	bool runs = strcmp(argv[0], "run") == 0;

	if (asks_help(argc, argv)) {
		printf("usage: bief %s%s 'PIPELINE'\n%s\n", argv[0],
			runs ? " [--threads N]" : "",
			runs ? "run a pipeline, its programs in one process where "
			       "they stand together"
			     : "tell what a pipeline would do, and run nothing");
		return STATUS_DONE;
	}
	if (runs && take_threads(&argc, argv) < 0)
		return STATUS_USAGE;
	if (argc == 2)
		return run_parsed(argv[1], runs ? spawn_run : explain_pipeline);
	fprintf(stderr, "bief: %s takes one argument, the pipeline in quotes\n",
		argv[0]);
	return STATUS_USAGE;
}

/* What bief does itself: argv[0] is the command's name. */
static const struct subcommand {
	const char *name, *synopsis;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"run", "[--threads N] 'PIPELINE'", run_command},
	{"explain", "'PIPELINE'", run_command},
	{"to-spark", "[--from-checkpoint DIR] 'PIPELINE'", spark_command},
	{"ps", "[--json]", ps_command},
	{"stop", "[--timeout D] NAME|ID ... | --all", stop_command},
	{"top", "", top_command},
	{"course", "[NAME]", course_command},
	{"sample", "NAME [DIR] [--count N] [--seed S]", sample_command},
	{"state", "DIR [dump|load|diff|forget ...]", inspect_command},
};
#define COMMANDS (sizeof(commands) / sizeof(*commands))

static int
usage(FILE *to)
{
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, "%s bief %s%s%s\n", i == 0 ? "usage:" : "      ",
			commands[i].name, *commands[i].synopsis ? " " : "",
			commands[i].synopsis);
	fprintf(to, "       bief PROGRAM [ARGUMENT ...]\n\nprograms:\n");
	for (const struct op *const *op = ops_all; *op != NULL; op++)
		fprintf(to, "  %-16s %s\n", (*op)->name, (*op)->about);
	for (const struct tool *const *t = tool_all; *t != NULL; t++)
		fprintf(to, "  %-16s %s\n", (*t)->name, (*t)->about);
	return to == stdout ? STATUS_DONE : STATUS_USAGE;
}

/* Be the program that argv[0] names, if there is one: its exit status, or -1. */
static int
be(int argc, char **argv)
{
	const struct tool *tool = tool_find(argv[0]);

	if (tool != NULL)
		return tool_main(tool, argv);
	return ops_find(argv[0]) != NULL ? run_main(argc, argv) : -1;
}

/*
 * Descriptors 0 to 2 are taken before anything else is opened, so that no pipe
 * or file of ours stands where input, output or messages are meant.  What takes
 * the place of a closed one cannot be used either: "Bad file descriptor".
 */
static int
take_standard(void)
{
	static const int modes[] = {O_WRONLY, O_RDONLY, O_RDWR};

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
			open("/dev/null", modes[fd]) != fd)
			return -1;
	return 0;
}

/* Other words for what there is. */
static const struct {
	const char *word, *means;
} synonyms[] = {{"list", "ps"}, {"ls", "ps"}, {"status", "ps"}, {"jobs", "ps"},
	{"kill", "stop"}, {"end", "stop"}, {"start", "run"}, {"exec", "run"},
	{"plan", "explain"}, {"learn", "course"}, {"tutorial", "course"},
	{"exercises", "course"}, {"cours", "course"}, {"checkpoint", "state"},
	{"watch", "top"}, {"help", "--help"}, {"version", "--version"}};

/* What may have been meant by a word that is none of ours; or NULL. */
static const char *
meant(const char *word)
{
	for (size_t i = 0; i < sizeof(synonyms) / sizeof(*synonyms); i++)
		if (strcmp(word, synonyms[i].word) == 0)
			return synonyms[i].means;
	for (size_t i = 0; i < COMMANDS; i++)
		if (near_enough(word, commands[i].name))
			return commands[i].name;
	for (const struct op *const *op = ops_all; *op != NULL; op++)
		if (near_enough(word, (*op)->name))
			return (*op)->name;
	for (const struct tool *const *t = tool_all; *t != NULL; t++)
		if (near_enough(word, (*t)->name))
			return (*t)->name;
	return NULL;
}

static int
unknown(const char *word)
{
	const char *means = meant(word);
	char quoted[100];

	err_quote(quoted, sizeof(quoted), word, strlen(word));
	if (means != NULL)
		fprintf(stderr,
			"bief: there is no program '%s': did you mean "
			"bief %s?\n",
			quoted, means);
	else
		fprintf(stderr,
			"bief: there is no program '%s': see bief "
			"--help\n",
			quoted);
	return STATUS_USAGE;
}

static int
version(void)
{
	struct buf list;

	buf_init(&list);
	dl_list(&list);
	printf("bief " BIEF_VERSION
	       "\nlibraries that are opened when they are needed:\n%.*s",
		(int)list.n, list.p);
	buf_release(&list);
	return STATUS_DONE;
}

static int
run_as_bief(int argc, char **argv)
{
	int status;

	if (argc < 2)
		return usage(stderr);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return usage(stdout);
	if (strcmp(argv[1], "--version") == 0)
		return version();
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	status = be(argc - 1, argv + 1);
	return status >= 0 ? status : unknown(argv[1]);
}

int
main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/'),
		   *name = slash != NULL ? slash + 1 : argv[0];
	int status;

	if (take_standard() < 0)
		return STATUS_FAILED;
	argv[0] = (char *)name;
	if (strcmp(name, "bief") != 0 && (status = be(argc, argv)) >= 0)
		return status;
	status = run_as_bief(argc, argv);
	/* What was printed by stdio may not have left yet. */
	if (fflush(stdout) != 0 && status == STATUS_DONE) {
		fprintf(stderr, "bief: cannot write the output: %s\n",
			strerror(errno));
		return STATUS_FAILED;
	}
	return status;
}
