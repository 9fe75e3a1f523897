/* SPDX-License-Identifier: ISC */
/*
 * local.h - what is this machine: loopback addresses and names as requests and proxies write them.
 * Pure. Whatever cannot be read is not loopback.
 */
#ifndef CHAT_LOCAL_H
#define CHAT_LOCAL_H

#include <stdbool.h>

#include "base/span.h"

/* 127.0.0.0/8, ::1, or the first mapped into IPv6; bare, in brackets, with or without a port. */
bool local_address(struct span text);

/* A Host header's value: localhost or such an address (an IPv6 one in brackets), with or without a port. */
bool local_host(struct span host);

/* X-Forwarded-For, X-Real-IP: every entry of the comma-separated list is such an address. */
bool local_list(struct span list);

/* Forwarded (RFC 7239): every for= of every element is such an address. unknown and obfuscated names are not. */
bool local_forwarded(struct span header);

#endif
