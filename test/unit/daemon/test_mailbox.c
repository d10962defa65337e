/* SPDX-License-Identifier: ISC
 *
 * test_mailbox.c - messages from several threads to one event loop (daemon/mailbox.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <event2/event.h>

#include <daemon/mailbox.h>

#define SENDERS 4
#define MESSAGES 500

struct number {
	struct s53_link link;
	unsigned sender, value;
};

struct office {
	struct event_base *base;
	struct s53_mailbox mailbox;
	unsigned next[SENDERS]; /* the value that the next message of each sender must have */
	unsigned count;
	bool in_order;
};

static void
deliver(void *arg, struct s53_link *link)
{
	const struct number *number = S53_CONTAINER_OF(link, struct number, link);
	struct office *office = arg;

	office->in_order &= number->value == office->next[number->sender]++;
	office->count++;
}

static void
start(struct office *office)
{
	*office = (struct office){ .in_order = true };
	office->base = event_base_new();
	assert_non_null(office->base);
	assert_int_equal(s53_mailbox_init(&office->mailbox), S53_OK);
	assert_int_equal(s53_mailbox_open(&office->mailbox, office->base, deliver, office), S53_OK);
}

static void
stop(struct office *office)
{
	s53_mailbox_close(&office->mailbox);
	s53_mailbox_fini(&office->mailbox);
	event_base_free(office->base);
}

struct sender {
	pthread_t thread;
	struct s53_mailbox *mailbox;
	struct number numbers[MESSAGES];
};

static void *
send_all(void *arg)
{
	struct sender *sender = arg;

	for (unsigned i = 0; i < MESSAGES; i++)
		s53_mailbox_send(sender->mailbox, &sender->numbers[i].link);
	return NULL;
}

static void
the_messages_of_a_sender_arrive_in_order(void **state)
{
	static struct sender senders[SENDERS];
	struct office office;

	(void)state;
	start(&office);
	for (unsigned s = 0; s < SENDERS; s++) {
		senders[s].mailbox = &office.mailbox;
		for (unsigned i = 0; i < MESSAGES; i++)
			senders[s].numbers[i] = (struct number){ .sender = s, .value = i };
		assert_int_equal(
		    pthread_create(&senders[s].thread, NULL, send_all, &senders[s]), 0);
	}
	while (office.count < SENDERS * MESSAGES)
		assert_int_equal(event_base_loop(office.base, EVLOOP_ONCE), 0);
	for (unsigned s = 0; s < SENDERS; s++)
		pthread_join(senders[s].thread, NULL);
	assert_true(office.in_order);
	assert_null(s53_mailbox_take(&office.mailbox));
	stop(&office);
}

static void
a_closed_mailbox_keeps_its_messages_and_delivers_none(void **state)
{
	struct number first = { .value = 0 }, second = { .value = 1 };
	struct office office;

	(void)state;
	start(&office);
	s53_mailbox_send(&office.mailbox, &first.link);
	s53_mailbox_close(&office.mailbox);
	s53_mailbox_send(&office.mailbox, &second.link);
	event_base_loop(office.base, EVLOOP_NONBLOCK);
	assert_int_equal(office.count, 0);
	assert_ptr_equal(s53_mailbox_take(&office.mailbox), &first.link);
	assert_ptr_equal(s53_mailbox_take(&office.mailbox), &second.link);
	assert_null(s53_mailbox_take(&office.mailbox));
	stop(&office);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_messages_of_a_sender_arrive_in_order),
		cmocka_unit_test(a_closed_mailbox_keeps_its_messages_and_delivers_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
