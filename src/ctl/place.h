/* SPDX-License-Identifier: ISC */
/*
 * place.h - where a command works: the database that the configuration names, opened as the programs open it.
 */
#ifndef CTL_PLACE_H
#define CTL_PLACE_H

#include "base/config.h"
#include "ctl/options.h"
#include "store/bell.h"
#include "store/store.h"

struct place {
	struct config config;
	struct store *store; /* NULL after place_configure alone */
};

/* Reads the configuration. Not EXIT_GOOD: it was said what is wrong; place_close frees all the same. */
int place_configure(struct place *, const struct options *);
/* And opens the database, which must be there. */
int place_open(struct place *, const struct options *);
void place_close(struct place *);

/* One write transaction, and the daemon is told. EXIT_GOOD: it ran to its own end, committed or refused, which arg tells. */
int place_write(struct place *, bool (*run)(struct store *, void *arg), void *arg);
int place_read(struct place *, void (*run)(struct store *, void *arg), void *arg);

/* The secret of a file: the second word of a service key's line (name: of that key; NULL: the first), or all there is for a token.
 * Refused where group or others can read it. EXIT_GOOD: appended to out, which the caller wipes. */
int secret_key(const char *path, const char *name, struct buf *out);
int secret_token(const char *path, struct buf *out);

#endif
