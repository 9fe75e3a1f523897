/* SPDX-License-Identifier: ISC */
/*
 * config_value.h - the table of configuration keys and their values. For config.c alone.
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
	unsigned programs; /* enum config_program: who uses the value */
	size_t offset, size;
	const char *initial; /* the default as text, or NULL */
	int64_t min, max;    /* of numbers, modes, durations and sizes */
	const struct config_word *words;
	/* of strings and items of lists; NULL copies */
	const char *(*normal)(struct buf *out, struct span in);
	const char *suffix;   /* of lists: " WORD" that may follow an item and is kept with it */
	const char *accepted; /* of strings and lists, for messages */
	const char *argument, *help;
};

/* The table of keys (config_rows.c), and the index of a key; config_row_count: there is no such key. */
extern const struct config_row config_rows[];
extern const size_t config_row_count;
size_t config_row_find(struct span key);

/* Appends the key as a source spells it: dash for '_', perhaps in upper case. */
void config_row_spell(struct buf *out, const struct config_row *, char dash, bool is_upper);

/* Appends which key is spelt most like name, if one is near, and how to list all. prefix and dash:
 * that source's spelling of keys; after "ESCROWCHAT_" they are in upper case. */
void config_row_suggest(struct buf *out, struct span name, const char *prefix, char dash);

/* Sets the field of *config (a struct config) from text; lists grow. False: *why says why not and what
 * is accepted; the field is as before, but a list may have gained the items that were good. */
bool config_value_set(void *config, const struct config_row *, struct span text, struct buf *why);

/* Frees what a string or list owns and sets it to NULL or empty. */
void config_value_clear(void *config, const struct config_row *);

/* Appends the value as config_value_set reads it. */
void config_value_print(const void *config, const struct config_row *, struct buf *out);

/* Appends what the row takes: "a size from 70k to 16m". */
void config_value_accepted(const struct config_row *, struct buf *out);

/* The syntax of items (row->normal). Each appends the normal spelling. NULL: the item is good; else
 * why not, as the end of a sentence about the item. */
const char *config_normal_listen(struct buf *out, struct span in);
const char *config_normal_origin(struct buf *out, struct span in);
const char *config_normal_network(struct buf *out, struct span in);
const char *config_normal_prefix(struct buf *out, struct span in);
const char *config_normal_header(struct buf *out, struct span in);

#endif
