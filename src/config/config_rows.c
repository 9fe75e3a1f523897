/* SPDX-License-Identifier: ISC */
/*
 * config_rows.c - finds a row of the configuration keys, and spells its key as a source does. The
 * rows are in config_table.c, which config.awk makes of config.table.
 */
#include "config/config_value.h"

size_t
config_row_find(struct span key)
{
	size_t row = 0;

	while (row < config_row_count && !span_is(key, config_rows[row].key))
		row++;
	return row;
}

void
config_row_spell(struct buf *out, const struct config_row *row, char dash, bool is_upper)
{
	for (const char *c = row->key; *c != '\0'; c++)
		buf_addc(out, *c == '_' ? dash : is_upper && *c >= 'a' ? (char)(*c - 0x20) : *c);
}
