/* SPDX-License-Identifier: ISC */
/*
 * json.h - the only door to json-c: a strict RFC 8259 reader, typed getters, and the fast writer.
 * json-c is no validator (it takes NaN, single quotes, lone surrogates), so json_check runs before it, always.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

struct json; /* a parsed value; really json-c's object, known to json.c alone */

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

/* True if text is exactly one JSON value by RFC 8259: UTF-8, no raw control character in strings, no lone
 * surrogate, grammar of numbers; nesting at most JSON_DEPTH_MAX; integers that fit int64 or uint64, no "-0", doubles that
 * are finite; no name twice in one object is not checked (the last wins). *why (may be NULL): a short reason, static. */
bool json_check(struct span text, const char **why);

/* Checks, then parses. NULL and *why if the check refuses. The caller frees with json_free(). */
struct json *json_parse(struct span text, const char **why);
void json_free(struct json *); /* NULL is fine */

/* Getters. Results are borrowed from the value and live as long as it. */
enum json_type json_type(const struct json *); /* NULL is JSON_NULL */
const struct json *
json_get(const struct json *object, const char *name);   /* NULL when absent or no object */
bool json_string(const struct json *, struct span *out); /* may hold NUL */
bool json_int(const struct json *, int64_t *out); /* true for integers only: 1.0 and 1e3 are none */
bool json_number(const struct json *, double *out); /* any number */
bool json_bool(const struct json *, bool *out);
size_t json_length(const struct json *array); /* 0 for anything else */
const struct json *json_at(const struct json *array, size_t i);
size_t json_members(const struct json *object); /* how many names it has */

/* ---- the writer ----
 * Appends to a buffer. Commas put themselves: a member or element after '{' or '[' has none, any other has one.
 * Strings escape '"', '\', C0, DEL to U+009F, U+2028 and U+2029; U+0000 too; bytes must be UTF-8. */
void json_write(struct buf *, const struct json *); /* the value, anew, compact, names in order */

void json_open(
    struct buf *, char bracket); /* '{' or '[', as a bare value or after json_name/json_element */
void json_close(struct buf *, char bracket);
void json_name(struct buf *, const char *name); /* name is ours: plain ASCII, nothing to escape */
void json_element(struct buf *);                /* before each value of an array */
void json_put_string(struct buf *, struct span);
void json_put_int(struct buf *, int64_t);
void json_put_bool(struct buf *, bool);

/* name and value in one. */
void json_member_string(struct buf *, const char *name, struct span);
void json_member_cstr(struct buf *, const char *name, const char *);
void json_member_int(struct buf *, const char *name, int64_t);
void json_member_bool(struct buf *, const char *name, bool);
void
json_member_time(struct buf *, const char *name, int64_t wall_ms); /* ISO 8601, see clock_iso */
void json_member_raw(
    struct buf *, const char *name, struct span json); /* a value this writer made before */

#endif
