/* SPDX-License-Identifier: ISC */
/*
 * config_syntax.c - the syntax of values of configuration keys: addresses to listen on, origins,
 * networks, paths, names of header fields. Each function says why it refuses a value.
 */
#include <arpa/inet.h>
#include <string.h>
#include <sys/un.h>

#include "config/config_value.h"

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

#define PORT_MAX   65535
#define HOST_MAX   253
#define HEADER_MAX 127
#define PREFIX_MAX 1023
#define FD_MAX     (1 << 20)

static const char no_name[] = "has a host that is neither a name nor an address";
static const char no_port_number[] = "has a port that is not a number from 0 to 65535";

static bool
has_only(struct span s, const char *set)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\0' || strchr(set, s.p[i]) == NULL)
			return false;
	return s.n > 0;
}

static bool
is_address(int family, struct span s)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (s.n >= sizeof(text) || memchr(s.p, '\0', s.n) != NULL)
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	return inet_pton(family, text, &address) == 1;
}

/* "name", "1.2.3.4" or "[::1]" */
static const char *
refuse_host(struct span s)
{
	if (s.n == 0)
		return "has no host";
	if (s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		return is_address(AF_INET6, (struct span){s.p + 1, s.n - 2}) ? NULL : no_name;
	if (is_address(AF_INET6, s))
		return "has an IPv6 address that is not in brackets";
	if (s.n > HOST_MAX || !has_only(s, LOWER UPPER DIGITS ".-_"))
		return no_name;
	return !has_only(s, DIGITS ".") || is_address(AF_INET, s) ? NULL : no_name;
}

/* Splits "host:port" at the last colon outside brackets. If there is none, port->p is NULL. */
static void
split_port(struct span in, struct span *host, struct span *port)
{
	size_t at = in.n;

	while (at > 0 && in.p[at - 1] != ':' && in.p[at - 1] != ']')
		at--;
	*host = in;
	*port = (struct span){NULL, 0};
	if (at == 0 || in.p[at - 1] == ']')
		return;
	*host = (struct span){in.p, at - 1};
	*port = (struct span){in.p + at, in.n - at};
}

static bool
starts_with(struct span *s, const char *prefix)
{
	size_t n = strlen(prefix);

	if (s->n < n || memcmp(s->p, prefix, n) != 0)
		return false;
	*s = (struct span){s->p + n, s->n - n};
	return true;
}

static const char *
refuse_socket_path(struct span path)
{
	if (path.n == 0)
		return "has no path";
	return path.n < sizeof(((struct sockaddr_un *)NULL)->sun_path)
		   ? NULL
		   : "has a path of more than 107 bytes, too long for a socket";
}

const char *
config_normal_listen(struct buf *out, struct span in)
{
	struct span rest = in, host, port;
	unsigned long long number;

	buf_span(out, in);
	if (starts_with(&rest, "unix:"))
		return refuse_socket_path(rest);
	if (starts_with(&rest, "fd:"))
		return span_u64(rest, FD_MAX, &number) ? NULL : "has no number of a descriptor";
	if (span_is(in, "identity"))
		return "does not follow a unix:PATH";
	split_port(in, &host, &port);
	if (port.p == NULL)
		return "has no port";
	return span_u64(port, PORT_MAX, &number) ? refuse_host(host) : no_port_number;
}

/* Appends an origin as browsers send it (RFC 6454, section 6.2): in lower case, without a '/' at
 * the end, and without the default port of its scheme. */
const char *
config_normal_origin(struct buf *out, struct span in)
{
	struct span host, port, scheme, all;
	unsigned long long number = 0;
	size_t from = out->len;
	char *colon;

	for (size_t i = 0; i < in.n; i++)
		buf_addc(out, in.p[i] >= 'A' && in.p[i] <= 'Z' ? (char)(in.p[i] | 0x20) : in.p[i]);
	if (in.n > 0 && in.p[in.n - 1] == '/')
		out->len--;
	all = (struct span){buf_cstr(out) + from, out->len - from};
	colon = strstr(all.p, "://");
	if (colon == NULL)
		return "has no scheme such as https://";
	scheme = (struct span){all.p, (size_t)(colon - all.p)};
	if (strchr(colon + 3, '/') != NULL)
		return "has a path";
	split_port((struct span){colon + 3, all.n - scheme.n - 3}, &host, &port);
	if (!has_only(scheme, LOWER DIGITS "+.-") || !has_only((struct span){scheme.p, 1}, LOWER))
		return "has a scheme that is no name";
	if (port.p != NULL && !span_u64(port, PORT_MAX, &number))
		return no_port_number;
	if ((span_is(scheme, "http") && number == 80) ||
	    (span_is(scheme, "https") && number == 443))
		out->len -= port.n + 1;
	return refuse_host(host);
}

const char *
config_normal_network(struct buf *out, struct span in)
{
	struct span rest = in, address = span_cut(&rest, '/');
	bool is_v4 = is_address(AF_INET, address);
	unsigned long long bits;

	buf_span(out, in);
	if (span_is(in, "unix"))
		return NULL;
	if (!is_v4 && !is_address(AF_INET6, address))
		return "is no address";
	if (rest.p == NULL || span_u64(rest, is_v4 ? 32 : 128, &bits))
		return NULL;
	return is_v4 ? "has a prefix length that is not a number from 0 to 32"
		     : "has a prefix length that is not a number from 0 to 128";
}

const char *
config_normal_prefix(struct buf *out, struct span in)
{
	buf_span(out, in);
	if (in.n == 0 || in.p[0] != '/')
		return "does not begin with /";
	if (in.p[in.n - 1] == '/')
		out->len--;
	if (!has_only(in, LOWER UPPER DIGITS "/-._~!$&'()*+,;=:@%"))
		return "has a character that paths do not have";
	return in.n <= PREFIX_MAX ? NULL : "is longer than 1023 bytes";
}

/* A name with '_' is refused, because some servers treat '_' and '-' as the same character. */
const char *
config_normal_header(struct buf *out, struct span in)
{
	buf_span(out, in);
	if (!has_only(in, LOWER UPPER DIGITS "-"))
		return "has other characters than letters, digits and -";
	return in.n <= HEADER_MAX ? NULL : "is longer than 127 bytes";
}
