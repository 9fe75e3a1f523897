/* SPDX-License-Identifier: ISC */
/*
 * address.h - sockets of the benchmarks: 127.0.0.1:PORT or unix:PATH.
 */
#ifndef TESTS_BENCH_ADDRESS_H
#define TESTS_BENCH_ADDRESS_H

#define ADDRESS_NAME_SIZE 128

/* A listening descriptor (blocking), and its address with the port it got. -1: *why names the call,
 * errno the reason. */
int address_listen(const char *spec, char name[ADDRESS_NAME_SIZE], const char **why);

/* A connected, non-blocking descriptor, likewise. Over TCP it comes from 127.0.0.1 plus from. */
int address_connect(const char *spec, unsigned from, const char **why);

void address_no_delay(int fd);

/* As many descriptors as the hard limit allows. */
void address_allow_files(void);

#endif
