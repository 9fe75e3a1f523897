/* SPDX-License-Identifier: ISC */
/*
 * fuzz_json.c - a text that the check accepts is parsed; written anew, it is accepted and stays the
 * same; the reader in place reads the same values.
 */
#include "base/json_slice.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
compare(struct span slice, const struct json *value)
{
	struct buf decoded = {0};
	struct span in_place, parsed;
	bool is_string = json_string(value, &parsed);

	if (json_slice_type(slice) != json_type(value) ||
	    json_slice_string(slice, &decoded, &in_place) != is_string ||
	    (is_string && !span_eq(in_place, parsed)))
		abort();
	buf_clear(&decoded);
	if (slice.n > 0)
		compare(json_slice_member(slice, "a"), json_get(value, "a"));
	for (size_t i = 0; i < json_length(value) && i < 4; i++)
		compare(json_slice_at(slice, i), json_at(value, i));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf once = {0}, twice = {0};
	const char *why;
	struct json *value = json_parse((struct span){(const char *)data, size}, &why), *again;

	if (why == NULL) {
		compare(json_slice((struct span){(const char *)data, size}), value);
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
