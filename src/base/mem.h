/* SPDX-License-Identifier: ISC */
/*
 * mem.h - allocation that never fails: out of memory ends the process with a line in the log.
 * No caller pretends to survive it. free() is the C library's.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/* n bytes, uninitialised (mem_zalloc: zeroed). n may be 0. The caller frees. */
void *mem_alloc(size_t n);
void *mem_zalloc(size_t n);

/* Resizes p (may be NULL) to count * size bytes; an overflow of the product ends the process. */
void *mem_realloc(void *p, size_t count, size_t size);

/* Copies; the caller frees. mem_strndup stops at n bytes and terminates. */
char *mem_strdup(const char *s);
char *mem_strndup(const char *s, size_t n);
void *mem_dup(const void *p, size_t n);

/* For a program whose threads hand memory to each other all the time: what one frees the other can use. Before the second thread. */
void mem_share(void);

#endif
