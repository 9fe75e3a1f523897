/* SPDX-License-Identifier: ISC */
/*
 * address.c - peers, trusted proxies, X-Forwarded-For.
 * Every address is an IPv6 address here; IPv4 addresses are mapped into ::ffff:0:0/96.
 */
#include "identity/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

struct network {
	struct in6_addr address;
	unsigned bits;
};

struct proxies {
	struct network *v;
	size_t n;
	bool trusts_unix;
};

/* ---- addresses ---- */

static bool
parse_numeric(struct span text, struct in6_addr *out)
{
	char name[INET6_ADDRSTRLEN];
	struct in_addr v4;

	if (text.n == 0 || text.n >= sizeof(name) || memchr(text.p, '\0', text.n) != NULL)
		return false;
	memcpy(name, text.p, text.n);
	name[text.n] = '\0';
	if (inet_pton(AF_INET6, name, out) == 1)
		return true;
	if (inet_pton(AF_INET, name, &v4) != 1)
		return false;
	*out = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
	memcpy(out->s6_addr + 12, &v4, sizeof(v4));
	return true;
}

/* Some proxies add the port: 192.0.2.1:4711, [2001:db8::1]:4711. */
static bool
parse(struct span text, struct in6_addr *out)
{
	unsigned long long port;
	struct span host, rest = text;

	if (parse_numeric(text, out))
		return true;
	if (text.n > 0 && text.p[0] == '[') {
		rest = (struct span){text.p + 1, text.n - 1};
		host = span_cut(&rest, ']');
		if (rest.p == NULL || (rest.n > 0 && rest.p[0] != ':'))
			return false;
		rest = rest.n > 0 ? (struct span){rest.p + 1, rest.n - 1} : SPAN("0");
	} else {
		host = span_cut(&rest, ':');
	}
	return rest.p != NULL && span_u64(rest, 65535, &port) && parse_numeric(host, out);
}

static bool
is_loopback(const struct in6_addr *a)
{
	return IN6_IS_ADDR_LOOPBACK(a) || (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127);
}

static bool
is_in(const struct in6_addr *a, const struct network *net)
{
	unsigned whole = net->bits / 8, rest = net->bits % 8;
	uint8_t mask = (uint8_t)(0xff00 >> rest);

	return memcmp(a->s6_addr, net->address.s6_addr, whole) == 0 &&
	       (rest == 0 || ((a->s6_addr[whole] ^ net->address.s6_addr[whole]) & mask) == 0);
}

/* ---- proxies ---- */

static bool
parse_network(struct span text, struct network *out)
{
	struct span bits = text, address = span_cut(&bits, '/');
	unsigned long long n;

	if (!parse_numeric(address, &out->address))
		return false;
	bool is_v4 = memchr(address.p, ':', address.n) == NULL;
	out->bits = 128;
	if (bits.p == NULL)
		return true;
	if (!span_u64(bits, is_v4 ? 32 : 128, &n))
		return false;
	out->bits = (unsigned)n + (is_v4 ? 96 : 0);
	return true;
}

struct proxies *
proxies_new(const struct config_list *list)
{
	struct proxies *p = mem_zalloc(sizeof(*p));

	p->v = mem_zalloc(list->n * sizeof(*p->v));
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->v[i], "unix") == 0)
			p->trusts_unix = true;
		else if (parse_network(span_of(list->v[i]), &p->v[p->n]))
			p->n++;
	}
	return p;
}

void
proxies_free(struct proxies *p)
{
	if (p == NULL)
		return;
	free(p->v);
	free(p);
}

static bool
trusts(const struct proxies *p, const struct in6_addr *a)
{
	for (size_t i = 0; i < p->n; i++) {
		if (is_in(a, &p->v[i]))
			return true;
	}
	return false;
}

bool
proxies_trust(const struct proxies *p, struct span peer)
{
	struct in6_addr a;

	if (peer.n == 0)
		return p->trusts_unix;
	return parse(peer, &a) && trusts(p, &a);
}

/* ---- the client ---- */

/* Cuts the last element off a list; list->p is NULL after the first element was cut off. */
static struct span
cut_last(struct span *list)
{
	size_t n = list->n;
	struct span last;

	while (n > 0 && list->p[n - 1] != ',')
		n--;
	last = span_trim((struct span){list->p + n, list->n - n});
	*list = n > 0 ? (struct span){list->p, n - 1} : (struct span){NULL, 0};
	return last;
}

/* Walks the list from its end, the nearest proxy, as long as the addresses are trusted. */
static void
walk(const struct proxies *p, struct span list, struct in6_addr *at, bool *has_address)
{
	struct in6_addr next;

	if (list.n == 0)
		return;
	while (list.p != NULL && parse(cut_last(&list), &next)) {
		*at = next;
		*has_address = true;
		if (!trusts(p, at))
			return;
	}
}

struct span
address_of_client(
    const struct proxies *p, struct span peer, struct span forwarded_for, char out[ADDRESS_SIZE])
{
	struct in6_addr a;
	bool has_address = parse(peer, &a);

	out[0] = '\0';
	if (proxies_trust(p, peer))
		walk(p, forwarded_for, &a, &has_address);
	if (!has_address || is_loopback(&a))
		return (struct span){out, 0};
	if (IN6_IS_ADDR_V4MAPPED(&a)) {
		inet_ntop(AF_INET, a.s6_addr + 12, out, ADDRESS_SIZE);
		return span_of(out);
	}
	memset(a.s6_addr + 8, 0, 8);
	inet_ntop(AF_INET6, &a, out, ADDRESS_SIZE);
	strncat(out, "/64", ADDRESS_SIZE - strlen(out) - 1);
	return span_of(out);
}
