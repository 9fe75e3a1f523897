/* SPDX-License-Identifier: ISC */
/*
 * test_changes.c - what hub/room/changes.h promises.
 */
#include "hub/room/changes.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#define CHANGES_KEPT 1024 /* at least so many are remembered one by one */

static void
a_change_is_known_from_its_position_on_and_for_its_user_alone(void **state)
{
	struct changes *c = changes_new();

	assert_false(changes_since(c, SPAN("alice"), SPAN("42"), 0));
	changes_note(c, SPAN("alice"), SPAN("42"), 10);
	changes_note(c, SPAN("bob"), SPAN("42"), 11);
	assert_true(changes_since(c, SPAN("alice"), SPAN("42"), 9));
	assert_false(changes_since(c, SPAN("alice"), SPAN("42"), 10));
	assert_true(changes_since(c, SPAN("bob"), SPAN("42"), 10));
	assert_false(changes_since(c, SPAN("alice"), SPAN("43"), 0));
	assert_false(changes_since(c, SPAN("carol"), SPAN("42"), 0));
	assert_false(changes_since(c, SPAN("alice"), SPAN(""), 0));
	changes_free(c);
}

static void
a_token_that_was_ended_is_no_change_of_membership(void **state)
{
	struct changes *c = changes_new();

	changes_note(c, SPAN("alice"), SPAN(""), 5);
	assert_true(changes_since(c, SPAN("alice"), SPAN(""), 4));
	assert_false(changes_since(c, SPAN("alice"), SPAN("42"), 4));
	changes_free(c);
}

static void
a_change_that_is_not_known_any_more_counts_as_one(void **state)
{
	struct changes *c = changes_new();

	for (int i = 1; i <= CHANGES_KEPT; i++)
		changes_note(c, SPAN("bob"), SPAN("42"), i);
	assert_false(changes_since(c, SPAN("alice"), SPAN("42"), 0));
	changes_note(c, SPAN("bob"), SPAN("42"), CHANGES_KEPT + 1);
	assert_true(changes_since(c, SPAN("alice"), SPAN("42"), 0));
	assert_false(changes_since(c, SPAN("alice"), SPAN("42"), 2));
	changes_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_change_is_known_from_its_position_on_and_for_its_user_alone),
	    cmocka_unit_test(a_token_that_was_ended_is_no_change_of_membership),
	    cmocka_unit_test(a_change_that_is_not_known_any_more_counts_as_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
