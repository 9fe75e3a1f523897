/* SPDX-License-Identifier: ISC */
/*
 * site.h - opens the database that the configuration names, as the other programs open it.
 */
#ifndef CTL_SITE_H
#define CTL_SITE_H

#include "config/config.h"
#include "ctl/options.h"
#include "store/bell.h"
#include "store/store.h"

struct site {
	struct config config;
	struct store *store; /* NULL after site_configure alone */
};

/* Reads the configuration. Returns EXIT_GOOD; else a line on stderr says why. Call site_close in
 * both cases. */
int site_configure(struct site *, const struct options *);
/* Calls site_configure, then opens the database, which must exist. Errors as there. */
int site_open(struct site *, const struct options *);
void site_close(struct site *);

/* One write transaction; rings the doorbell after the commit. EXIT_GOOD: run was committed, or it
 * returned false; run must note in arg which. */
int site_write(struct site *, bool (*run)(struct store *, void *arg), void *arg);
int site_read(struct site *, void (*run)(struct store *, void *arg), void *arg);

/* Reads a secret from a file; secret_read says which files are accepted. secret_key: the second
 * word in the line of the service key with this name (NULL: the first key). secret_token: the whole
 * file, one line. EXIT_GOOD: the secret is appended to out. Else a line on stderr says why, and out
 * is unchanged. The caller wipes out. */
int secret_key(const char *path, const char *name, struct buf *out);
int secret_token(const char *path, struct buf *out);

#endif
