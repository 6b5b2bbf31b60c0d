/*
 * vitals: what a process says of itself while it runs, for bief ps.
 *
 * It is kept in memory and brought up to date for each block of data, wait and
 * batch, never for a record.  When the process is 100 ms old, the next of these
 * moments puts a file under that memory, so that one that ends sooner neither
 * leaves nor pays for one.  What goes wrong with the file is nobody's trouble: then there is none.
 *
 * The file is DIR/PID, mapped by its owner and removed at its end; the owner's
 * death leaves it behind, which its reader recognises.  DIR is
 * $XDG_RUNTIME_DIR/bief or /tmp/bief-UID, mode 0700.  Its form is struct
 * vitals, as it stands in memory: it belongs to this machine, and to this
 * version, by the magic number.
 */
#ifndef BIEF_VITALS_H
#define BIEF_VITALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VITALS_MAGIC "biefvit3"
#define VITALS_INPUTS 64 /* descriptors that are told of */
#define VITALS_PAST 8    /* moments that are remembered, a second apart */
#define VITALS_TEXT 1000 /* bytes of a command line that are kept */

enum vitals_doing {
	VITALS_BUSY,
	VITALS_INPUT,  /* waits for input, or for the clock */
	VITALS_OUTPUT, /* waits for those behind it */
	VITALS_WAYS
};

struct vitals_counts {
	uint64_t in, out, rejected, late;
	int64_t batch;     /* the newest; -1: none */
	int64_t watermark; /* WATERMARK_NONE: none */
	int64_t rows;      /* of state; -1: keeps none */
	uint64_t bytes;
};

struct vitals_stage {
	uint32_t command;            /* its words, in the text: an offset */
	uint32_t ncommand, nprogram; /* bytes; of its first word */
	uint32_t name, nname;        /* --name; 0 bytes: none */
	uint32_t source, sink;       /* 1: it is one */
	struct vitals_counts now;
	uint64_t past[VITALS_PAST][2]; /* in and out, at the moments below */
};

struct vitals {
	char magic[8];
	uint32_t size; /* of the whole, with stages and text */
	uint32_t nstages;
	uint32_t text; /* offset of the text */
	int32_t pid;
	uint64_t ticks;   /* start of the process, as /proc/PID/stat has it */
	uint64_t space;   /* the namespace that the pid is of */
	int64_t began_us; /* monotonic */
	uint32_t odd;     /* odd while what follows is being changed */
	uint32_t doing;
	int64_t since_us;              /* monotonic, when it began to do that */
	int64_t spent_us[VITALS_WAYS]; /* until then */
	/* What goes to the reader of a pipe; the bytes that wait for it, of so
	 * many that may (0: the output is no pipe). */
	uint32_t records; /* 1: records as they are, 0: text */
	uint32_t waiting, room;
	int64_t updated_us; /* the counts are of this moment */
	uint32_t ninputs;
	int32_t inputs[VITALS_INPUTS]; /* descriptors it reads; -1: closed */
	int32_t output;
	uint32_t npast; /* moments so far; the last of them are kept */
	struct vitals_moment {
		int64_t at_us, spent_us[VITALS_WAYS];
	} past[VITALS_PAST];
	struct vitals_stage stages[];
};

/* The places for files, each may be empty: this one is not to be had.  It has to
 * be a directory of this user, which nobody else may look into. */
#define VITALS_PATH 300
void vitals_places(char dir[2][VITALS_PATH]);
bool vitals_is_ours(const char *dir);

/* ---- of this process; there is one chain in it ---- */

struct vitals_program {
	char **argv;
	const char *name;
	bool source, sink;
};
struct vitals *vitals_open(const struct vitals_program *p, int n, int output);
void vitals_close(struct vitals *v);
/* The process ends at once; for signal handlers. */
void vitals_forget(void);
void vitals_input(struct vitals *v, int fd);
void vitals_input_closed(struct vitals *v, int fd);
/* From now on it does this. */
void vitals_turn(struct vitals *v, enum vitals_doing doing);
/* It has waited, and is busy again: the counts are what they were. */
void vitals_go_on(struct vitals *v);
/* How full the way to the next program is: that of records; or the pipe, if the
 * output is one. */
void vitals_records(struct vitals *v, size_t waiting, size_t room);
void vitals_pipe(struct vitals *v);
/* Between the two, change the counts. */
void vitals_begin(struct vitals *v, enum vitals_doing doing);
void vitals_end(struct vitals *v);
/* Around a write of n bytes: what it takes beyond copying them is waiting.
 * Returns how many of them to write now. */
size_t vitals_write(struct vitals *v, size_t n);
void vitals_written(struct vitals *v, size_t n);
/* poll(), but a process that waits for long can be seen by bief ps. */
struct pollfd;
int vitals_poll(struct vitals *v, struct pollfd *fds, int n, int timeout);
/* Microseconds that were no waiting, until now. */
int64_t vitals_busy_us(const struct vitals *v);

/* ---- of others ---- */

/* Call each with all processes that live; what the dead have left is removed. */
void vitals_read_all(void (*each)(void *arg, struct vitals *v), void *arg);
/* Over the last few seconds: what share of its time went where ... */
void vitals_read_shares(
	const struct vitals *v, int64_t now_us, double share[VITALS_WAYS]);
/* ... and how many records a second came in and went out. */
void vitals_read_rates(const struct vitals *v, size_t stage, int64_t now_us,
	double *in, double *out);

#endif
