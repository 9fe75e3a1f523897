/* SPDX-License-Identifier: ISC */
/*
 * probes.c - the probes of doctor. Each tests one thing that a web server must do.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "ctl/doctor.h"
#include "proto/url.h"

#define HEARTBEAT_S 15

/* ---- findings ---- */

static void
say(struct finding *f, const char *fmt, va_list ap)
{
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	for (char *p = f->text; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	}
}

__attribute__((format(printf, 2, 3))) static void
good(struct finding *f, const char *fmt, ...)
{
	va_list ap;

	f->verdict = FOUND_GOOD;
	va_start(ap, fmt);
	say(f, fmt, ap);
	va_end(ap);
}

__attribute__((format(printf, 2, 3))) static void
nothing(struct finding *f, const char *fmt, ...)
{
	va_list ap;

	f->verdict = FOUND_NOTHING;
	va_start(ap, fmt);
	say(f, fmt, ap);
	va_end(ap);
}

__attribute__((format(printf, 3, 4))) static void
wrong(struct finding *f, enum fault fault, const char *fmt, ...)
{
	va_list ap;

	f->verdict = FOUND_WRONG;
	f->fault = fault;
	va_start(ap, fmt);
	say(f, fmt, ap);
	va_end(ap);
}

/* ---- asking ---- */

static enum fetch_end
ask(struct doctor *d, struct fetch *f)
{
	struct span server;

	f->base = d->options->args[0];
	if (f->timeout_ms == 0)
		f->timeout_ms = d->options->wait_s * 1000;
	fetch(f);
	server = fetch_header(f, "Server");
	if (d->server.len == 0)
		buf_span(&d->server, server);
	return f->end;
}

/* Describes an unexpected answer in a few words. */
static const char *
looks(const struct fetch *f, char out[300])
{
	struct span location = fetch_header(f, "Location");

	if (location.n > 0 && f->status >= 300 && f->status < 400)
		snprintf(out, 300, "%d, to %.*s", f->status,
		    (int)(location.n < 200 ? location.n : 200), location.p);
	else if (f->status > 0)
		snprintf(out, 300, "%d", f->status);
	else if (f->end == FETCH_LATE)
		snprintf(out, 300, "no answer within %" PRId64 " s", f->timeout_ms / 1000);
	else
		snprintf(out, 300, "%s", f->why);
	return out;
}

/* ---- both programs answer, and get the header Authorization ---- */

static void
look_health(
    struct doctor *d, struct finding *out, const char *path, const char *service, enum fault fault)
{
	struct fetch f = {.path = path};
	struct json *answer = NULL;
	struct span status = {"", 0}, version = {"", 0};
	const struct json *services;
	char text[300];

	ask(d, &f);
	answer = json_parse(buf_as_span(&f.got), NULL);
	services = json_get(answer, "services");
	json_string(json_get(answer, "version"), &version);
	if (f.end == FETCH_FAILED)
		wrong(out, FAULT_NONE, "no connection: %s", f.why);
	else if (!json_get(services, service) || !json_string(json_get(answer, "status"), &status))
		wrong(out, fault, "%s is answered by somebody else: %s", path, looks(&f, text));
	else if (!span_is(status, "healthy"))
		good(out, "it is there, and says that it is %.*s", (int)status.n, status.p);
	else
		good(out, "version %.*s", (int)version.n, version.p);
	json_free(answer);
	fetch_clear(&f);
}

static void
look_daemon(struct doctor *d, struct finding *out)
{
	look_health(d, out, "/health", "websocket", FAULT_NO_DAEMON);
}

static void
look_rest(struct doctor *d, struct finding *out)
{
	look_health(d, out, "/api/health", "database", FAULT_NO_REST);
}

static void
look_authorization(struct doctor *d, struct finding *out, const char *path, enum fault fault)
{
	struct fetch f = {.path = path, .headers = {"Authorization: Bearer doctor"}};
	struct span seen;
	char text[300];

	ask(d, &f);
	seen = fetch_header(&f, "Authorization-Seen");
	if (span_is(seen, "yes"))
		good(out, "the header arrives");
	else if (span_is(seen, "no"))
		wrong(out, fault, "the header Authorization does not arrive: nobody can sign in");
	else
		nothing(out, "%s does not say: %s", path, looks(&f, text));
	fetch_clear(&f);
}

static void
look_authorization_daemon(struct doctor *d, struct finding *out)
{
	look_authorization(d, out, "/health", FAULT_NO_AUTHORIZATION_DAEMON);
}

