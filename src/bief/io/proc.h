/*
 * proc: what the system says of a process (Linux: /proc).
 */
#ifndef BIEF_PROC_H
#define BIEF_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

struct proc {
	int pid, parent;
	uint64_t ticks; /* when it started, since the system did */
	bool dead;      /* a zombie */
	char name[32];  /* of its program, cut off */
};

/* Is there this process?  (May be called by a signal handler.) */
bool proc_look(int pid, struct proc *p);
/* Which name space of processes this is; 0: not known. */
uint64_t proc_space(void);
/* Append its words, parted by spaces; its name in brackets if it has none. */
void proc_command(const struct proc *p, struct buf *out);
/* The processes of this user. */
int proc_all(void (*each)(void *arg, const struct proc *p), void *arg);

/* The pipes that a process has open. */
struct proc_pipe {
	int fd;
	bool write; /* open for writing, not for reading */
	bool named; /* it has a name in the file system */
	uint64_t dev, ino;
};
/* Only descriptors up to last.  How many; those beyond max are left out. */
size_t proc_pipes(int pid, int last, struct proc_pipe *pipes, size_t max);

#endif
