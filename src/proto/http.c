/* SPDX-License-Identifier: ISC */
/*
 * http.c - HTTP/1.1 input: request heads and their fields.
 */
#include "proto/http.h"

#include "proto/http_text.h"
#include "proto/url.h"

#define METHOD_MAX_BYTES       32
#define REQUEST_LINE_MAX_BYTES (METHOD_MAX_BYTES + HTTP_TARGET_MAX_BYTES + 10) /* 2 SP, HTTP/1.1 */
#define CONTENT_LENGTH_MAX     INT64_MAX

/* ---- characters and names ---- */

bool
http_is_token(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!http_is_tchar(s.p[i]))
			return false;
	}
	return s.n > 0;
}

/* The row of a name in the table (first and last letter in lower case). A new name may need other
 * factors: the compiler warns if two names have the same row. */
#define SLOT(n, first, last) (((n) + 29 * (first) + 11 * (last)) & 63)
#define ROW(name, first, last, field, is_single) \
	[SLOT(sizeof(name) - 1, first, last)] = {{name, sizeof(name) - 1}, field, is_single}

static const struct row {
	struct span name;
	enum http_field field;
	bool is_single; /* a second one is refused */
} rows[64] = {
    ROW("accept", 'a', 't', HTTP_ACCEPT, false),
    ROW("accept-encoding", 'a', 'g', HTTP_ACCEPT_ENCODING, false),
    ROW("access-control-request-headers", 'a', 's', HTTP_ACCESS_CONTROL_REQUEST_HEADERS, false),
    ROW("access-control-request-method", 'a', 'd', HTTP_ACCESS_CONTROL_REQUEST_METHOD, false),
    ROW("authorization", 'a', 'n', HTTP_AUTHORIZATION, true),
    ROW("connection", 'c', 'n', HTTP_CONNECTION, false),
    ROW("content-length", 'c', 'h', HTTP_CONTENT_LENGTH, true),
    ROW("content-type", 'c', 'e', HTTP_CONTENT_TYPE, true),
    ROW("cookie", 'c', 'e', HTTP_COOKIE, true),
    ROW("expect", 'e', 't', HTTP_EXPECT, false),
    ROW("forwarded", 'f', 'd', HTTP_FORWARDED, false),
    ROW("host", 'h', 't', HTTP_HOST, true),
    ROW("idempotency-key", 'i', 'y', HTTP_IDEMPOTENCY_KEY, true),
    ROW("if-none-match", 'i', 'h', HTTP_IF_NONE_MATCH, false),
    ROW("last-event-id", 'l', 'd', HTTP_LAST_EVENT_ID, true),
    ROW("origin", 'o', 'n', HTTP_ORIGIN, true),
    ROW("sec-fetch-site", 's', 'e', HTTP_SEC_FETCH_SITE, true),
    ROW("sec-websocket-extensions", 's', 's', HTTP_SEC_WEBSOCKET_EXTENSIONS, false),
    ROW("sec-websocket-key", 's', 'y', HTTP_SEC_WEBSOCKET_KEY, true),
    ROW("sec-websocket-protocol", 's', 'l', HTTP_SEC_WEBSOCKET_PROTOCOL, false),
    ROW("sec-websocket-version", 's', 'n', HTTP_SEC_WEBSOCKET_VERSION, true),
    ROW("transfer-encoding", 't', 'g', HTTP_TRANSFER_ENCODING, true),
    ROW("upgrade", 'u', 'e', HTTP_UPGRADE, true),
    ROW("user-agent", 'u', 't', HTTP_USER_AGENT, false),
    ROW("x-forwarded-for", 'x', 'r', HTTP_X_FORWARDED_FOR, false),
    ROW("x-forwarded-host", 'x', 't', HTTP_X_FORWARDED_HOST, false),
    ROW("x-forwarded-proto", 'x', 'o', HTTP_X_FORWARDED_PROTO, false),
    ROW("x-real-ip", 'x', 'p', HTTP_X_REAL_IP, true),
    ROW("x-request-id", 'x', 'd', HTTP_X_REQUEST_ID, false),
    ROW("x-service-key", 'x', 'y', HTTP_X_SERVICE_KEY, true),
    ROW("x-wallet-address", 'x', 's', HTTP_X_WALLET_ADDRESS, true),
};

/* The row of a field name, or a row with HTTP_UNKNOWN. The hash ignores the case of letters; the
 * comparison decides. */
static const struct row *
find_row(struct span name)
{
	static const struct row none = {{"", 0}, HTTP_UNKNOWN, false};
	const struct row *r =
	    &rows[SLOT(name.n, (uint8_t)name.p[0] | 0x20, (uint8_t)name.p[name.n - 1] | 0x20)];

	return r->name.n == name.n && span_eq_nocase(r->name, name) ? r : &none;
}

