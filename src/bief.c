/*
 * bief: one binary.  Called by the name of a program it is that program; called
 * as bief it runs, explains and looks after pipelines.
 */
#include <stdio.h>
#include <string.h>

#include "err.h"
#include "explain.h"
#include "inspect.h"
#include "pipeline.h"
#include "ps.h"
#include "run.h"
#include "tool.h"
#include "version.h"

static int
run(const char *text, int (*what)(const struct pipeline *))
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
			fprintf(stderr, "bief: this pipeline uses more of the "
				"shell than bief reads: it cannot be "
				"explained\n");
			return STATUS_USAGE;
		}
		fprintf(stderr, "bief: this pipeline uses more of the shell "
			"than bief reads: it is run by the shell\n");
		return pipeline_shell(text);
	default:
		fprintf(stderr, "bief: %s\n", err_clean(err.text));
		return STATUS_USAGE;
	}
}

static int
run_command(int argc, char **argv)
{
	if (argc == 2)
		return run(argv[1], strcmp(argv[0], "run") == 0 ?
				pipeline_run : explain_pipeline);
	fprintf(stderr, "bief: %s takes one argument, the pipeline in quotes\n",
		argv[0]);
	return STATUS_USAGE;
}

/* What bief does itself: argv[0] is the command's name. */
static const struct subcommand {
	const char *name, *synopsis;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"run", "'PIPELINE'", run_command},
	{"explain", "'PIPELINE'", run_command},
	{"ps", "[--json]", ps_command},
	{"stop", "[--timeout D] NAME|ID ... | --all", stop_command},
	{"top", "", top_command},
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
	for (const struct op *const *op = run_ops; *op != NULL; op++)
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
	return run_find(argv[0]) != NULL ? run_main(argc, argv) : -1;
}

int
main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/'),
		   *name = slash != NULL ? slash + 1 : argv[0];
	int status;

	argv[0] = (char *)name;
	if (strcmp(name, "bief") != 0 && (status = be(argc, argv)) >= 0)
		return status;
	if (argc < 2)
		return usage(stderr);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return usage(stdout);
	if (strcmp(argv[1], "--version") == 0) {
		puts("bief " BIEF_VERSION);
		return STATUS_DONE;
	}
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	if ((status = be(argc - 1, argv + 1)) >= 0)
		return status;
	fprintf(stderr, "bief: there is no program '%s': see bief --help\n",
		err_clean(argv[1]));
	return STATUS_USAGE;
}
