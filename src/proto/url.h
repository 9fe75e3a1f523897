/* SPDX-License-Identifier: ISC */
/*
 * url.h - the parts of URLs: percent-encoding, paths, queries, hosts, origins (RFC 3986, RFC 6454).
 */
#ifndef PROTO_URL_H
#define PROTO_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

/* Appends the text with each %XX decoded; url_decode_form also makes '+' a space (query values).
 * False: a '%' has no two hex digits; out is unchanged. The result may contain any byte, also
 * NUL. */
bool url_decode(struct buf *out, struct span);
bool url_decode_form(struct buf *out, struct span);

/* Appends the text; all but the unreserved characters (RFC 3986, section 2.3) are
 * percent-encoded. */
void url_encode(struct buf *out, struct span);

/* True if the path has only one spelling: it begins with '/', and has no "//", no dot segment, no
 * encoded unreserved character, no %00, no '%' without two hex digits. Other paths have no route:
 * 404. */
bool url_path_is_canonical(struct span path);

/* Cuts the next raw name and value off a query like "a=1&b"; value.p is NULL if there is no '='.
 * False: the end. Empty pieces are skipped. */
bool url_query_next(struct span *rest, struct span *name, struct span *value);

/* Returns how often a name (compared raw) is in the query. *value is the raw value of the first (p
 * NULL if it has no '='), unchanged if there is none. */
size_t url_query_get(struct span query, const char *name, struct span *value);

/* Splits the value of Host: name[:port]. *name keeps the brackets of an IPv6 address; *port is -1
 * if it is absent or empty. False: the name is empty or has other than unreserved characters (RFC
 * 3986), the IPv6 address is not valid, or the port is no number up to 65535. */
bool url_host_split(struct span host, struct span *name, int *port);

/* True if a Host value, with or without a port, is localhost (in any case), 127.x.x.x or [::1]. */
bool url_host_is_loopback(struct span host);

/* An origin: scheme://host[:port] and nothing after it (RFC 6454). */
struct url_origin {
	struct span scheme, host; /* as written; compared without case */
	int port; /* if absent: 80 for http and ws, 443 for https and wss, else -1 */
};

/* Parses an origin; out points into text. False for all other text: "null", a path, user
 * information. */
bool url_origin_parse(struct url_origin *out, struct span text);
bool url_origin_equal(const struct url_origin *, const struct url_origin *);

#endif
