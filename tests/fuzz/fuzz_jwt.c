/* SPDX-License-Identifier: ISC */
/* fuzz_jwt.c - any bytes as a token, and as the claims of one that is well signed. */
#include <stdlib.h>
#define assert_true(claim)     ((claim) ? (void)0 : abort())
#define assert_int_equal(a, b) assert_true((a) == (b))
#include "identity/jwt.h"
#include "unit/jose.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	static struct jwt *jwt;
	static char *path;
	char *claims = strndup((const char *)in, n), *token;
	struct jwt_claims out;
	if (jwt == NULL)
		jwt = jwt_load(path = jose_key_file("{\"keys\":[" JOSE_JWK_OCT "]}"),
		    &(struct jwt_rules){"any", "any", "sub"}, &(struct buf){0});
	unlink(path);
	jwt_verify(jwt, (struct span){(const char *)in, n}, 0, &out);
	jwt_verify(jwt, span_of(token = jose_token("{\"alg\":\"HS256\"}", claims, false)), 0, &out);
	free(claims);
	free(token);
	return 0;
}
