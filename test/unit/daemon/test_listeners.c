/* SPDX-License-Identifier: ISC
 *
 * test_listeners.c - which addresses are bound, which are waited for, and which belong to another
 * program: a daemon without workers, on real sockets of the loopback.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <daemon/inside.h>

#define LONG_AGO_MS 1 /* longer ago than any wait lasts */

struct machine {
	struct s53_daemon daemon;
	struct s53_interface_addr interface;
	struct s53_listen_rule rule;
	struct s53_snapshot *snapshot;
	struct s53_diags diags;
	struct s53_addr addr; /* named by the rule */
	int udp; /* the socket of another program there, or -1 */
};

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* A free port of `text`, on which another program listens. */
static void
hold(struct machine *m, const char *text)
{
	socklen_t len = sizeof(m->addr.in);

	assert_int_equal(s53_addr_parse(text, 0, &m->addr), S53_OK);
	m->udp = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(m->udp, &m->addr.sa, len), 0);
	assert_int_equal(getsockname(m->udp, &m->addr.sa, &len), 0);
}

static void
let_go(struct machine *m)
{
	close(m->udp);
	m->udp = -1;
}

/* Of this process alone: at 127.0.0.1 another process may take the port while it is free. */
static const char *
own_address(void)
{
	static char text[sizeof("127.255.255.255")];
	unsigned number = (unsigned)getpid();

	snprintf(text, sizeof(text), "127.83.%u.%u", number >> 8 & 255u, number & 255u);
	return text;
}

static int
machine_new(void **state)
{
	struct machine *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	s53_list_init(&m->daemon.listeners);
	m->daemon.base = event_base_new();
	m->daemon.listeners_again = evtimer_new(m->daemon.base, on_again, NULL);
	s53_diags_init(&m->diags);
	m->snapshot = s53_snapshot_new();
	assert_non_null(m->snapshot);
	hold(m, own_address());
	assert_int_equal(s53_addr_parse(own_address(), 0, &m->interface.addr), S53_OK);
	m->daemon.interfaces = &m->interface;
	m->daemon.interface_count = 1;
	m->rule.family = AF_INET;
	m->rule.port = s53_addr_port(&m->addr);
	m->snapshot->rules = &m->rule;
	m->snapshot->rule_count = 1;
	*state = m;
	return 0;
}

static int
machine_free(void **state)
{
	struct machine *m = *state;

	if (m->udp >= 0)
		close(m->udp);
	s53_listeners_fini(&m->daemon);
	s53_snapshot_drop(m->snapshot);
	s53_diags_fini(&m->diags);
	s53_addr_list_fini(&m->daemon.foreign);
	event_free(m->daemon.listeners_again);
	event_base_free(m->daemon.base);
	free(m);
	return 0;
}

static void
name_it(struct machine *m)
{
	m->rule.named = &m->addr;
	m->rule.named_count = 1;
}

static enum s53_status
change(struct machine *m)
{
	struct daemon_opened *opened = NULL;
	enum s53_status status;

	s53_diags_fini(&m->diags);
	s53_diags_init(&m->diags);
	status = s53_listeners_open(&m->daemon, m->snapshot, &m->diags, &opened);
	if (status == S53_OK)
		s53_listeners_commit(&m->daemon, opened);
	return status;
}

static struct daemon_listener *
only_place(const struct machine *m)
{
	assert_false(s53_list_empty(&m->daemon.listeners));
	assert_ptr_equal(m->daemon.listeners.next->next, &m->daemon.listeners);
	return S53_CONTAINER_OF(m->daemon.listeners.next, struct daemon_listener, link);
}

static bool
is_foreign(const struct machine *m)
{
	return s53_addr_list_has(&m->daemon.foreign, &m->addr);
}

static bool
is_waiting(const struct machine *m)
{
	return evtimer_pending(m->daemon.listeners_again, NULL) != 0;
}

/* The listener was opened and is no longer wanted, but its sockets (here the test's) stay. */
static void
leave(struct machine *m)
{
	let_go(m);
	assert_int_equal(change(m), S53_OK);
	assert_true(only_place(m)->open);
	m->snapshot->rule_count = 0;
	assert_int_equal(change(m), S53_E_IO); /* no listener is left: the reload fails */
	assert_true(only_place(m)->open);
	s53_listeners_commit(&m->daemon, NULL);
	m->snapshot->rule_count = 1;
	m->udp = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(m->udp, &m->addr.sa, sizeof(m->addr.in)), 0);
}

static void
an_address_in_use_by_another_program_is_foreign_until_we_listen_on_it(void **state)
{
	struct machine *m = *state;

	name_it(m);
	assert_int_equal(change(m), S53_E_IO);
	assert_int_equal(m->diags.error_count, 1);
	assert_true(is_foreign(m) && m->daemon.foreign_changed && !is_waiting(m));
	m->daemon.foreign_changed = false;
	assert_int_equal(change(m), S53_E_IO);
	assert_true(is_foreign(m) && !m->daemon.foreign_changed);
	let_go(m);
	assert_int_equal(change(m), S53_OK);
	assert_true(!is_foreign(m) && m->daemon.foreign_changed && only_place(m)->open);
}

