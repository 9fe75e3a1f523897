/* SPDX-License-Identifier: ISC */
/*
 * bench-fill.c - a database with many messages, for scale.sh: bench-fill DATABASE MESSAGES.
 * Each room has 1,000 messages, but one has a tenth of all. The frequency of words is that of a
 * language (Zipf). alice is in that room and 49 others, and has read all but the end; bob is in the
 * same rooms and has never read anything.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/db.h"
#include "store/tables/messages.h"
#include "store/tables/search.h"

#define WORDS     50000
#define ROOM_SIZE 1000
#define OF_USERS  50     /* rooms of alice and bob */
#define AT_ONCE   500000 /* messages of one transaction */
#define FIRST_AT  INT64_C(1700000000000)

static uint64_t state = 88172645463325252u;
static char words[WORDS][24];

/* Always the same numbers: xorshift. */
static uint64_t
next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void
make_words(void)
{
	static const char *const begins[] = {
	    "b", "c", "d", "f", "g", "l", "m", "n", "p", "r", "s", "t", "v", "st", "tr", "pr"};
	static const char *const ends[] = {"a", "e", "i", "o", "u", "ea", "an", "er"};

	for (int i = 0; i < WORDS; i++) {
		int syllables = 1 + (i > 60) + (i > 2000) + (int)(next() % 2);

		for (int k = 0; k < syllables; k++) {
			strcat(words[i], begins[next() % 16]);
			strcat(words[i], ends[next() % 8]);
		}
	}
}

/* 4 to 16 words; the word of rank r comes with a frequency of about 1/r. */
static size_t
make_text(char *out)
{
	char *p = out;

	for (uint64_t left = 4 + next() % 13; left > 0; left--) {
		double share = (double)(next() >> 11) / 9007199254740992.0;
		int rank = (int)exp(share * log(WORDS));

		p = stpcpy(p, words[rank < WORDS ? rank : WORDS - 1]);
		*p++ = ' ';
	}
	return (size_t)(p - out - 1);
}

static void
must(struct store *st, int rc, int wanted, const char *what)
{
	if (rc == wanted)
		return;
	fprintf(stderr, "%s: %s\n", what, sqlite3_errmsg(st->db));
	exit(1);
}

static void
execute(struct store *st, const char *sql)
{
	must(st, sqlite3_exec(st->db, sql, NULL, NULL, NULL), SQLITE_OK, sql);
}

/* Rooms, who is in them, and how far alice has read. */
static void
fill_rooms(struct store *st, int64_t rooms)
{
	sqlite3_stmt *room, *member;

	execute(st, "BEGIN");
	sqlite3_prepare_v2(st->db,
	    "INSERT INTO escrows(id, name, title, created_at, updated_at) VALUES(?1, 'room-' || "
	    "?1, 'Room ' || ?1, 1, 1)",
	    -1, &room, NULL);
	sqlite3_prepare_v2(st->db,
	    "INSERT INTO participants(escrow, wallet, name, role) VALUES(?1, ?2, ?2, ?3)", -1,
	    &member, NULL);
	for (int64_t i = 1; i <= rooms; i++) {
		static const char *const names[] = {"alice", "bob", "seller"};
		static const char *const roles[] = {"client", "arbiter", "freelancer"};

		sqlite3_bind_int64(room, 1, i);
		must(st, sqlite3_step(room), SQLITE_DONE, "room");
		sqlite3_reset(room);
		for (int k = i <= OF_USERS ? 0 : 2; k < 3; k++) {
			sqlite3_bind_int64(member, 1, i);
			sqlite3_bind_text(member, 2, names[k], -1, SQLITE_STATIC);
			sqlite3_bind_text(member, 3, roles[k], -1, SQLITE_STATIC);
			must(st, sqlite3_step(member), SQLITE_DONE, "member");
			sqlite3_reset(member);
		}
	}
	sqlite3_finalize(room);
	sqlite3_finalize(member);
	execute(st, "COMMIT");
}

