/* SPDX-License-Identifier: ISC */
/*
 * export_routes.c - a conversation as a file. It is written in pieces, as it may be too long to be
 * held at once. An export occupies a thread for as long as its reader takes, so there are few at
 * once, and each has a deadline.
 */
#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "chat/export.h"
#include "fcgi/accept.h"
#include "fcgi/routes.h"
#include "store/lock.h"

#define EXPORT_MS     60000 /* for a whole export */
#define TRIES         3     /* to read one page */
#define EXPORTS_SHARE 4     /* one of so many threads may export */
#define FILE_ID_MAX   64    /* characters of the escrowId in the file name */

static const struct {
	const char *name, *media;
} formats[] = {
    [EXPORT_JSON] = {"json", "application/json"},
    [EXPORT_NDJSON] = {"ndjson", "application/x-ndjson"},
    [EXPORT_HTML] = {"html", "text/html"},
};

static atomic_int exports; /* that are under way, on all threads */

struct export_job {
	struct exchange *exchange;
	struct chat_export e;
	int lock;
};

/* ---- admission ---- */

static bool
find_format(struct exchange *c, enum export_format *out)
{
	struct span name;
	int has_name = exchange_query(c, "format", &name);

	if (has_name < 0)
		return false;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		*out = (enum export_format)i;
		if (!has_name && span_is(c->media, formats[i].media))
			return true;
		if (!has_name || !span_is(name, formats[i].name))
			continue;
		if (accept_quality(c->request->accept, span_of(formats[i].media)) > 0)
			return true;
		reply_failure(c->reply, ERROR_BAD_REQUEST, 406,
		    "Accept does not allow the format that is asked for.");
		return false;
	}
	exchange_refuse(c, ERROR_BAD_REQUEST, "format: json, ndjson or html is accepted.");
	return false;
}

/* Admits one export of each wallet, and in all a quarter of the threads, but at least one. */
static bool
enter(struct exchange *c, int *lock)
{
	const struct config *config = c->rest->config;
	int64_t most = config->threads / EXPORTS_SHARE;

	if (atomic_fetch_add(&exports, 1) >= (most > 0 ? most : 1)) {
		atomic_fetch_sub(&exports, 1);
		c->reply->retry_after_s = 5;
		exchange_refuse(
		    c, ERROR_UNAVAILABLE, "Too many exports at once; try again shortly.");
		return false;
	}
	*lock = lock_export(
	    config->database, config->database_mode, config->database_group, span_of(c->user.key));
	if (*lock >= 0)
		return true;
	atomic_fetch_sub(&exports, 1);
	c->reply->retry_after_s = 5;
	exchange_refuse(
	    c, ERROR_RATE_LIMITED, "One export at a time; try again when it has ended.");
	return false;
}

static void
leave(int lock)
{
	close(lock);
	atomic_fetch_sub(&exports, 1);
}

/* ---- the answer ---- */

static void
write_headers(struct exchange *c, enum export_format format)
{
	struct buf text = {0};

	/* Clears the refusal that an earlier, failed try has left. */
	c->reply->status = 200;
	c->reply->code = NULL;
	c->reply->retry_after_s = 0;
	c->reply->body.len = 0;
	c->reply->media = formats[format].media;
	c->reply->policy = "default-src 'none'; sandbox";
	buf_str(&text, "attachment; filename=\"escrow-");
	for (size_t i = 0; i < c->param.n && i < FILE_ID_MAX; i++) {
		char ch = c->param.p[i];
		bool is_plain = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
				(ch >= '0' && ch <= '9') || ch == '-' || ch == '.';

		buf_addc(&text, is_plain ? ch : '_');
	}
	buf_printf(&text, ".%s\"", formats[format].name);
	reply_header(c->reply, "Content-Disposition", buf_as_span(&text));
	buf_clear(&text);
}

static void
run_export(struct store *st, void *arg)
{
	struct export_job *j = arg;

	chat_export(st, &j->exchange->rest->rules, &j->e);
}

/* Reads one piece. On a machine under load that may take more than one try. */
static bool
read_piece(struct exchange *c, struct export_job *j)
{
	int before = j->e.pieces;

	for (int tries = 0; tries < TRIES && j->e.pieces == before; tries++) {
		if (exchange_read(c, run_export, j))
			return true;
	}
	return false;
}

/* If the first piece cannot be read, the exchange is refused; a later error cuts the answer off. */
static void
send_pieces(struct exchange *c, struct export_job *j)
{
	int64_t until_ms = clock_mono_ms() + EXPORT_MS;

	if (!read_piece(c, j))
		return;
	if (j->e.err != ERROR_NONE) {
		exchange_refuse(c, j->e.err, NULL);
		return;
	}
	write_headers(c, j->e.format);
	while (exchange_stream(c, buf_as_span(&j->e.text)) && !j->e.is_done) {
		if (read_piece(c, j) && j->e.err == ERROR_NONE && clock_mono_ms() < until_ms)
			continue;
		log_warn("export: cut off: %s",
		    j->e.err != ERROR_NONE ? error_code(j->e.err) : "it takes too long");
		c->reply->is_broken = true;
		return;
	}
}

void
export_get(struct exchange *c)
{
	struct export_job j = {c, {.user = &c->user, .escrow_id = c->param}, -1};

	if (!exchange_escrow(c) || !find_format(c, &j.e.format) || !enter(c, &j.lock))
		return;
	send_pieces(c, &j);
	leave(j.lock);
	chat_export_clear(&j.e);
}
