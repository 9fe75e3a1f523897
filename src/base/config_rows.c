/* SPDX-License-Identifier: ISC */
/*
 * config_rows.c - the table of configuration keys, and the words that some of them accept.
 */
#include "base/config_value.h"

#include "base/config.h"

#define LIMIT   INT64_C(1000000000)
#define HOUR_MS INT64_C(3600000)
#define DAY_MS  (24 * HOUR_MS)

static const struct config_word auth_words[] = {
    /* Only this table says which modes of authentication are built. */
    {"wallet", AUTH_WALLET},
    {"open", AUTH_OPEN},
    {"jwt", AUTH_JWT},
    {"proxy", AUTH_PROXY},
    {NULL},
};
static const struct config_word room_words[] = {
    {"members", ROOMS_MEMBERS}, {"open", ROOMS_OPEN}, {NULL}};
static const struct config_word durability_words[] = {
    {"full", DURABILITY_FULL}, {"normal", DURABILITY_NORMAL}, {NULL}};
static const struct config_word search_words[] = {
    {"words", SEARCH_WORDS}, {"trigram", SEARCH_TRIGRAM}, {NULL}};
static const struct config_word log_words[] = {
    {"stderr", LOG_TARGET_STDERR}, {"syslog", LOG_TARGET_SYSLOG}, {NULL}};
static const struct config_word format_words[] = {
    {"text", LOG_FORMAT_TEXT}, {"json", LOG_FORMAT_JSON}, {NULL}};
static const struct config_word level_words[] = {{"debug", LOG_LEVEL_DEBUG},
    {"info", LOG_LEVEL_INFO}, {"warn", LOG_LEVEL_WARN}, {"error", LOG_LEVEL_ERROR}, {NULL}};

#define FIELD(name) offsetof(struct config, name), sizeof(((struct config *)NULL)->name)

