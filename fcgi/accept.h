/* SPDX-License-Identifier: ISC */
/*
 * accept.h - reads the field Accept: which media type a client wants (RFC 9110, section 12.5.1).
 */
#ifndef FCGI_ACCEPT_H
#define FCGI_ACCEPT_H

#include "base/span.h"

/* The weight that the field gives to the media type: 0 (not accepted) to 1000. The most specific
 * range counts. A field that is absent, or that cannot be read at all, accepts everything. */
int accept_quality(struct span field, struct span type);

/* Returns the type with the greatest weight, the first of equal ones; it points into types, where
 * spaces separate them. n 0: the field accepts none of them. */
struct span accept_best(struct span field, const char *types);

#endif
