/* SPDX-License-Identifier: ISC */
/*
 * log.h - one line per event, where it is handled; text or JSON, to stderr or syslog.
 * Subject first, lower case: "conn 7: closed: ping time-out". Never a body, a token or a key.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

#include "base/span.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };
enum log_target { LOG_TARGET_STDERR, LOG_TARGET_SYSLOG };

/* Where lines go from now on; program (borrowed) is the ident. Before: text, info, stderr. Other
 * threads may log meanwhile. */
void log_setup(const char *program, enum log_target, enum log_format, enum log_level);

/* True if a line of that level would be written: guards the making of costly arguments. */
bool log_enabled(enum log_level);

/* One line; every byte outside printable ASCII is escaped (\xHH), and '"' and '\' get a '\' before them, so that no input can make a
 * second line or feign an escape. One write(2) a line; thread-safe; lines over 2,000 bytes are cut. */
void log_line(enum log_level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_debug(...)                                          \
	do {                                                    \
		if (log_enabled(LOG_LEVEL_DEBUG))               \
			log_line(LOG_LEVEL_DEBUG, __VA_ARGS__); \
	} while (0)
#define log_info(...)  log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)

/* Writes a line of the audit trail, of level info, whatever the least level is: an event and its
 * fields. Text: "audit: sign_in wallet=0x123456... address=192.0.2.1"; JSON: each field is a member
 * of its own. A field without a value is left out; a blank in one is escaped, so that no field can
 * feign another. */
struct log_field {
	const char *name; /* none of time, level, program, message, event */
	struct span value;
};
void log_audit(const char *event, const struct log_field *, size_t n);

/* The first 8 characters of a wallet and "...": what a log may show of it. Returns out. */
const char *log_wallet(char out[16], struct span wallet);

#endif
