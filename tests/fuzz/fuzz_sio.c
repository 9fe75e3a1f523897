/* SPDX-License-Identifier: ISC */
/* fuzz_sio.c - any bytes as the text of a packet and as its attachments. */
#include "proto/sio.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct span text = {(const char *)in, n};
	struct sio_assembly a = {0};
	struct sio_packet packet;
	if (sio_decode(&packet, text, NULL))
		sio_check(&packet, NULL);
	if (sio_assembly_begin(&a, text, 2 * n, NULL))
		while (sio_assembly_add(&a, text, NULL)) {}
	sio_assembly_clear(&a);
	return 0;
}
