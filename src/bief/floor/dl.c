/*
 * dl: see dl.h.  One place decides how libraries are looked up, so that all
 * are missed with the same words.
 */
#include "floor/dl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "floor/err.h"

/* Threads may need the same one at the same time. */
static pthread_mutex_t dl_lock = PTHREAD_MUTEX_INITIALIZER;

static int
dl_fill(const struct dl *library, void **to, struct err *err)
{
	void *lib, *p;
	size_t i;

	if (*to != NULL)
		return 0;
	lib = dlopen(library->file, RTLD_NOW | RTLD_GLOBAL);
	if (lib == NULL)
		return err_as(err, STATUS_USAGE,
			"%s need %s, which is not "
			"installed (Debian: %s)",
			library->what, library->file, library->package);
	/* The first one last: it says that all are there. */
	for (i = 0; library->names[i] != NULL; i++)
		;
	while (i-- > 0) {
		p = dlsym(lib, library->names[i]);
		if (p == NULL)
			return err_as(err, STATUS_USAGE,
				"%s need %s, but the "
				"one that is installed has no '%s' (Debian: %s)",
				library->what, library->file, library->names[i],
				library->package);
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
	void *lib = dlopen(library->file, RTLD_NOW | RTLD_NOLOAD);
	bool has = lib != NULL && dlsym(lib, name) != NULL;

	if (lib != NULL)
		dlclose(lib);
	return has;
}
