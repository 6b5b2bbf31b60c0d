/*
 * ship: what has come of a block for the stages of a neighbour behind, as bytes
 * that go to it through a ring.
 *
 * A block goes in one part, or in several: where a record in between is worked on
 * here and goes by itself, and where there is much text, which then can go on
 * from process to process while more of it comes.  What is not for us is handed
 * on as it has come, and looked at by nobody but whom it is for.
 */
#ifndef BIEF_SHIP_H
#define BIEF_SHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "floor/buf.h"
#include "runtime/threads/block.h"

struct chain;

struct ship {
	const struct block *b;
	int own; /* stages of the block that are not the neighbour's */
	/* Of this part: where its items are, and how many bytes of them. */
	struct buf ranges;
	size_t items;
	size_t out;                /* where in the block's output it begins */
	struct block_counts *from; /* of the neighbour's stages, before it */
	bool fresh; /* nothing of the block has gone, and it is that */
};

/* What is in a block for stages from own on is to be sent: nobody may change it
 * from now on. */
void ship_seal(struct block *b, int own);
void ship_begin(struct ship *s, const struct block *b, int own);
/* Append an item of the neighbour's, which is n bytes.  0, or -1 with the chain's
 * err set. */
int ship_item(struct ship *s, struct chain *c, const struct item *it, size_t n);
/* Send what there is, and so much of the block's output; counts: those of the
 * neighbour's stages by now.  0, or -1 with the chain's err set. */
int ship_send(struct ship *s, struct chain *c,
	const struct block_counts *counts, size_t out);
void ship_end(struct ship *s);

#define SHIP_DAMAGED                                                     \
	"the input is damaged: what a program in front of this one has " \
	"worked at for it is not as that sent it"
/* A part that has come: b points into it, and is nobody's to release.  -1: it is
 * none.  Then whether an item is as it was sent. */
int ship_read(const char *p, size_t n, struct block *b);
bool ship_whole(const struct item *it);
/* Bytes of an item, with what is behind it. */
size_t ship_item_size(const struct item *it);

#endif
