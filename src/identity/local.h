/* SPDX-License-Identifier: ISC */
/*
 * local.h - loopback addresses and names, as requests and proxies write them. Pure. Text that
 * cannot be parsed is not loopback.
 */
#ifndef IDENTITY_LOCAL_H
#define IDENTITY_LOCAL_H

#include <stdbool.h>

#include "base/span.h"

/* True for 127.0.0.0/8, also mapped into IPv6, and ::1; an IPv6 address may stand in brackets, and
 * a port may follow. */
bool local_address(struct span text);

/* True for the value of a Host header that is localhost or such an address (IPv6 in brackets), with
 * or without a port. */
bool local_host(struct span host);

/* X-Forwarded-For, X-Real-IP: true if every entry of the comma-separated list is such an
 * address. */
bool local_list(struct span list);

/* Forwarded (RFC 7239): true if every for= of every element is such an address; "unknown" and
 * obfuscated names are not. */
bool local_forwarded(struct span header);

#endif
