/*
 * Whole programs on whatever stands on their standard input, control lines too.
 * The first byte picks a chain of commands.  It is run in one process, and its
 * stages one after the other: both must give the same bytes, and fail or not.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "runtime/stage.h"
#include "floor/mem.h"
#include "runtime/run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Words are parted by blanks, ~ is a blank in a word, @ the file of a table. */
static const char *const chains[] = {
	"parse-json --schema a~int,t~timestamp,s~string,d~decimal(5,2),"
	"x~array<struct<p:int,q:map<string,double>>> | agg --by a count sum:a",
	"parse-csv --header | derive b=.a+1",
	"parse-csv --schema a~int,t~timestamp,s~string --on-error keep | "
	"agg --by s count max:t avg:a",
	"parse-text | explode value --split , | agg --by value count",
	"filter .a>1 | derive b=.a*2 c=.s[1:3] | pick b c z=a",
	"filter --sql a>1~or~s~like~'%x%' | "
	"derive --sql b=upper(s) c=a/2 d=date_trunc('hour',t)",
	"drop-null | fill-null a=0 s=x",
	"explode x | agg --by x count collect_list:a",
	"watermark --on t --delay 10s --batch 2 | "
	"dedup --by a --within-watermark --plain",
	"window --on t --size 10s --watermark 5s --batch 2 | "
	"agg --mode append --by a count sum:a --plain",
	"window --on t --size 10s --slide 5s --watermark 5s --batch 2 | "
	"agg --mode update --by a count last:a --plain",
	"window --on t --session 5s --watermark 5s --batch 2 | "
	"agg --mode append --by a count first:s --plain",
	"window --on t --session-field s --watermark 5s --batch 2 | "
	"agg --mode append --by a count --plain",
	"window --on t --size 5s --watermark 5s --batch 3 | "
	"agg --mode append --by a count | window --on window --size 10s | "
	"agg --mode append two=sum:count --plain",
	"agg --by a,s count sum:a avg:a min:s max:s first:t last:t stddev:a "
	"median:a count_distinct:s collect_set:s stats:a",
	"agg --cube --by a,s count",
	"agg --rollup --by a,s count --mode complete --batch 2 | "
	"order --by -count,a | take 3 --plain",
	"dedup | pivot --rows a --cols s --value t",
	"dedup --by a,s --batch 2 | sink-table",
	"order --by a,-s,t | take 2",
	"take 3 | pick s a",
	"sink-table --rows 5 --truncate 8",
	"parse-json --field s --schema p~int | filter .p!=null",
	"join-static @ --header --on a --how left | agg --by name count",
	"derive x=.s|tostring|length y=.x[0] | filter .y|not",
	"agg count",
	"window --batches 2 --batch 2 | agg count --mode append --plain",
	"watermark --on t --delay 1s | window --on t --size 1m | "
	"agg --mode append --by s approx_count_distinct:a p50:a --plain",
	"derive --sql b=from_json(s,'p~int') c=to_json(x) e=split(s,',') | "
	"explode e --outer",
	"parse-json | drop-null a | agg --by a count --mode update --batch 1 "
	"--plain",
	"fill-null a=1 t=2026-01-01T00:00:00Z | "
	"watermark --on t --delay 0s --batch 1 | take 100 --plain",
	"pick --sql a,s~as~q,x.p | agg --by q count",
	"union - /dev/null | derive b=.a",
	"pick #bief=a s | derive c=.s",
	"derive #bief=.a | pick #bief a | agg count",
	"window --on t --size 1h | derive --sql y=hour(t) z=typeof(a) | "
	"filter --sql y>1",
};
#define CHAINS (sizeof(chains) / sizeof(*chains))
#define STAGES_MAX 8
#define WORDS_MAX 32

static char table[] = "/tmp/bief-fuzz-XXXXXX";

/* A chain of words that the programs may keep as they like. */
struct chain_words {
	char *text;
	char *word[STAGES_MAX][WORDS_MAX];
	char **stage[STAGES_MAX + 1];
	int n;
};

