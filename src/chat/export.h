/* SPDX-License-Identifier: ISC */
/*
 * export.h - a whole conversation as a file, for a dispute. It ends with the message that was the
 * last when the export began, and has the same bytes for every user who may read it. Its last line
 * has the SHA-256 of everything before that line.
 */
#ifndef CHAT_EXPORT_H
#define CHAT_EXPORT_H

#include "chat/chat.h"
#include "crypto/digest.h"

enum export_format { EXPORT_JSON, EXPORT_NDJSON, EXPORT_HTML };

struct chat_export {
	const struct user *user;
	struct span escrow_id;
	enum export_format format;
	/* results */
	enum error err;
	struct buf text;       /* the next piece */
	bool is_done;          /* it is the last piece */
	struct digest *digest; /* owned: of the pieces so far */
	/* The number of pieces so far. If it has not grown after a failure, the caller may ask for
	 * the same piece again. */
	int pieces;
	int64_t at, end; /* times of the last message so far, and of the last of all */
};

/* Writes the next piece, a page of messages, into text. Inside a read transaction. Rights are
 * checked each time. False: err says why. */
bool chat_export(struct store *, const struct rules *, struct chat_export *);
void chat_export_clear(struct chat_export *);

#endif