static int64_t
members(struct store *st)
{
	sqlite3_stmt *count;
	int64_t n;

	sqlite3_prepare_v2(st->db, "SELECT count(*) FROM participants", -1, &count, NULL);
	must(st, sqlite3_step(count), SQLITE_ROW, "members");
	n = sqlite3_column_int64(count, 0);
	sqlite3_finalize(count);
	return n;
}

static void
fill_messages(struct store *st, int64_t from, int64_t to, int64_t rooms)
{
	static char text[17 * sizeof(words[0])];
	sqlite3_stmt *insert;

	sqlite3_prepare_v2(st->db,
	    "INSERT INTO messages(id, nonce, escrow, at, tag, sender, sender_role, content) "
	    "VALUES(?, ?, ?, ?, unicode('r') * 16384 + unicode('e') * 128 + unicode('l'), "
	    "'seller', 'freelancer', ?)",
	    -1, &insert, NULL);
	for (int64_t id = from; id < to; id++) {
		size_t n = make_text(text);
		uint64_t nonce = next();
		int64_t room = id % 10 == 0 ? 1 : 1 + (int64_t)(next() % (uint64_t)rooms),
			at = FIRST_AT + id * 100;

		sqlite3_bind_int64(insert, 1, id);
		sqlite3_bind_int64(insert, 2, (int64_t)nonce);
		sqlite3_bind_int64(insert, 3, room);
		sqlite3_bind_int64(insert, 4, at);
		sqlite3_bind_text(insert, 5, text, (int)n, SQLITE_STATIC);
		must(st, sqlite3_step(insert), SQLITE_DONE, "message");
		sqlite3_reset(insert);
		if (nonce % TALLY_EVERY == 0)
			message_tally(st, room, at);
	}
	sqlite3_finalize(insert);
}

int
main(int argc, char **argv)
{
	struct buf err = {0};
	struct store_options o = {.mode = 0600, .auth_open = true, .busy_ms = 1000};
	int64_t n = argc == 3 ? atoll(argv[2]) : 0,
		rooms = n / ROOM_SIZE > OF_USERS ? n / ROOM_SIZE : OF_USERS, end;
	struct store *st;

	if (n < 1000) {
		fputs("usage: bench-fill DATABASE MESSAGES (1000 or more)\n", stderr);
		return 2;
	}
	o.path = argv[1];
	st = store_open(&o, &err);
	if (!st) {
		fprintf(stderr, "%s\n", buf_cstr(&err));
		return 1;
	}
	make_words();
	execute(st, "PRAGMA synchronous = OFF; PRAGMA cache_size = -400000");
	fill_rooms(st, rooms);
	end = members(st) + 1 + n; /* behind their rows of the log */
	for (int64_t from = end - n; from < end; from += AT_ONCE) {
		int64_t to = from + AT_ONCE < end ? from + AT_ONCE : end;

		execute(st, "BEGIN IMMEDIATE");
		st->depth = 1;
		st->is_writing = true;
		fill_messages(st, from, to, rooms);
		search_add(st, from, to - 1);
		execute(st, "COMMIT");
		st->depth = 0;
		execute(st, "PRAGMA wal_checkpoint(TRUNCATE)");
	}
	execute(st, "UPDATE sqlite_sequence SET seq = (SELECT max(id) FROM messages) WHERE name = "
		    "'log'; UPDATE meta SET value = (SELECT max(id) FROM messages) WHERE key = "
		    "'log_from'"); /* old ones, that have left the log */
	execute(st, "INSERT INTO reads(escrow, wallet, up_to, shown_to) SELECT escrow, 'alice', "
		    "max(at) - 2000000, 0 FROM messages "
		    "WHERE escrow <= 50 GROUP BY escrow; ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)");
	store_close(st);
	return 0;
}