static void
look_authorization_rest(struct doctor *d, struct finding *out)
{
	look_authorization(d, out, "/api/health", FAULT_NO_AUTHORIZATION_REST);
}

/* ---- Socket.IO: its handshake needs no identity ---- */

static bool
is_engine_open(const struct fetch *f)
{
	return f->got.len > 2 && memcmp(f->got.p, "0{", 2) == 0;
}

static void
look_polling(struct doctor *d, struct finding *out)
{
	struct fetch f = {.path = "/socket.io/?EIO=4&transport=polling"};
	char text[300];

	ask(d, &f);
	if (f.status == 200 && is_engine_open(&f))
		good(out, "the handshake takes %" PRId64 " ms", f.took_ms);
	else
		wrong(out, FAULT_NO_DAEMON, "/socket.io/ shakes no hands: %s", looks(&f, text));
	fetch_clear(&f);
}

static void
look_websocket(struct doctor *d, struct finding *out)
{
	struct fetch f = {.base = d->options->args[0],
	    .path = "/socket.io/?EIO=4&transport=websocket",
	    .timeout_ms = d->options->wait_s * 1000};
	char text[300];

	fetch_websocket(&f);
	if (f.status == 101 && f.end == FETCH_WHOLE && is_engine_open(&f))
		good(out, "the upgrade passes, and messages after it");
	else if (f.status == 101)
		wrong(out, FAULT_NO_UPGRADE, "the upgrade passes, but no message comes after it");
	else if (f.end == FETCH_FAILED)
		wrong(out, FAULT_NO_DAEMON, "no connection: %s", f.why);
	else
		wrong(out, FAULT_NO_UPGRADE, "the upgrade does not pass: %s", looks(&f, text));
	fetch_clear(&f);
}

/* ---- streams: they need a user who is signed in ---- */

/* The JSON of a refusal: the body, or the data of a stream that ends with its first block. */
static struct span
refusal_of(const struct fetch *f)
{
	static const char begin[] = "event: chat_error\ndata: ";
	struct span body = buf_as_span(&f->got);
	const char *at = memmem(body.p, body.n, begin, sizeof(begin) - 1);

	if (f->status >= 400)
		return body;
	if (f->status != 200 || f->end != FETCH_WHOLE || at == NULL)
		return (struct span){"", 0};
	at += sizeof(begin) - 1;
	body = (struct span){at, (size_t)(body.p + body.n - at)};
	return span_cut(&body, '\n');
}

/* True: the server refused the user; out then says why the probe cannot be made. */
static bool
is_nobody(const struct fetch *f, struct finding *out)
{
	struct json *answer = json_parse(refusal_of(f), NULL);
	struct span code = {"", 0};
	bool is_refused = json_string(json_get(answer, "code"), &code);

	if (span_is(code, "open_is_local"))
		nothing(out, "not looked at: auth = open serves its own machine only");
	else if (span_is(code, "unauthorized") || span_is(code, "wallet_mismatch"))
		nothing(out, "not looked at: it takes a user; --token-file names a token's file");
	else if (is_refused)
		nothing(out, "not looked at: refused, %.*s", (int)code.n, code.p);
	json_free(answer);
	return is_refused;
}

/* Returns false (enough) when the first event has come and, if a heartbeat is wanted, a heartbeat
 * after it. */
static bool
on_stream(struct fetch *f)
{
	const bool *wants_heartbeat = f->arg;
	const char *hello = memmem(f->got.p, f->got.len, "event: hello\n", 13);
	const char *end = f->got.p + f->got.len;

	if (f->status == 0 && hello == NULL)
		return true;
	if (hello == NULL || (hello = memmem(hello, (size_t)(end - hello), "\n\n", 2)) == NULL)
		return true;
	return *wants_heartbeat &&
	       memmem(hello, (size_t)(end - hello), "\nevent: heartbeat\n", 18) == NULL;
}

static void
look_events(struct doctor *d, struct finding *out)
{
	bool wants_heartbeat = false;
	struct fetch f = {.path = "/events", .on_body = on_stream, .arg = &wants_heartbeat};
	char text[300];

	memcpy(f.headers, d->headers, sizeof(f.headers));
	ask(d, &f);
	if (f.end == FETCH_ENOUGH)
		good(out, "the first event came after %" PRId64 " ms", f.took_ms);
	else if (f.end == FETCH_LATE)
		wrong(out, FAULT_BUFFERED,
		    "the first event, sent at once, had not come after %" PRId64
		    " s: it is held back",
		    d->options->wait_s);
	else if (!is_nobody(&f, out))
		wrong(out, FAULT_NO_DAEMON, "/events is no stream: %s", looks(&f, text));
	fetch_clear(&f);
}

