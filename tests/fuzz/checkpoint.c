/*
 * The files of a checkpoint: the first line tells which (o: the position of a
 * source, d: what changed in a state, m: the metadata), the rest is what it
 * holds; with r in the first line all of the file, else framed as it must be.
 * What is not of its form is an error, what was read is there.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/err.h"
#include "io/file.h"
#include "recovery/metadata.h"
#include "recovery/offset.h"
#include "recovery/place.h"
#include "recovery/state/state.h"
#include "recovery/statefile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

static void
put(const char *dir, const char *name, const char *kind, bool raw,
	const uint8_t *p, size_t n)
{
	struct err err;
	char path[80];
	FILE *f;

	if (!raw) {
		MUST(file_save(dir, name, kind, p, n, &err) == 0);
		return;
	}
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	MUST(f != NULL);
	fwrite(p, 1, n, f);
	fclose(f);
}

static void
drop(const char *dir, const char *name)
{
	char path[80];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);
}

static void
look_at_state(const struct place *place)
{
	struct state *s = state_new(1 << 20);
	struct statefile f;
	struct err err;
	size_t n = 0;

	if (statefile_restore(place, s, 3, &f, &err) == 0) {
		for (state_ref r = state_first(s); r != STATE_NONE;
			r = state_next(s, r))
			n++;
		MUST(n == state_count(s));
		MUST(f.last == 3);
	} else
		MUST(err.status == STATUS_DAMAGED);
	state_free(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *lf = size > 0 ? memchr(data, '\n', size) : NULL;
	char dir[60], how;
	struct metadata c;
	struct place place = {.dir = dir, .lock = -1};
	struct offset o;
	struct err err;
	bool raw;
	int rc;

	if (lf == NULL)
		return 0;
	how = (char)data[0];
	raw = memchr(data, 'r', (size_t)(lf - data)) != NULL;
	size -= (size_t)(lf + 1 - data);
	data = lf + 1;
	snprintf(dir, sizeof(dir), "%s/checkpoint-%ld",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp",
		(long)getpid());
	mkdir(dir, 0700);
	if (how == 'o') {
		put(dir, "3.offset", "offset", raw, data, size);
		rc = offset_load(&place, 3, &o, &err);
		MUST(rc == 0 ? o.position != NULL
			     : rc == -1 && err.status == STATUS_DAMAGED);
		offset_release(&o);
		drop(dir, "3.offset");
	} else if (how == 'd') {
		put(dir, "3.delta", "delta", raw, data, size);
		look_at_state(&place);
		drop(dir, "3.delta");
	} else if (how == 'm') {
		put(dir, "metadata", "metadata", raw, data, size);
		rc = metadata_read(dir, &c, &err);
		MUST(rc != 0 || c.identity != NULL);
		MUST(rc >= 0 || err.status == STATUS_DAMAGED);
		if (rc == 0)
			metadata_release(&c);
		drop(dir, "metadata");
	}
	rmdir(dir);
	return 0;
}