/* Each program accepts every key from each source, and uses those that list it. */
const struct config_row config_rows[] = {
    {"listen", KIND_LIST, PROGRAM_BOTH, FIELD(listen), "127.0.0.1:3001",
	.normal = config_normal_listen, .suffix = " identity", .argument = "ADDRESS",
	.accepted = "HOST:PORT, unix:PATH, fd:N",
	.help = "where to listen, repeatable; in file and environment the daemon's alone; "
		"\"unix:PATH identity\" with auth = proxy"},
    {"database", KIND_STRING, PROGRAM_BOTH, FIELD(database), "/var/lib/escrowchat/escrowchat.db",
	.argument = "PATH", .accepted = "a path", .help = "the SQLite database"},
    {"database_mode", KIND_MODE, PROGRAM_BOTH, FIELD(database_mode), "0660", 0600, 0777,
	.argument = "MODE", .help = "permissions of the database and the files beside it"},
    {"database_group", KIND_STRING, PROGRAM_BOTH, FIELD(database_group), NULL, .argument = "GROUP",
	.accepted = "a group's name", .help = "group of the database and the files beside it"},
    {"durability", KIND_WORD, PROGRAM_BOTH, FIELD(durability), "full", .words = durability_words,
	.argument = "WORD", .help = "full: a commit waits for the disk; normal: for the kernel"},
    {"search", KIND_WORD, PROGRAM_DAEMON, FIELD(search), "words", .words = search_words,
	.argument = "WORD",
	.help = "what messages are found by; trigram: for scripts without spaces"},
    {"auth", KIND_WORD, PROGRAM_BOTH, FIELD(auth), "wallet", .words = auth_words,
	.argument = "WORD", .help = "how users prove who they are"},
    {"rooms", KIND_WORD, PROGRAM_BOTH, FIELD(rooms), "members", .words = room_words,
	.argument = "WORD", .help = "who may use a room; open goes with auth = open only"},
    {"frontend_url", KIND_LIST, PROGRAM_BOTH, FIELD(frontend_url), "http://localhost:5173",
	.normal = config_normal_origin, .argument = "ORIGIN", .accepted = "scheme://host[:port]",
	.help = "origins of allowed web pages, repeatable"},
    {"trusted_proxies", KIND_LIST, PROGRAM_BOTH, FIELD(trusted_proxies), "",
	.normal = config_normal_network, .argument = "NETWORK",
	.accepted = "ADDRESS, ADDRESS/BITS, unix",
	.help = "proxies whose forwarding headers count, repeatable"},
    {"chain_id", KIND_NUMBER, PROGRAM_FCGI, FIELD(chain_id), "1", 1, INT64_MAX, .argument = "N",
	.help = "chain named in the text that wallets sign to sign in"},
    {"token_lifetime", KIND_DURATION, PROGRAM_BOTH, FIELD(token_lifetime_ms), "7d", 1000,
	366 * DAY_MS, .argument = "TIME", .help = "how long a token lasts"},
    {"token_idle", KIND_DURATION, PROGRAM_BOTH, FIELD(token_idle_ms), "24h", 10 * 60000,
	366 * DAY_MS, .argument = "TIME", .help = "how long a token lasts without being used"},
    {"jwt_keys", KIND_STRING, PROGRAM_BOTH, FIELD(jwt_keys), NULL, .argument = "PATH",
	.accepted = "a path", .help = "JWK Set whose keys sign the platform's tokens"},
    {"jwt_issuer", KIND_STRING, PROGRAM_BOTH, FIELD(jwt_issuer), NULL, .argument = "TEXT",
	.accepted = "the iss of tokens, or any", .help = "who must have issued a token"},
    {"jwt_audience", KIND_STRING, PROGRAM_BOTH, FIELD(jwt_audience), NULL, .argument = "TEXT",
	.accepted = "a name in the aud of tokens, or any", .help = "for whom a token must be"},
    {"jwt_claim", KIND_STRING, PROGRAM_BOTH, FIELD(jwt_claim), "sub", .argument = "NAME",
	.accepted = "a claim's name", .help = "the claim of a token that holds the wallet"},
    {"proxy_header", KIND_STRING, PROGRAM_DAEMON, FIELD(proxy_header), "X-Remote-User",
	.normal = config_normal_header, .argument = "NAME",
	.accepted = "a header's name, of letters, digits and -",
	.help = "the header in which the web server names the user (auth = proxy)"},
    {"service_keys", KIND_STRING, PROGRAM_BOTH, FIELD(service_keys), NULL, .argument = "PATH",
	.accepted = "a path", .help = "file of service keys, lines of: name secret scope,scope"},
    {"presence_grace", KIND_DURATION, PROGRAM_DAEMON, FIELD(presence_grace_ms), "2s", 0, HOUR_MS,
	.argument = "TIME", .help = "how long a lost connection still counts as present"},
    {"recovery", KIND_DURATION, PROGRAM_DAEMON, FIELD(recovery_ms), "2m", 0, DAY_MS,
	.argument = "TIME", .help = "how long a Socket.IO session can be recovered; 0 for never"},
    {"queue_keep", KIND_DURATION, PROGRAM_BOTH, FIELD(queue_keep_ms), "72h", 1000, 3650 * DAY_MS,
	.argument = "TIME", .help = "how long durable events can be replayed"},
    {"queue_rows", KIND_NUMBER, PROGRAM_BOTH, FIELD(queue_rows), "0", 0, LIMIT, .argument = "N",
	.help = "most rows the log of events may hold; 0 for no limit"},
    {"message_rate", KIND_NUMBER, PROGRAM_BOTH, FIELD(message_rate), "200", 0, 1000000,
	.argument = "N", .help = "messages a second of one wallet; 0 for no limit"},
    {"message_bytes", KIND_SIZE, PROGRAM_BOTH, FIELD(message_bytes), "20m", 0, INT64_C(1) << 40,
	.argument = "SIZE", .help = "bytes of messages a day of one wallet; 0 for no limit"},
    {"event_rate", KIND_NUMBER, PROGRAM_DAEMON, FIELD(event_rate), "1000", 0, 1000000,
	.argument = "N", .help = "events a second of one connection; 0 for no limit"},
    {"sign_in_rate", KIND_NUMBER, PROGRAM_FCGI, FIELD(sign_in_rate), "30", 0, 1000000,
	.argument = "N", .help = "sign-ins a minute from one address; 0 for no limit"},
    {"replay_rate", KIND_SIZE, PROGRAM_DAEMON, FIELD(replay_rate), "8m", 0, 1 << 30,
	.argument = "SIZE", .help = "bytes a second replayed to one wallet; 0 for no limit"},
    {"max_connections", KIND_NUMBER, PROGRAM_DAEMON, FIELD(max_connections), "100000", 1, 10000000,
	.argument = "N", .help = "most connections at once"},
    {"max_per_wallet", KIND_NUMBER, PROGRAM_DAEMON, FIELD(max_per_wallet), "50", 0, 10000000,
	.argument = "N", .help = "most connections of one wallet; 0 for no limit"},
    {"max_per_address", KIND_NUMBER, PROGRAM_DAEMON, FIELD(max_per_address), "1000", 0, 10000000,
	.argument = "N", .help = "most connections of one client address; 0 for no limit"},
    {"max_queued_per_wallet", KIND_SIZE, PROGRAM_DAEMON, FIELD(max_queued_per_wallet), "8m", 0,
	INT64_C(1) << 40, .argument = "SIZE",
	.help = "most bytes that wait to be read by one wallet; 0 for no limit"},
    {"max_queued", KIND_SIZE, PROGRAM_DAEMON, FIELD(max_queued), "256m", 0, INT64_C(1) << 40,
	.argument = "SIZE", .help = "most bytes that wait to be read by all; 0 for no limit"},
    {"max_rooms", KIND_NUMBER, PROGRAM_DAEMON, FIELD(max_rooms), "200", 1, 10000, .argument = "N",
	.help = "most rooms of one connection"},
    {"max_message", KIND_SIZE, PROGRAM_BOTH, FIELD(max_message), "128k", 70 << 10, 16 << 20,
	.argument = "SIZE", .help = "most bytes of one WebSocket message or event"},
    {"max_body", KIND_SIZE, PROGRAM_BOTH, FIELD(max_body), "1000000", 70 << 10, 64 << 20,
	.argument = "SIZE", .help = "most bytes of one request's body"},
    {"max_header", KIND_SIZE, PROGRAM_DAEMON, FIELD(max_header), "16k", 2 << 10, 16 << 10,
	.argument = "SIZE", .help = "most bytes of one request's head"},
    {"socket_mode", KIND_MODE, PROGRAM_BOTH, FIELD(socket_mode), "0660", 0600, 0777,
	.argument = "MODE", .help = "permissions of Unix sockets listened on"},
    {"threads", KIND_NUMBER, PROGRAM_FCGI, FIELD(threads), "4", 1, 64, .argument = "N",
	.help = "requests served at once"},
    {"url_prefix", KIND_STRING, PROGRAM_FCGI, FIELD(url_prefix), NULL,
	.normal = config_normal_prefix, .argument = "PATH", .accepted = "a path that begins with /",
	.help = "cut from the front of each request's path"},
    {"log", KIND_WORD, PROGRAM_BOTH, FIELD(log), "stderr", .words = log_words, .argument = "WORD",
	.help = "where log lines go"},
    {"log_format", KIND_WORD, PROGRAM_BOTH, FIELD(log_format), "text", .words = format_words,
	.argument = "WORD", .help = "how log lines look"},
    {"log_level", KIND_WORD, PROGRAM_BOTH, FIELD(log_level), "info", .words = level_words,
	.argument = "WORD", .help = "the least level that is logged; audit lines always are"},
};

const size_t config_row_count = sizeof(config_rows) / sizeof(config_rows[0]);

size_t
config_row_find(struct span key)
{
	size_t row = 0;

	while (row < config_row_count && !span_is(key, config_rows[row].key))
		row++;
	return row;
}

void
config_row_spell(struct buf *out, const struct config_row *row, char dash, bool is_upper)
{
	for (const char *c = row->key; *c != '\0'; c++)
		buf_addc(out, *c == '_' ? dash : is_upper && *c >= 'a' ? (char)(*c - 0x20) : *c);
}
