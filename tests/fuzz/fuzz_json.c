/* SPDX-License-Identifier: ISC */
/*
 * fuzz_json.c - what the check accepts is parsed, and what is written anew is accepted and stays the same.
 */
#include "base/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf once = {0}, twice = {0};
	const char *why;
	struct json *value = json_parse((struct span){(const char *)data, size}, &why), *again;

	if (why == NULL) {
		json_write(&once, value);
		again = json_parse(buf_as_span(&once), &why);
		json_write(&twice, again);
		if (why != NULL || !span_eq(buf_as_span(&once), buf_as_span(&twice)))
			abort();
		json_free(again);
	}
	json_free(value);
	buf_clear(&once);
	buf_clear(&twice);
	return 0;
}
