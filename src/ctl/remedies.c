/* SPDX-License-Identifier: ISC */
/*
 * remedies.c - for each fault and each web server, the line of configuration that corrects it. The
 * file names are those of contrib/.
 */
#include "ctl/doctor.h"

enum { LIGHTTPD, NGINX, APACHE, SERVERS };

static const struct {
	const char *name; /* the header Server begins with it */
	const char *file;
} servers[SERVERS] = {
    [LIGHTTPD] = {"lighttpd", "lighttpd/escrowchat.conf"},
    [NGINX] = {"nginx", "nginx/escrowchat.conf"},
    [APACHE] = {"Apache", "apache/escrowchat.conf"},
};

static const char *const remedies[FAULT_COUNT][SERVERS] = {
    [FAULT_NO_DAEMON] =
	{
	    [LIGHTTPD] = "proxy.server = (\"\" => ((\"host\" => var.escrowchat_run + "
			 "\"/daemon.sock\"))) for the daemon's paths; its user must be able to "
			 "write to that socket",
	    [NGINX] =
		"location ~ ^/(ws|socket\\.io/|events|poll|emit|health|api/websocket/stats)$, "
		"with proxy_pass http://escrowchat_daemon; its user must be able to write to "
		"that socket",
	    [APACHE] = "ProxyPass \"/health\" \"${ESCROWCHAT_DAEMON}/health\", and one for each of "
		       "the daemon's paths; its user must be able to write to that socket",
	},
    [FAULT_NO_REST] =
	{
	    [LIGHTTPD] = "fastcgi.server = (\"\" => (var.escrowchat_rest)) for ^/api/, with "
			 "\"check-local\" => \"disable\"",
	    [NGINX] = "location /api/, with fastcgi_pass escrowchat_rest;",
	    [APACHE] = "ProxyPass \"/api/\" \"${ESCROWCHAT_REST}/\"",
	},
    [FAULT_NO_AUTHORIZATION_DAEMON] =
	{
	    [LIGHTTPD] = "nothing in setenv.set-request-header may name Authorization",
	    [NGINX] = "no proxy_set_header Authorization, and no proxy_pass_request_headers off",
	    [APACHE] = "no RequestHeader unset Authorization",
	},
    [FAULT_NO_AUTHORIZATION_REST] =
	{
	    [LIGHTTPD] = "nothing in setenv.set-request-header may name Authorization",
	    [NGINX] =
		"no fastcgi_param HTTP_AUTHORIZATION, and no fastcgi_pass_request_headers off",
	    [APACHE] = "CGIPassAuth On, in <Location \"/api/\">",
	},
    [FAULT_NO_UPGRADE] =
	{
	    [LIGHTTPD] = "proxy.header = (\"upgrade\" => \"enable\")",
	    [NGINX] = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; "
		      "proxy_set_header Connection $escrowchat_connection;",
	    [APACHE] = "upgrade=websocket, on ProxyPass for /ws and /socket.io/",
	},
    [FAULT_BUFFERED] =
	{
	    [LIGHTTPD] = "server.stream-response-body = 1",
	    [NGINX] = "proxy_buffering off; and no proxy_ignore_headers X-Accel-Buffering",
	    [APACHE] = "flushpackets=on, on ProxyPass for /events; and no output filter on it "
		       "(mod_ext_filter, mod_substitute)",
	},
    [FAULT_CUT] =
	{
	    [LIGHTTPD] = "server.max-read-idle = 120, server.max-write-idle = 360, and no shorter "
			 "\"read-timeout\" in proxy.server",
	    [NGINX] = "proxy_read_timeout 120s;",
	    [APACHE] = "timeout=120, on ProxyPass for each of the daemon's paths",
	},
    [FAULT_FORGED] =
	{
	    [LIGHTTPD] =
		"setenv.set-request-header = (\"X-Remote-User\" => \"\", \"X_Remote_User\" "
		"=> \"\")",
	    [NGINX] = "proxy_set_header X-Remote-User \"\"; and no underscores_in_headers on",
	    [APACHE] = "RequestHeader unset X-Remote-User, and X_Remote_User",
	},
};

void
remedy(enum fault fault, struct span server, struct buf *out)
{
	bool is_known = false;

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < SERVERS; i++) {
			struct span name = span_of(servers[i].name);
			bool is_it = server.n >= name.n &&
				     span_eq_nocase((struct span){server.p, name.n}, name);

			is_known |= is_it;
			if ((pass == 0 ? is_it : !is_known) && remedies[fault][i])
				buf_printf(
				    out, "       %s: %s\n", servers[i].file, remedies[fault][i]);
		}
	}
}
