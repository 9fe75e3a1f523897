/* SPDX-License-Identifier: ISC */
/*
 * test_loop.c - what io/loop.h promises of timers, the end of a turn, and pace.
 */
#include "io/loop.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"

#define TIMERS  500
#define LONG_US 60000000 /* longer than any test: what waits for it hangs */

struct scene {
	struct loop *loop;
	struct timer *timers;
	int left;        /* timers that are still to fire */
	int64_t last_at; /* no earlier the last one was due */
	char order[64];  /* what happened */
};

struct timer {
	struct scene *scene;
	struct loop_timer *t;
	int64_t at, until; /* due between the two; at 0: it must not fire */
};

static int
set_up(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	s->loop = loop_new(NULL);
	*state = s;
	return 0;
}

static int
tear_down(void **state)
{
	struct scene *s = *state;

	loop_free(s->loop);
	free(s);
	return 0;
}

static void
note(struct scene *s, char what)
{
	s->order[strlen(s->order)] = what;
}

/* ---- timers ---- */

static void
on_any(void *arg)
{
	struct timer *t = arg;
	struct scene *s = t->scene;

	assert_true(t->at > 0 && t->until >= s->last_at);
	assert_true(clock_mono_us() >= t->at);
	s->last_at = t->at;
	t->at = 0;
	if (--s->left == 0)
		loop_stop(s->loop);
}

static void
set(struct timer *t, int64_t us)
{
	t->scene->left += t->at == 0;
	t->at = clock_mono_us() + us;
	loop_timer_set_us(t->t, us);
	t->until = clock_mono_us() + us;
}

static void
stop(struct timer *t)
{
	t->scene->left -= t->at > 0;
	t->at = 0;
	loop_timer_stop(t->t);
}

static void
timers_fire_once_in_order_whatever_was_set_again_and_stopped(void **state)
{
	struct scene *s = *state;
	struct timer timers[TIMERS];
	unsigned random = 1;

	for (int i = 0; i < TIMERS; i++)
		timers[i] =
		    (struct timer){.scene = s, .t = loop_timer_new(s->loop, on_any, &timers[i])};
	for (int i = 0; i < 20 * TIMERS; i++) {
		struct timer *t = &timers[(random = random * 1664525 + 1013904223) >> 16 & 255];
		if (random % 3 == 0)
			stop(t);
		else
			set(t, 10 * (int64_t)(random >> 8 & 1023));
	}
	for (int i = 0; i < TIMERS; i++)
		set(&timers[i], 20000 + i % 7 * 1000 + i);
	loop_run(s->loop);
	assert_int_equal(s->left, 0);
	for (int i = 0; i < TIMERS; i++)
		loop_timer_free(timers[i].t);
}

static void
on_letter(void *arg)
{
	struct timer *t = arg;

	note(t->scene, (char)t->at);
	if (t->at == 'z')
		loop_stop(t->scene->loop);
}

/* Makes a timer that notes a letter; 'z' ends the run. */
static struct timer *
letter(struct scene *s, char what)
{
	struct timer *t = calloc(1, sizeof(*t));

	t->scene = s;
	t->at = what;
	t->t = loop_timer_new(s->loop, on_letter, t);
	return t;
}

static void
letter_free(struct timer *t)
{
	loop_timer_free(t->t);
	free(t);
}

static void
a_sooner_timer_is_not_kept_waiting_by_a_later_one(void **state)
{
	struct scene *s = *state;
	struct timer *late = letter(s, 'l'), *soon = letter(s, 'z');

	loop_timer_set_us(late->t, LONG_US);
	loop_timer_set_us(soon->t, 2000);
	loop_run(s->loop);
	loop_timer_set_us(soon->t, 1000);
	loop_run(s->loop);
	assert_string_equal(s->order, "zz");
	letter_free(late);
	letter_free(soon);
}

/* ---- the end of a turn ---- */

struct last {
	struct scene *scene;
	struct loop_later *later;
	struct loop_timer *again; /* fires in each turn */
	int turns;
};

static void
on_later(void *arg)
{
	struct last *l = arg;

	note(l->scene, 'l');
	if (++l->turns == 1)
		loop_timer_set_us(l->again, 0);
	if (l->turns == 3)
		loop_stop(l->scene->loop);
}

static void
on_again(void *arg)
{
	struct last *l = arg;

	note(l->scene, 't');
	loop_later_want(l->later);
	loop_later_want(l->later);
	loop_timer_set_us(l->again, 0);
}

