/* SPDX-License-Identifier: ISC */
/*
 * export.c - conversations as files, in three formats. They leave out what changes after a message
 * was sent: whether it was read.
 */
#include "chat/export.h"

#include "base/clock.h"
#include "base/json.h"
#include "chat/standing.h"
#include "contract/views.h"
#include "proto/utf8.h"

#define PAGE_MESSAGES 200
#define PAGE_BYTES    (64 << 10) /* a page of this size ends too */

struct form {
	void (*begin)(struct buf *, struct store *, struct span escrow_id, const struct escrow *);
	void (*message)(struct buf *, const struct message *, bool is_first);
	const char *end;                       /* before the last line */
	const char *before_hash, *behind_hash; /* the last line */
};

/* ---- JSON, and NDJSON with one line for each message ---- */

static void
write_escrow(struct buf *out, struct store *st, struct span escrow_id, const struct escrow *e)
{
	json_open(out, '{');
	json_name(out, "escrow");
	json_open(out, '{');
	json_member_string(out, "escrowId", escrow_id);
	json_member_cstr(out, "title", e->title);
	json_name(out, "participants");
	json_open(out, '[');
	participants_each(st, e->id, view_participant, out);
	json_close(out, ']');
	json_member_time(out, "createdAt", e->created_at);
	json_close(out, '}');
}

static void
write_message(struct buf *out, const struct message *m)
{
	char id[MESSAGE_ID_SIZE];

	json_open(out, '{');
	json_member_cstr(out, "id", message_id_format(id, m->id, m->nonce));
	json_member_string(out, "senderId", m->sender_name);
	if (m->sender_role != ROLE_NONE)
		json_member_cstr(out, "senderRole", role_name(m->sender_role));
	json_member_string(out, "content", m->content);
	json_member_time(out, "timestamp", m->at);
	if (m->client_msg_id.n > 0)
		json_member_string(out, "clientMsgId", m->client_msg_id);
	json_close(out, '}');
}

static void
json_begin(struct buf *out, struct store *st, struct span escrow_id, const struct escrow *e)
{
	write_escrow(out, st, escrow_id, e);
	buf_str(out, ",\n\"messages\":[");
}

static void
json_message(struct buf *out, const struct message *m, bool is_first)
{
	buf_str(out, is_first ? "\n" : ",\n");
	write_message(out, m);
}

static void
ndjson_begin(struct buf *out, struct store *st, struct span escrow_id, const struct escrow *e)
{
	write_escrow(out, st, escrow_id, e);
	buf_str(out, "}\n");
}

static void
ndjson_message(struct buf *out, const struct message *m, bool is_first)
{
	(void)is_first;
	write_message(out, m);
	buf_addc(out, '\n');
}

/* ---- HTML ---- */

/* Characters that HTML does not allow, or that change the direction of text, are shown as
 * U+FFFD. */
static bool
is_unspeakable(uint32_t point)
{
	return (point < 0x20 && point != '\n' && point != '\t') ||
	       (point >= 0x7f && point < 0xa0) || (point >= 0x202a && point <= 0x202e) ||
	       (point >= 0x2066 && point <= 0x2069);
}

static void
html_text(struct buf *out, struct span text)
{
	const char *here = text.p;
	uint32_t point;

	for (; utf8_next(&text, &point); here = text.p) {
		if (point == '&')
			buf_str(out, "&amp;");
		else if (point == '<')
			buf_str(out, "&lt;");
		else if (point == '>')
			buf_str(out, "&gt;");
		else if (point == '"')
			buf_str(out, "&quot;");
		else if (is_unspeakable(point))
			buf_str(out, "\xef\xbf\xbd");
		else
			buf_add(out, here, (size_t)(text.p - here));
	}
}

static bool
on_html_participant(const struct participant *p, void *arg)
{
	struct buf *out = arg;

	buf_str(out, "<li>");
	html_text(out, span_of(p->name));
	buf_printf(out, ", %s</li>\n", role_name(p->role));
	return true;
}

