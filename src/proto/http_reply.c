/* SPDX-License-Identifier: ISC */
/*
 * http_reply.c - HTTP/1.1 output: response heads, and the answer to a WebSocket handshake.
 */
#include "proto/http.h"

#include <string.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "proto/base64.h"

#define WS_KEY_CHARS 24 /* base64 of 16 bytes */
#define WS_KEY_BYTES 16

/* ---- answers ---- */

const char *
http_reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {
	    {200, "OK"},
	    {100, "Continue"},
	    {101, "Switching Protocols"},
	    {201, "Created"},
	    {202, "Accepted"},
	    {204, "No Content"},
	    {304, "Not Modified"},
	    {400, "Bad Request"},
	    {401, "Unauthorized"},
	    {403, "Forbidden"},
	    {404, "Not Found"},
	    {405, "Method Not Allowed"},
	    {408, "Request Timeout"},
	    {409, "Conflict"},
	    {411, "Length Required"},
	    {413, "Content Too Large"},
	    {414, "URI Too Long"},
	    {415, "Unsupported Media Type"},
	    {417, "Expectation Failed"},
	    {421, "Misdirected Request"},
	    {422, "Unprocessable Content"},
	    {426, "Upgrade Required"},
	    {429, "Too Many Requests"},
	    {431, "Request Header Fields Too Large"},
	    {500, "Internal Server Error"},
	    {501, "Not Implemented"},
	    {503, "Service Unavailable"},
	    {505, "HTTP Version Not Supported"},
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (reasons[i].status == status)
			return reasons[i].reason;
	}
	return "Unknown";
}

/* The line is written anew once a second, since each answer has it. */
static void
put_date(struct buf *b)
{
	static _Thread_local char line[] = "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n";
	static _Thread_local int64_t second;
	int64_t ms = clock_wall_ms();
	char text[CLOCK_HTTP_SIZE];

	if (ms / 1000 != second) {
		second = ms / 1000;
		memcpy(line + strlen("Date: "), clock_http(text, ms), sizeof(text) - 1);
	}
	buf_add(b, line, sizeof(line) - 1);
}

void
http_begin(struct buf *b, int status)
{
	const char digits[] = {(char)('0' + status / 100 % 10), (char)('0' + status / 10 % 10),
	    (char)('0' + status % 10), ' '};

	buf_str(b, "HTTP/1.1 ");
	buf_add(b, digits, sizeof(digits));
	buf_str(b, http_reason(status));
	buf_str(b, "\r\n");
	put_date(b);
}

void
http_put(struct buf *b, const char *name, struct span value)
{
	size_t at;

	buf_str(b, name);
	buf_str(b, ": ");
	at = b->len;
	buf_span(b, value);
	for (; at < b->len; at++) {
		if ((uint8_t)b->p[at] < ' ' || b->p[at] == 0x7f)
			b->p[at] = ' ';
	}
	buf_str(b, "\r\n");
}

void
http_put_str(struct buf *b, const char *name, const char *value)
{
	http_put(b, name, span_of(value));
}

void
http_put_u64(struct buf *b, const char *name, uint64_t value)
{
	buf_str(b, name);
	buf_str(b, ": ");
	buf_u64(b, value);
	buf_str(b, "\r\n");
}

void
http_end(struct buf *b)
{
	buf_str(b, "\r\n");
}

/* ---- the WebSocket handshake ---- */

bool
http_wants_ws(const struct http_request *r)
{
	return http_has(r, HTTP_UPGRADE, "websocket");
}

static bool
is_ws_key(struct span key)
{
	struct buf bytes = {0};
	bool is_good =
	    key.n == WS_KEY_CHARS && base64_decode(&bytes, key) && bytes.len == WS_KEY_BYTES;

	buf_clear(&bytes);
	return is_good;
}

static void
make_accept(char out[HTTP_WS_ACCEPT_SIZE], struct span key)
{
	static const struct span guid = {"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", 36};
	uint8_t digest[DIGEST_SHA1_SIZE];
	struct buf b = {0};

	buf_span(&b, key);
	buf_span(&b, guid);
	digest_sha1(digest, buf_as_span(&b));
	b.len = 0;
	base64_encode(&b, (struct span){(const char *)digest, sizeof(digest)});
	memcpy(out, buf_cstr(&b), HTTP_WS_ACCEPT_SIZE);
	buf_clear(&b);
}

int
http_ws_handshake(const struct http_request *r, char accept[HTTP_WS_ACCEPT_SIZE])
{
	struct span key = r->known[HTTP_SEC_WEBSOCKET_KEY];

	if (r->method != METHOD_GET)
		return 405;
	if (!http_wants_ws(r))
		return 426;
	if (r->minor != 1 || !http_has(r, HTTP_CONNECTION, "upgrade"))
		return 400;
	if (r->is_chunked || r->content_length > 0) /* its bytes could be taken for frames */
		return 400;
	if (!span_is(r->known[HTTP_SEC_WEBSOCKET_VERSION], "13"))
		return 426;
	if (!is_ws_key(key))
		return 400;
	make_accept(accept, key);
	return 101;
}

void
http_put_101(struct buf *b, const char *accept, struct span protocol, struct span extensions)
{
	http_begin(b, 101);
	http_put_str(b, "Upgrade", "websocket");
	http_put_str(b, "Connection", "Upgrade");
	http_put_str(b, "Sec-WebSocket-Accept", accept);
	if (protocol.n > 0)
		http_put(b, "Sec-WebSocket-Protocol", protocol);
	if (extensions.n > 0)
		http_put(b, "Sec-WebSocket-Extensions", extensions);
}

void
http_put_426(struct buf *b)
{
	http_put_str(b, "Upgrade", "websocket");
	http_put_str(b, "Connection", "upgrade");
	http_put_str(b, "Sec-WebSocket-Version", "13");
}