static void
what_is_wanted_runs_once_at_the_end_of_its_turn(void **state)
{
	struct scene *s = *state;
	struct last l = {.scene = s};

	l.later = loop_later_new(s->loop, on_later, &l);
	l.again = loop_timer_new(s->loop, on_again, &l);
	loop_later_want(l.later); /* before there is a turn */
	loop_run(s->loop);
	assert_string_equal(s->order, "ltltl");
	loop_later_want(l.later);
	loop_later_free(l.later);
	loop_timer_free(l.again);
}

struct seen {
	struct scene *scene;
	struct loop_later *later;
	struct loop_timer *timer;
	int fd;
};

static void
on_seen_later(void *arg)
{
	note(((struct seen *)arg)->scene, 'l');
}

static void
on_seen_timer(void *arg)
{
	struct seen *s = arg;

	note(s->scene, 't');
	loop_stop(s->scene->loop);
}

static void
on_seen(void *arg)
{
	struct seen *s = arg;
	eventfd_t n;

	eventfd_read(s->fd, &n);
	loop_timer_set_us(s->timer, 0);
	loop_later_want(s->later);
}

static void
a_timer_without_delay_is_for_the_next_turn(void **state)
{
	struct scene *s = *state;
	struct seen seen = {.scene = s, .fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC)};
	struct loop_watch *watch = loop_watch_new(s->loop, seen.fd, on_seen, &seen);

	seen.later = loop_later_new(s->loop, on_seen_later, &seen);
	seen.timer = loop_timer_new(s->loop, on_seen_timer, &seen);
	loop_run(s->loop);
	assert_string_equal(s->order, "lt");
	loop_later_free(seen.later);
	loop_timer_free(seen.timer);
	loop_watch_free(watch);
	close(seen.fd);
}

/* ---- pace ---- */

struct reader {
	struct scene *scene;
	int fd, urgent;
	struct loop_watch *watch, *urgent_watch;
	struct timer *then; /* is set when the reader has read; may be NULL */
};

static void
on_fd(void *arg)
{
	struct reader *r = arg;
	eventfd_t n;

	eventfd_read(r->fd, &n);
	note(r->scene, 'r');
	if (r->then != NULL)
		loop_timer_set_us(r->then->t, 0);
}

static void
on_urgent(void *arg)
{
	struct reader *r = arg;
	eventfd_t n;

	eventfd_read(r->urgent, &n);
	note(r->scene, 'u');
	loop_stop(r->scene->loop);
}

static struct reader *
reader(struct scene *s)
{
	struct reader *r = calloc(1, sizeof(*r));

	r->scene = s;
	r->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	r->urgent = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	r->watch = loop_watch_new(s->loop, r->fd, on_fd, r);
	r->urgent_watch = loop_watch_new(s->loop, r->urgent, on_urgent, r);
	return r;
}

static void
reader_free(struct reader *r)
{
	loop_watch_free(r->watch);
	loop_watch_free(r->urgent_watch);
	close(r->fd);
	close(r->urgent);
	free(r);
}

static void
a_paced_turn_waits_for_its_time_and_not_longer(void **state)
{
	struct scene *s = *state;
	struct reader *r = reader(s);
	struct timer *end = letter(s, 'z');
	int64_t began = clock_mono_us();

	eventfd_write(r->fd, 1);
	r->then = end;
	loop_pace(s->loop, 5000, r->urgent);
	loop_run(s->loop);
	assert_string_equal(s->order, "rz");
	assert_true(clock_mono_us() - began >= 5000);
	letter_free(end);
	reader_free(r);
}

static void
a_timer_that_is_due_is_not_kept_waiting_by_pace(void **state)
{
	struct scene *s = *state;
	struct reader *r = reader(s);
	struct timer *end = letter(s, 'z');

	loop_timer_set_us(end->t, 1000);
	loop_pace(s->loop, LONG_US, r->urgent);
	loop_run(s->loop);
	assert_string_equal(s->order, "z");
	letter_free(end);
	reader_free(r);
}

static void
what_is_urgent_ends_the_wait(void **state)
{
	struct scene *s = *state;
	struct reader *r = reader(s);

	loop_pace(s->loop, LONG_US, r->urgent);
	eventfd_write(r->urgent, 1);
	loop_run(s->loop);
	assert_string_equal(s->order, "u");
	reader_free(r);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(timers_fire_once_in_order_whatever_was_set_again_and_stopped),
	    TEST(a_sooner_timer_is_not_kept_waiting_by_a_later_one),
	    TEST(what_is_wanted_runs_once_at_the_end_of_its_turn),
	    TEST(a_timer_without_delay_is_for_the_next_turn),
	    TEST(a_paced_turn_waits_for_its_time_and_not_longer),
	    TEST(a_timer_that_is_due_is_not_kept_waiting_by_pace),
	    TEST(what_is_urgent_ends_the_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
