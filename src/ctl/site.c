/* SPDX-License-Identifier: ISC */
/*
 * site.c - the configuration and the database.
 */
#include "ctl/site.h"

#include <string.h>

#define BUILTIN_CONFIG SYSCONFDIR "/escrowchat.conf"
#define BUSY_MS        5000
#define READ_MS        5000

extern char **environ;

int
site_configure(struct site *p, const struct options *o)
{
	const char *argv[] = {"escrowchatctl", NULL, NULL, NULL, NULL, NULL};
	struct buf out = {0}, err = {0};
	enum config_verdict verdict;
	int argc = 1;

	*p = (struct site){0};
	if (o->config) {
		argv[argc++] = "--config";
		argv[argc++] = o->config;
	}
	if (o->database) {
		argv[argc++] = "--database";
		argv[argc++] = o->database;
	}
	verdict = config_load(
	    &p->config, PROGRAM_FCGI, argc, (char **)argv, environ, BUILTIN_CONFIG, &out, &err);
	buf_clear(&out);
	if (verdict == CONFIG_OK)
		return EXIT_GOOD;
	return fail_with(&err, EXIT_USAGE);
}

int
site_open(struct site *p, const struct options *o)
{
	int status = site_configure(p, o);
	struct buf err = {0};

	if (status != EXIT_GOOD)
		return status;
	p->store = store_open(&(struct store_options){.path = p->config.database,
				  .mode = p->config.database_mode,
				  .group = p->config.database_group,
				  .full_sync = p->config.durability == DURABILITY_FULL,
				  .busy_ms = BUSY_MS,
				  .must_exist = true},
	    &err);
	return p->store ? EXIT_GOOD : fail_with(&err, EXIT_WRONG);
}

void
site_close(struct site *p)
{
	store_close(p->store);
	config_clear(&p->config);
}

int
site_write(struct site *p, bool (*run)(struct store *, void *arg), void *arg)
{
	enum store_err err = store_write(p->store, run, arg);
	struct ringer *ringer;

	if (err != STORE_OK && err != STORE_REFUSED)
		return fail("%s: %s", p->config.database, store_err_text(err));
	if (err == STORE_OK) {
		ringer = ringer_new(p->config.database);
		ringer_ring(ringer);
		ringer_free(ringer);
		store_checkpoint_if_alone(p->store);
	}
	return EXIT_GOOD;
}

int
site_read(struct site *p, void (*run)(struct store *, void *arg), void *arg)
{
	enum store_err err = store_read(p->store, READ_MS, run, arg);

	return err == STORE_OK ? EXIT_GOOD
			       : fail("%s: %s", p->config.database, store_err_text(err));
}
