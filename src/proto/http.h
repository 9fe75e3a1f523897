/* SPDX-License-Identifier: ISC */
/*
 * http.h - HTTP/1.1 (RFC 9110, 9112): request heads, chunked bodies, response heads, the WebSocket
 * handshake. Input that two parsers could read in two ways is refused. It is one header,
 * since parser and writer share their types.
 */
#ifndef PROTO_HTTP_H
#define PROTO_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/span.h"

#define HTTP_HEAD_MAX_BYTES   16384 /* request line and fields */
#define HTTP_TARGET_MAX_BYTES 8192
#define HTTP_FIELDS_MAX       100

enum http_method {
	METHOD_OTHER, /* another token: see method_name */
	METHOD_GET,
	METHOD_HEAD,
	METHOD_POST,
	METHOD_PUT,
	METHOD_PATCH,
	METHOD_DELETE,
	METHOD_OPTIONS
};

enum http_field {
	HTTP_UNKNOWN,
	HTTP_ACCEPT,
	HTTP_ACCEPT_ENCODING,
	HTTP_ACCESS_CONTROL_REQUEST_HEADERS,
	HTTP_ACCESS_CONTROL_REQUEST_METHOD,
	HTTP_AUTHORIZATION,
	HTTP_CONNECTION,
	HTTP_CONTENT_LENGTH,
	HTTP_CONTENT_TYPE,
	HTTP_COOKIE,
	HTTP_EXPECT,
	HTTP_FORWARDED,
	HTTP_HOST,
	HTTP_IDEMPOTENCY_KEY,
	HTTP_IF_NONE_MATCH,
	HTTP_LAST_EVENT_ID,
	HTTP_ORIGIN,
	HTTP_SEC_FETCH_SITE,
	HTTP_SEC_WEBSOCKET_EXTENSIONS,
	HTTP_SEC_WEBSOCKET_KEY,
	HTTP_SEC_WEBSOCKET_PROTOCOL,
	HTTP_SEC_WEBSOCKET_VERSION,
	HTTP_TRANSFER_ENCODING,
	HTTP_UPGRADE,
	HTTP_USER_AGENT,
	HTTP_X_FORWARDED_FOR,
	HTTP_X_FORWARDED_HOST,
	HTTP_X_FORWARDED_PROTO,
	HTTP_X_REAL_IP,
	HTTP_X_REQUEST_ID,
	HTTP_X_SERVICE_KEY,
	HTTP_X_WALLET_ADDRESS,
	HTTP_FIELD_COUNT
};

struct http_header {
	enum http_field field;
	struct span name, value; /* value without blanks at both ends */
};

/* Spans point into the input. */
struct http_request {
	int status; /* the status to answer with, if http_parse returns -1 */
	enum http_method method;
	struct span method_name;
	int minor; /* of HTTP/1.minor: 0, or 1 for all others */
	/* Raw; query.p is NULL if there is no '?'. The path of "OPTIONS *" is "*". */
	struct span target, path, query;
	struct span authority; /* host:port of a target http://host:port/path, or NULL */
	/* The first field of that name; p is NULL if absent. The authority replaces Host here, but
	 * not in fields (RFC 9112, section 3.2.2). */
	struct span known[HTTP_FIELD_COUNT];
	bool keep_alive;         /* the connection may take another request */
	bool expect_continue;    /* the client waits for 100 before it sends the body */
	bool expects_more;       /* it expects something else than that */
	bool is_chunked;         /* a chunked body follows */
	bool has_length;         /* there was a Content-Length, perhaps 0 */
	uint64_t content_length; /* bytes of body that follow, unless is_chunked */
	size_t n_fields;
	struct http_header fields[HTTP_FIELDS_MAX]; /* all, in order */
};

