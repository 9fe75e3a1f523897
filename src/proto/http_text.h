/* SPDX-License-Identifier: ISC */
/*
 * http_text.h - the characters of HTTP/1.1, for http.c and http_chunked.c.
 */
#ifndef PROTO_HTTP_TEXT_H
#define PROTO_HTTP_TEXT_H

#include <stdbool.h>
#include <stdint.h>

/* True for a character of a token (RFC 9110, section 5.6.2). */
static inline bool
http_is_tchar(char c)
{
	static const bool is_tchar[256] = {
	    ['0' ... '9'] = true,
	    ['A' ... 'Z'] = true,
	    ['a' ... 'z'] = true,
	    ['!'] = true,
	    ['#' ... '\''] = true,
	    ['*'] = true,
	    ['+'] = true,
	    ['-'] = true,
	    ['.'] = true,
	    ['^' ... '`'] = true,
	    ['|'] = true,
	    ['~'] = true,
	};

	return is_tchar[(uint8_t)c];
}

/* True for a character of a field value: HTAB, SP, VCHAR, obs-text (RFC 9110, section 5.5). */
static inline bool
http_is_text(char c)
{
	return c == '\t' || ((uint8_t)c >= ' ' && c != 0x7f);
}

#endif
