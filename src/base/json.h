/* SPDX-License-Identifier: ISC */
/*
 * json.h - the only door to json-c: a strict reader (RFC 8259), typed getters, and a fast writer.
 * json-c accepts texts that are no JSON (NaN, single quotes), so json_check always runs before it.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

struct json; /* a parsed value; it is json-c's object, which only json.c knows */

enum json_type {
	JSON_NULL,
	JSON_BOOL,
	JSON_INT,
	JSON_DOUBLE,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

#define JSON_DEPTH_MAX 32

enum json_verdict {
	JSON_GOOD,
	JSON_BEYOND, /* as far as it was read it is JSON, but beyond a limit */
	JSON_BAD     /* no JSON */
};
/* JSON_GOOD if text is exactly one JSON value by RFC 8259, in UTF-8, and within these limits: no
 * U+0000 in a name, nesting of at most JSON_DEPTH_MAX. Numbers have any size and precision. An
 * escaped surrogate may stand alone (RFC 8259, section 8.2): it is read as U+FFFD. A name may stand
 * twice in one object: the last one counts. Else *why (why may be NULL) is a short static text with
 * the reason. */
enum json_verdict json_judge(struct span text, const char **why);
bool json_check(struct span text, const char **why); /* True if it is JSON_GOOD. */

/* Checks, then parses. If the check refuses, returns NULL and sets *why. The caller frees the value
 * with json_free. */
struct json *json_parse(struct span text, const char **why);
void json_free(struct json *); /* NULL is fine */

/* Getters. Their results are borrowed from the value and valid as long as it is. */
enum json_type json_type(const struct json *); /* NULL is JSON_NULL */
/* NULL: there is no such member, or the value is no object. */
const struct json *json_get(const struct json *object, const char *name);
bool json_string(const struct json *, struct span *out); /* may contain NUL */
/* False for 1.0 and 1e3, which are no integers, and beyond int64 (INT64_MIN counts as beyond). */
bool json_int(const struct json *, int64_t *out);
bool json_number(const struct json *, double *out); /* any number, rounded; may be infinite */
bool json_bool(const struct json *, bool *out);
size_t json_length(const struct json *array); /* 0 for anything else */
const struct json *json_at(const struct json *array, size_t i);
size_t json_members(const struct json *object); /* the number of its members */

/* ---- the writer ----
 * Appends to a buffer, and writes the commas between members and elements itself. In strings it
 * escapes '"', '\', U+0000 to U+001F, U+007F to U+009F, U+2028 and U+2029. Strings must be
 * UTF-8. */
/* A parsed value; compact, names in order. Numbers may lose digits: see json_copy
 * (json_slice.h). */
void json_write(struct buf *, const struct json *);

/* bracket is '{' or '['; as the outermost value, or after json_name or json_element. */
void json_open(struct buf *, char bracket);
void json_close(struct buf *, char bracket);    /* '}' or ']' */
void json_name(struct buf *, const char *name); /* ASCII, with nothing to escape */
void json_element(struct buf *);                /* before each value of an array */
void json_put_string(struct buf *, struct span);
void json_put_int(struct buf *, int64_t);
void json_put_bool(struct buf *, bool);

/* A name and its value in one call. */
void json_member_string(struct buf *, const char *name, struct span);
void json_member_cstr(struct buf *, const char *name, const char *);
void json_member_int(struct buf *, const char *name, int64_t);
void json_member_bool(struct buf *, const char *name, bool);
void json_member_time(struct buf *, const char *name, int64_t wall_ms); /* see clock_iso */
/* json is a value that this writer has made before. */
void json_member_raw(struct buf *, const char *name, struct span json);

#endif
