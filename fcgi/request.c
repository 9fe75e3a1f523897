/* SPDX-License-Identifier: ISC */
/*
 * request.c - puts parameters into a struct, cuts REQUEST_URI into segments and query, and parses
 * the body. A body is accepted only if it ends where CONTENT_LENGTH says.
 */
#include "fcgi/request.h"

#include "proto/url.h"

/* ---- parameters ---- */

/* The member for each parameter. A request with one of them twice is ambiguous, and refused. */
static const struct param {
	const char *name;
	size_t offset;
} params_known[] = {
    {"REQUEST_METHOD", offsetof(struct request, method)},
    {"REQUEST_URI", offsetof(struct request, uri)},
    {"CONTENT_TYPE", offsetof(struct request, content_type)},
    {"CONTENT_LENGTH", offsetof(struct request, content_length)},
    {"REMOTE_ADDR", offsetof(struct request, auth.peer)},
    {"HTTP_HOST", offsetof(struct request, auth.host)},
    {"HTTP_ORIGIN", offsetof(struct request, auth.origin)},
    {"HTTP_X_FORWARDED_FOR", offsetof(struct request, auth.x_forwarded_for)},
    {"HTTP_FORWARDED", offsetof(struct request, auth.forwarded)},
    {"HTTP_X_REAL_IP", offsetof(struct request, auth.x_real_ip)},
    {"HTTP_AUTHORIZATION", offsetof(struct request, auth.authorization)},
    {"HTTP_COOKIE", offsetof(struct request, auth.cookie)},
    {"HTTP_SEC_FETCH_SITE", offsetof(struct request, auth.sec_fetch_site)},
    {"REMOTE_USER", offsetof(struct request, auth.remote_user)},
    {"HTTP_X_WALLET_ADDRESS", offsetof(struct request, auth.claimed_wallet)},
    {"HTTP_X_SERVICE_KEY", offsetof(struct request, auth.service_key)},
    {"HTTP_IDEMPOTENCY_KEY", offsetof(struct request, idempotency_key)},
    {"HTTP_ACCEPT", offsetof(struct request, accept)},
    {"HTTP_IF_NONE_MATCH", offsetof(struct request, if_none_match)},
    {"HTTP_X_REQUEST_ID", offsetof(struct request, given_id)},
    {"HTTP_ACCESS_CONTROL_REQUEST_HEADERS", offsetof(struct request, requested_headers)},
};

#define N_PARAMS (sizeof(params_known) / sizeof(params_known[0]))

/* The bytes of a header field as a line of HTTP. 0: the parameter is none. */
static size_t
header_line_bytes(struct span name, struct span value)
{
	static const struct span prefix = {"HTTP_", 5};
	size_t ends = strlen(": \r\n");

	if (span_is(name, "CONTENT_TYPE") || span_is(name, "CONTENT_LENGTH"))
		return value.n > 0 ? name.n + value.n + ends : 0;
	if (name.n < prefix.n || memcmp(name.p, prefix.p, prefix.n) != 0)
		return 0;
	return name.n - prefix.n + value.n + ends;
}

static bool
take_params(struct request *r, char *const *params)
{
	bool seen[N_PARAMS] = {false};

	for (; params && *params; params++) {
		struct span value = span_of(*params), name = span_cut(&value, '=');

		if (value.p == NULL)
			continue;
		r->header_bytes += header_line_bytes(name, value);
		if (span_is(name, "HTTPS"))
			r->auth.is_secure =
			    span_eq_nocase(value, SPAN("on")) || span_is(value, "1");
		for (size_t i = 0; i < N_PARAMS; i++) {
			if (!span_is(name, params_known[i].name))
				continue;
			if (seen[i])
				return false;
			seen[i] = true;
			*(struct span *)(void *)((char *)r + params_known[i].offset) =
			    span_trim(value);
		}
	}
	if (span_eq_nocase(r->auth.peer, SPAN("unix:")))
		r->auth.peer = (struct span){"", 0};
	return true;
}

bool
request_is_safe(const struct request *r)
{
	return span_is(r->method, "GET") || span_is(r->method, "HEAD") ||
	       span_is(r->method, "OPTIONS");
}

/* ---- REQUEST_URI ---- */

