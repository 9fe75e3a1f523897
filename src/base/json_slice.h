/* SPDX-License-Identifier: ISC */
/*
 * json_slice.h - values of a JSON text in place: for events, of which a few members are read once.
 * Pure: no tree and no memory but that of strings with escapes. All texts must have passed json_check.
 */
#ifndef BASE_JSON_SLICE_H
#define BASE_JSON_SLICE_H

#include "base/json.h"

/* A slice is a value as it stands in its text, without blanks around it; n 0: there is none. */
struct span json_slice(struct span text);          /* the text's one value */
enum json_type json_slice_type(struct span value); /* none is JSON_NULL */

/* Members by name, each none if absent, or if the value is no object. Of a name given twice the last counts. */
void
json_slice_members(struct span object, const char *const names[], struct span values[], size_t n);
struct span json_slice_member(struct span object, const char *name);

/* An element of an array, or none. */
struct span json_slice_at(struct span array, size_t i);

/* False: no string. *out points into the value or, where that has escapes, is appended to decoded: room for as many bytes as the
 * value has must be reserved there if earlier ones are to stay where they are. */
bool json_slice_string(struct span value, struct buf *decoded, struct span *out);
bool json_slice_int(struct span value, int64_t *out); /* as json_int */

/* Copies a checked text with surrogate pairs as the characters they stand for; false, and nothing: it has none. For json-c, which takes the
 * pairs of U+1D800 to U+1DFFF, and of those in other planes that end so, for lone ones. */
bool json_join_pairs(struct span text, struct buf *out);

#endif
