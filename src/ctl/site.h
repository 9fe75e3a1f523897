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

#endif
