/* SPDX-License-Identifier: ISC */
/* fuzz_client.c - any bytes as a peer and as X-Forwarded-For, behind proxies that are trusted. */
#include <stdlib.h>
#include "identity/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	static struct proxies *proxies;
	char *list[] = {(char[]){"10.0.0.0/8"}, (char[]){"2001:db8::/33"}, (char[]){"unix"}};
	char out[ADDRESS_SIZE];
	struct span rest = {(const char *)in, n}, peer = span_cut(&rest, '\n');
	if (!proxies)
		proxies = proxies_new(&(struct config_list){list, 3});
	if (address_of_client(proxies, peer, rest.p ? rest : peer, out).n >= ADDRESS_SIZE)
		abort();
	address_of_client(proxies, SPAN("10.1.1.1"), peer, out);
	return 0;
}
