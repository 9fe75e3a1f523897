/* SPDX-License-Identifier: ISC */
/* fuzz_auth.c - any bytes as what a request carries of a token. */
#include "identity/auth.h"
int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);
int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	static struct auth *auth;
	struct span rest = {(const char *)in, n}, a = span_cut(&rest, '\n'), b = a, c = a;
	struct buf out = {0};
	if (rest.p)
		b = span_cut(&rest, '\n');
	if (rest.p)
		c = rest;
	if (!auth)
		auth = auth_new(&(struct config){.auth = AUTH_WALLET}, &out);
	auth_cookie(auth,
	    auth_token(
		auth, &(struct auth_request){.authorization = a, .protocols = b, .cookie = c}),
	    1, &out);
	return buf_clear(&out), 0;
}
