/* SPDX-License-Identifier: ISC */
/*
 * gate.c - collects the header fields and the query for identity/auth.h, which decides.
 */
#include "http/gate.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "proto/preflight.h"
#include "proto/url.h"

#define PREFLIGHT_NAMES "Content-Type, Authorization, X-Wallet-Address, X-Request-ID"

void
carried_clear(struct carried *c)
{
	buf_clear(&c->forwarded_for);
	buf_clear(&c->forwarded);
	buf_clear(&c->wallet);
	buf_clear(&c->protocols);
}

static struct span
field(const struct http_request *http, enum http_field f)
{
	return http->known[f].p != NULL ? http->known[f] : (struct span){"", 0};
}

/* The user that the web server names, if the mode has such a header: exactly one, or nobody. */
static struct span
named_user(const struct gate *gate, const struct http_request *http)
{
	struct span name = span_of(auth_identity_header(gate->auth)), value = {"", 0};
	size_t n = 0;

	for (size_t i = 0; name.n > 0 && i < http->n_fields; i++) {
		if (span_eq_nocase(http->fields[i].name, name) && n++ == 0)
			value = http->fields[i].value;
	}
	return n == 1 ? value : (struct span){"", 0};
}

/* The request came to the web server by https, as that says. */
static bool
is_secure(const struct http_request *http)
{
	return span_eq_nocase(field(http, HTTP_X_FORWARDED_PROTO), SPAN("https"));
}

static void
read_fields(struct carried *c, const struct gate *gate, const struct web_request *req)
{
	const struct http_request *http = req->http;

	*c = (struct carried){0};
	c->request = (struct auth_request){
	    .peer = web_peer(req),
	    .host = field(http, HTTP_HOST),
	    .origin = field(http, HTTP_ORIGIN),
	    .x_forwarded_for = http_joined(http, HTTP_X_FORWARDED_FOR, &c->forwarded_for),
	    .forwarded = http_joined(http, HTTP_FORWARDED, &c->forwarded),
	    .x_real_ip = field(http, HTTP_X_REAL_IP),
	    .service_key = field(http, HTTP_X_SERVICE_KEY),
	    .authorization = field(http, HTTP_AUTHORIZATION),
	    .protocols = http_joined(http, HTTP_SEC_WEBSOCKET_PROTOCOL, &c->protocols),
	    .cookie = field(http, HTTP_COOKIE),
	    .sec_fetch_site = field(http, HTTP_SEC_FETCH_SITE),
	    .remote_user = named_user(gate, http),
	    .is_secure = is_secure(http),
	    .is_browser_write =
		http_wants_ws(http) || http->method == METHOD_POST || http->method == METHOD_PUT,
	};
}

enum error
gate_read(const struct gate *gate, const struct web_request *req, struct carried *c)
{
	read_fields(c, gate, req);
	return auth_conditions(gate->auth, &c->request);
}

/* A preflight that asks for no names gets those that pages of all kinds need. */
static void
put_preflight(const struct http_request *http, struct buf *fields)
{
	struct buf scratch = {0}, names = {0};

	if (preflight_names(
		&names, http_joined(http, HTTP_ACCESS_CONTROL_REQUEST_HEADERS, &scratch)) == 0)
		buf_str(&names, PREFLIGHT_NAMES);
	http_put_str(fields, "Access-Control-Allow-Methods", "GET, POST");
	http_put(fields, "Access-Control-Allow-Headers", buf_as_span(&names));
	http_put_str(fields, "Access-Control-Max-Age", "600");
	buf_clear(&scratch);
	buf_clear(&names);
}

static void
put_cors(const struct http_request *http, struct span origin, struct buf *fields)
{
	bool is_preflight = http->method == METHOD_OPTIONS;

	http_put_str(
	    fields, "Vary", is_preflight ? "Origin, Access-Control-Request-Headers" : "Origin");
	if (origin.n == 0)
		return;
	http_put(fields, "Access-Control-Allow-Origin", origin);
	http_put_str(fields, "Access-Control-Allow-Credentials", "true");
	http_put_str(fields, "Access-Control-Expose-Headers", "Retry-After, X-Request-ID");
	if (is_preflight)
		put_preflight(http, fields);
}

struct span
gate_cors(const struct gate *gate, const struct http_request *http, struct buf *scratch)
{
	struct auth_request r = {.host = field(http, HTTP_HOST),
	    .origin = field(http, HTTP_ORIGIN),
	    .is_secure = is_secure(http)};

	if (gate == NULL)
		return (struct span){"", 0};
	if (r.origin.n == 0 && http->method != METHOD_OPTIONS)
		return SPAN("Vary: Origin\r\n");
	put_cors(http, auth_cors_origin(gate->auth, &r), scratch);
	return buf_as_span(scratch);
}

