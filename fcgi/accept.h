/* SPDX-License-Identifier: ISC */
/*
 * accept.h - which form of an answer a client takes (RFC 9110, section 12.5.1).
 */
#ifndef FCGI_ACCEPT_H
#define FCGI_ACCEPT_H

#include "base/span.h"

/* How much the field wants that media type: 0 (not at all) to 1000. The most specific range counts;
 * a field that is absent, or of which nothing can be read, takes everything. */
int accept_quality(struct span field, struct span type);

/* The most wanted of the types, which are parted by spaces; of equal ones the first. n 0: none is
 * wanted. */
struct span accept_best(struct span field, const char *types);

#endif
