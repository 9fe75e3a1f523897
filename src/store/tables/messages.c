/* SPDX-License-Identifier: ISC */
/*
 * messages.c - statements on messages, and the id that clients see of them.
 */
#include "store/tables/messages.h"

#include "store/db.h"

#define DIGIT_BITS   5
#define ID_DIGITS    13 /* at most; a leading zero is refused, so each id has one spelling */
#define NONCE_DIGITS 13 /* always */

#define FIRST_BACK_MS 1000 /* the first step back from the newest message; each next is doubled */

static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz"; /* Crockford's base32 */

/* ---- the id ---- */

const char *
message_id_format(char out[MESSAGE_ID_SIZE], int64_t id, uint64_t nonce)
{
	char *p = out;
	int shift = (ID_DIGITS - 1) * DIGIT_BITS;

	while (shift > 0 && (uint64_t)id >> shift == 0)
		shift -= DIGIT_BITS;
	for (; shift >= 0; shift -= DIGIT_BITS)
		*p++ = digits[(uint64_t)id >> shift & 31];
	*p++ = '-';
	for (shift = (NONCE_DIGITS - 1) * DIGIT_BITS; shift >= 0; shift -= DIGIT_BITS)
		*p++ = digits[nonce >> shift & 31];
	*p = '\0';
	return out;
}

static bool
number_parse(struct span text, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	for (size_t i = 0; i < text.n; i++) {
		const char *digit = memchr(digits, text.p[i], sizeof(digits) - 1);

		if (digit == NULL || value > max >> DIGIT_BITS)
			return false;
		value = value << DIGIT_BITS | (uint64_t)(digit - digits);
	}
	*out = value;
	return value <= max;
}

bool
message_id_parse(struct span text, int64_t *id, uint64_t *nonce)
{
	struct span rest = text, first = span_cut(&rest, '-');
	uint64_t value;

	if (rest.p == NULL || rest.n != NONCE_DIGITS || first.n < 1 || first.n > ID_DIGITS ||
	    first.p[0] == '0')
		return false;
	if (!number_parse(first, INT64_MAX, &value) || !number_parse(rest, UINT64_MAX, nonce))
		return false;
	*id = (int64_t)value;
	return true;
}

/* ---- statements ---- */

/* The last characters of a wallet's key as a small number. The statement unread computes the same;
 * 001-first.sql explains it. */
static int64_t
wallet_tag(struct span wallet)
{
	int64_t tag = 0;

	for (size_t i = 1; i <= 3; i++)
		tag = tag << 7 | wallet.p[i < wallet.n ? wallet.n - i : 0];
	return tag;
}

int64_t
message_last_at(struct store *st, int64_t escrow)
{
	struct query *q = use(st, SQL_MESSAGE_LAST_AT);

	bind_int(q, ":escrow", escrow);
	return single_int(q, 0);
}

/* messages.at of a room's newest message, remembered if the connection remembers; else in *own. The
 * caller sets it when it adds a message. */
static int64_t *
last_at(struct store *st, int64_t escrow, int64_t *own)
{
	char key[1 + sizeof(escrow)] = "l";
	int64_t *at;

	memcpy(key + 1, &escrow, sizeof(escrow));
	at = memo_find(st, (struct span){key, sizeof(key)}, sizeof(*at));
	if (at == NULL)
		at = own;
	if (*at == 0)
		*at = message_last_at(st, escrow);
	return at;
}

void
message_insert(struct store *st, struct message *m)
{
	int64_t own = 0, *last = last_at(st, m->escrow, &own);
	bool is_same = span_eq(m->sender, m->sender_name);
	struct query *q;

	/* The messages of a room are ordered by at: it must grow, even if the clock goes back. */
	if (m->at <= *last)
		m->at = *last + 1;
	*last = m->at;
	m->id = position_take(st);
	q = use(st, SQL_MESSAGE_INSERT);
	bind_int(q, ":id", m->id);
	bind_int(q, ":nonce", (int64_t)m->nonce);
	bind_int(q, ":escrow", m->escrow);
	bind_int(q, ":at", m->at);
	bind_text(q, ":sender", m->sender);
	bind_int(q, ":tag", wallet_tag(m->sender));
	bind_text_or_null(q, ":sender_name", is_same ? SPAN("") : m->sender_name);
	bind_text_or_null(q, ":sender_role", span_of(role_name(m->sender_role)));
	bind_text_or_null(q, ":client_msg_id", m->client_msg_id);
	bind_text(q, ":content", m->content);
	if (!run(q)) {
		m->id = 0;
		return;
	}
	st->is_head_ahead = true;
	if (st->first_message == 0)
		st->first_message = m->id;
	st->last_message = m->id;
	if (m->nonce % TALLY_EVERY == 0)
		message_tally(st, m->escrow, m->at);
}