bool
gate_read_cors(
    const struct gate *gate, struct web_request *req, struct carried *c, struct buf *fields)
{
	bool is_browser_write;
	enum error err;

	read_fields(c, gate, req);
	is_browser_write = c->request.is_browser_write;
	c->request.is_browser_write = true; /* so that each method's Origin is checked */
	err = auth_conditions(gate->auth, &c->request);
	c->request.is_browser_write = is_browser_write;
	buf_span(fields, req->fields);
	if (err != ERROR_NONE) {
		req->fields = buf_as_span(fields);
		web_refuse(req, err, NULL);
	}
	return err == ERROR_NONE;
}

enum error
gate_claim(const struct web_request *req, struct carried *c)
{
	const struct http_request *http = req->http;
	struct span raw = {"", 0};
	size_t n = http->query.p != NULL ? url_query_get(http->query, "walletAddress", &raw) : 0;

	if (raw.p != NULL && !url_decode_form(&c->wallet, raw))
		return ERROR_BAD_REQUEST;
	return auth_claim(
	    &c->request, field(http, HTTP_X_WALLET_ADDRESS), buf_as_span(&c->wallet), n);
}

bool
gate_service(const struct gate *gate, struct web_request *req, enum scope scope)
{
	struct carried c;
	char name[KEY_NAME_SIZE] = "";
	enum error err;

	read_fields(&c, gate, req);
	bool is_forwarded = req->http->known[HTTP_X_FORWARDED_FOR].p != NULL ||
			    req->http->known[HTTP_FORWARDED].p != NULL ||
			    req->http->known[HTTP_X_REAL_IP].p != NULL ||
			    req->http->known[HTTP_X_FORWARDED_HOST].p != NULL ||
			    req->http->known[HTTP_X_FORWARDED_PROTO].p != NULL;
	err = auth_conditions(gate->auth, &c.request);
	if (err == ERROR_NONE &&
	    (c.request.service_key.n > 0 || is_forwarded || !auth_is_open(gate->auth)))
		err = auth_service(gate->auth, &c.request, scope, name);
	carried_clear(&c);
	if (err != ERROR_NONE)
		web_refuse(req, err, NULL);
	else
		conn_confirm(req->conn);
	if (err == ERROR_NONE && name[0] != '\0')
		log_audit("key",
		    (const struct log_field[]){{"key", span_of(name)}, {"peer", web_peer(req)},
			{"request", span_of(web_request_id(req))},
			{"method", req->http->method_name}, {"path", req->http->path}},
		    5);
	return err == ERROR_NONE;
}

/* ---- behind a handshake ---- */

enum kept { KEPT_AUTHORIZATION, KEPT_COOKIE, KEPT_SITE, KEPT_NAMED, KEPT_COUNT };

struct handshake {
	struct span fields[KEPT_COUNT];
	char text[];
};

struct handshake *
gate_keep(const struct gate *gate, const struct web_request *req)
{
	const struct http_request *http = req->http;
	struct span fields[KEPT_COUNT] = {
	    [KEPT_AUTHORIZATION] = field(http, HTTP_AUTHORIZATION),
	    [KEPT_COOKIE] = field(http, HTTP_COOKIE),
	    [KEPT_SITE] = field(http, HTTP_SEC_FETCH_SITE),
	    [KEPT_NAMED] = named_user(gate, http),
	};
	struct handshake *h;
	size_t n = 0;
	char *to;

	if (auth_is_open(gate->auth) ||
	    fields[KEPT_AUTHORIZATION].n + fields[KEPT_COOKIE].n + fields[KEPT_NAMED].n == 0)
		return NULL;
	for (size_t i = 0; i < KEPT_COUNT; i++)
		n += fields[i].n;
	h = mem_alloc(sizeof(*h) + n);
	to = h->text;
	for (size_t i = 0; i < KEPT_COUNT; i++) {
		memcpy(to, fields[i].p, fields[i].n);
		h->fields[i] = (struct span){to, fields[i].n};
		to += fields[i].n;
	}
	return h;
}

void
gate_later(const struct gate *gate, const struct handshake *h, struct later *later,
    struct auth_request *out)
{
	*out = (struct auth_request){.claimed_wallet = later->claimed,
	    .token = later->token,
	    .is_browser_write = !later->has_origin};
	if (h != NULL) {
		out->authorization = h->fields[KEPT_AUTHORIZATION];
		out->cookie = h->fields[KEPT_COOKIE];
		out->sec_fetch_site = h->fields[KEPT_SITE];
		out->remote_user = h->fields[KEPT_NAMED];
	}
	later->has_any = auth_has_token(gate->auth, out) ||
			 (!auth_has_tokens(gate->auth) && out->remote_user.n > 0);
	later->is_by_cookie = auth_is_by_cookie(gate->auth, out);
}
