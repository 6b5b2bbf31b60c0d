/*
 * dl: see dl.h.  One place decides how libraries are looked up, so that all
 * are missed with the same words.
 */
#include "floor/dl.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "floor/buf.h"
#include "floor/err.h"

static const struct {
	const char *file;    /* what the linker looks for */
	const char *package; /* of Debian */
	const char *serves;
} libraries[DL_LIBRARIES] = {
	[DL_JQ] = {"libjq.so.1", "libjq1", "parts of jq's language"},
	[DL_ONIG] = {"libonig.so.5", "libonig5", "regular expressions"},
	[DL_CRYPTO] = {"libcrypto.so.3", "libssl3", "md5, sha1 and sha2"},
	[DL_Z] = {"libz.so.1", "zlib1g", "gzip, crc32"},
	[DL_ZSTD] = {"libzstd.so.1", "libzstd1", "zstd"},
	[DL_SNAPPY] = {"libsnappy.so.1", "libsnappy1v5", "Parquet, Delta"},
	[DL_SQLITE] = {"libsqlite3.so.0", "libsqlite3-0", "SQLite databases"},
	[DL_PQ] = {"libpq.so.5", "libpq5", "PostgreSQL"},
	[DL_CURL] = {"libcurl.so.4", "libcurl4", "HTTP"},
	[DL_RDKAFKA] = {"librdkafka.so.1", "librdkafka1", "Kafka"},
};

/* Threads may need the same one at the same time. */
static pthread_mutex_t dl_lock = PTHREAD_MUTEX_INITIALIZER;

static int
dl_fill(const struct dl *library, void **to, struct err *err)
{
	const char *file = libraries[library->library].file;
	const char *package = libraries[library->library].package;
	void *lib, *p;
	size_t i;

	if (*to != NULL)
		return 0;
	lib = dlopen(file, RTLD_NOW | RTLD_GLOBAL);
	if (lib == NULL)
		return err_as(err, STATUS_USAGE,
			"%s need %s, which is not "
			"installed (Debian: %s)",
			library->what, file, package);
	/* The first one last: it says that all are there. */
	for (i = 0; library->names[i] != NULL; i++)
		;
	while (i-- > 0) {
		p = dlsym(lib, library->names[i]);
		if (p == NULL)
			return err_as(err, STATUS_USAGE,
				"%s need %s, but the "
				"one that is installed has no '%s' (Debian: %s)",
				library->what, file, library->names[i],
				package);
		__atomic_store_n(&to[i], p, __ATOMIC_RELEASE);
	}
	return 0;
}

int
dl_open(const struct dl *library, void *to, struct err *err)
{
	int ret;

	if (__atomic_load_n((void **)to, __ATOMIC_ACQUIRE) != NULL)
		return 0;
	pthread_mutex_lock(&dl_lock);
	ret = dl_fill(library, to, err);
	pthread_mutex_unlock(&dl_lock);
	return ret;
}

bool
dl_has(const struct dl *library, const char *name)
{
	void *lib = dlopen(
		libraries[library->library].file, RTLD_NOW | RTLD_NOLOAD);
	bool has = lib != NULL && dlsym(lib, name) != NULL;

	if (lib != NULL)
		dlclose(lib);
	return has;
}

/* The file itself, whose name tells its version; NULL: there is none. */
static char *
find(const char *file)
{
	void *lib = dlopen(file, RTLD_LAZY);
	struct link_map *map;
	char *path = NULL;

	if (lib == NULL)
		return NULL;
	if (dlinfo(lib, RTLD_DI_LINKMAP, &map) == 0)
		path = realpath(map->l_name, NULL);
	dlclose(lib);
	return path;
}

void
dl_list(struct buf *out)
{
	char *path;

	for (size_t i = 0; i < DL_LIBRARIES; i++) {
		path = find(libraries[i].file);
		if (path != NULL)
			buf_printf(
				out, "  %-16s %s\n", libraries[i].file, path);
		else
			buf_printf(out,
				"  %-16s missing, for %s: apt-get install "
				"%s\n",
				libraries[i].file, libraries[i].serves,
				libraries[i].package);
		free(path);
	}
}
