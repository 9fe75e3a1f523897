/* SPDX-License-Identifier: ISC */
/*
 * fuzz_json.c - a text that the check accepts is parsed; written anew or copied, it is accepted and
 * stays the same; the reader in place reads the same values. A text that the check refuses is
 * scanned for members.
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

static void
copy(struct span text)
{
	struct buf once = {0}, twice = {0};

	json_copy(&once, text);
	if (!json_check(buf_as_span(&once), NULL))
		abort();
	json_copy(&twice, buf_as_span(&once));
	if (!span_eq(buf_as_span(&once), buf_as_span(&twice)))
		abort();
	buf_clear(&once);
	buf_clear(&twice);
}

static void
scan(struct span text)
{
	static const char *const names[] = {"a", "ack"};
	struct span values[2];

	json_scan_members(text, names, values, 2);
	for (size_t i = 0; i < 2; i++) {
		if (values[i].n > 0 && !json_check(values[i], NULL))
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size};
	struct buf once = {0}, twice = {0};
	const char *why;
	struct json *value = json_parse(text, &why), *again;

	if (why != NULL) {
		scan(text);
	} else {
		compare(json_slice(text), value);
		copy(json_slice(text));
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
