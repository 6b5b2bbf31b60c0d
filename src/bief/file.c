#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "err.h"
#include "file.h"
#include "json.h"
#include "stream.h"

int
file_read(const char *path, size_t max, struct buf *out, struct err *err)
{
	struct input in;
	int fd = STDIN_FILENO, got = 1;
	size_t n = 0;

	if (strcmp(path, "-") != 0 &&
		(fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return err_sys(err, "cannot open '%s'", path);
	input_init(&in, fd, max);
	while (n < max && (got = input_fill(&in, err)) > 0) {
		n = in.end - in.start;
		if (n > max)
			n = max;
	}
	buf_add(out, in.p + in.start, n);
	memset(buf_need(out, JSON_PADDING), 0, JSON_PADDING);
	input_release(&in);
	if (fd != STDIN_FILENO)
		close(fd);
	return got < 0 ? err_in(err, "'%s'", path) : 0;
}
