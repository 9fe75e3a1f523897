/* SPDX-License-Identifier: ISC */
/*
 * routes.c - finds the row of the table for a request, and decides the request. Handlers get only
 * requests whose route, identity and body are good.
 */
#include "fcgi/routes.h"

#include "base/clock.h"
#include "base/log.h"
#include "fcgi/accept.h"
#include "fcgi/cors.h"
#include "identity/tokens.h"

#define BUSY_MS       2000 /* to wait for the lock; the client waits as long */
#define READ_MS       100
#define LIMIT_DEFAULT 50
#define LIMIT_MAX     200

/* ---- the thread's own ---- */

bool
rest_open(
    struct rest_worker *rest, const struct config *c, const struct auth *auth, struct buf *err)
{
	struct store_options o = {
	    .path = c->database,
	    .mode = c->database_mode,
	    .group = c->database_group,
	    .full_sync = c->durability == DURABILITY_FULL,
	    .auth_open = c->auth == AUTH_OPEN,
	    .busy_ms = BUSY_MS,
	};

	*rest = (struct rest_worker){
	    .config = c,
	    .auth = auth,
	    .rules = rules_of(c),
	    .started_ms = clock_mono_ms(),
	};
	rest->store = store_open(&o, err);
	if (!rest->store)
		return false;
	write_lock_init(&rest->own_turn, rest->store);
	rest->turn = &rest->own_turn;
	rest->ringer = ringer_new(c->database);
	rest->proxies = proxies_new(&c->trusted_proxies);
	return true;
}

void
rest_close(struct rest_worker *rest)
{
	if (rest->store)
		write_lock_clear(&rest->own_turn);
	store_close(rest->store);
	ringer_free(rest->ringer);
	proxies_free(rest->proxies);
	*rest = (struct rest_worker){0};
}

void
rest_tidy(struct rest_worker *rest)
{
	if (rest->wrote)
		write_lock_tidy(rest->turn);
	rest->wrote = false;
}

/* ---- finding a route ---- */

/* Compares segments that are not decoded, so that a path has one spelling. *param: the segment for
 * which {…} stands. */
static bool
is_match(const char *pattern, const struct request *r, struct span *param)
{
	struct span rest = span_of(pattern + 1);
	size_t i = 0;

	for (; rest.p; i++) {
		struct span want = span_cut(&rest, '/');

		if (i == r->n_segments || r->segments[i].raw.n == 0)
			return false;
		if (want.p[0] == '{')
			*param = r->segments[i].text;
		else if (!span_eq(want, r->segments[i].raw))
			return false;
	}
	return i == r->n_segments;
}

/* The pattern of the path; NULL: none has it. */
static const char *
find_pattern(const struct route *rows, size_t n_rows, const struct request *r, struct span *param)
{
	const char *found = NULL;

	for (size_t i = 0; i < n_rows; i++) {
		bool has_param = strchr(rows[i].pattern, '{') != NULL;
		if ((found == NULL || !has_param) && is_match(rows[i].pattern, r, param))
			found = rows[i].pattern;
	}
	return found;
}

const struct route *
route_find(const struct route *rows, size_t n_rows, const struct request *r, struct span *param,
    struct buf *allow)
{
	struct span method = span_is(r->method, "HEAD") ? SPAN("GET") : r->method;
	const char *pattern = find_pattern(rows, n_rows, r, param);
	const struct route *found = NULL;

	for (size_t i = 0; pattern != NULL && i < n_rows; i++) {
		if (strcmp(rows[i].pattern, pattern) != 0)
			continue;
		if (span_is(method, rows[i].method))
			found = &rows[i];
		buf_printf(allow, "%s, %s", rows[i].method,
		    strcmp(rows[i].method, "GET") == 0 ? "HEAD, " : "");
	}
	if (allow->len > 0)
		buf_str(allow, "OPTIONS");
	return found;
}

/* ---- the decisions, in order ---- */

static bool
has_conditions(struct exchange *c, enum who who)
{
	enum error err;

	if (who == WHO_ANYONE)
		return true;
	err = auth_conditions(c->rest->auth, &c->request->auth);
	if (err != ERROR_NONE)
		exchange_refuse(c, err, NULL);
	return err == ERROR_NONE;
}

static bool
run_touch(struct store *st, void *arg)
{
	const struct exchange *c = arg;

	token_use(st, &c->user.proof, clock_wall_ms());
	return true;
}

/* Notes that the token was used. The request does not wait for it: if the database is busy, a later
 * request notes it. */
static void
touch(struct exchange *c)
{
	if (token_is_stale(&c->user.proof, clock_wall_ms()) &&
	    write_lock_try(c->rest->turn, run_touch, c) == STORE_OK)
		c->rest->wrote = true;
}

