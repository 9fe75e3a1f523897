/* SPDX-License-Identifier: ISC */
/*
 * status.c - how the daemon is, and who is connected: for people, for the platform, for Prometheus.
 */
#include "daemon/status.h"

#include "base/clock.h"
#include "base/json.h"
#include "http/gate.h"

/* True for GET and HEAD. False: the request was answered if it is a preflight, else refused. */
static bool
is_reading(struct web_request *req)
{
	if (req->http->method == METHOD_GET || req->http->method == METHOD_HEAD)
		return true;
	if (req->http->method == METHOD_OPTIONS)
		web_reply(req, &(struct web_reply){.status = 204, .fields = req->fields});
	else
		web_refuse_status(req, 405, "GET, HEAD");
	return false;
}

/* Answers with a state, which no cache may keep. */
static void
answer(struct web_request *req, int status, const char *type, struct span body)
{
	struct buf fields = {0};

	http_put_str(&fields, "Cache-Control", "no-store");
	buf_span(&fields, req->fields);
	web_reply(
	    req, &(struct web_reply){
		     .status = status, .type = type, .body = body, .fields = buf_as_span(&fields)});
	buf_clear(&fields);
}

void
status_health(struct web_request *req, void *owner)
{
	const struct status *st = owner;
	struct hub_figures f = hub_figures(st->hub);
	bool is_healthy = f.is_healthy && st->drain_until == 0;
	bool is_seen = req->http->known[HTTP_AUTHORIZATION].p != NULL; /* does the proxy keep it? */
	struct buf out = {0}, fields = {0};

	if (!is_reading(req))
		return;
	http_put_str(&fields, "Authorization-Seen", is_seen ? "yes" : "no");
	buf_span(&fields, req->fields);
	req->fields = buf_as_span(&fields);
	json_open(&out, '{');
	json_member_cstr(&out, "status", is_healthy ? "healthy" : "unhealthy");
	json_member_cstr(&out, "version", PACKAGE_VERSION);
	json_member_int(&out, "uptime", (clock_mono_ms() - st->started_ms) / 1000);
	json_name(&out, "services");
	json_open(&out, '{');
	json_name(&out, "database");
	json_open(&out, '{');
	json_member_cstr(&out, "status", f.is_healthy ? "healthy" : "unhealthy");
	json_close(&out, '}');
	json_name(&out, "websocket");
	json_open(&out, '{');
	json_member_cstr(&out, "status", st->drain_until == 0 ? "healthy" : "unhealthy");
	json_member_int(&out, "activeConnections", (int64_t)f.sessions);
	json_member_int(&out, "activeEscrows", (int64_t)f.rooms);
	json_close(&out, '}');
	json_close(&out, '}');
	json_close(&out, '}');
	answer(req, is_healthy ? 200 : 503, NULL, buf_as_span(&out));
	buf_clear(&out);
	buf_clear(&fields);
}

static const struct metric {
	const char *name, *type, *help;
	size_t offset; /* in struct hub_figures; all are 64 bits wide */
} metrics[] = {
    {"escrowchat_connections", "gauge", "Sessions that are open.",
	offsetof(struct hub_figures, sessions)},
    {"escrowchat_escrows", "gauge", "Rooms that the hub holds.",
	offsetof(struct hub_figures, rooms)},
    {"escrowchat_deliveries_total", "counter", "Events handed to a session.",
	offsetof(struct hub_figures, delivered)},
    {"escrowchat_bad_rows_total", "counter", "Rows of the log passed over.",
	offsetof(struct hub_figures, bad_rows)},
    {"escrowchat_log_position", "counter", "The log's position that the tail has passed.",
	offsetof(struct hub_figures, position)},
};

void
status_metrics(struct web_request *req, void *owner)
{
	const struct status *st = owner;
	struct hub_figures f = hub_figures(st->hub);
	struct buf out = {0};

	if (!is_reading(req) || !gate_service(st->gate, req, SCOPE_STATS))
		return;
	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
		const struct metric *m = &metrics[i];
		uint64_t value;
		memcpy(&value, (const char *)&f + m->offset, sizeof(value));
		buf_printf(&out, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", m->name, m->help, m->name,
		    m->type, m->name, (unsigned long long)value);
	}
	buf_printf(&out,
	    "# HELP escrowchat_healthy Whether the log can be read.\n# TYPE escrowchat_healthy "
	    "gauge\nescrowchat_healthy %d\n",
	    f.is_healthy);
	buf_printf(&out,
	    "# HELP escrowchat_uptime_seconds Since the daemon's start.\n# TYPE "
	    "escrowchat_uptime_seconds gauge\n"
	    "escrowchat_uptime_seconds %lld\n",
	    (long long)((clock_mono_ms() - st->started_ms) / 1000));
	answer(req, 200, "text/plain; version=0.0.4; charset=utf-8", buf_as_span(&out));
	buf_clear(&out);
}

void
status_stats(struct web_request *req, void *owner)
{
	const struct status *st = owner;
	struct hub_figures f = hub_figures(st->hub);
	struct buf out = {0}, connections = {0};

	if (!is_reading(req) || !gate_service(st->gate, req, SCOPE_STATS))
		return;
	hub_connections(st->hub, &connections);
	json_open(&out, '{');
	json_member_bool(&out, "success", true);
	json_name(&out, "stats");
	json_open(&out, '{');
	json_member_int(&out, "totalConnections", (int64_t)f.sessions);
	json_member_int(&out, "activeEscrows", (int64_t)f.rooms);
	json_member_raw(&out, "connections", buf_as_span(&connections));
	json_close(&out, '}');
	json_close(&out, '}');
	answer(req, 200, NULL, buf_as_span(&out));
	buf_clear(&out);
	buf_clear(&connections);
}
