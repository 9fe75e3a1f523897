/* SPDX-License-Identifier: ISC */
/*
 * preflight.h - the names of header fields that a page asks for with a CORS preflight. Pure.
 */
#ifndef PROTO_PREFLIGHT_H
#define PROTO_PREFLIGHT_H

#include "base/buf.h"
#include "base/span.h"

#define PREFLIGHT_NAMES_MAX      32
#define PREFLIGHT_NAME_MAX_BYTES 64

/* Appends the value of Access-Control-Allow-Headers for a value of Access-Control-Request-Headers,
 * whose lines are joined: its names as they came, separated by ", ". Left out are a name that is no
 * token or is longer than PREFLIGHT_NAME_MAX_BYTES, "*", which could mean every name, and what
 * follows the first PREFLIGHT_NAMES_MAX names. Returns how many names were appended. */
size_t preflight_names(struct buf *out, struct span requested);

#endif
