/* SPDX-License-Identifier: ISC */
/*
 * keys.c - the file of service keys: reading it, and finding a key by its secret.
 * Of a secret only its SHA-256 is kept; the text of the file is wiped after it was read.
 */
#include "identity/keys.h"

#include <stdlib.h>

#include "base/mem.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include "identity/auth.h"

#define KEY_FILE_MAX   65536
#define KEY_SECRET_MIN 24

struct key {
	char name[KEY_NAME_SIZE];
	unsigned scopes;
	uint8_t digest[DIGEST_SHA256_SIZE];
};

struct keys {
	struct key *v;
	size_t n;
};

static const struct {
	const char *name;
	enum scope scope;
} scopes[] = {
    {"publish", SCOPE_PUBLISH},
    {"escrows", SCOPE_ESCROWS},
    {"stats", SCOPE_STATS},
    {"sessions", SCOPE_SESSIONS},
};

static unsigned
scopes_parse(struct span text)
{
	unsigned set = 0;

	while (text.p) {
		struct span word = span_cut(&text, ',');
		unsigned bit = 0;

		for (size_t i = 0; i < sizeof(scopes) / sizeof(*scopes); i++) {
			if (span_is(word, scopes[i].name))
				bit = scopes[i].scope;
		}
		if (bit == 0)
			return 0;
		set |= bit;
	}
	return set;
}

static bool
is_visible(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] <= ' ' || s.p[i] > '~')
			return false;
	}
	return s.n > 0;
}

static struct span
take_word(struct span *rest)
{
	struct span word;
	size_t i = 0;

	*rest = span_trim(*rest);
	while (i < rest->n && rest->p[i] != ' ' && rest->p[i] != '\t')
		i++;
	word = (struct span){rest->p, i};
	*rest = (struct span){rest->p + i, rest->n - i};
	return word;
}

/* Adds the key of one line. NULL, or the reason for a refusal; it never contains the secret. */
static const char *
add_line(struct keys *keys, struct span line)
{
	struct span name = take_word(&line), secret = take_word(&line), list = take_word(&line);
	struct key k;

	if (!is_visible(name) || !is_visible(secret) || list.n == 0 || span_trim(line).n > 0)
		return "three words are accepted: name secret scope,scope";
	if (name.n >= KEY_NAME_SIZE)
		return "a name of at most 64 characters is accepted";
	if (secret.n < KEY_SECRET_MIN)
		return "a secret of at least 24 characters is accepted";
	k.scopes = scopes_parse(list);
	if (k.scopes == 0)
		return "scopes: publish, escrows, stats, sessions are accepted";
	digest_sha256(k.digest, secret);
	for (size_t i = 0; i < keys->n; i++) {
		if (digest_equal(keys->v[i].digest, k.digest, sizeof(k.digest)))
			return "the secret is another key's too";
	}
	memcpy(k.name, name.p, name.n);
	k.name[name.n] = '\0';
	keys->v = mem_realloc(keys->v, keys->n + 1, sizeof(*keys->v));
	keys->v[keys->n++] = k;
	return NULL;
}

const char *
keys_line_refusal(struct span line)
{
	struct keys *keys;
	const char *why;

	if (line.n > 0 && line.p[0] == '#')
		return "a name that does not begin with # is accepted";
	keys = mem_zalloc(sizeof(*keys));
	why = add_line(keys, line);
	keys_free(keys);
	return why;
}

static bool
parse(struct keys *keys, const char *path, struct span text, struct buf *err)
{
	for (int line_no = 1; text.p; line_no++) {
		struct span line = span_cut(&text, '\n');
		const char *why;

		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		line = span_trim(line);
		if (line.n == 0 || line.p[0] == '#')
			continue;
		why = add_line(keys, line);
		if (why) {
			buf_printf(err, "%s:%d: %s", path, line_no, why);
			return false;
		}
	}
	return true;
}

struct keys *
keys_load(const char *path, struct buf *err)
{
	struct buf text = {0};
	struct keys *keys;
	bool is_good;

	if (!secret_read(path, KEY_FILE_MAX, &text, err))
		return NULL;
	keys = mem_zalloc(sizeof(*keys));
	is_good = parse(keys, path, buf_as_span(&text), err);
	secret_clear(&text);
	if (is_good)
		return keys;
	keys_free(keys);
	return NULL;
}

void
keys_free(struct keys *keys)
{
	if (!keys)
		return;
	free(keys->v);
	free(keys);
}

unsigned
keys_scopes(const struct keys *keys, struct span secret, char name[KEY_NAME_SIZE])
{
	static const struct key nobody;
	const struct key *found = &nobody;
	uint8_t digest[DIGEST_SHA256_SIZE];

	digest_sha256(digest, secret);
	for (size_t i = 0; keys && i < keys->n; i++) {
		if (digest_equal(keys->v[i].digest, digest, sizeof(digest)))
			found = &keys->v[i];
	}
	if (name)
		memcpy(name, found->name, KEY_NAME_SIZE);
	return found->scopes;
}
