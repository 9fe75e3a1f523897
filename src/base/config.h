/* SPDX-License-Identifier: ISC */
/*
 * config.h - the configuration of both programs: one table of keys, four sources.
 * Order: option, ESCROWCHAT_KEY (and PORT, FRONTEND_URL), file, default. Given twice, the last wins.
 */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/log.h"

enum config_auth { AUTH_UNSET, AUTH_OPEN, AUTH_WALLET, AUTH_JWT, AUTH_PROXY };
enum config_rooms { ROOMS_MEMBERS, ROOMS_OPEN };
enum config_search { SEARCH_WORDS, SEARCH_TRIGRAM };
enum config_durability { DURABILITY_FULL, DURABILITY_NORMAL };
enum config_program { PROGRAM_DAEMON = 1, PROGRAM_FCGI = 2, PROGRAM_BOTH = 3 };

struct config_list { /* values of a repeatable key, in order */
	char **v;
	size_t n;
};

struct config {
	struct config_list
	    listen;        /* HOST:PORT, unix:PATH, "unix:PATH identity", fd:N; the program's own */
	char *database;    /* path */
	int database_mode; /* 0660: of database, -wal, -shm, bell, lock */
	char *database_group; /* or NULL */
	enum config_durability durability;
	enum config_search search;
	enum config_auth auth;
	enum config_rooms rooms;
	struct config_list frontend_url; /* origins, without a path */
	struct config_list trusted_proxies;
	int64_t chain_id; /* of the text that wallets sign */
	int64_t token_lifetime_ms;
	int64_t token_idle_ms;
	char *jwt_keys;                  /* path of the JWK Set, or NULL */
	char *jwt_issuer, *jwt_audience; /* "any": not looked at */
	char *jwt_claim;
	char *proxy_header;
	char *service_keys; /* path of the key file, or NULL */
	int64_t presence_grace_ms;
	int64_t recovery_ms;
	int64_t queue_keep_ms;
	int64_t queue_rows;
	int64_t message_rate;  /* per wallet and second; 0: none */
	int64_t message_bytes; /* of messages of a wallet in a day; 0: none */
	int64_t event_rate;    /* per connection and second; 0: none */
	int64_t sign_in_rate;  /* per address and minute; 0: none */
	int64_t replay_rate;   /* bytes replayed to a wallet in a second; 0: none */
	int64_t max_connections;
	int64_t max_per_wallet, max_per_address;   /* of them; 0: no limit */
	int64_t max_queued_per_wallet, max_queued; /* bytes that wait to be read; 0: no limit */
	int64_t max_rooms;                         /* of one connection */
	int64_t max_message;                       /* bytes of one WebSocket message or event */
	int64_t max_body, max_header;              /* bytes of one request's */
	int64_t socket_mode;                       /* of Unix sockets listened on */
	int64_t threads;                           /* of the FastCGI program */
	char *url_prefix; /* cut from REQUEST_URI before routing; FastCGI */
	enum log_target log;
	enum log_format log_format;
	enum log_level log_level;

	/* not keys */
	bool check_only;               /* -t */
	bool print_effective;          /* -T */
	struct config_source *sources; /* where each value came from, by row of the table */
};

enum config_verdict {
	CONFIG_OK,
	CONFIG_EXIT_0, /* --help or --version: printed to out */
	CONFIG_WRONG /* one line in err names file, line or option, key, and what is accepted: exit 2 */
};

/* Reads all sources for one program. argc 0 reads no options (CGI). env is environ-like. builtin_path is read if it
 * exists and neither --config nor ESCROWCHAT_CONFIG names a file. Fills *c (config_clear frees); out gets --help and
 * --version text. */
enum config_verdict config_load(struct config *c, enum config_program, int argc, char **argv,
    char **env, const char *builtin_path, struct buf *out, struct buf *err);
void config_clear(struct config *);

/* An element of listen: true if whoever connects there is believed whom he names; its path or address without that word. */
bool config_listen_is_identity(const char *spec);
struct span config_listen_address(const char *spec);

/* "key = value  # from where", a line each, as -T shows it. */
void config_print(const struct config *, enum config_program, struct buf *out);

/* One table row per key, for the manual: name, argument, default, help. */
void config_help(enum config_program, struct buf *out);

#endif
