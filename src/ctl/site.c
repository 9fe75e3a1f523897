/* SPDX-License-Identifier: ISC */
/*
 * site.c - the configuration, the database, and files with secrets.
 */
#include "ctl/site.h"

#include <string.h>

#include "crypto/secret.h"

#define BUILTIN_CONFIG SYSCONFDIR "/escrowchat.conf"
#define BUSY_MS        5000
#define READ_MS        5000
#define SECRETS_MAX    65536 /* bytes of a file */

extern char **environ;

/* ---- the database ---- */

/* Writes the line in err, without its newline, to stderr. Returns status. */
static int
fail_with(struct buf *err, int status)
{
	struct span line = buf_as_span(err);

	while (line.n > 0 && line.p[line.n - 1] == '\n')
		line.n--;
	if (status == EXIT_USAGE)
		fail_usage("%.*s", (int)line.n, line.p);
	else
		fail("%.*s", (int)line.n, line.p);
	buf_clear(err);
	return status;
}

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

/* ---- files with secrets ---- */

/* Reads the file into an empty buffer. Returns EXIT_GOOD; else a line on stderr says why. */
static int
read_secret_file(const char *path, struct buf *out)
{
	struct buf err = {0};

	return secret_read(path, SECRETS_MAX, out, &err) ? EXIT_GOOD : fail_with(&err, EXIT_WRONG);
}

static struct span
take_word(struct span *rest)
{
	struct span word = span_trim(*rest);
	size_t n = 0;

	while (n < word.n && word.p[n] != ' ' && word.p[n] != '\t')
		n++;
	*rest = (struct span){word.p + n, word.n - n};
	return (struct span){word.p, n};
}

int
secret_key(const char *path, const char *name, struct buf *out)
{
	struct buf text = {0};
	int status = read_secret_file(path, &text);
	struct span rest = buf_as_span(&text);
	size_t before = out->len;

	while (status == EXIT_GOOD && rest.p && out->len == before) {
		struct span line = span_cut(&rest, '\n'), first;

		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		first = take_word(&line);
		if (first.n > 0 && first.p[0] != '#' && (!name || span_is(first, name)))
			buf_span(out, take_word(&line));
	}
	secret_clear(&text);
	if (status == EXIT_GOOD && out->len == before)
		return fail("%s: %s%s", path, name ? "no key is called " : "no line of it is a key",
		    name ? name : "");
	return status;
}

int
secret_token(const char *path, struct buf *out)
{
	struct buf text = {0};
	int status = read_secret_file(path, &text);
	struct span token = buf_as_span(&text);

	while (token.n > 0 && strchr(" \t\r\n", token.p[token.n - 1]))
		token.n--;
	if (status == EXIT_GOOD && (token.n == 0 || memchr(token.p, '\n', token.n)))
		status = fail("%s: one line with a token is accepted", path);
	if (status == EXIT_GOOD)
		buf_span(out, token);
	secret_clear(&text);
	return status;
}
