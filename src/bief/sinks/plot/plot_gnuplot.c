/*
 * plot_gnuplot: the script and its data go through descriptors that the child
 * inherits, never through a shell or a file's name.
 */
#include "sinks/plot/plot_gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "floor/buf.h"
#include "floor/err.h"
#include "io/replace.h"
#include "sinks/plot/chart.h"
#include "sinks/plot/plot_script.h"

int
plot_gnuplot_format(const char *path, enum plot_format *f)
{
	static const char *const ends[] = {".png", ".svg", ".pdf"};
	const char *dot = strrchr(path, '.');

	for (int i = 0; dot != NULL && i < 3; i++)
		if (strcasecmp(dot, ends[i]) == 0) {
			*f = (enum plot_format)i;
			return 0;
		}
	return -1;
}

static bool
in_path(const char *program)
{
	const char *dir = getenv("PATH");
	struct buf path;
	bool found = false;

	buf_init(&path);
	while (dir != NULL && !found) {
		size_t n = strcspn(dir, ":");

		buf_clear(&path);
		buf_add(&path, dir, n);
		buf_printf(&path, "/%s", program);
		found = access(buf_cstr(&path), X_OK) == 0;
		dir = dir[n] == ':' ? dir + n + 1 : NULL;
	}
	buf_release(&path);
	return found;
}

int
plot_gnuplot_check(const struct plot_gnuplot *g, struct err *err)
{
	if (replace_check(g->path, err) < 0)
		return -1;
	if (!in_path("gnuplot"))
		return err_set(err,
			"cannot draw '%s': there is no gnuplot: "
			"install it (apt-get install gnuplot-nox "
			"fonts-dejavu-core), or draw by --term or --serve",
			g->path);
	return 0;
}

/* In the child: gnuplot, without anybody's settings. */
static void
run_child(int script, int data, int picture, int words)
{
	char *argv[] = {"gnuplot", "-d", NULL};

	setpgid(0, 0); /* Ctrl-C is not for it */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(script, STDIN_FILENO) < 0 ||
		dup2(picture, STDOUT_FILENO) < 0 ||
		dup2(words, STDERR_FILENO) < 0 ||
		dup2(data, PLOT_SCRIPT_DATA_FD) < 0)
		_exit(127);
	/* Had it that number already, it would be closed. */
	fcntl(PLOT_SCRIPT_DATA_FD, F_SETFD, 0);
	execvp(argv[0], argv);
	_exit(127);
}

/* What it has said last. */
static void
read_words(int fd, char *out, size_t size)
{
	char text[4096], *line;
	ssize_t n = pread(fd, text, sizeof text - 1, 0);

	n = n < 0 ? 0 : n;
	while (n > 0 && (unsigned char)text[n - 1] <= ' ')
		n--;
	text[n] = '\0';
	line = strrchr(text, '\n');
	line = line != NULL ? line + 1 : text;
	line += strspn(line, " \t");
	err_quote(out, size, line, strlen(line));
}

/* Bytes as a file without a name, to be read from its beginning.  Its number is
 * none of those that gnuplot gets. */
static int
make_file(const struct buf *b, struct err *err)
{
	int made = memfd_create("bief", MFD_CLOEXEC), fd;
	struct replace file = {.path = "a picture's data"};

	fd = made < 0 ? -1
		      : fcntl(made, F_DUPFD_CLOEXEC, PLOT_SCRIPT_DATA_FD + 1);
	if (made >= 0)
		close(made);
	file.fd = fd;
	if (fd < 0) {
		err_sys(err, "cannot start gnuplot");
	} else if (b != NULL &&
		(replace_add(&file, b->p, b->n, err) < 0 ||
			lseek(fd, 0, SEEK_SET) < 0)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int
run_gnuplot(const struct buf *script, const struct buf *data, int picture,
	struct err *err)
{
	int in = make_file(script, err), numbers = make_file(data, err);
	int words = make_file(NULL, err), status = -1;
	char said[300] = "";
	pid_t pid = -1;

	if (in >= 0 && numbers >= 0 && words >= 0)
		pid = fork();
	if (pid == 0)
		run_child(in, numbers, picture, words);
	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			break;
	if (pid > 0 && status != 0)
		read_words(words, said, sizeof said);
	if (in >= 0)
		close(in);
	if (numbers >= 0)
		close(numbers);
	if (words >= 0)
		close(words);
	if (pid < 0)
		return err_sys(err, "cannot start gnuplot");
	if (status == 0)
		return 0;
	if (WIFSIGNALED(status))
		return err_set(err, "gnuplot died of signal %d%s%s",
			WTERMSIG(status), *said ? ": " : "", said);
	return err_set(err, "gnuplot failed with status %d%s%s",
		WEXITSTATUS(status), *said ? ": " : "", said);
}

int
plot_gnuplot_draw(struct plot_gnuplot *g, const struct chart *charts, size_t n,
	struct err *err)
{
	struct replace file;
	struct buf script, data;
	int ret;

	buf_init(&script);
	buf_init(&data);
	plot_script_put(g, charts, n, &script, &data);
	ret = replace_open(&file, g->path, err);
	if (ret == 0) {
		ret = run_gnuplot(&script, &data, file.fd, err);
		if (ret == 0 && file.tmp != NULL &&
			lseek(file.fd, 0, SEEK_END) == 0)
			ret = err_set(err, "gnuplot has drawn nothing");
		if (ret < 0)
			err_in(err, "cannot draw '%s'", g->path);
		ret = ret == 0 ? replace_commit(&file, NULL, err) : ret;
	}
	replace_drop(&file);
	buf_release(&script);
	buf_release(&data);
	return ret;
}
