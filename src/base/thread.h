/* SPDX-License-Identifier: ISC */
/*
 * thread.h - the role of each thread, and starting a thread. A thread sets its role itself;
 * functions that must not run on the loop's thread check it.
 */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>

enum thread_role {
	THREAD_ANY,    /* may do everything: a test, a tool, a thread of the FastCGI program */
	THREAD_LOOP,   /* serves the sockets: it never waits for the database */
	THREAD_WRITER, /* writes to the database, and commits */
	THREAD_READER  /* reads from the database */
};

/* The calling thread has this role from now on. */
void thread_is(enum thread_role);
enum thread_role thread_role(void);

/* In builds with CHECKS_ALL: ends the process if the loop's thread calls it. The functions of the
 * store call it. The daemon opens its stores before its main thread takes the role THREAD_LOOP. */
void thread_check_store(void);

/* Starts a thread with main(arg). False: the system has started none, and *error is the errno. */
bool thread_start(pthread_t *, void *(*main)(void *), void *arg, int *error);

/* Tests: the nth thread_start from now on fails with EAGAIN (1 is the next; 0: none). */
void thread_fail_at(int nth);

#endif
