/* SPDX-License-Identifier: ISC */
/*
 * test_address.c - what identity/address.h promises.
 */
#include "identity/address.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static struct proxies *
trust(const char *a, const char *b, const char *c)
{
	const char *all[] = {a, b, c};
	struct config_list list = {.v = (char **)all};

	while (list.n < COUNT(all) && all[list.n] != NULL)
		list.n++;
	return proxies_new(&list);
}

struct sight {
	const char *peer, *forwarded_for, *address;
};

static void
lookup(struct proxies *p, const struct sight *sights, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char out[ADDRESS_SIZE];
		size_t len = strlen(sights[i].forwarded_for);
		char *exact = malloc(len ? len : 1);
		struct span got;

		memcpy(exact, sights[i].forwarded_for, len);
		got = address_of_client(p, span_of(sights[i].peer), (struct span){exact, len}, out);
		if (!span_is(got, sights[i].address))
			fail_msg("%s, %s: %.*s", sights[i].peer, sights[i].forwarded_for,
			    (int)got.n, got.p);
		free(exact);
	}
	proxies_free(p);
}

static void
a_peer_that_is_not_trusted_is_the_client(void **state)
{
	static const struct sight sights[] = {
	    {"192.0.2.1", "", "192.0.2.1"},
	    {"192.0.2.1", "198.51.100.7", "192.0.2.1"},
	    {"::ffff:192.0.2.1", "", "192.0.2.1"},
	    {"127.0.0.1", "198.51.100.7", ""},
	    {"127.8.9.1", "", ""},
	    {"::1", "198.51.100.7", ""},
	    {"::ffff:127.0.0.1", "", ""},
	    {"", "198.51.100.7", ""},
	    {"nonsense", "198.51.100.7", ""},
	};

	lookup(trust(NULL, NULL, NULL), sights, COUNT(sights));
}

static void
of_a_trusted_peer_the_rightmost_that_is_not_trusted_counts(void **state)
{
	static const struct sight sights[] = {
	    {"10.1.2.3", "198.51.100.7", "198.51.100.7"},
	    {"10.1.2.3", "203.0.113.9, 198.51.100.7", "198.51.100.7"},
	    {"10.1.2.3", "203.0.113.9,198.51.100.7 ,\t10.9.9.9, 127.0.0.1", "198.51.100.7"},
	    {"127.0.0.1", "198.51.100.7", "198.51.100.7"},
	    {"", "198.51.100.7", "198.51.100.7"},
	    {"10.1.2.3", "", "10.1.2.3"},
	    {"10.1.2.3", "10.4.5.6, 10.7.8.9", "10.4.5.6"},
	    {"11.1.2.3", "198.51.100.7", "11.1.2.3"},
	    {"10.1.2.3", "198.51.100.7:4711", "198.51.100.7"},
	    {"10.1.2.3", "[2001:db8::1]:4711", "2001:db8::/64"},
	    {"10.1.2.3", "[2001:db8::1]", "2001:db8::/64"},
	    {"10.1.2.3", "127.0.0.1", ""},
	    /* A value that is no address hides the values before it. */
	    {"10.1.2.3", "203.0.113.9, unknown", "10.1.2.3"},
	    {"10.1.2.3", "203.0.113.9, nonsense, 10.4.5.6", "10.4.5.6"},
	    {"10.1.2.3", "203.0.113.9,", "10.1.2.3"},
	    {"10.1.2.3", ",", "10.1.2.3"},
	    {"10.1.2.3", "198.51.100.7:port", "10.1.2.3"},
	    {"10.1.2.3", "[198.51.100.7", "10.1.2.3"},
	    {"10.1.2.3", "[2001:db8::1]x", "10.1.2.3"},
	};

	lookup(trust("10.0.0.0/8", "127.0.0.1", "unix"), sights, COUNT(sights));
}

static void
ipv6_counts_by_its_64(void **state)
{
	static const struct sight sights[] = {
	    {"2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"},
	    {"2001:db8:1:2::1", "", "2001:db8:1:2::/64"},
	    {"2001:db8:1:3::1", "", "2001:db8:1:3::/64"},
	    {"2001:db8:ffff::5", "2001:db8:1:2::1, 2001:db8:ffff:ffff::1", "2001:db8:1:2::/64"},
	    {"fe80::1", "", "fe80::/64"},
	};

	lookup(trust("2001:db8:ffff::/48", NULL, NULL), sights, COUNT(sights));
}

static void
a_network_is_trusted_to_the_bit(void **state)
{
	static const struct {
		const char *network, *in, *out;
	} cases[] = {
	    {"192.0.2.128/25", "192.0.2.128", "192.0.2.127"},
	    {"192.0.2.4/30", "192.0.2.7", "192.0.2.8"},
	    {"192.0.2.4", "192.0.2.4", "192.0.2.5"},
	    {"192.0.2.4/32", "::ffff:192.0.2.4", "192.0.2.5"},
	    {"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"},
	    {"2001:db8::7/127", "2001:db8::6", "2001:db8::8"},
	    {"0.0.0.0/0", "203.0.113.1", "2001:db8::1"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct proxies *p = trust(cases[i].network, NULL, NULL);

		assert_true(proxies_trust(p, span_of(cases[i].in)));
		assert_false(proxies_trust(p, span_of(cases[i].out)));
		assert_false(proxies_trust(p, SPAN("")));
		proxies_free(p);
	}
	proxies_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_peer_that_is_not_trusted_is_the_client),
	    cmocka_unit_test(of_a_trusted_peer_the_rightmost_that_is_not_trusted_counts),
	    cmocka_unit_test(ipv6_counts_by_its_64),
	    cmocka_unit_test(a_network_is_trusted_to_the_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
