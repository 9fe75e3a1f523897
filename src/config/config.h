/* SPDX-License-Identifier: ISC */
/*
 * config.h - the configuration of the programs: one table of keys and four sources, the strongest
 * first: option, environment (ESCROWCHAT_KEY, PORT, FRONTEND_URL), file, default. If one source
 * gives a key twice, the last value counts; a list gets all values.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/log.h"

enum config_auth { AUTH_UNSET, AUTH_OPEN, AUTH_WALLET, AUTH_JWT, AUTH_PROXY };
enum config_rooms { ROOMS_MEMBERS, ROOMS_OPEN };
enum config_search { SEARCH_WORDS, SEARCH_TRIGRAM };
enum config_recovery { RECOVERY_BROWSERS, RECOVERY_ALL, RECOVERY_ASKED };
enum config_durability { DURABILITY_FULL, DURABILITY_NORMAL };
enum config_program { PROGRAM_DAEMON = 1, PROGRAM_FCGI = 2, PROGRAM_BOTH = 3 };

struct config_list { /* values of a repeatable key, in order */
	char **v;
	size_t n;
};

struct config {
	/* HOST:PORT, unix:PATH, "unix:PATH identity", fd:N; each program has its own */
	struct config_list listen;
	char *database;       /* path */
	int database_mode;    /* 0660: of database, -wal, -shm, bell, lock */
	char *database_group; /* or NULL */
	enum config_durability durability;
	enum config_search search;
	enum config_auth auth;
	enum config_rooms rooms;
	struct config_list frontend_url; /* origins, without a path */
	struct config_list trusted_proxies;
	int64_t chain_id; /* in the text that wallets sign */
	int64_t token_lifetime_ms;
	int64_t token_idle_ms;
	char *jwt_keys;                  /* path of the JWK Set, or NULL */
	char *jwt_issuer, *jwt_audience; /* "any": not checked */
	char *jwt_claim;
	char *proxy_header;
	char *service_keys; /* path of the key file, or NULL */
	int64_t presence_grace_ms;
	int64_t recovery_ms;
	enum config_recovery recovery_clients;
	int64_t queue_keep_ms;
	int64_t queue_rows;
	int64_t message_rate;  /* per wallet and second; 0: no limit */
	int64_t message_bytes; /* of a wallet's messages in a day; 0: no limit */
	int64_t event_rate;    /* per connection and second; 0: no limit */
	int64_t sign_in_rate;  /* per address and minute; 0: no limit */
	int64_t replay_rate;   /* bytes replayed to a wallet in a second; 0: no limit */
	int64_t max_connections;
	int64_t max_per_wallet, max_per_address; /* connections; 0: no limit */
	int64_t max_queued_per_wallet,
	    max_queued;               /* bytes that clients have not read; 0: no limit */
	int64_t max_rooms;            /* of one connection */
	int64_t max_message;          /* bytes of one WebSocket message or event */
	int64_t max_body, max_header; /* bytes of one request */
	int64_t socket_mode;          /* of the Unix sockets in listen */
	int64_t threads;              /* of the FastCGI program */
	char *url_prefix;             /* cut from REQUEST_URI before routing; FastCGI */
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
	CONFIG_EXIT_0, /* --help or --version: its text is in out */
	/* exit status 2: err holds one line with the source, the key and the accepted values */
	CONFIG_WRONG
};

/* Reads all sources for one program. argc 0: there are no options (CGI). env is like environ.
 * builtin_path is read if it exists and neither --config nor ESCROWCHAT_CONFIG names a file. Fills
 * *c, which config_clear frees. The text of --help and --version goes to out. */
enum config_verdict config_load(struct config *c, enum config_program, int argc, char **argv,
    char **env, const char *builtin_path, struct buf *out, struct buf *err);
void config_clear(struct config *);

/* For an element of listen. is_identity: true if a client that connects there may name its user,
 * and is believed. address: the path or address without the word "identity". */
bool config_listen_is_identity(const char *spec);
struct span config_listen_address(const char *spec);

/* Appends a line "key = value  # source" for each key, as -T shows them. */
void config_print(const struct config *, enum config_program, struct buf *out);

/* Appends a row for each key: name, argument, default and help. */
void config_help(enum config_program, struct buf *out);

#endif
