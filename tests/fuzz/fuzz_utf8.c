/* SPDX-License-Identifier: ISC */
/* fuzz_utf8.c - the whole, pieces and code points agree; trimming takes no more than all. */
#include "proto/utf8.h"
#include <stdlib.h>
int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);
int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct span text = {(const char *)in, n}, rest = text;
	size_t half = n ? in[0] % n : 0;
	struct utf8 u = {0};
	uint32_t point;
	bool is_good = utf8_feed(&u, (struct span){text.p, half}) &&
		       utf8_feed(&u, (struct span){text.p + half, n - half}) && utf8_is_whole(&u);
	while (utf8_next(&rest, &point)) {}
	if (is_good != utf8_valid(text) || is_good != (rest.n == 0) || utf8_trim(text).n > n)
		abort();
	return 0;
}
