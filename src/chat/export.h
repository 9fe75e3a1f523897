/* SPDX-License-Identifier: ISC */
/*
 * export.h - a whole conversation as a file, for a dispute: the same bytes for whoever may read it, up to the message that was the last
 * when it began. Its last line has the SHA-256 of all before that line.
 */
#ifndef CHAT_EXPORT_H
#define CHAT_EXPORT_H

#include "base/digest.h"
#include "chat/chat.h"

enum export_format { EXPORT_JSON, EXPORT_NDJSON, EXPORT_HTML };

struct chat_export {
	const struct user *user;
	struct span escrow_id;
	enum export_format format;
	/* results */
	enum chat_err err;
	struct buf text;       /* the next piece */
	bool is_done;          /* it is the last one */
	struct digest *digest; /* owned: of what was given so far */
	int pieces; /* so many were given; after a fault the same one can be asked for again, if this has not grown */
	int64_t at, end; /* of the last message given, and of the last one to be given */
};

/* The next piece, inside a read transaction: a page of messages. Rights are looked at each time; false: err says why. */
bool chat_export(struct store *, const struct rules *, struct chat_export *);
void chat_export_clear(struct chat_export *);

#endif
