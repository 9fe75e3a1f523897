/* SPDX-License-Identifier: ISC */
/*
 * reply.c - statuses, headers and bodies of answers.
 */
#include "fcgi/reply.h"

#include "base/json.h"
#include "crypto/digest.h"
#include "proto/http.h"

/* A browser that shows the answer as a page may load nothing for it, and not put it in a frame. */
#define DEFAULT_POLICY "default-src 'none'; frame-ancestors 'none'"

void
reply_clear(struct reply *r)
{
	buf_clear(&r->headers);
	buf_clear(&r->body);
	*r = (struct reply){0};
}

struct buf *
reply_open(struct reply *r, int status)
{
	r->status = status;
	r->body.len = 0;
	json_open(&r->body, '{');
	json_member_bool(&r->body, "success", true);
	return &r->body;
}

void
reply_close(struct reply *r)
{
	json_close(&r->body, '}');
}

void
reply_reopen(struct reply *r)
{
	r->body.len--;
}

void
reply_failure(struct reply *r, enum error err, int status, const char *why)
{
	r->status = status ? status : error_status(err);
	r->code = error_code(err);
	if (r->status == 429 || r->status == 503)
		r->retry_after_s = r->retry_after_s > 0 ? r->retry_after_s : 1;
	r->body.len = 0;
	json_open(&r->body, '{');
	json_member_bool(&r->body, "success", false);
	json_member_cstr(&r->body, "error", why ? why : error_text(err));
	json_member_cstr(&r->body, "code", error_code(err));
	json_close(&r->body, '}');
}

void
reply_store_failure(struct reply *r, enum store_err err)
{
	r->retry_after_s = err == STORE_FULL ? 2 : 1;
	reply_failure(r, ERROR_UNAVAILABLE, 0, NULL);
}

void
reply_header(struct reply *r, const char *name, struct span value)
{
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] < 0x20 || value.p[i] > 0x7e)
			return;
	}
	buf_str(&r->headers, name);
	buf_str(&r->headers, ": ");
	buf_span(&r->headers, value);
	buf_str(&r->headers, "\r\n");
}

/* If-None-Match (RFC 9110, section 13.1.2): a list of tags, or "*"; W/ makes no difference here. */
static bool
names_tag(struct span list, struct span tag)
{
	while (list.p) {
		struct span one = span_trim(span_cut(&list, ','));

		if (one.n > 2 && memcmp(one.p, "W/", 2) == 0)
			one = (struct span){one.p + 2, one.n - 2};
		if (span_eq(one, tag) || span_is(one, "*"))
			return true;
	}
	return false;
}

void
reply_etag(struct reply *r, struct span if_none_match)
{
	uint8_t digest[DIGEST_SHA256_SIZE];
	struct buf tag = {0};

	if (r->status != 200)
		return;
	digest_sha256(digest, buf_as_span(&r->body));
	buf_addc(&tag, '"');
	for (size_t i = 0; i < 16; i++)
		buf_printf(&tag, "%02x", digest[i]);
	buf_addc(&tag, '"');
	reply_header(r, "ETag", buf_as_span(&tag));
	if (if_none_match.n > 0 && names_tag(if_none_match, buf_as_span(&tag))) {
		r->status = 304;
		r->body.len = 0;
	}
	buf_clear(&tag);
}

void
reply_format(const struct reply *r, bool is_head, struct buf *out)
{
	bool has_body = r->status != 204 && r->status != 304;

	buf_printf(out, "Status: %d %s\r\n", r->status, http_reason(r->status));
	if (has_body)
		buf_printf(out, "Content-Type: %s; charset=utf-8\r\n",
		    r->media ? r->media : "application/json");
	if (has_body && !r->is_stream)
		buf_printf(out, "Content-Length: %zu\r\n", r->body.len);
	if (r->retry_after_s > 0)
		buf_printf(out, "Retry-After: %d\r\n", r->retry_after_s);
	if (r->status == 401) /* RFC 9110, section 15.5.2 */
		buf_str(out, "WWW-Authenticate: Bearer\r\n");
	buf_printf(out, "Cache-Control: %s\r\n", r->no_store ? "no-store" : "private, no-cache");
	buf_str(out, "Vary: Authorization, Cookie, Origin\r\n");
	buf_str(out, "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n");
	buf_printf(out, "Content-Security-Policy: %s\r\n", r->policy ? r->policy : DEFAULT_POLICY);
	buf_span(out, buf_as_span(&r->headers));
	buf_str(out, "\r\n");
	if (has_body && !is_head)
		buf_span(out, buf_as_span(&r->body));
}
