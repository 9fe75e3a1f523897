/* SPDX-License-Identifier: ISC */
/*
 * key.c - a line for the file of service keys, with a new secret.
 */
#include <stdio.h>
#include <string.h>

#include "base/ids.h"
#include "base/span.h"
#include "ctl/commands.h"
#include "identity/keys.h"

#define SECRET_CHARS 52 /* of 5 random bits each */

int
key(const struct options *o)
{
	char secret[SECRET_CHARS + 1];
	struct buf line = {0};
	const char *why;

	ids_token(secret, SECRET_CHARS);
	buf_printf(&line, "%s %s %s", o->args[0], secret, o->args[1]);
	why = keys_line_refusal(buf_as_span(&line));
	if (why == NULL)
		puts(buf_cstr(&line));
	explicit_bzero(secret, sizeof(secret));
	explicit_bzero(line.p, line.len);
	buf_clear(&line);
	return why ? fail_usage("key: %s", why) : EXIT_GOOD;
}
