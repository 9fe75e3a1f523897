/* SPDX-License-Identifier: ISC */
/* fuzz_eio.c - any bytes as a query and as a payload. */
#include "proto/eio.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct eio_payload payload = {{(const char *)in, n}};
	struct buf scratch = {0};
	struct eio_query query;
	struct eio_packet p;
	eio_query_parse(&query, payload.rest);
	while (eio_payload_next(&payload, &p) == 1)
		eio_binary(&p, &scratch, &p.data);
	buf_clear(&scratch);
	return 0;
}