static bool
has_identity(struct exchange *c, const struct route *route)
{
	struct auth_request *a = &c->request->auth;
	enum error err = ERROR_NONE;

	c->is_service = route->who == WHO_SERVICE ||
			(route->who == WHO_USER_OR_SERVICE && a->service_key.n > 0);
	if (c->is_service)
		err = auth_service(c->rest->auth, a, route->scope, c->service);
	else if (route->who != WHO_ANYONE && (err = request_wallet(c->request)) == ERROR_NONE)
		err = auth_user(c->rest->auth, c->rest->store, a, clock_wall_ms(), &c->user);
	if (err != ERROR_NONE)
		exchange_refuse(c, err, NULL);
	else
		touch(c);
	return err == ERROR_NONE;
}

static bool
has_form(struct exchange *c, const char *media)
{
	c->media = accept_best(c->request->accept, media);
	if (c->media.n == 0)
		reply_failure(
		    c->reply, ERROR_BAD_REQUEST, 406, "The answer has no form that Accept allows.");
	return c->media.n > 0;
}

static bool
has_body(struct exchange *c, enum request_form form)
{
	const char *why = NULL;
	int status = request_body(c->request, form, &why);

	if (status != 0)
		reply_failure(
		    c->reply, status == 413 ? ERROR_TOO_LONG : ERROR_BAD_REQUEST, status, why);
	return status == 0;
}

/* If the body names a wallet, it must be the caller's own (the reference's clients send one). */
static bool
is_own_body(struct exchange *c)
{
	static const char *const names[] = {"walletAddress", "senderId"};
	struct user claimed;
	struct span text;

	for (size_t i = 0; i < 2 && !c->is_service; i++) {
		const struct json *value = json_get(c->request->json, names[i]);

		if (!value || (json_string(value, &text) && name_wallet(text, &claimed) &&
				  strcmp(claimed.key, c->user.key) == 0))
			continue;
		exchange_refuse(c, ERROR_WALLET_MISMATCH, NULL);
		return false;
	}
	return true;
}

static void
preflight(struct exchange *c, struct span allow)
{
	c->reply->status = 204;
	reply_header(c->reply, "Allow", allow);
	cors_preflight(c->reply, c->rest->auth, &c->request->auth, c->request->requested_headers);
}

static void
decide(struct exchange *c)
{
	struct buf allow = {0};
	const struct route *route = route_find(routes, n_routes, c->request, &c->param, &allow);

	if (allow.len == 0) {
		exchange_refuse(c, ERROR_NOT_FOUND, "There is no such route.");
	} else if (span_is(c->request->method, "OPTIONS")) {
		preflight(c, buf_as_span(&allow));
	} else if (!route) {
		reply_header(c->reply, "Allow", buf_as_span(&allow));
		reply_failure(
		    c->reply, ERROR_BAD_REQUEST, 405, "This route does not take that method.");
	} else if (has_conditions(c, route->who) && has_identity(c, route) &&
		   has_form(c, route->media) && has_body(c, route->body) &&
		   (route->who == WHO_ANYONE || is_own_body(c))) {
		route->answer(c);
	}
	buf_clear(&allow);
}

/* Writes one log line. It belongs to the audit trail if a key was used, a client was refused, or
 * the exchange has an event. Else its level is info if the client gave an id, or debug. The query
 * of the path is left out. */
static void
note(const struct exchange *c)
{
	const struct request *r = c->request;
	int status = c->reply->status;
	bool is_key = c->is_service && c->service[0] != '\0';
	bool is_refusal = status == 401 || status == 403 || status == 429;
	char number[16], wallet[16] = "";
	struct span query = r->uri, path = span_cut(&query, '?');

	if (!is_key && !is_refusal && !c->event) {
		log_line(span_is(r->given_id, r->id) ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG,
		    "request=%s %.*s %.*s %d", r->id, (int)r->method.n, r->method.p, (int)path.n,
		    path.p, status);
		return;
	}
	snprintf(number, sizeof(number), "%d", status);
	if (c->user.key[0] != '\0')
		log_wallet(wallet, span_of(c->user.key));
	log_audit(is_refusal ? "refused"
		  : c->event ? c->event
			     : "key",
	    (const struct log_field[]){
		{"key", span_of(c->service)},
		{"status", span_of(number)},
		{"code", span_of(c->reply->code)},
		{"wallet", span_of(wallet)},
		{"peer", r->auth.peer},
		{"request", span_of(r->id)},
		{"method", r->method},
		{"path", path},
		{"forwarded_for", r->auth.x_forwarded_for},
	    },
	    9);
}

static bool
is_head(const struct exchange *c)
{
	return span_is(c->request->method, "HEAD");
}

static bool
send_reply(const struct exchange *c)
{
	struct buf out = {0};
	bool is_sent;

	reply_format(c->reply, is_head(c), &out);
	is_sent = c->channel->write(c->channel->arg, buf_as_span(&out));
	buf_clear(&out);
	return is_sent;
}

