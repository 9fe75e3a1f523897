/* SPDX-License-Identifier: ISC */
/* fuzz_http.c - any bytes as a request head and, behind it, as a chunked body. */
#include "proto/http.h"
int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);
int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct span rest = {(const char *)in, n}, data;
	char accept[HTTP_WS_ACCEPT_SIZE];
	struct http_chunked c = {0};
	struct http_request r;
	ssize_t used = http_parse(&r, rest.p, rest.n);
	if (used > 0)
		http_ws_handshake(&r, accept);
	for (; used > 0; used = http_chunked_read(&c, rest.p, rest.n, &data))
		rest = (struct span){rest.p + used, rest.n - (size_t)used};
	return 0;
}
