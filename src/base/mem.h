/* SPDX-License-Identifier: ISC */
/*
 * mem.h - allocation that never fails: without memory the process ends with a log line. Callers do
 * not check for NULL. The memory is released with the C library's free().
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/* Returns n bytes, uninitialised (mem_zalloc: zeroed). n may be 0. The caller frees them. */
void *mem_alloc(size_t n);
void *mem_zalloc(size_t n);

/* Resizes p (may be NULL) to count * size bytes. An overflow of the product ends the process. */
void *mem_realloc(void *p, size_t count, size_t size);

/* Each returns a copy, which the caller frees. mem_strndup copies at most n bytes and terminates
 * them. */
char *mem_strdup(const char *s);
char *mem_strndup(const char *s, size_t n);
void *mem_dup(const void *p, size_t n);

/* For a program whose threads often hand memory to each other: memory that one thread frees can be
 * used by the others. Call it before the second thread starts. */
void mem_share(void);

#endif
