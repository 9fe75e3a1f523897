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

/* Appends what %XX stands for and all else as it is; url_decode_form also makes '+' a space
 * (query values). False: a '%' without two hex digits; out is as before. The result may hold any
 * byte, NUL too. */
bool url_decode(struct buf *out, struct span);
bool url_decode_form(struct buf *out, struct span);

/* Appends with everything but RFC 3986's unreserved characters percent-encoded. */
void url_encode(struct buf *out, struct span);

/* True if the path has one spelling only: it begins with '/', and has no "//", no dot segment,
 * no encoded unreserved character, no %00, no '%' without two hex digits. Others are nobody's
 * route: 404. */
bool url_path_is_canonical(struct span path);

/* Walks "a=1&b": true and the next raw name and value (value.p is NULL where there is no '='),
 * false at the end. Empty pieces are passed over. */
bool url_query_next(struct span *rest, struct span *name, struct span *value);

/* How often a name (compared raw) is in the query; *value is the raw value of the first, p NULL
 * if it has none. */
size_t url_query_get(struct span query, const char *name, struct span *value);

/* Splits the value of Host: name[:port]. *name keeps the brackets of an IPv6 address; *port is
 * -1 if absent. False: empty, no port number, or characters other than RFC 3986's unreserved
 * ones in a name. */
bool url_host_split(struct span host, struct span *name, int *port);

/* True if a Host value, with or without port, is exactly localhost, 127.x.x.x or [::1]. */
bool url_host_is_loopback(struct span host);

/* The value of Origin, or the start of a URL: scheme://host[:port], nothing behind. */
struct url_origin {
	struct span scheme, host; /* as they stand; compared without case */
	int port;                 /* 80 and 443 filled in for http and https; else -1 if absent */
};

/* False for all else: "null", a path, user information. */
bool url_origin_parse(struct url_origin *out, struct span text);
bool url_origin_equal(const struct url_origin *, const struct url_origin *);

#endif
