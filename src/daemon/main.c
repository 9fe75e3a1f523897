/* SPDX-License-Identifier: ISC */
/*
 * main.c - escrowchatd: options and wiring, nothing else.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "config/config.h"
#include "daemon/server.h"

#define BUILTIN_CONFIG SYSCONFDIR "/escrowchat.conf"

extern char **environ;

static int
serve(const struct config *c)
{
	struct buf err = {0};
	struct server *server = server_new(c, &err);

	if (server == NULL) {
		log_error("daemon: %s", buf_cstr(&err));
		buf_clear(&err);
		return 1;
	}
	server_run(server);
	server_free(server);
	log_info("daemon: stopped");
	return 0;
}

int
main(int argc, char **argv)
{
	struct config c;
	struct buf out = {0}, err = {0};
	int status = 0;

	switch (config_load(&c, PROGRAM_DAEMON, argc, argv, environ, BUILTIN_CONFIG, &out, &err)) {
	case CONFIG_EXIT_0:
		break;
	case CONFIG_WRONG:
		fprintf(stderr, "escrowchatd: %s", buf_cstr(&err));
		status = 2;
		break;
	case CONFIG_OK:
		log_setup("escrowchatd", c.log, c.log_format, c.log_level);
		if (c.print_effective)
			config_print(&c, PROGRAM_DAEMON, &out);
		else if (!c.check_only)
			status = serve(&c);
		break;
	}
	if (out.len > 0)
		fputs(buf_cstr(&out), stdout);
	config_clear(&c);
	buf_clear(&out);
	buf_clear(&err);
	return status;
}