static bool
last_upto(struct store *st, int64_t escrow, int64_t at, int64_t *id, int64_t *its_at)
{
	struct query *q = use(st, SQL_MESSAGE_UPTO);

	bind_int(q, ":escrow", escrow);
	bind_int(q, ":at", at);
	if (!step(q))
		return false;
	*id = column_int(q, 0);
	*its_at = column_int(q, 1);
	done(q);
	return true;
}

/* There is no index by position, because it would cost a write for each message. But the positions
 * of a room grow with at, so this searches over at: first in growing steps back from the newest
 * message, because most readers were not away for long; then it halves the range. */
int64_t
message_at_of_position(struct store *st, int64_t escrow, int64_t position)
{
	int64_t id, at, too_new, back = FIRST_BACK_MS;
	/* known: each message up to this time is at or before position. newest: the time of the
	 * last such message, or -1. */
	int64_t known = -1, newest = -1;

	if (!last_upto(st, escrow, INT64_MAX, &id, &at))
		return -1;
	if (id <= position)
		return at;
	for (too_new = at; known < too_new - 1 && st->err == STORE_OK;) {
		bool is_stepping = known < 0 && back < too_new;
		int64_t middle = is_stepping ? too_new - back : known + (too_new - known) / 2;

		if (is_stepping)
			back *= 2;
		if (!last_upto(st, escrow, middle, &id, &at)) {
			known = middle;
		} else if (id > position) {
			too_new = at;
		} else {
			known = middle;
			newest = at;
		}
	}
	return newest;
}

/* Columns: id, nonce, escrow, at, sender, sender_name, sender_role, client_msg_id, content,
 * read. */
static void
read_message(const struct query *q, struct message *m)
{
	m->id = column_int(q, 0);
	m->nonce = (uint64_t)column_int(q, 1);
	m->escrow = column_int(q, 2);
	m->at = column_int(q, 3);
	m->sender = column_text(q, 4);
	m->sender_name = column_text(q, 5);
	if (m->sender_name.n == 0)
		m->sender_name = m->sender;
	if (!role_parse(column_text(q, 6), &m->sender_role))
		m->sender_role = ROLE_NONE;
	m->client_msg_id = column_text(q, 7);
	m->content = column_text(q, 8);
	m->read = column_int(q, 9) != 0;
}

/* Gives rows to the callback until it returns false. Returns how many. */
static int
give(struct query *q, message_each *each, void *arg)
{
	struct message m;
	int n = 0;

	while (step(q)) {
		read_message(q, &m);
		n++;
		if (!each(&m, arg))
			break;
	}
	done(q);
	return n;
}

bool
message_find(
    struct store *st, int64_t escrow, int64_t id, uint64_t nonce, message_each *each, void *arg)
{
	struct query *q = use(st, SQL_MESSAGE_FIND);

	bind_int(q, ":id", id);
	bind_int(q, ":nonce", (int64_t)nonce);
	bind_int(q, ":escrow", escrow);
	return give(q, each, arg) > 0;
}

bool
message_find_by_client_id(struct store *st, int64_t escrow, struct span sender,
    struct span client_msg_id, message_each *each, void *arg)
{
	struct query *q = use(st, SQL_MESSAGE_FIND_BY_CLIENT_ID);

	bind_int(q, ":escrow", escrow);
	bind_text(q, ":sender", sender);
	bind_text(q, ":client_msg_id", client_msg_id);
	return give(q, each, arg) > 0;
}

bool
message_place(struct store *st, int64_t id, uint64_t nonce, struct message_place *out)
{
	struct query *q = use(st, SQL_MESSAGE_PLACE);

	bind_int(q, ":id", id);
	bind_int(q, ":nonce", (int64_t)nonce);
	if (!step(q))
		return false;
	out->escrow = column_int(q, 0);
	out->at = column_int(q, 1);
	column_copy(q, 2, out->escrow_id, sizeof(out->escrow_id));
	column_copy(q, 3, out->sender, sizeof(out->sender));
	done(q);
	return true;
}

void
messages_before(
    struct store *st, int64_t escrow, int64_t before, int limit, message_each *each, void *arg)
{
	struct query *q = use(st, SQL_MESSAGES_BEFORE);

	bind_int(q, ":escrow", escrow);
	bind_int(q, ":before", before);
	bind_int(q, ":limit", limit);
	give(q, each, arg);
}

void
messages_after(
    struct store *st, int64_t escrow, int64_t after, int limit, message_each *each, void *arg)
{
	struct query *q = use(st, SQL_MESSAGES_AFTER);

	bind_int(q, ":escrow", escrow);
	bind_int(q, ":after", after);
	bind_int(q, ":limit", limit);
	give(q, each, arg);
}
