/* SPDX-License-Identifier: ISC */
/*
 * test_map.c - what base/map.h promises.
 */
#include "base/map.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

#define N 5000

struct entry {
	char name[32];
	int seen;
	struct map_node node;
};

static struct entry *
make_entries(struct map *m, size_t n)
{
	struct entry *entries = mem_zalloc(n * sizeof(*entries));

	for (size_t i = 0; i < n; i++) {
		snprintf(entries[i].name, sizeof(entries[i].name), "key-%zu", i);
		map_insert(m, &entries[i].node, span_of(entries[i].name));
	}
	return entries;
}

static void
an_empty_map_holds_nothing(void **state)
{
	struct map m = {0};

	assert_null(map_find(&m, SPAN("a")));
	assert_null(map_next(&m, NULL));
	map_clear(&m);
}

static void
every_entry_is_found_by_its_key_and_no_other(void **state)
{
	struct map m = {0};
	struct entry *entries = make_entries(&m, N);

	assert_int_equal(m.count, N);
	for (int i = 0; i < N; i++) {
		struct map_node *found = map_find(&m, span_of(entries[i].name));

		assert_non_null(found);
		assert_ptr_equal(MAP_ENTRY(found, struct entry, node), &entries[i]);
	}
	assert_null(map_find(&m, SPAN("key-")));
	assert_null(map_find(&m, SPAN("")));
	map_clear(&m);
	free(entries);
}

static void
keys_are_bytes_and_may_be_empty_or_hold_nul(void **state)
{
	struct map m = {0};
	struct map_node empty, one, two;

	map_insert(&m, &empty, SPAN(""));
	map_insert(&m, &one, SPAN("a\0b"));
	map_insert(&m, &two, SPAN("a\0c"));
	assert_ptr_equal(map_find(&m, SPAN("")), &empty);
	assert_ptr_equal(map_find(&m, SPAN("a\0b")), &one);
	assert_ptr_equal(map_find(&m, SPAN("a\0c")), &two);
	assert_null(map_find(&m, SPAN("a")));
	map_clear(&m);
}

static void
a_removed_entry_is_gone_and_the_rest_stays(void **state)
{
	struct map m = {0};
	struct entry *entries = make_entries(&m, N);

	for (int i = 0; i < N; i += 2)
		map_remove(&m, &entries[i].node);
	assert_int_equal(m.count, N / 2);
	for (int i = 0; i < N; i++) {
		struct map_node *want = i % 2 == 0 ? NULL : &entries[i].node;

		assert_ptr_equal(map_find(&m, span_of(entries[i].name)), want);
	}
	map_clear(&m);
	free(entries);
}

static void
a_removed_entry_can_come_back_under_another_key(void **state)
{
	struct map m = {0};
	struct map_node node;

	map_insert(&m, &node, SPAN("old"));
	map_remove(&m, &node);
	map_insert(&m, &node, SPAN("new"));
	assert_null(map_find(&m, SPAN("old")));
	assert_ptr_equal(map_find(&m, SPAN("new")), &node);
	map_clear(&m);
}

static void
a_walk_meets_every_entry_once(void **state)
{
	struct map m = {0};
	struct entry *entries = make_entries(&m, N);

	for (struct map_node *e = map_next(&m, NULL); e != NULL; e = map_next(&m, e))
		MAP_ENTRY(e, struct entry, node)->seen++;
	for (int i = 0; i < N; i++)
		assert_int_equal(entries[i].seen, 1);
	map_clear(&m);
	free(entries);
}

/* Removing shrinks the table many times on the way: the order of the walk must survive it. */
static void
a_walk_may_remove_the_entry_behind_it(void **state)
{
	struct map m = {0};
	struct entry *entries = make_entries(&m, N);
	struct map_node *e = map_next(&m, NULL), *next;

	for (; e != NULL; e = next) {
		next = map_next(&m, e);
		MAP_ENTRY(e, struct entry, node)->seen++;
		if (MAP_ENTRY(e, struct entry, node) != &entries[17])
			map_remove(&m, e);
	}
	for (int i = 0; i < N; i++)
		assert_int_equal(entries[i].seen, 1);
	assert_int_equal(m.count, 1);
	assert_ptr_equal(map_next(&m, NULL), &entries[17].node);
	map_clear(&m);
	free(entries);
}

static void
the_table_follows_the_count_up_and_down(void **state)
{
	struct map m = {0};
	struct entry *entries = make_entries(&m, N);

	assert_true(m.n_buckets >= N);
	for (int i = 0; i < N; i++)
		map_remove(&m, &entries[i].node);
	assert_int_equal(m.count, 0);
	assert_true(m.n_buckets <= 64);
	map_clear(&m);
	assert_int_equal(m.n_buckets, 0);
	free(entries);
}

static void
a_hash_depends_on_every_byte_and_the_length(void **state)
{
	char bytes[41] = {0};
	uint64_t plain;

	for (size_t n = 1; n <= 40; n++) {
		plain = map_hash((struct span){bytes, n});
		assert_true(plain == map_hash((struct span){bytes, n}));
		assert_true(plain != map_hash((struct span){bytes, n - 1}));
		for (size_t i = 0; i < n; i++) {
			bytes[i] = 1;
			assert_true(plain != map_hash((struct span){bytes, n}));
			bytes[i] = 0;
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_map_holds_nothing),
	    cmocka_unit_test(every_entry_is_found_by_its_key_and_no_other),
	    cmocka_unit_test(keys_are_bytes_and_may_be_empty_or_hold_nul),
	    cmocka_unit_test(a_removed_entry_is_gone_and_the_rest_stays),
	    cmocka_unit_test(a_removed_entry_can_come_back_under_another_key),
	    cmocka_unit_test(a_walk_meets_every_entry_once),
	    cmocka_unit_test(a_walk_may_remove_the_entry_behind_it),
	    cmocka_unit_test(the_table_follows_the_count_up_and_down),
	    cmocka_unit_test(a_hash_depends_on_every_byte_and_the_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
