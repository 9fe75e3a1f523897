/* SPDX-License-Identifier: ISC */
/*
 * secret_file.c - reads a key or a token from a file.
 */
#include "ctl/secret_file.h"

#include <string.h>

#include "crypto/secret.h"
#include "ctl/options.h"

#define SECRETS_MAX 65536 /* bytes of a file */

/* Reads the file into an empty buffer. Returns EXIT_GOOD; else a line on stderr says why. */
static int
read_secret_file(const char *path, struct buf *out)
{
	struct buf err = {0};

	return secret_read(path, SECRETS_MAX, out, &err) ? EXIT_GOOD : fail_with(&err, EXIT_WRONG);
}

static struct span
take_word(struct span *rest)
{
	struct span word = span_trim(*rest);
	size_t n = 0;

	while (n < word.n && word.p[n] != ' ' && word.p[n] != '\t')
		n++;
	*rest = (struct span){word.p + n, word.n - n};
	return (struct span){word.p, n};
}

int
secret_file_key(const char *path, const char *name, struct buf *out)
{
	struct buf text = {0};
	int status = read_secret_file(path, &text);
	struct span rest = buf_as_span(&text);
	size_t before = out->len;

	while (status == EXIT_GOOD && rest.p && out->len == before) {
		struct span line = span_cut(&rest, '\n'), first;

		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		first = take_word(&line);
		if (first.n > 0 && first.p[0] != '#' && (!name || span_is(first, name)))
			buf_span(out, take_word(&line));
	}
	secret_clear(&text);
	if (status == EXIT_GOOD && out->len == before)
		return fail("%s: %s%s", path, name ? "no key is called " : "no line of it is a key",
		    name ? name : "");
	return status;
}

int
secret_file_token(const char *path, struct buf *out)
{
	struct buf text = {0};
	int status = read_secret_file(path, &text);
	struct span token = buf_as_span(&text);

	while (token.n > 0 && strchr(" \t\r\n", token.p[token.n - 1]))
		token.n--;
	if (status == EXIT_GOOD && (token.n == 0 || memchr(token.p, '\n', token.n)))
		status = fail("%s: one line with a token is accepted", path);
	if (status == EXIT_GOOD)
		buf_span(out, token);
	secret_clear(&text);
	return status;
}
