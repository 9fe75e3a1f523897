/* SPDX-License-Identifier: ISC */
/* fuzz_challenge.c - any bytes as the rest of a challenge's text: none is taken. */
#include "identity/challenge.h"
#include <stdlib.h>
int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);
int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct wallet w;
	struct challenge c = {&w, SPAN("https://a.example"), 1, SPAN("key"), SPAN("log")};
	char nonce[CHALLENGE_NONCE_SIZE];
	struct buf text = {0};
	int64_t expires;
	wallet_read(&w, SPAN("0x2c7536E3605D9C16a7a3D7b1898e529396a65c23"));
	challenge_make(&c, 1764000000000, &text);
	text.len = n > 0 && in[0] < text.len ? in[0] : 0;
	buf_add(&text, in, n);
	if (challenge_check(&c, buf_as_span(&text), 1764000000001, nonce, &expires))
		abort();
	return buf_clear(&text), 0;
}