/* Reads a request head. Returns the bytes used (with an empty line before it, if any). 0: more
 * input is needed; each call gets everything received so far. -1: the request is refused;
 * out->status is 400, 414, 431, 501 or 505: answer it and close. Exactly one Host is required (in
 * HTTP/1.0: at most one). These fields may come only once: Authorization, Content-Length,
 * Content-Type, Cookie, Idempotency-Key, Last-Event-ID, Origin, Sec-Fetch-Site, Sec-WebSocket-Key,
 * Sec-WebSocket-Version, Transfer-Encoding, Upgrade, X-Real-IP, X-Service-Key, X-Wallet-Address.
 * Content-Length beside Transfer-Encoding is refused (RFC 9112, section 6.3). */
ssize_t http_parse(struct http_request *out, const char *in, size_t len);

/* The lines of a field joined by ", " (RFC 9110, section 5.3). If there are several, the text is
 * appended to scratch. p is NULL if the field is absent. */
struct span http_joined(const struct http_request *, enum http_field, struct buf *scratch);

/* True if the text is a token (RFC 9110, section 5.6.2): not empty, no blanks, commas or colons. */
bool http_is_token(struct span);
/* True if the request has a field of that name, which need not be in enum http_field. */
bool http_has_field(const struct http_request *, const char *name);

/* True if a comma-separated list has the token; case is ignored. http_has looks at all lines of the
 * field. */
bool http_token_list_has(struct span list, const char *token);
bool http_has(const struct http_request *, enum http_field, const char *token);

/* Returns how often a cookie is in the value of Cookie; *value is the first one's value, unchanged
 * if there is none. A credential that is there more than once is ambiguous and should be
 * refused. */
size_t http_cookie(struct span header, const char *name, struct span *value);

/* ---- chunked bodies (RFC 9112, section 7.1) ---- */

/* All zero is the start. */
struct http_chunked {
	uint64_t left;  /* bytes of the chunk still to come */
	uint16_t extra; /* bytes of extensions and trailers so far: bounded for the whole body */
	uint8_t digits;
	uint8_t state;
};

/* Reads a part of the body. Returns the bytes used, 0 if len is 0 or the body is at its end; -1:
 * bad syntax (answer 400). *data is the piece of the body in these bytes, perhaps empty. Call again
 * until all input is used or the body is done. Extensions and trailers are checked and dropped. */
ssize_t http_chunked_read(struct http_chunked *, const char *in, size_t len, struct span *data);
bool http_chunked_is_done(const struct http_chunked *);

/* ---- answers ---- */

/* "Not Found"; "Unknown" for a status this server never sends. */
const char *http_reason(int status);

/* Append a response head: http_begin the status line and Date, http_end the empty line. Control
 * characters in a value become spaces. */
void http_begin(struct buf *, int status);
void http_put(struct buf *, const char *name, struct span value);
void http_put_str(struct buf *, const char *name, const char *value);
void http_put_u64(struct buf *, const char *name, uint64_t value);
void http_end(struct buf *);

/* ---- the WebSocket handshake (RFC 6455, section 4.2) ---- */

#define HTTP_WS_ACCEPT_SIZE 29 /* base64 of 20 bytes, terminated */

/* True if the request has "Upgrade: websocket"; the rest of the handshake is not checked. */
bool http_wants_ws(const struct http_request *);

/* Checks the handshake. 101: it is good, and accept is the value of Sec-WebSocket-Accept. Else the
 * status of the refusal: 405: not GET; 426 (with http_put_426): no "Upgrade: websocket", or another
 * version than 13; 400: any other fault. */
int http_ws_handshake(const struct http_request *, char accept[HTTP_WS_ACCEPT_SIZE]);

/* Appends the head of the 101 without its end (http_end). protocol and extensions are left out if
 * they are empty. */
void http_put_101(struct buf *, const char *accept, struct span protocol, struct span extensions);

/* Appends the fields that a 426 must have: Upgrade with its Connection (RFC 9110, section 7.8), and
 * Sec-WebSocket-Version. */
void http_put_426(struct buf *);

#endif