static void
split(struct chain_words *c, const char *text)
{
	char *save = NULL, *w;
	int k = 0;

	memset(c, 0, sizeof(*c));
	c->text = mem_dup(text, strlen(text));
	c->stage[0] = c->word[0];
	for (w = strtok_r(c->text, " ", &save); w != NULL;
		w = strtok_r(NULL, " ", &save)) {
		if (strcmp(w, "|") == 0) {
			c->n++;
			k = 0;
			c->stage[c->n] = c->word[c->n];
			continue;
		}
		for (char *p = w; *p != '\0'; p++)
			if (*p == '~')
				*p = ' ';
		c->word[c->n][k++] = strcmp(w, "@") == 0 ? table : w;
	}
	c->n++;
}

static int
file_of(const void *p, size_t n)
{
	int fd = memfd_create("data", 0);

	if (fd < 0 || write(fd, p, n) != (ssize_t)n ||
		lseek(fd, 0, SEEK_SET) != 0)
		abort();
	return fd;
}

static char *
content(int fd, size_t *n)
{
	struct stat s;
	char *p;

	if (fstat(fd, &s) != 0)
		abort();
	*n = (size_t)s.st_size;
	p = mem_alloc(*n + 1);
	if (pread(fd, p, *n, 0) != (ssize_t)*n)
		abort();
	return p;
}

/* Standard input, as it is for programs that name it. */
static void
run_on(char ***stages, int n, int in, int out, int *status)
{
	if (dup2(in, STDIN_FILENO) < 0)
		abort();
	close(in);
	run_chain(stages, n, STDIN_FILENO, out, status);
}

/* All stages in one process; what they wrote. */
static char *
run_together(
	const char *text, const void *data, size_t size, size_t *n, int *status)
{
	struct chain_words c;
	int each[STAGES_MAX] = {0}, out = memfd_create("out", 0);
	char *got;

	split(&c, text);
	run_on(c.stage, c.n, file_of(data, size), out, each);
	*status = run_status(each, c.n);
	free(c.text);
	got = content(out, n);
	close(out);
	return got;
}

/* One after the other. */
static char *
run_apart(
	const char *text, const void *data, size_t size, size_t *n, int *status)
{
	struct chain_words c;
	int each[STAGES_MAX] = {0}, in = file_of(data, size), out;
	char *got = NULL;

	split(&c, text);
	for (int i = 0; i < c.n; i++) {
		char **one[2] = {c.stage[i], NULL};

		out = memfd_create("out", 0);
		free(got);
		run_on(one, 1, in, out, &each[i]);
		got = content(out, n);
		if (lseek(out, 0, SEEK_SET) != 0)
			abort();
		in = out;
	}
	close(in);
	free(c.text);
	*status = run_status(each, c.n);
	return got;
}

static void
prepare(void)
{
	static const char rows[] = "a,name\n1,x\n2,y\n2,z\n";
	int fd = mkstemp(table);

	if (fd < 0 || write(fd, rows, strlen(rows)) < 0)
		abort();
	close(fd);
	setenv("BIEF_STATUS", "0", 1);
	setenv("BIEF_CLOCK", "2026-11-21T08:00:00Z", 1);
}

static void
remove_table(void)
{
	unlink(table);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	const char *chain;
	char *together, *apart;
	size_t n, m;
	int status, other;

	if (!ready) {
		prepare();
		atexit(remove_table);
		ready = true;
	}
	if (size < 1)
		return 0;
	chain = chains[data[0] % CHAINS];
	together = run_together(chain, data + 1, size - 1, &n, &status);
	apart = run_apart(chain, data + 1, size - 1, &m, &other);
	if ((status == 0) != (other == 0) ||
		(status == 0 && (n != m || memcmp(together, apart, n) != 0))) {
		fprintf(stderr, "%s\ntogether: %d\n%.*s\napart: %d\n%.*s\n",
			chain, status, (int)n, together, other, (int)m, apart);
		abort();
	}
	free(together);
	free(apart);
	return 0;
}
