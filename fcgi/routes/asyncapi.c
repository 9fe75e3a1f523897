/* SPDX-License-Identifier: ISC */
/*
 * asyncapi.c - the document that describes the events between clients and the daemon: first the
 * members that only the running program knows, then those that events.awk made from the table.
 */
#include "contract/events.h"
#include "fcgi/routes.h"

static void
write_info(struct buf *b)
{
	json_name(b, "info");
	json_open(b, '{');
	json_member_cstr(b, "title", "escrowchat");
	json_member_cstr(b, "version", PACKAGE_VERSION);
	json_member_cstr(b, "description",
	    "The events of escrowchatd on each of its transports. An operation \"receive\" is an "
	    "event that a client sends; \"send\" is an event that the server sends.");
	json_name(b, "license");
	json_open(b, '{');
	json_member_cstr(b, "name", "ISC License");
	json_member_cstr(b, "url", "https://spdx.org/licenses/ISC.html");
	json_close(b, '}');
	json_close(b, '}');
}

void
asyncapi_get(struct exchange *c)
{
	struct buf *b = &c->reply->body;

	c->reply->status = 200;
	json_open(b, '{');
	json_member_cstr(b, "asyncapi", "3.0.0");
	write_info(b);
	buf_addc(b, ',');
	buf_str(b, asyncapi_text);
	reply_etag(c->reply, c->request->if_none_match);
}
