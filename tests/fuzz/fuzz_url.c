/* SPDX-License-Identifier: ISC */
/* fuzz_url.c - any bytes as a path, a query, a host, an origin. */
#include "proto/url.h"
int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);
int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct span text = {(const char *)in, n}, rest = text, name, value;
	struct url_origin origin;
	struct buf out = {0};
	url_path_is_canonical(text);
	url_host_is_loopback(text);
	if (url_origin_parse(&origin, text))
		url_origin_equal(&origin, &origin);
	while (url_query_next(&rest, &name, &value))
		url_decode_form(&out, value.p ? value : name);
	buf_clear(&out);
	return 0;
}
