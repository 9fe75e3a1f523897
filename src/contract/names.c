/* SPDX-License-Identifier: ISC */
/*
 * names.c - checks wallets, escrowIds, event names and ids, and brings them into their normal form.
 * The public view of the log (sql/schema) checks the same in SQL: change both together.
 */
#include "contract/names.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/json_slice.h"
#include "contract/events.h"
#include "proto/utf8.h"
#include "store/tables/eventlog.h"

#define WALLET_EVM_BYTES     42
#define EVENT_NAME_MAX_BYTES 64
#define ESCROW_NUMBER_MAX    (INT64_C(1) << 53)

static bool
is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* 1 to max characters: letters, digits and the others. */
static bool
is_made_of(struct span s, const char *others, size_t max)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!is_alpha(s.p[i]) && !is_digit(s.p[i]) &&
		    (s.p[i] == '\0' || !strchr(others, s.p[i])))
			return false;
	}
	return s.n >= 1 && s.n <= max;
}

static bool
is_evm(struct span s)
{
	if (s.n != WALLET_EVM_BYTES || s.p[0] != '0' || s.p[1] != 'x')
		return false;
	for (size_t i = 2; i < s.n; i++) {
		char c = s.p[i];

		if (!is_digit(c) && !(c >= 'a' && c <= 'f') && !(c >= 'A' && c <= 'F'))
			return false;
	}
	return true;
}

/* These characters are enough for opaque names, EVM addresses and Solana addresses. */
static bool
is_wallet(struct span s)
{
	return is_made_of(s, "._~@:|+=-", NAME_MAX_BYTES);
}

bool
name_wallet(struct span text, struct user *out)
{
	if (!is_wallet(text))
		return false;
	memcpy(out->name, text.p, text.n);
	out->name[text.n] = '\0';
	out->proof = (struct proof){0};
	memcpy(out->key, out->name, text.n + 1);
	if (!is_evm(text))
		return true;
	for (char *c = out->key; *c; c++) {
		if (*c >= 'A' && *c <= 'F')
			*c += 'a' - 'A';
	}
	return true;
}

bool
name_is_same_wallet(struct span a, struct span b)
{
	struct user x, y;

	if (name_wallet(a, &x) && name_wallet(b, &y))
		return strcmp(x.key, y.key) == 0;
	return span_eq(a, b);
}

static bool
is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f);
}

