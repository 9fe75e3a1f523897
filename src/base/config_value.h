/* SPDX-License-Identifier: ISC */
/*
 * config_value.h - the table of configuration keys, and their values: from text into struct config, and back.
 * For config.c alone.
 */
#ifndef BASE_CONFIG_VALUE_H
#define BASE_CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

enum config_kind {
	KIND_STRING,   /* char *; empty is NULL where the default is NULL, else refused */
	KIND_LIST,     /* struct config_list; values between commas and blanks */
	KIND_NUMBER,   /* decimal, int64_t */
	KIND_MODE,     /* permission bits, octal */
	KIND_DURATION, /* milliseconds: 250ms, 2s, 5m, 72h, 7d; 0 alone needs no unit */
	KIND_SIZE,     /* bytes: 1000, 64k, 1m */
	KIND_WORD      /* an enum */
};

struct config_word {
	const char *word; /* a row without one ends the list */
	int value;
	bool is_unbuilt; /* known, and refused */
};

struct config_row {
	const char *key;
	enum config_kind kind;
	unsigned programs; /* enum config_program: who has the option */
	size_t offset, size;
	const char *initial; /* the default as text, or NULL */
	int64_t min, max;    /* of numbers, modes, durations and sizes */
	const struct config_word *words;
	/* of strings and items of lists; NULL copies */
	const char *(*normal)(struct buf *out, struct span in);
	const char *
	    suffix; /* of lists: a word that may follow an item, with its blank; it is kept with it */
	const char *argument;
	const char *accepted; /* of strings and lists, for messages */
	const char *help;
};

/* The table of keys (config_rows.c), and the index of a key; config_row_count: there is no such key. */
extern const struct config_row config_rows[];
extern const size_t config_row_count;
size_t config_row_find(struct span key);

/* Sets the field of *config (a struct config) from text. False: the text is wrong, *why says why and
 * what is accepted; the field is as before, but a list may have gained the items that were good.
 * Lists grow. */
bool config_value_set(void *config, const struct config_row *, struct span text, struct buf *why);

/* Frees what a string or list owns and sets it to NULL or empty. */
void config_value_clear(void *config, const struct config_row *);

/* Appends the value as config_value_set reads it. */
void config_value_print(const void *config, const struct config_row *, struct buf *out);

/* Appends what the row takes: "a size from 70k to 16m". */
void config_value_accepted(const struct config_row *, struct buf *out);

/* The syntax of items (struct config_row, normal; config_syntax.c): where to listen, origins,
 * addresses with an optional prefix length, absolute URL paths, names of header fields. Each appends
 * the normal spelling. NULL: good; else why not, as the end of a sentence about the item. */
const char *config_normal_listen(struct buf *out, struct span in);
const char *config_normal_origin(struct buf *out, struct span in);
const char *config_normal_network(struct buf *out, struct span in);
const char *config_normal_prefix(struct buf *out, struct span in);
const char *config_normal_header(struct buf *out, struct span in);

#endif