static void
html_begin(struct buf *out, struct store *st, struct span escrow_id, const struct escrow *e)
{
	buf_str(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		     "<title>Escrow ");
	html_text(out, escrow_id);
	buf_str(out, "</title>\n</head>\n<body>\n<h1>");
	html_text(out, span_of(e->title));
	buf_str(out, "</h1>\n<p>Escrow ");
	html_text(out, escrow_id);
	buf_str(out, "</p>\n<ul>\n");
	participants_each(st, e->id, on_html_participant, out);
	buf_str(out, "</ul>\n");
}

static void
html_message(struct buf *out, const struct message *m, bool is_first)
{
	char id[MESSAGE_ID_SIZE], at[CLOCK_ISO_SIZE];

	(void)is_first;
	clock_iso(at, m->at);
	buf_printf(out, "<article id=\"%s\">\n<p><time>%s</time> ",
	    message_id_format(id, m->id, m->nonce), at);
	html_text(out, m->sender_name);
	if (m->sender_role != ROLE_NONE)
		buf_printf(out, ", %s", role_name(m->sender_role));
	buf_str(out, "</p>\n<pre dir=\"auto\">");
	html_text(out, m->content);
	buf_str(out, "</pre>\n</article>\n");
}

static const struct form forms[] = {
    [EXPORT_JSON] = {json_begin, json_message, "\n],\n", "\"sha256\":\"", "\"}\n"},
    [EXPORT_NDJSON] = {ndjson_begin, ndjson_message, "", "{\"sha256\":\"", "\"}\n"},
    [EXPORT_HTML] = {html_begin, html_message, "</body>\n</html>\n",
	"<!-- SHA-256 of what precedes this line: ", " -->\n"},
};

/* ---- pieces ---- */

struct page {
	struct chat_export *e;
	int64_t at; /* of the last message in it */
	int n;
	bool is_full;
};

static bool
on_message(const struct message *m, void *arg)
{
	struct page *page = arg;
	struct chat_export *e = page->e;

	if (m->at > e->end)
		return false;
	if (page->n++ == PAGE_MESSAGES || e->text.len > PAGE_BYTES) {
		page->is_full = true;
		return false;
	}
	forms[e->format].message(&e->text, m, page->at == 0);
	page->at = m->at;
	return true;
}

static void
finish(struct chat_export *e)
{
	const struct form *f = &forms[e->format];
	uint8_t digest[DIGEST_SHA256_SIZE];
	char hex[2 * DIGEST_SHA256_SIZE + 1];
	size_t from = e->text.len;

	buf_str(&e->text, f->end);
	digest_add(e->digest, (struct span){e->text.p + from, e->text.len - from});
	digest_end(e->digest, digest);
	e->digest = NULL;
	digest_hex(hex, digest, sizeof(digest));
	buf_printf(&e->text, "%s%s%s", f->before_hash, hex, f->behind_hash);
	e->is_done = true;
}

static enum error
export_page(struct store *st, const struct rules *rules, struct chat_export *e)
{
	struct page page = {.e = e, .at = e->at};
	struct standing who;
	struct escrow escrow;
	enum error err = standing_find(st, rules, e->user, e->escrow_id, &who, &escrow);

	if (err != ERROR_NONE)
		return err;
	if (escrow.id == 0)
		return ERROR_NOT_FOUND;
	if (e->pieces == 0) {
		e->end = message_last_at(st, escrow.id);
		forms[e->format].begin(&e->text, st, e->escrow_id, &escrow);
	}
	messages_after(st, escrow.id, e->at, PAGE_MESSAGES + 1, on_message, &page);
	if (store_error(st) != STORE_OK)
		return ERROR_UNAVAILABLE;
	if (e->pieces++ == 0)
		e->digest = digest_begin();
	e->at = page.at;
	digest_add(e->digest, buf_as_span(&e->text));
	if (!page.is_full)
		finish(e);
	return ERROR_NONE;
}

bool
chat_export(struct store *st, const struct rules *rules, struct chat_export *e)
{
	e->text.len = 0;
	e->err = export_page(st, rules, e);
	return e->err == ERROR_NONE;
}

void
chat_export_clear(struct chat_export *e)
{
	uint8_t digest[DIGEST_SHA256_SIZE];

	if (e->digest)
		digest_end(e->digest, digest);
	e->digest = NULL;
	buf_clear(&e->text);
}