/* Line and paragraph separator, and the bidi controls. */
static bool
is_trick(uint32_t c)
{
	return c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

bool
name_escrow(struct span text)
{
	struct span rest = text;
	uint32_t c;

	if (text.n < 1 || text.n > NAME_MAX_BYTES || span_is(text, ".") || span_is(text, ".."))
		return false;
	for (;;) {
		while (rest.n > 0 && rest.p[0] >= ' ' && rest.p[0] <= '~' && rest.p[0] != '/')
			rest = (struct span){rest.p + 1, rest.n - 1}; /* most are ASCII */
		if (rest.n == 0)
			return true;
		if (!utf8_next(&rest, &c) || c == '/' || is_control(c) || is_trick(c))
			return false;
	}
}

bool
name_title(struct span text)
{
	struct span rest = text;
	uint32_t c;
	int points = 0;

	while (points <= TITLE_MAX && utf8_next(&rest, &c)) {
		if (is_control(c))
			return false;
		points++;
	}
	return rest.n == 0 && points >= 1 && points <= TITLE_MAX;
}

static bool
escrow_of_number(int64_t n, char out[STORE_NAME_SIZE])
{
	if (n < 0 || n >= ESCROW_NUMBER_MAX)
		return false;
	snprintf(out, STORE_NAME_SIZE, "%" PRId64, n);
	return true;
}

static bool
escrow_of_text(struct span text, char out[STORE_NAME_SIZE])
{
	if (!name_escrow(text))
		return false;
	memcpy(out, text.p, text.n);
	out[text.n] = '\0';
	return true;
}

bool
name_escrow_json(const struct json *value, char out[STORE_NAME_SIZE])
{
	struct span text;
	int64_t n;

	if (json_int(value, &n))
		return escrow_of_number(n, out);
	return json_string(value, &text) && escrow_of_text(text, out);
}

bool
name_escrow_slice(struct span value, char out[STORE_NAME_SIZE])
{
	struct buf decoded = {0};
	struct span text;
	int64_t n;
	bool is_name;

	if (json_slice_int(value, &n))
		return escrow_of_number(n, out);
	is_name = json_slice_string(value, &decoded, &text) && escrow_of_text(text, out);
	buf_clear(&decoded);
	return is_name;
}

bool
name_event(struct span s)
{
	return is_made_of(s, "_.:-", EVENT_NAME_MAX_BYTES) && is_alpha(s.p[0]);
}

bool
name_event_publishable(struct span s)
{
	for (size_t i = 0; i < n_reserved_events; i++) {
		if (span_is(s, reserved_events[i]))
			return false;
	}
	return name_event(s);
}

bool
name_client_id(struct span s)
{
	return is_made_of(s, "_-", 64);
}

/* Only another program that writes to the database can make a name that is too long. It is cut: no
 * valid topic has that name either way. */
static struct span
topic_write(char out[TOPIC_SIZE], struct span prefix, struct span name)
{
	if (name.n > NAME_MAX_BYTES)
		name.n = NAME_MAX_BYTES;
	memcpy(out, prefix.p, prefix.n);
	memcpy(out + prefix.n, name.p, name.n);
	out[prefix.n + name.n] = '\0';
	return (struct span){out, prefix.n + name.n};
}

struct span
topic_of_escrow(char out[TOPIC_SIZE], struct span escrow_id)
{
	return topic_write(out, SPAN(TOPIC_ROOM_PREFIX), escrow_id);
}

struct span
topic_of_user(char out[TOPIC_SIZE], struct span wallet_key)
{
	return topic_write(out, SPAN("user:"), wallet_key);
}

struct span
topic_of_members(char out[TOPIC_SIZE], struct span escrow_id)
{
	return topic_write(out, SPAN("members:"), escrow_id);
}

static bool
is_hash(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!is_digit(s.p[i]) && !(s.p[i] >= 'a' && s.p[i] <= 'f'))
			return false;
	}
	return s.n == TOKEN_HASH_SIZE - 1;
}

enum topic_kind
topic_parse(struct span topic, struct span *name)
{
	static const struct {
		struct span prefix;
		bool (*is_name)(struct span);
		enum topic_kind kind;
	} kinds[] = {
	    {{TOPIC_ROOM_PREFIX, sizeof(TOPIC_ROOM_PREFIX) - 1}, name_escrow, TOPIC_ESCROW},
	    {{"user:", 5}, is_wallet, TOPIC_USER},
	    {{"members:", 8}, name_escrow, TOPIC_MEMBERS},
	    {{"membership:", 11}, name_escrow, TOPIC_MEMBERSHIP},
	    {{"session:", 8}, is_hash, TOPIC_SESSION},
	    {{"sessions:", 9}, is_wallet, TOPIC_SESSIONS},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		size_t n = kinds[i].prefix.n;

		if (topic.n < n || memcmp(topic.p, kinds[i].prefix.p, n) != 0)
			continue;
		*name = (struct span){topic.p + n, topic.n - n};
		return kinds[i].is_name(*name) ? kinds[i].kind : TOPIC_WRONG;
	}
	return TOPIC_WRONG;
}

bool
topic_normal(char out[TOPIC_SIZE], struct span text, struct span *topic)
{
	struct span name;
	struct user user;
	enum topic_kind kind = topic_parse(text, &name);

	if (kind == TOPIC_ESCROW)
		*topic = topic_of_escrow(out, name);
	else if (kind == TOPIC_USER && name_wallet(name, &user))
		*topic = topic_of_user(out, span_of(user.key));
	else
		return false;
	return true;
}
