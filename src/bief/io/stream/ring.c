/*
 * ring: see ring.h.  The flags of those who wait and the numbers they wait for
 * are stored and read in one order that both sides see, so that of two who look
 * at each other at the same time one sees the other.
 */
#include "io/stream/ring.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define RING_FRONT ((size_t)64 * 1024) /* before the data: any page size */
#define RING_MAPPED (RING_FRONT + 2 * RING_BYTES + RING_FRONT)

#define RING_TOLD (RING_BYTES / 16) /* bytes between two looks of the other */
#define RING_WOKEN (RING_BYTES / 4) /* that are worth waking a reader for */

struct ring_shared {
	_Alignas(64) atomic_uint_least64_t head;
	atomic_uint reader_sleeps;
	_Alignas(64) atomic_uint_least64_t tail;
	atomic_uint writer_sleeps;
};

/* Behind the second time the data are mapped some bytes more can be read. */
static int
ring_map(struct ring *r, int fd)
{
	const int both = PROT_READ | PROT_WRITE;
	char *p = mmap(NULL, RING_MAPPED, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	memset(r, 0, sizeof(*r));
	if (p == MAP_FAILED)
		return -1;
	if (mmap(p, RING_FRONT + RING_BYTES, both, MAP_SHARED | MAP_FIXED, fd,
		    0) == MAP_FAILED ||
		mmap(p + RING_FRONT + RING_BYTES, RING_BYTES, both,
			MAP_SHARED | MAP_FIXED, fd, RING_FRONT) == MAP_FAILED ||
		mmap(p + RING_FRONT + 2 * RING_BYTES, RING_FRONT, PROT_READ,
			MAP_SHARED | MAP_FIXED, fd, RING_FRONT) == MAP_FAILED) {
		munmap(p, RING_MAPPED);
		return -1;
	}
	r->shared = (struct ring_shared *)p;
	r->data = p + RING_FRONT;
	return 0;
}

int
ring_make(struct ring *r)
{
	int fd = memfd_create("bief", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	r->shared = NULL;
	if (fd < 0)
		return -1;
	if (ftruncate(fd, (off_t)(RING_FRONT + RING_BYTES)) < 0 ||
		fcntl(fd, F_ADD_SEALS,
			F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0 ||
		ring_map(r, fd) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

int
ring_take(struct ring *r, int fd)
{
	struct stat s;
	int seals = fcntl(fd, F_GET_SEALS);

	r->shared = NULL;
	if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(fd, &s) < 0 ||
		s.st_size != (off_t)(RING_FRONT + RING_BYTES))
		return -1;
	return ring_map(r, fd);
}

void
ring_release(struct ring *r)
{
	if (r->shared != NULL)
		munmap(r->shared, RING_MAPPED);
	r->shared = NULL;
}

static char *
ring_at(const struct ring *r, uint64_t place)
{
	return r->data + place % RING_BYTES;
}

/* ---- of the writer ---- */

/* How far the reader is. */
static void
ring_look_back(struct ring *r)
{
	uint64_t tail = atomic_load(&r->shared->tail);

	if (tail - r->tail > r->told - r->tail)
		r->damaged = true;
	else
		r->tail = tail;
}

char *
ring_room(struct ring *r, size_t n)
{
	if (RING_BYTES - (r->head - r->tail) < n) {
		ring_look_back(r);
		if (RING_BYTES - (r->head - r->tail) < n)
			return NULL;
	}
	return ring_at(r, r->head);
}

void
ring_wrote(struct ring *r, size_t n)
{
	r->head += n;
}

bool
ring_ripe(const struct ring *r, bool now)
{
	return r->head - r->told >= (now ? 1 : RING_TOLD);
}

bool
ring_tell(struct ring *r, bool now)
{
	if (!now && !ring_ripe(r, now))
		return false;
	r->told = r->head;
	atomic_store(&r->shared->head, r->head);
	if (atomic_load(&r->shared->reader_sleeps) == 0)
		return false;
	ring_look_back(r);
	if (r->told - r->tail < (now ? 1 : RING_WOKEN))
		return false;
	return atomic_exchange(&r->shared->reader_sleeps, 0) != 0;
}

bool
ring_waits(struct ring *r, size_t n)
{
	atomic_store(&r->shared->writer_sleeps, 1);
	ring_look_back(r);
	if (r->damaged || RING_BYTES - (r->head - r->tail) >= n) {
		atomic_store(&r->shared->writer_sleeps, 0);
		return false;
	}
	return true;
}

/* ---- of the reader ---- */

const char *
ring_there(struct ring *r, size_t *n)
{
	uint64_t head = atomic_load_explicit(
		&r->shared->head, memory_order_acquire);

	if (head - r->tail > RING_BYTES || head % RING_ALIGN != 0 ||
		head - r->tail < r->head - r->tail) {
		r->damaged = true;
		head = r->tail;
	}
	r->head = head;
	*n = (size_t)(head - r->tail);
	return ring_at(r, r->tail);
}

bool
ring_some(const struct ring *r)
{
	return atomic_load_explicit(&r->shared->head, memory_order_acquire) !=
		r->tail;
}

bool
ring_took(struct ring *r, size_t n)
{
	bool empty;

	r->tail += n;
	empty = r->tail == r->head;
	if (r->tail - r->told < RING_TOLD && !empty)
		return false;
	r->told = r->tail;
	atomic_store(&r->shared->tail, r->tail);
	if (atomic_load(&r->shared->writer_sleeps) == 0 ||
		(!empty &&
			atomic_load(&r->shared->head) - r->tail >
				RING_BYTES / 2))
		return false;
	return atomic_exchange(&r->shared->writer_sleeps, 0) != 0;
}

bool
ring_sleeps(struct ring *r)
{
	atomic_store(&r->shared->reader_sleeps, 1);
	if (atomic_load(&r->shared->head) != r->tail) {
		atomic_store(&r->shared->reader_sleeps, 0);
		return false;
	}
	return true;
}

size_t
ring_waiting(const struct ring *r)
{
	uint64_t n = atomic_load(&r->shared->head) -
		atomic_load(&r->shared->tail);

	return n > RING_BYTES ? RING_BYTES : (size_t)n;
}
