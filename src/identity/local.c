/* SPDX-License-Identifier: ISC */
/*
 * local.c - loopback addresses and names, as requests and proxies write them. Pure.
 */
#include "identity/local.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "proto/url.h"

static bool
is_loopback_v6(struct span text)
{
	char name[INET6_ADDRSTRLEN];
	struct in6_addr a;

	if (text.n == 0 || text.n >= sizeof(name) || memchr(text.p, '\0', text.n))
		return false;
	memcpy(name, text.p, text.n);
	name[text.n] = '\0';
	if (inet_pton(AF_INET6, name, &a) != 1)
		return false;
	return IN6_IS_ADDR_LOOPBACK(&a) || (IN6_IS_ADDR_V4MAPPED(&a) && a.s6_addr[12] == 127);
}

/* An empty port is legal in a URL (RFC 3986, section 3.2.3), but no client or proxy of this machine
 * writes one. */
static bool
has_empty_port(struct span text)
{
	return text.n > 0 && text.p[text.n - 1] == ':';
}

bool
local_address(struct span text)
{
	struct span name;
	int port;

	if (is_loopback_v6(text))
		return true;
	if (has_empty_port(text) || !url_host_split(text, &name, &port))
		return false;
	if (name.p[0] == '[')
		return is_loopback_v6((struct span){name.p + 1, name.n - 2});
	return !span_eq_nocase(name, SPAN("localhost")) && url_host_is_loopback(name);
}

/* Brackets may also hold other spellings of ::1, or 127.0.0.0/8 mapped into IPv6. */
bool
local_host(struct span host)
{
	if (has_empty_port(host))
		return false;
	return url_host_is_loopback(host) ||
	       (host.n > 0 && host.p[0] == '[' && local_address(host));
}

bool
local_list(struct span list)
{
	while (list.p) {
		if (!local_address(span_trim(span_cut(&list, ','))))
			return false;
	}
	return true;
}

/* Cuts off a quoted string and gives its value. False: it is not closed, or has an escape, which no
 * address needs. */
static bool
take_quoted(struct span *s, struct span *value)
{
	size_t i = 1;

	while (i < s->n && s->p[i] != '"' && s->p[i] != '\\')
		i++;
	if (i == s->n || s->p[i] == '\\')
		return false;
	*value = (struct span){s->p + 1, i - 1};
	*s = (struct span){s->p + i + 1, s->n - i - 1};
	return true;
}

static void
take_until(struct span *s, const char *stops, struct span *value)
{
	size_t i = 0;

	while (i < s->n && (s->p[i] == '\0' || !strchr(stops, s->p[i])))
		i++;
	*value = (struct span){s->p, i};
	*s = (struct span){s->p + i, s->n - i};
}

static void
skip_blank(struct span *s)
{
	while (s->n > 0 && (s->p[0] == ' ' || s->p[0] == '\t'))
		*s = (struct span){s->p + 1, s->n - 1};
}

bool
local_forwarded(struct span s)
{
	while (s.n > 0) {
		struct span name, value;

		skip_blank(&s);
		take_until(&s, "=;, \t", &name);
		if (s.n == 0 || s.p[0] != '=' || name.n == 0)
			return false;
		s = (struct span){s.p + 1, s.n - 1};
		if (s.n > 0 && s.p[0] == '"') {
			if (!take_quoted(&s, &value))
				return false;
		} else {
			take_until(&s, ";, \t", &value);
		}
		if (span_eq_nocase(name, SPAN("for")) && !local_address(value))
			return false;
		skip_blank(&s);
		if (s.n == 0)
			return true;
		if (s.p[0] != ';' && s.p[0] != ',')
			return false;
		s = (struct span){s.p + 1, s.n - 1};
	}
	return true;
}
