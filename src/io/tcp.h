/* SPDX-License-Identifier: ISC */
/*
 * tcp.h - the options of an accepted TCP socket, so that the kernel notices a dead peer.
 */
#ifndef IO_TCP_H
#define IO_TCP_H

#include <stdbool.h>

/* A peer from which nothing has come for so long is dead, whether the connection is idle or bytes
 * wait for the peer; so is a peer that has made no room for so long. With the 15 s between two
 * heartbeats of a stream that is less than two minutes. A phone may sleep for a while: the last
 * probe comes after 85 s. Bytes that were sent are sent again after twice the time each time, and
 * at least once between 50 s and the end. */
#define TCP_DEAD_S           100
#define TCP_PROBE_AFTER_S    40
#define TCP_PROBE_INTERVAL_S 15
#define TCP_PROBES           ((TCP_DEAD_S - TCP_PROBE_AFTER_S) / TCP_PROBE_INTERVAL_S)

/* Sets the options of an accepted TCP socket: small writes are sent at once, and the connection
 * fails when the peer is dead. False: an option was refused, and errno is set; the others are
 * set. */
bool tcp_prepare(int fd);

#endif