static bool
has_large_head(const struct config *config, const struct request *request)
{
	return config->max_header > 0 && request->header_bytes > (size_t)config->max_header;
}

bool
rest_answer(struct rest_worker *rest, char *const *params, const struct channel *channel)
{
	static const struct {
		int status;
		enum error err;
		const char *why;
	} bad[] = {
	    [REQUEST_MALFORMED] = {400, ERROR_BAD_REQUEST, NULL},
	    [REQUEST_TOO_LONG] = {414, ERROR_TOO_LONG, NULL},
	    [REQUEST_LARGE_HEAD] = {431, ERROR_BAD_REQUEST, "The header fields are too long."},
	    [REQUEST_NO_ROUTE] = {404, ERROR_NOT_FOUND, "There is no such route."},
	};
	struct request request;
	struct reply reply = {0};
	struct exchange c = {
	    .rest = rest, .request = &request, .reply = &reply, .channel = channel};
	bool is_whole;
	const char *why = NULL;
	enum request_verdict verdict =
	    request_init(&request, params, rest->config->url_prefix, &why);

	if (has_large_head(rest->config, &request))
		verdict = REQUEST_LARGE_HEAD;
	request.read = channel->read;
	request.read_arg = channel->arg;
	request.max_body = (size_t)rest->config->max_body;
	cors_allow_origin(&reply, rest->auth, &request.auth);
	reply_header(&reply, "X-Request-ID", span_of(request.id));
	if (verdict == REQUEST_OK)
		decide(&c);
	else
		reply_failure(&reply, bad[verdict].err, bad[verdict].status,
		    bad[verdict].why ? bad[verdict].why : why);
	is_whole = (reply.is_stream || send_reply(&c)) && !reply.is_broken;
	note(&c);
	reply_clear(&reply);
	request_clear(&request);
	return is_whole;
}

/* ---- for handlers ---- */

bool
exchange_write(struct exchange *c, bool (*run)(struct store *, void *arg), void *arg)
{
	enum store_err err = STORE_BROKEN;
	bool must_ring = false;

	if (c->rest->store)
		err = write_lock_run(c->rest->turn, BUSY_MS, run, arg, &must_ring);
	if (must_ring)
		ringer_ring(c->rest->ringer);
	if (err == STORE_OK)
		c->rest->wrote = true;
	if (err == STORE_OK || err == STORE_REFUSED)
		return true;
	reply_store_failure(c->reply, err);
	return false;
}

bool
exchange_read(struct exchange *c, void (*run)(struct store *, void *arg), void *arg)
{
	enum store_err err =
	    c->rest->store ? store_read(c->rest->store, READ_MS, run, arg) : STORE_BROKEN;

	if (err == STORE_OK)
		return true;
	reply_store_failure(c->reply, err);
	return false;
}

bool
exchange_stream(struct exchange *c, struct span piece)
{
	if (!c->reply->is_stream) {
		c->reply->is_stream = true;
		c->reply->is_broken = !send_reply(c);
	}
	if (is_head(c) || c->reply->is_broken)
		return false;
	c->reply->is_broken = piece.n > 0 && !c->channel->write(c->channel->arg, piece);
	return !c->reply->is_broken;
}

void
exchange_refuse(struct exchange *c, enum error err, const char *why)
{
	reply_failure(c->reply, err, 0, why);
}

int
exchange_string(struct exchange *c, const char *name, struct span *out)
{
	const struct json *value = json_get(c->request->json, name);

	*out = (struct span){"", 0};
	if (!value)
		return 0;
	if (json_string(value, out))
		return 1;
	exchange_refuse(
	    c, ERROR_BAD_REQUEST, "A member of the body that must be a string is none.");
	return -1;
}

int
exchange_query(struct exchange *c, const char *name, struct span *out)
{
	bool twice = false;

	*out = (struct span){"", 0};
	if (!request_query(c->request, name, out, &twice))
		return 0;
	if (!twice)
		return 1;
	exchange_refuse(c, ERROR_BAD_REQUEST, "A part of the query is given twice.");
	return -1;
}

bool
exchange_escrow(struct exchange *c)
{
	if (name_escrow(c->param))
		return true;
	exchange_refuse(c, ERROR_BAD_REQUEST, "This is no valid escrowId.");
	return false;
}

bool
exchange_limit(struct exchange *c, int *out)
{
	unsigned long long limit = LIMIT_DEFAULT;
	struct span text;
	int has_limit = exchange_query(c, "limit", &text);

	if (has_limit < 0)
		return false;
	if (has_limit && (!span_u64(text, LIMIT_MAX, &limit) || limit < 1)) {
		exchange_refuse(c, ERROR_BAD_REQUEST, "limit: 1 to 200 is accepted.");
		return false;
	}
	*out = (int)limit;
	return true;
}
