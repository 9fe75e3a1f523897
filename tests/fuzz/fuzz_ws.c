/* SPDX-License-Identifier: ISC */
/* fuzz_ws.c - any bytes as frames in pieces; the first byte says how long, if they are deflated. */
#include "base/mem.h"
#include "proto/deflate.h"
#include "proto/ws.h"
#include <stdlib.h>
int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);
int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct deflate *d = n > 0 && in[0] & 1 ? deflate_new() : NULL;
	char *p = mem_dup(in, n);
	struct ws_message m;
	struct ws_reader r;
	ws_reader_init(&r, 4096, d);
	for (size_t at = 1, end = 1, used; end < n; end += n - end < in[0] ? n - end : in[0] + 1u)
		while (ws_read(&r, p + at, end - at, &used, &m) != WS_MORE || used > 0)
			at += used;
	return ws_reader_clear(&r), deflate_free(d), free(p), 0;
}