static enum http_method
find_method(struct span name)
{
	static const struct span methods[] = {
	    [METHOD_GET] = {"GET", 3},
	    [METHOD_HEAD] = {"HEAD", 4},
	    [METHOD_POST] = {"POST", 4},
	    [METHOD_PUT] = {"PUT", 3},
	    [METHOD_PATCH] = {"PATCH", 5},
	    [METHOD_DELETE] = {"DELETE", 6},
	    [METHOD_OPTIONS] = {"OPTIONS", 7},
	};

	for (int m = METHOD_GET; m <= METHOD_OPTIONS; m++) {
		if (span_eq(name, methods[m]))
			return (enum http_method)m;
	}
	return METHOD_OTHER;
}

/* ---- request heads: each part returns 0 or the status to refuse with ---- */

/* Cuts "http://host:port" off a target in absolute form. *host.p stays NULL if the target has none.
 * False: the scheme is another, or host:port is not valid. */
static bool
cut_authority(struct span *target, struct span *host)
{
	struct span rest = *target, scheme = span_cut(&rest, ':'), name;
	size_t n = 2;
	int port;

	if (target->n == 0 || target->p[0] == '/')
		return target->n > 0;
	if (rest.n < 2 || memcmp(rest.p, "//", 2) != 0 ||
	    (!span_eq_nocase(scheme, SPAN("http")) && !span_eq_nocase(scheme, SPAN("https"))))
		return false;
	while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?')
		n++;
	*host = (struct span){rest.p + 2, n - 2};
	*target = (struct span){rest.p + n, rest.n - n};
	return url_host_split(*host, &name, &port);
}

/* The forms of RFC 9112, section 3.2, but for that of CONNECT. */
static int
parse_target(struct http_request *r)
{
	struct span query = r->target;

	bool is_star = r->method == METHOD_OPTIONS && span_is(r->target, "*");

	if (!is_star && !cut_authority(&query, &r->authority))
		return 400;
	for (size_t i = 0; i < r->target.n; i++) {
		char c = r->target.p[i];

		if ((uint8_t)c <= ' ' || (uint8_t)c >= 0x7f || c == '#')
			return 400;
	}
	r->path = span_cut(&query, '?');
	if (r->path.n == 0)
		r->path = SPAN("/");
	r->query = query;
	return 0;
}

static int
parse_version(struct http_request *r, struct span v)
{
	if (v.n != 8 || memcmp(v.p, "HTTP/", 5) != 0 || v.p[6] != '.')
		return 400;
	if (v.p[5] < '0' || v.p[5] > '9' || v.p[7] < '0' || v.p[7] > '9')
		return 400;
	if (v.p[5] != '1')
		return 505;
	r->minor = v.p[7] == '0' ? 0 : 1; /* a later one is served as the latest known */
	return 0;
}

static int
parse_request_line(struct http_request *r, struct span line)
{
	int status;

	if (line.n > REQUEST_LINE_MAX_BYTES)
		return 414;
	r->method_name = span_cut(&line, ' ');
	if (!line.p || !http_is_token(r->method_name))
		return 400;
	r->target = span_cut(&line, ' ');
	if (!line.p)
		return 400;
	/* RFC 9112, section 3; and what follows a CONNECT is no HTTP */
	if (r->method_name.n > METHOD_MAX_BYTES || span_is(r->method_name, "CONNECT"))
		return 501;
	if (r->target.n > HTTP_TARGET_MAX_BYTES)
		return 414;
	status = parse_version(r, line);
	if (status != 0)
		return status;
	r->method = find_method(r->method_name);
	return parse_target(r);
}

/* A line that begins with a blank and a name that ends with one are refused: they are no tokens. */
static int
parse_field(struct http_request *r, struct span line)
{
	struct http_header *h = &r->fields[r->n_fields];
	const struct row *row;

	if (r->n_fields == HTTP_FIELDS_MAX)
		return 431;
	h->name = span_cut(&line, ':');
	if (!line.p || !http_is_token(h->name))
		return 400;
	for (size_t i = 0; i < line.n; i++) {
		if (!http_is_text(line.p[i]))
			return 400;
	}
	h->value = span_trim(line);
	row = find_row(h->name);
	h->field = row->field;
	r->n_fields++;
	if (row->field == HTTP_UNKNOWN)
		return 0;
	if (!r->known[row->field].p)
		r->known[row->field] = h->value;
	else if (row->is_single)
		return 400;
	return 0;
}

/* Only "chunked" is known. Where another coding is the last one, nobody can tell where the body
 * ends (RFC 9112, section 6.3). */
static int
parse_coding(struct span coding)
{
	struct span rest = coding, last = coding;

	if (span_eq_nocase(coding, SPAN("chunked")))
		return 0;
	while (rest.p)
		last = span_trim(span_cut(&rest, ','));
	return span_eq_nocase(last, SPAN("chunked")) ? 501 : 400;
}

