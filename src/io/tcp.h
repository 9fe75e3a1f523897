/* SPDX-License-Identifier: ISC */
/*
 * tcp.h - what the kernel does for an accepted TCP socket: it notices a dead peer, and counts the
 * bytes that the peer has taken. All functions may be called on any thread.
 */
#ifndef IO_TCP_H
#define IO_TCP_H

#include <stdbool.h>
#include <stdint.h>

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

/* The number of written bytes that the peer has not taken yet. 0 too if the kernel does not say. */
uint32_t tcp_unread(int fd);

/* The number of bytes that the peer has taken, modulo 2^32. False: the kernel does not count them,
 * as for a Unix socket. */
bool tcp_taken(int fd, uint32_t *bytes);

#endif