static void
our_own_closing_sockets_are_waited_for_and_not_foreign(void **state)
{
	struct machine *m = *state;

	name_it(m);
	leave(m);
	assert_int_equal(change(m), S53_OK);
	assert_int_equal(m->diags.error_count + m->diags.warning_count, 0);
	assert_true(!is_foreign(m) && is_waiting(m) && !only_place(m)->open);
	let_go(m);
	assert_int_equal(change(m), S53_OK);
	assert_true(only_place(m)->open);
}

static void
long_after_we_left_an_address_its_holder_is_another_program(void **state)
{
	struct machine *m = *state;

	name_it(m);
	leave(m);
	only_place(m)->left_ms = LONG_AGO_MS;
	assert_int_equal(change(m), S53_E_IO);
	assert_true(is_foreign(m) && !is_waiting(m));
}

static void
a_listener_that_was_closed_is_forgotten_after_a_while(void **state)
{
	struct machine *m = *state;

	leave(m);
	s53_listeners_commit(&m->daemon, NULL);
	only_place(m)->left_ms = LONG_AGO_MS;
	only_place(m)->wanted = false;
	s53_listeners_commit(&m->daemon, NULL);
	assert_true(s53_list_empty(&m->daemon.listeners));
}

/*
 * An address of an interface that cannot be bound: here one that the interface only claims to have.
 */
static void
an_address_that_cannot_be_bound_yet_is_warned_of_once(void **state)
{
	struct machine *m = *state;

	let_go(m);
	assert_int_equal(s53_addr_parse("192.0.2.77", m->rule.port, &m->addr), S53_OK);
	m->interface.addr = m->addr;
	s53_addr_set_port(&m->interface.addr, 0);
	name_it(m);
	assert_int_equal(change(m), S53_OK);
	assert_int_equal(m->diags.error_count, 0);
	assert_int_equal(m->diags.warning_count, 1);
	assert_false(only_place(m)->open);
	assert_int_equal(change(m), S53_OK);
	assert_int_equal(m->diags.error_count + m->diags.warning_count, 0);
}

/* An address that comes later or has left: no interface has it. */
static void
an_address_that_no_interface_has_is_no_failure(void **state)
{
	struct machine *m = *state;

	let_go(m);
	assert_int_equal(s53_addr_parse("192.0.2.77", m->rule.port, &m->addr), S53_OK);
	m->daemon.interface_count = 0;
	name_it(m);
	assert_int_equal(change(m), S53_OK);
	assert_int_equal(m->diags.error_count, 0);
	assert_int_equal(m->diags.warning_count, 1);
	assert_false(s53_listeners_any_open(&m->daemon));
	m->rule.named_count = 0; /* allowed by a prefix, for example */
	assert_int_equal(change(m), S53_OK);
	assert_int_equal(m->diags.error_count, 0);
}

static void
it_is_a_failure_if_all_addresses_are_taken(void **state)
{
	struct machine *m = *state;

	assert_int_equal(change(m), S53_E_IO);
	assert_int_equal(m->diags.error_count, 1);
	assert_int_equal(m->diags.warning_count, 1);
}

/*
 * The only listener was on an address that has left; another program listens on the other address.
 */
static void
a_reload_succeeds_after_an_address_has_left(void **state)
{
	struct machine *m = *state;

	let_go(m);
	assert_int_equal(change(m), S53_OK);
	only_place(m)->addr = m->addr;
	assert_int_equal(s53_addr_parse("192.0.2.77", m->rule.port, &only_place(m)->addr), S53_OK);
	m->udp = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(m->udp, &m->addr.sa, sizeof(m->addr.in)), 0);
	assert_int_equal(change(m), S53_OK);
	assert_int_equal(m->diags.error_count, 0);
	assert_false(s53_listeners_any_open(&m->daemon));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    an_address_in_use_by_another_program_is_foreign_until_we_listen_on_it,
		    machine_new, machine_free),
		cmocka_unit_test_setup_teardown(
		    our_own_closing_sockets_are_waited_for_and_not_foreign, machine_new,
		    machine_free),
		cmocka_unit_test_setup_teardown(
		    long_after_we_left_an_address_its_holder_is_another_program, machine_new,
		    machine_free),
		cmocka_unit_test_setup_teardown(
		    a_listener_that_was_closed_is_forgotten_after_a_while, machine_new,
		    machine_free),
		cmocka_unit_test_setup_teardown(
		    an_address_that_cannot_be_bound_yet_is_warned_of_once, machine_new,
		    machine_free),
		cmocka_unit_test_setup_teardown(
		    an_address_that_no_interface_has_is_no_failure, machine_new, machine_free),
		cmocka_unit_test_setup_teardown(
		    it_is_a_failure_if_all_addresses_are_taken, machine_new, machine_free),
		cmocka_unit_test_setup_teardown(
		    a_reload_succeeds_after_an_address_has_left, machine_new, machine_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
