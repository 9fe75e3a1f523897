/* SPDX-License-Identifier: ISC */
/*
 * openapi.c - the document that describes all routes: first the members that only the running
 * program knows, then those that openapi.awk made from the table.
 */
#include "fcgi/routes.h"

static void
write_info(struct buf *b)
{
	json_name(b, "info");
	json_open(b, '{');
	json_member_cstr(b, "title", "escrowchat");
	json_member_cstr(b, "version", PACKAGE_VERSION);
	json_member_cstr(b, "description",
	    "Users read, send and search the messages of their escrows. The platform creates the "
	    "escrows and publishes its own events. HEAD is accepted wherever GET is.");
	json_name(b, "contact");
	json_open(b, '{');
	json_member_cstr(b, "name", "The operator of this server");
	json_close(b, '}');
	json_name(b, "license");
	json_open(b, '{');
	json_member_cstr(b, "name", "ISC License");
	json_member_cstr(b, "identifier", "ISC");
	json_close(b, '}');
	json_close(b, '}');
}

/* The URL under which the paths are. */
static void
write_servers(struct buf *b, const char *url_prefix)
{
	json_name(b, "servers");
	json_open(b, '[');
	json_element(b);
	json_open(b, '{');
	json_member_cstr(b, "url", url_prefix && url_prefix[0] ? url_prefix : "/");
	json_member_cstr(b, "description", "This server.");
	json_close(b, '}');
	json_close(b, ']');
}

void
openapi_get(struct exchange *c)
{
	struct buf *b = &c->reply->body;

	c->reply->status = 200;
	json_open(b, '{');
	json_member_cstr(b, "openapi", "3.1.0");
	write_info(b);
	write_servers(b, c->rest->config->url_prefix);
	buf_addc(b, ',');
	buf_str(b, openapi_text);
	reply_etag(c->reply, c->request->if_none_match);
}
