/* SPDX-License-Identifier: ISC */
/*
 * stats.c - the command stats: the figures of a daemon (by its URL) or of the database. The command
 * check-db: the integrity of the database.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "ctl/commands.h"
#include "ctl/fetch.h"
#include "ctl/secret_file.h"
#include "ctl/site.h"
#include "store/inspect.h"

#define ASK_MS 10000

/* ---- of the daemon ---- */

static void
print_connection(const struct json *c)
{
	static const char *const names[] = {"connectedAt", "transport", "walletAddress"};
	int64_t rooms = 0;

	for (size_t i = 0; i < 3; i++) {
		struct span text = {"-", 1};

		json_string(json_get(c, names[i]), &text);
		put_plain(stdout, text);
		putchar(' ');
	}
	json_int(json_get(c, "escrowRooms"), &rooms);
	printf("rooms=%" PRId64 "\n", rooms);
}

static int
print_stats(const struct fetch *f, const struct options *o, const struct json *answer)
{
	const struct json *s = json_get(answer, "stats"), *list = json_get(s, "connections");
	int64_t total, rooms;
	struct span text;

	if (f->status == 0)
		return fail("%s: %s", f->base, f->why);
	if (f->status != 200 && json_string(json_get(answer, "error"), &text))
		return fail("%s: %d: %.*s", f->base, f->status, (int)text.n, text.p);
	if (!json_int(json_get(s, "totalConnections"), &total) ||
	    !json_int(json_get(s, "activeEscrows"), &rooms))
		return fail("%s: %d, and no answer of escrowchatd", f->base, f->status);
	if (o->is_json) {
		struct buf out = {0};

		json_write(&out, s);
		puts(buf_cstr(&out));
		buf_clear(&out);
		return EXIT_GOOD;
	}
	printf("connections %" PRId64 "\nactive_escrows %" PRId64 "\n", total, rooms);
	for (size_t i = 0; i < json_length(list); i++)
		print_connection(json_at(list, i));
	return EXIT_GOOD;
}

static int
stats_there(const struct options *o)
{
	struct fetch f = {.base = o->url, .path = "/api/websocket/stats", .timeout_ms = ASK_MS};
	struct buf header = {0};
	struct json *answer;
	int status = EXIT_GOOD;

	if (o->key_file) {
		buf_str(&header, "X-Service-Key: ");
		status = secret_file_key(o->key_file, o->key, &header);
		f.headers[0] = buf_cstr(&header);
	}
	if (status == EXIT_GOOD) {
		fetch(&f);
		answer = json_parse(buf_as_span(&f.got), NULL);
		status = print_stats(&f, o, answer);
		json_free(answer);
	}
	if (header.p)
		explicit_bzero(header.p, header.len);
	buf_clear(&header);
	fetch_clear(&f);
	return status;
}

/* ---- of the database ---- */

struct figures {
	bool is_json;
	struct buf out;
};

static void
on_figure(const char *name, int64_t value, void *arg)
{
	struct figures *f = arg;

	if (f->is_json)
		json_member_int(&f->out, name, value);
	else
		buf_printf(&f->out, "%s %" PRId64 "\n", name, value);
}

/* Examines the database, and writes the figures to f->out. */
static int
inspect_database(
    const struct options *o, enum inspect_depth depth, struct inspection *in, struct figures *f)
{
	struct buf err = {0};
	struct site p;
	int status = site_configure(&p, o);

	*in = (struct inspection){.figure = on_figure, .arg = f};
	f->is_json = o->is_json;
	if (f->is_json)
		json_open(&f->out, '{');
	if (status == EXIT_GOOD && !inspect(p.config.database, depth, in, &err))
		status = fail("%s", buf_cstr(&err));
	if (status == EXIT_GOOD) {
		on_figure("schema", in->version, f);
		on_figure("bytes", in->bytes, f);
		on_figure("wal_bytes", in->wal_bytes, f);
	}
	if (f->is_json) {
		json_close(&f->out, '}');
		buf_addc(&f->out, '\n');
	}
	site_close(&p);
	buf_clear(&err);
	return status;
}

int
stats(const struct options *o)
{
	struct figures f = {0};
	struct inspection in;
	int status;

	if (o->url)
		return stats_there(o);
	status = inspect_database(o, INSPECT_FIGURES, &in, &f);
	if (status == EXIT_GOOD)
		fputs(buf_cstr(&f.out), stdout);
	buf_clear(&f.out);
	buf_clear(&in.faults);
	return status;
}

int
check_db(const struct options *o)
{
	struct figures f = {0};
	struct inspection in;
	int status = inspect_database(o, o->is_quick ? INSPECT_QUICK : INSPECT_WHOLE, &in, &f);

	if (status == EXIT_GOOD) {
		bool is_newer = in.version > in.newest;

		printf("%sauth_class %s\n", buf_cstr(&f.out), in.auth_class);
		printf("schema_is %s\n", is_newer ? "newer than this program"
					 : in.version < in.newest
					     ? "older, the next start brings it up to date"
					     : "the newest");
		if (in.faults.len == 0)
			puts("integrity ok");
		else
			printf("integrity WRONG\n%s", buf_cstr(&in.faults));
		if (is_newer || in.faults.len > 0)
			status = EXIT_WRONG;
	}
	buf_clear(&f.out);
	buf_clear(&in.faults);
	return status;
}
