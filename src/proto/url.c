/* SPDX-License-Identifier: ISC */
/*
 * url.c - the parts of URLs.
 */
#include "proto/url.h"

#include <arpa/inet.h>

#define PORT_MAX 65535

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The byte of the %XX at i, or -1. */
static int
escape_at(struct span s, size_t i)
{
	if (s.n - i < 3 || hex(s.p[i + 1]) < 0 || hex(s.p[i + 2]) < 0)
		return -1;
	return hex(s.p[i + 1]) << 4 | hex(s.p[i + 2]);
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_unreserved(char c)
{
	return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/* ---- percent-encoding ---- */

static bool
decode(struct buf *out, struct span s, bool is_form)
{
	char *to = buf_reserve(out, s.n), *from = to;

	for (size_t i = 0; i < s.n; i++) {
		int c = s.p[i];

		if (c == '%') {
			c = escape_at(s, i);
			if (c < 0)
				return false;
			i += 2;
		} else if (c == '+' && is_form) {
			c = ' ';
		}
		*to++ = (char)c;
	}
	out->len += (size_t)(to - from);
	return true;
}

bool
url_decode(struct buf *out, struct span s)
{
	return decode(out, s, false);
}

bool
url_decode_form(struct buf *out, struct span s)
{
	return decode(out, s, true);
}

void
url_encode(struct buf *out, struct span s)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		char escape[] = {'%', digits[c >> 4], digits[c & 15]};

		if (is_unreserved(s.p[i]))
			buf_addc(out, s.p[i]);
		else
			buf_add(out, escape, sizeof(escape));
	}
}

/* ---- paths ---- */

static bool
is_segment_canonical(struct span s)
{
	if (span_is(s, ".") || span_is(s, ".."))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		int c;

		if (s.p[i] != '%')
			continue;
		c = escape_at(s, i);
		if (c <= 0 || is_unreserved((char)c))
			return false;
	}
	return true;
}

bool
url_path_is_canonical(struct span path)
{
	struct span rest = path, segment;

	if (path.n == 0 || path.p[0] != '/')
		return false;
	span_cut(&rest, '/');
	while (rest.p) {
		segment = span_cut(&rest, '/');
		if ((segment.n == 0 && rest.p) || !is_segment_canonical(segment))
			return false;
	}
	return true;
}

/* ---- queries ---- */

bool
url_query_next(struct span *rest, struct span *name, struct span *value)
{
	while (rest->p) {
		*value = span_cut(rest, '&');
		if (value->n == 0)
			continue;
		*name = span_cut(value, '=');
		return true;
	}
	return false;
}

size_t
url_query_get(struct span query, const char *name, struct span *value)
{
	struct span n, v;
	size_t count = 0;

	while (url_query_next(&query, &n, &v)) {
		if (span_is(n, name) && count++ == 0)
			*value = v;
	}
	return count;
}

/* ---- hosts and origins ---- */

static bool
parse_port(struct span text, int *port)
{
	unsigned long long value;

	*port = -1;
	if (text.n == 0) /* a port may be empty: RFC 3986, section 3.2.3 */
		return true;
	if (text.n > 5 || !span_u64(text, PORT_MAX, &value))
		return false;
	*port = (int)value;
	return true;
}

/* An IPv6 address in brackets. */
static bool
is_ipv6(struct span s)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (s.n < 4 || s.n - 2 >= sizeof(text) || memchr(s.p, '\0', s.n))
		return false;
	memcpy(text, s.p + 1, s.n - 2);
	text[s.n - 2] = '\0';
	return inet_pton(AF_INET6, text, &address) == 1;
}

bool
url_host_split(struct span host, struct span *name, int *port)
{
	size_t n = 0;

	*port = -1;
	if (host.n > 0 && host.p[0] == '[') {
		const char *end = memchr(host.p, ']', host.n);

		n = end ? (size_t)(end - host.p) + 1 : 0;
		if (!is_ipv6((struct span){host.p, n}))
			return false;
	} else {
		while (n < host.n && is_unreserved(host.p[n]))
			n++;
	}
	*name = (struct span){host.p, n};
	if (n == 0 || n == host.n)
		return n > 0;
	return host.p[n] == ':' && parse_port((struct span){host.p + n + 1, host.n - n - 1}, port);
}

/* Four decimal numbers. inet_pton refuses octal and shortened forms, which programs read in
 * different ways. */
static bool
is_ipv4_loopback(struct span s)
{
	char text[INET_ADDRSTRLEN];
	struct in_addr address;

	if (s.n >= sizeof(text) || memchr(s.p, '\0', s.n))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	return inet_pton(AF_INET, text, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

bool
url_host_is_loopback(struct span host)
{
	struct span name;
	int port;

	return url_host_split(host, &name, &port) &&
	       (span_eq_nocase(name, SPAN("localhost")) || span_is(name, "[::1]") ||
		   is_ipv4_loopback(name));
}

/* ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ) */
static bool
is_scheme(struct span s)
{
	if (s.n == 0 || !is_alpha(s.p[0]))
		return false;
	for (size_t i = 1; i < s.n; i++) {
		if (!is_alpha(s.p[i]) && !is_digit(s.p[i]) && s.p[i] != '+' && s.p[i] != '-' &&
		    s.p[i] != '.')
			return false;
	}
	return true;
}

static int
default_port(struct span scheme)
{
	if (span_eq_nocase(scheme, SPAN("http")) || span_eq_nocase(scheme, SPAN("ws")))
		return 80;
	return span_eq_nocase(scheme, SPAN("https")) || span_eq_nocase(scheme, SPAN("wss")) ? 443
											    : -1;
}

bool
url_origin_parse(struct url_origin *out, struct span text)
{
	out->scheme = span_cut(&text, ':');
	if (!text.p || !is_scheme(out->scheme) || text.n < 2 || memcmp(text.p, "//", 2) != 0)
		return false;
	if (!url_host_split((struct span){text.p + 2, text.n - 2}, &out->host, &out->port))
		return false;
	if (out->port < 0)
		out->port = default_port(out->scheme);
	return true;
}

bool
url_origin_equal(const struct url_origin *a, const struct url_origin *b)
{
	return a->port == b->port && span_eq_nocase(a->scheme, b->scheme) &&
	       span_eq_nocase(a->host, b->host);
}