/* Some web servers pass the absolute form (RFC 9112, section 3.2.2). */
static struct span
without_authority(struct span uri)
{
	static const struct span schemes[] = {{"http://", 7}, {"https://", 8}};

	for (size_t i = 0; i < 2; i++) {
		struct span rest = uri, s = schemes[i];

		if (uri.n < s.n || !span_eq_nocase((struct span){uri.p, s.n}, s))
			continue;
		rest.p += s.n;
		rest.n -= s.n;
		while (rest.n > 0 && *rest.p != '/' && *rest.p != '?') {
			rest.p++;
			rest.n--;
		}
		return rest;
	}
	return uri;
}

static bool
cut_prefix(struct span *path, struct span prefix)
{
	if (path->n < prefix.n || memcmp(path->p, prefix.p, prefix.n) != 0)
		return false;
	path->p += prefix.n;
	path->n -= prefix.n;
	return path->n > 0 && *path->p == '/';
}

/* Appends the decoded bytes to text. cut_uri has reserved the room, so text does not move and
 * earlier spans stay valid. */
static bool
decode(struct request *r, struct span raw, bool is_form, struct span *out)
{
	size_t from = r->text.len;
	bool is_good = is_form ? url_decode_form(&r->text, raw) : url_decode(&r->text, raw);

	*out = (struct span){r->text.p + from, r->text.len - from};
	return is_good;
}

static enum request_verdict
cut_path(struct request *r)
{
	struct span rest = {r->path.p + 1, r->path.n - 1};

	while (rest.p) {
		struct request_segment *s = &r->segments[r->n_segments];

		if (r->n_segments == REQUEST_SEGMENTS)
			return REQUEST_NO_ROUTE;
		s->raw = span_cut(&rest, '/');
		if (!decode(r, s->raw, false, &s->text) || memchr(s->text.p, '\0', s->text.n))
			return REQUEST_MALFORMED;
		r->n_segments++;
	}
	return url_path_is_canonical(r->path) ? REQUEST_OK : REQUEST_NO_ROUTE;
}

static bool
cut_query(struct request *r, struct span query)
{
	struct span name, value;

	while (query.p && url_query_next(&query, &name, &value)) {
		struct request_pair *p = &r->pairs[r->n_pairs];

		if (r->n_pairs == REQUEST_PAIRS)
			return false;
		if (value.p == NULL)
			value = (struct span){"", 0};
		if (!decode(r, name, true, &p->name) || !decode(r, value, true, &p->value))
			return false;
		r->n_pairs++;
	}
	return true;
}

static enum request_verdict
cut_uri(struct request *r, struct span prefix)
{
	struct span rest = without_authority(r->uri);
	enum request_verdict verdict;

	buf_reserve(&r->text, rest.n + 64);
	r->path = span_cut(&rest, '?');
	if (!cut_prefix(&r->path, prefix))
		return REQUEST_NO_ROUTE;
	verdict = cut_path(r);
	if (verdict != REQUEST_OK)
		return verdict;
	return cut_query(r, rest) ? REQUEST_OK : REQUEST_MALFORMED;
}

enum request_verdict
request_init(struct request *r, char *const *params, const char *url_prefix, const char **why)
{
	enum request_verdict verdict;

	bool is_single;

	*r = (struct request){0};
	is_single = take_params(r, params);
	ids_request(r->id, r->given_id);
	if (!is_single) {
		*why = "The web server passed a parameter twice.";
		return REQUEST_MALFORMED;
	}
	if (r->method.n == 0 || r->uri.n == 0) {
		*why = "The web server passed no REQUEST_METHOD or no REQUEST_URI.";
		return REQUEST_MALFORMED;
	}
	r->auth.is_browser_write = !request_is_safe(r);
	if (r->uri.n > REQUEST_TARGET_MAX) {
		*why = "The path and query are too long.";
		return REQUEST_TOO_LONG;
	}
	verdict = cut_uri(r, span_of(url_prefix));
	*why = verdict == REQUEST_MALFORMED
		   ? "The path or query is not well encoded, or the query has too many parts."
		   : NULL;
	return verdict;
}

void
request_clear(struct request *r)
{
	buf_clear(&r->text);
	buf_clear(&r->body);
	json_free(r->json);
	*r = (struct request){0};
}