static void
look_heartbeat(struct doctor *d, struct finding *out)
{
	bool wants_heartbeat = true;
	struct fetch f = {.path = "/events",
	    .on_body = on_stream,
	    .arg = &wants_heartbeat,
	    .timeout_ms = (HEARTBEAT_S + d->options->wait_s) * 1000};
	char text[300];

	if (d->options->hold_s <= HEARTBEAT_S) {
		nothing(out, "not looked at: it takes --hold of more than %d", HEARTBEAT_S);
		return;
	}
	memcpy(f.headers, d->headers, sizeof(f.headers));
	ask(d, &f);
	if (f.end == FETCH_ENOUGH)
		good(out, "a stream without events lives, by heartbeats every %d s", HEARTBEAT_S);
	else if (f.end == FETCH_LATE)
		wrong(out, FAULT_BUFFERED, "heartbeats do not come: they are held back");
	else if (!is_nobody(&f, out))
		wrong(out, FAULT_CUT, "a stream was cut after %" PRId64 " s: %s", f.took_ms / 1000,
		    looks(&f, text));
	fetch_clear(&f);
}

/* Appends the cursor of a poll's answer to out, encoded for a query. False: it has none. */
static bool
take_cursor(const struct fetch *f, struct buf *out)
{
	struct json *answer = json_parse(buf_as_span(&f->got), NULL);
	struct span cursor;
	bool has_one = f->status == 200 && json_string(json_get(answer, "cursor"), &cursor);

	if (has_one)
		url_encode(out, cursor);
	json_free(answer);
	return has_one;
}

static void
look_poll(struct doctor *d, struct finding *out)
{
	int64_t hold_s = d->options->hold_s;
	struct fetch first = {.path = "/poll?client=doctor"}, f = {0};
	struct buf path = {0}, cursor = {0};
	char text[300];

	memcpy(first.headers, d->headers, sizeof(first.headers));
	memcpy(f.headers, d->headers, sizeof(f.headers));
	ask(d, &first);
	if (take_cursor(&first, &cursor)) {
		buf_printf(&path, "/poll?client=doctor&timeout=%" PRId64 "&cursor=%s", hold_s,
		    buf_cstr(&cursor));
		f.path = buf_cstr(&path);
		f.timeout_ms = (hold_s + d->options->wait_s) * 1000;
		ask(d, &f);
		if (f.status == 200 && f.end == FETCH_WHOLE)
			good(out, "held for %" PRId64 " s and answered", f.took_ms / 1000);
		else
			wrong(out, FAULT_CUT,
			    "a poll of %" PRId64 " s was cut after %" PRId64 " s: %s", hold_s,
			    f.took_ms / 1000, looks(&f, text));
	} else if (!is_nobody(&first, out)) {
		wrong(out, FAULT_NO_DAEMON, "/poll is no poll: %s", looks(&first, text));
	}
	fetch_clear(&first);
	fetch_clear(&f);
	buf_clear(&path);
	buf_clear(&cursor);
}

/* ---- identities that a client forges ---- */

static void
look_forged(struct doctor *d, struct finding *out)
{
	bool wants_heartbeat = false;
	struct fetch f = {.path = "/events",
	    .headers = {"X-Remote-User: doctor", "X_Remote_User: doctor", "Remote-User: doctor"},
	    .on_body = on_stream,
	    .arg = &wants_heartbeat};
	char text[300];

	ask(d, &f);
	if (f.end == FETCH_ENOUGH)
		wrong(out, FAULT_FORGED,
		    "a client that says X-Remote-User is believed: anybody can be anyone");
	else if (f.status == 401 || f.status == 403 || f.status == 400)
		good(out, "X-Remote-User, sent by a client, makes nobody");
	else
		nothing(out, "/events does not say: %s", looks(&f, text));
	fetch_clear(&f);
}

const struct probe probes[] = {
    {"daemon", look_daemon, true},
    {"rest", look_rest, false},
    {"authorization", look_authorization_daemon, false},
    {"authorization", look_authorization_rest, false},
    {"polling", look_polling, false},
    {"websocket", look_websocket, false},
    {"forged user", look_forged, false},
    {"events", look_events, false},
    {"long-poll", look_poll, false},
    {"heartbeat", look_heartbeat, false},
};
const size_t n_probes = sizeof(probes) / sizeof(probes[0]);
