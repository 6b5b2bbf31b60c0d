/*
 * tempfile: Linux can make a file that never has a name; where a file system
 * cannot, the name is taken away at once.
 */
#include "io/tempfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "floor/buf.h"

const char *
tempfile_dir(void)
{
	const char *dir = getenv("TMPDIR");

	return dir != NULL && *dir != '\0' ? dir : "/tmp";
}

int
tempfile_open(const char *dir)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
	struct buf path;

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd;
	buf_init(&path);
	buf_printf(&path, "%s/bief.XXXXXX", dir);
	fd = mkostemp(buf_cstr(&path), O_CLOEXEC);
	if (fd >= 0)
		unlink(path.p);
	buf_release(&path);
	return fd;
}