/* Host, body and connection, from the fields (RFC 9112, sections 3.2, 6, 9.3). */
static int
parse_meaning(struct http_request *r)
{
	struct span host = r->known[HTTP_HOST], name, length = r->known[HTTP_CONTENT_LENGTH];
	struct span coding = r->known[HTTP_TRANSFER_ENCODING];
	unsigned long long value;
	int port, status;

	if (host.p ? !url_host_split(host, &name, &port) : r->minor == 1)
		return 400;
	if (coding.p && (length.p || r->minor == 0))
		return 400;
	if (coding.p && (status = parse_coding(coding)) != 0)
		return status;
	if (length.p && !span_u64(length, CONTENT_LENGTH_MAX, &value))
		return 400;
	if (r->authority.p)
		r->known[HTTP_HOST] = r->authority;
	r->is_chunked = coding.p != NULL;
	r->has_length = length.p != NULL;
	r->content_length = length.p ? value : 0;
	r->keep_alive = !http_has(r, HTTP_CONNECTION, "close") &&
			(r->minor == 1 || http_has(r, HTTP_CONNECTION, "keep-alive"));
	bool expects_100 = http_has(r, HTTP_EXPECT, "100-continue");
	r->expect_continue =
	    expects_100 && r->minor == 1 && (r->is_chunked || r->content_length > 0);
	r->expects_more = r->known[HTTP_EXPECT].p && !expects_100;
	return 0;
}

/* The length of the head with its empty line. 0: there is no empty line yet. -1: a line does not
 * end in CR LF. */
static ssize_t
find_end(const char *in, size_t len)
{
	const char *line = in, *end = in + len, *lf;

	while ((lf = memchr(line, '\n', (size_t)(end - line))) != NULL) {
		if (lf == line || lf[-1] != '\r')
			return -1;
		if (lf - line == 1)
			return lf + 1 - in;
		line = lf + 1;
	}
	return 0;
}

/* The status to refuse an incomplete head with. 0: more may come. */
static int
refuse_early(const char *in, size_t len)
{
	const char *lf = memchr(in, '\n', len);
	size_t line = lf ? (size_t)(lf - in) : len;

	if (!http_is_tchar(in[0]))
		return 400;
	if (line > REQUEST_LINE_MAX_BYTES + 1)
		return 414;
	return len >= HTTP_HEAD_MAX_BYTES ? 431 : 0;
}

static int
parse_head(struct http_request *r, struct span head)
{
	struct span line = span_cut(&head, '\n');
	int status;

	line.n--; /* find_end has checked that each line ends in CR LF */
	status = parse_request_line(r, line);
	if (status == 0 && line.n + head.n + 2 > HTTP_HEAD_MAX_BYTES)
		status = 431;
	while (status == 0) {
		line = span_cut(&head, '\n');
		if (--line.n == 0)
			return parse_meaning(r);
		status = parse_field(r, line);
	}
	return status;
}

ssize_t
http_parse(struct http_request *out, const char *in, size_t len)
{
	size_t skip = len >= 2 && in[0] == '\r' && in[1] == '\n' ? 2 : 0;
	ssize_t end;

	memset(out, 0, offsetof(struct http_request, fields));
	if (len == skip || (len == 1 && in[0] == '\r'))
		return 0;
	in += skip;
	len -= skip;
	end = find_end(in, len);
	if (end == 0)
		out->status = refuse_early(in, len);
	else if (end < 0)
		out->status = 400;
	else
		out->status = parse_head(out, (struct span){in, (size_t)end});
	if (out->status != 0)
		return -1;
	return end > 0 ? end + (ssize_t)skip : 0;
}

/* ---- fields ---- */

struct span
http_joined(const struct http_request *r, enum http_field field, struct buf *scratch)
{
	struct span all = r->known[field];
	size_t from = scratch->len, count = 0;

	for (size_t i = 0; i < r->n_fields; i++) {
		if (r->fields[i].field != field)
			continue;
		if (count++ == 0)
			continue;
		if (count == 2)
			buf_span(scratch, all);
		buf_str(scratch, ", ");
		buf_span(scratch, r->fields[i].value);
	}
	return count > 1 ? (struct span){scratch->p + from, scratch->len - from} : all;
}

bool
http_has_field(const struct http_request *r, const char *name)
{
	struct span want = span_of(name);

	for (size_t i = 0; i < r->n_fields; i++) {
		if (span_eq_nocase(r->fields[i].name, want))
			return true;
	}
	return false;
}

bool
http_token_list_has(struct span list, const char *token)
{
	struct span want = span_of(token);

	while (list.p) {
		if (span_eq_nocase(span_trim(span_cut(&list, ',')), want))
			return true;
	}
	return false;
}

bool
http_has(const struct http_request *r, enum http_field field, const char *token)
{
	if (!r->known[field].p)
		return false;
	for (size_t i = 0; i < r->n_fields; i++) {
		if (r->fields[i].field == field && http_token_list_has(r->fields[i].value, token))
			return true;
	}
	return false;
}

size_t
http_cookie(struct span header, const char *name, struct span *value)
{
	struct span rest = header, pair;
	size_t count = 0;

	while (rest.p) {
		pair = span_trim(span_cut(&rest, ';'));
		if (span_is(span_cut(&pair, '='), name) && pair.p && count++ == 0)
			*value = pair;
	}
	return count;
}
