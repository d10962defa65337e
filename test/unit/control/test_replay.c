/* SPDX-License-Identifier: ISC
 *
 * test_replay.c - messages that are old, early or seen before are refused (control/replay.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <control/replay.h>

#define NOW 1800000000

static struct s53_rndc_message
message_of(uint32_t serial, uint32_t sent_s)
{
	struct s53_rndc_message message = {
		.has = { [S53_RNDC_SERIAL] = true, [S53_RNDC_SENT] = true }
	};

	message.number[S53_RNDC_SERIAL] = serial;
	message.number[S53_RNDC_SENT] = sent_s;
	return message;
}

static struct replay replay;

static int
forget(void **state)
{
	(void)state;
	replay = (struct replay){ .count = 0 };
	return 0;
}

static void
a_copy_is_refused(void **state)
{
	struct s53_rndc_message message = message_of(1, NOW), other = message_of(1, NOW + 1);

	(void)state;
	assert_null(replay_check(&replay, &message, NOW));
	assert_string_equal(replay_check(&replay, &message, NOW), "duplicate");
	assert_null(replay_check(&replay, &other, NOW));
}

static void
a_copy_is_found_among_all_that_are_remembered(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < REPLAY_SEEN; i++) {
		struct s53_rndc_message message = message_of(i, NOW);

		assert_null(replay_check(&replay, &message, NOW));
	}
	for (uint32_t i = 0; i < REPLAY_SEEN; i++) {
		struct s53_rndc_message message = message_of(i, NOW);

		assert_string_equal(replay_check(&replay, &message, NOW), "duplicate");
	}
}

static void
clocks_may_differ_by_five_minutes(void **state)
{
	const struct {
		int64_t sent_s;
		const char *why;
	} cases[] = {
		{ NOW - 300, NULL },
		{ NOW + 300, NULL },
		{ NOW - 301, "clock skew" },
		{ NOW + 301, "clock skew" },
		{ 0, "clock skew" },
		{ UINT32_MAX, "clock skew" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct s53_rndc_message message =
		    message_of((uint32_t)i, (uint32_t)cases[i].sent_s);
		const char *why = replay_check(&replay, &message, NOW);

		if (cases[i].why == NULL)
			assert_null(why);
		else
			assert_string_equal(why, cases[i].why);
	}
}

static void
a_message_expires(void **state)
{
	struct s53_rndc_message message = message_of(1, NOW - 60);

	(void)state;
	message.has[S53_RNDC_EXPIRES] = true;
	message.number[S53_RNDC_EXPIRES] = NOW - 1;
	assert_string_equal(replay_check(&replay, &message, NOW), "expired");
	message.number[S53_RNDC_EXPIRES] = NOW;
	assert_null(replay_check(&replay, &message, NOW));
}

static void
a_message_needs_serial_and_time(void **state)
{
	struct s53_rndc_message message = message_of(1, NOW);

	(void)state;
	message.has[S53_RNDC_SENT] = false;
	assert_non_null(replay_check(&replay, &message, NOW));
	message = message_of(1, NOW);
	message.has[S53_RNDC_SERIAL] = false;
	assert_non_null(replay_check(&replay, &message, NOW));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_copy_is_refused, forget),
		cmocka_unit_test_setup(a_copy_is_found_among_all_that_are_remembered, forget),
		cmocka_unit_test_setup(clocks_may_differ_by_five_minutes, forget),
		cmocka_unit_test_setup(a_message_expires, forget),
		cmocka_unit_test_setup(a_message_needs_serial_and_time, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