bool
request_query(const struct request *r, const char *name, struct span *out, bool *twice)
{
	bool is_found = false;

	for (size_t i = 0; i < r->n_pairs; i++) {
		if (!span_is(r->pairs[i].name, name))
			continue;
		if (is_found)
			*twice = true;
		*out = r->pairs[i].value;
		is_found = true;
	}
	return is_found;
}

enum error
request_wallet(struct request *r)
{
	struct span claimed = {"", 0};
	size_t n = 0;

	for (size_t i = 0; i < r->n_pairs; i++) {
		if (span_is(r->pairs[i].name, "walletAddress") && n++ == 0)
			claimed = r->pairs[i].value;
	}
	return auth_claim(&r->auth, r->auth.claimed_wallet, claimed, n);
}

/* ---- the body ---- */

static int
refuse(int status, const char *sentence, const char **why)
{
	*why = sentence;
	return status;
}

/* True: it is the wanted media type, with no charset or with utf-8 (RFC 8259, section 8.1). */
static bool
is_type(struct span type, struct span wanted)
{
	struct span media = span_cut(&type, ';');

	if (!span_eq_nocase(span_trim(media), wanted))
		return false;
	while (type.p) {
		struct span value = span_cut(&type, ';'), name = span_trim(span_cut(&value, '='));

		if (!span_eq_nocase(name, SPAN("charset")) || value.p == NULL)
			continue;
		value = span_trim(value);
		if (!span_eq_nocase(value, SPAN("utf-8")) &&
		    !span_eq_nocase(value, SPAN("\"utf-8\"")))
			return false;
	}
	return true;
}

/* Reads until the body ends, or is one byte longer than announced. */
static int
read_all(struct request *r, size_t announced, const char **why)
{
	ssize_t n;

	do {
		char *p = buf_reserve(&r->body, announced - r->body.len + 1);

		n = r->read(r->read_arg, p, announced - r->body.len + 1);
		if (n > 0)
			r->body.len += (size_t)n;
	} while (n > 0 && r->body.len <= announced);
	if (n == REQUEST_LATE)
		return refuse(408, "The body did not arrive in time.", why);
	if (n < 0 || r->body.len < announced)
		return refuse(400, "The body is shorter than its Content-Length.", why);
	if (r->body.len > announced)
		return refuse(400, "The body is longer than its Content-Length.", why);
	return 0;
}

static size_t
max_body(const struct request *r, bool is_list)
{
	size_t max = r->max_body > 0 ? r->max_body : REQUEST_LIST_MAX;

	return is_list || max < REQUEST_BODY_MAX ? max : REQUEST_BODY_MAX;
}

/* Reads and checks Content-Length. Returns 0, or the status to answer. */
static int
judge_announcement(const struct request *r, enum request_form form, unsigned long long *announced,
    const char **why)
{
	bool is_list = form == BODY_LIST;

	*announced = 0;
	if (r->content_length.n == 0 && form != BODY_MAYBE)
		return refuse(411, "A Content-Length is required.", why);
	if (r->content_length.n > 0 && !span_u64(r->content_length, ~0ULL, announced))
		return refuse(400, "The Content-Length is no number.", why);
	if (*announced > max_body(r, is_list))
		return refuse(413, "The body is larger than what is accepted.", why);
	return 0;
}

int
request_body(struct request *r, enum request_form form, const char **why)
{
	bool is_list = form == BODY_LIST;
	bool has_lines = is_list && is_type(r->content_type, SPAN("application/x-ndjson"));
	unsigned long long announced;
	int status;

	if (form == BODY_NONE)
		return 0;
	status = judge_announcement(r, form, &announced, why);
	if (status != 0 || (announced == 0 && form == BODY_MAYBE))
		return status;
	if (!has_lines && !is_type(r->content_type, SPAN("application/json")))
		return refuse(415,
		    is_list ? "The body must be application/json or application/x-ndjson."
			    : "The body must be application/json.",
		    why);
	status = read_all(r, (size_t)announced, why);
	if (status != 0 || has_lines)
		return status;
	r->json = json_parse(buf_as_span(&r->body), NULL);
	if (json_type(r->json) == (is_list ? JSON_ARRAY : JSON_OBJECT))
		return 0;
	json_free(r->json);
	r->json = NULL;
	return refuse(400,
	    is_list ? "The body is not one JSON array." : "The body is not one JSON object.", why);
}
