/* SPDX-License-Identifier: ISC */
/*
 * health_routes.c - tells anyone whether the program and its database work.
 */
#include "base/clock.h"
#include "fcgi/routes.h"

static void
run_head(struct store *st, void *arg)
{
	*(int64_t *)arg = eventlog_newest(st);
}

static void
health_members(struct buf *b, const struct exchange *c, bool is_healthy)
{
	json_member_cstr(b, "status", is_healthy ? "healthy" : "unhealthy");
	json_member_cstr(b, "version", PACKAGE_VERSION);
	json_member_cstr(b, "auth", auth_name(c->rest->auth));
	json_member_int(b, "uptime", (clock_mono_ms() - c->rest->started_ms) / 1000);
	json_name(b, "services");
	json_open(b, '{');
	json_name(b, "database");
	json_open(b, '{');
	json_member_cstr(b, "status", is_healthy ? "connected" : "disconnected");
	json_close(b, '}');
	json_close(b, '}');
}

void
health_get(struct exchange *c)
{
	int64_t head = 0;
	bool is_seen = c->request->auth.authorization.n > 0;

	c->reply->no_store = true;
	reply_header(c->reply, "Authorization-Seen", is_seen ? SPAN("yes") : SPAN("no"));
	if (exchange_read(c, run_head, &head)) {
		health_members(reply_open(c->reply, 200), c, true);
	} else {
		reply_reopen(c->reply);
		health_members(&c->reply->body, c, false);
	}
	reply_close(c->reply);
}
