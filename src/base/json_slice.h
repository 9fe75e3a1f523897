/* SPDX-License-Identifier: ISC */
/*
 * json_slice.h - reads values of a JSON text in place: for events, of which a few members are read
 * once. Builds no tree, and needs memory only for strings with escapes. All texts must have passed
 * json_check.
 */
#ifndef BASE_JSON_SLICE_H
#define BASE_JSON_SLICE_H

#include "base/json.h"

/* A slice is a part of the text: one value, without blanks around it; n 0: there is no value. */
struct span json_slice(struct span text);          /* the text's one value */
enum json_type json_slice_type(struct span value); /* JSON_NULL if there is no value */

/* The members with these names. A slice has n 0 if the member is absent or the value is no object.
 * If a name stands twice in the object, the last one counts. */
void
json_slice_members(struct span object, const char *const names[], struct span values[], size_t n);
struct span json_slice_member(struct span object, const char *name);

/* An element of an array; n 0: there is none. */
struct span json_slice_at(struct span array, size_t i);

/* False: the value is no string. *out points into the value or, if that has escapes, into decoded,
 * to which the string is appended. Earlier results in decoded stay valid only if the caller has
 * reserved room for as many bytes as the value has. */
bool json_slice_string(struct span value, struct buf *decoded, struct span *out);
bool json_slice_int(struct span value, int64_t *out); /* as json_int */

/* Moves from one element of an array to the next; begin with an element of n 0. False: there are no
 * more. */
bool json_slice_next(struct span array, struct span *element);

/* Appends a checked value, compact. Numbers stay digit by digit as they are; strings are written as
 * json_put_string writes them. Members stay in their order, also where a name stands twice. */
void json_copy(struct buf *out, struct span value);

/* Copies a checked text, with each escaped surrogate pair replaced by its character, and each
 * surrogate that stands alone by U+FFFD. False: the text has none, and nothing is copied. For
 * json-c, which mistakes the pairs of U+1D800 to U+1DFFF, and those of the same range in other
 * planes, for lone surrogates. */
bool json_join_pairs(struct span text, struct buf *out);

/* Looks for members of the outermost object of a text that json_check has refused, to answer it.
 * Finds only names without escapes whose value is by itself a good string or number. The other
 * slices have n 0. */
void json_scan_members(struct span text, const char *const names[], struct span values[], size_t n);

#endif
