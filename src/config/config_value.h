/* SPDX-License-Identifier: ISC */
/*
 * config_value.h - the table of configuration keys and their values. Only config*.c use it.
 */
#ifndef CONFIG_CONFIG_VALUE_H
#define CONFIG_CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

enum config_kind {
	KIND_STRING,   /* char *; an empty one is NULL if the default is NULL, else refused */
	KIND_LIST,     /* struct config_list; values between commas and blanks */
	KIND_NUMBER,   /* decimal, int64_t */
	KIND_MODE,     /* permission bits, octal */
	KIND_DURATION, /* milliseconds: 250ms, 2s, 5m, 72h, 7d; 0 alone needs no unit */
	KIND_SIZE,     /* bytes: 1000, 64k, 1m */
	KIND_WORD      /* an enum */
};

struct config_word {
	const char *word; /* NULL ends the list */
	int value;
	bool is_unbuilt; /* the word is known, but refused */
};

struct config_row {
	const char *key;
	enum config_kind kind;
	unsigned programs; /* enum config_program: who uses the value */
	size_t offset, size;
	const char *initial; /* the default as text, or NULL */
	int64_t min, max;    /* of numbers, modes, durations and sizes */
	const struct config_word *words;
	/* for strings and items of lists: appends the normal spelling (see below); NULL: copy it */
	const char *(*normal)(struct buf *out, struct span in);
	const char *suffix;   /* for lists: " WORD" that may follow an item and is kept with it */
	const char *accepted; /* for strings and lists: what is accepted, for messages */
	const char *argument, *help;
};

/* The table of keys, made of config.table. config_row_find returns the index of a key, or
 * config_row_count if there is none. */
extern const struct config_row config_rows[];
extern const size_t config_row_count;
size_t config_row_find(struct span key);

/* Appends the key as a source spells it: with dash in place of '_', and in upper case if
 * is_upper. */
void config_row_spell(struct buf *out, const struct config_row *, char dash, bool is_upper);

/* Appends the key that is most like name, if one is near, and how to list all keys. prefix and dash
 * say how the source spells keys; after "ESCROWCHAT_" keys are in upper case. */
void config_row_suggest(struct buf *out, struct span name, const char *prefix, char dash);

/* Sets the field of *config (a struct config) from text; a list grows. False: *why gets the reason
 * and the accepted values. The field is then unchanged, but a list may have got the items before
 * the refused one. */
bool config_value_set(void *config, const struct config_row *, struct span text, struct buf *why);

/* Frees the memory of a string or list, and sets it to NULL or empty. */
void config_value_clear(void *config, const struct config_row *);

/* Appends the value in a form that config_value_set reads. */
void config_value_print(const void *config, const struct config_row *, struct buf *out);

/* Appends the accepted values of the row: "a size from 70k to 16m". */
void config_value_accepted(const struct config_row *, struct buf *out);

/* The syntax of items (row->normal). Each appends the normal spelling. Returns NULL if the item is
 * valid; else the reason, as the end of a sentence about the item. */
const char *config_normal_listen(struct buf *out, struct span in);
const char *config_normal_origin(struct buf *out, struct span in);
const char *config_normal_network(struct buf *out, struct span in);
const char *config_normal_prefix(struct buf *out, struct span in);
const char *config_normal_header(struct buf *out, struct span in);

#endif
