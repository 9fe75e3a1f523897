/* SPDX-License-Identifier: ISC */
/*
 * log.h - log lines: text or JSON, to stderr or syslog. Write one line for each incident, where it
 * is handled. The subject comes first, in lower case: "conn 7: closed: ping time-out". Never log a
 * body, a token or a key.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

#include "base/span.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };
enum log_target { LOG_TARGET_STDERR, LOG_TARGET_SYSLOG };

/* Sets the target, the format and the lowest level; other threads may log meanwhile. program
 * (borrowed) names the program in JSON and syslog. Before the first call: text, info, stderr. */
void log_setup(const char *program, enum log_target, enum log_format, enum log_level);

/* True if a line of that level would be written: ask before you make costly arguments. */
bool log_enabled(enum log_level);

/* Writes one line; to stderr with one write(2). Bytes outside printable ASCII are escaped (\xHH),
 * and '"' and '\' get a '\' before them, so that no input can make a second line or look like an
 * escape. A line of more than 2,000 bytes is cut. Any thread. */
void log_line(enum log_level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_debug(...)                                          \
	do {                                                    \
		if (log_enabled(LOG_LEVEL_DEBUG))               \
			log_line(LOG_LEVEL_DEBUG, __VA_ARGS__); \
	} while (0)
#define log_info(...)  log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)

/* Writes a line of the audit trail: an event and its fields. It has level info, and is written at
 * every setting of the lowest level. Text: "audit: sign_in wallet=0x123456... address=192.0.2.1";
 * JSON: each field is a member. A field without a value is left out. Blanks in a value are escaped,
 * so that a value cannot look like another field. */
struct log_field {
	const char *name; /* not time, level, program, message or event */
	struct span value;
};
void log_audit(const char *event, const struct log_field *, size_t n);

/* The first 8 characters of a wallet and "...": a log line shows no more of it. Returns out. */
const char *log_wallet(char out[16], struct span wallet);

#endif
