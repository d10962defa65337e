/* SPDX-License-Identifier: ISC
 *
 * test_interface.c - the addresses of this machine, and the notice when they change
 * (listen/interface.c).
 *
 * Addresses are changed in a child process with a network namespace of its own; it needs root or
 * user namespaces, and is skipped where neither is available.
 */
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/event.h>

#include <split53/clock.h>
#include <split53/interface.h>

#define SKIPPED 77

/* For the child, in which the assertions of cmocka do not work. */
#define CHECK(condition)                                                                \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			_exit(1);                                                       \
		}                                                                       \
	} while (0)

static void
in_a_namespace(void (*body)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
			_exit(SKIPPED);
		body();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
		skip();
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
set_flags(const char *name, short flags)
{
	struct ifreq request = { .ifr_flags = flags };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	CHECK(ioctl(fd, SIOCSIFFLAGS, &request) == 0);
	close(fd);
}

/* Give `name` (lo:1 for a second one) the address `text`. */
static void
set_addr(const char *name, const char *text, unsigned long what)
{
	struct ifreq request = { 0 };
	struct s53_addr addr;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	CHECK(s53_addr_parse(text, 0, &addr) == S53_OK);
	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	memcpy(&request.ifr_addr, &addr.in, sizeof(addr.in));
	CHECK(ioctl(fd, what, &request) == 0);
	close(fd);
}

/* The network of the listed address `text`, or "" if it is not listed. */
static const char *
network_of(const char *text)
{
	static char network[S53_ADDR_TEXT];
	struct s53_interface_addr *list;
	struct s53_addr addr;
	unsigned count;

	CHECK(s53_addr_parse(text, 0, &addr) == S53_OK);
	CHECK(s53_interfaces(&list, &count) == S53_OK);
	network[0] = '\0';
	for (unsigned i = 0; i < count; i++) {
		if (s53_addr_same_host(&list[i].addr, &addr))
			s53_prefix_print(&list[i].network, network);
	}
	free(list);
	return network;
}

static void
loopback_is_listed_with_its_network(void **state)
{
	(void)state;
	assert_string_equal(network_of("127.0.0.1"), "127.0.0.0/8");
	assert_string_equal(network_of("192.0.2.254"), "");
}

static void
no_address_is_listed_twice_and_none_has_a_port(void **state)
{
	struct s53_interface_addr *list;
	unsigned count;

	(void)state;
	assert_int_equal(s53_interfaces(&list, &count), S53_OK);
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(s53_addr_port(&list[i].addr), 0);
		for (unsigned j = 0; j < i; j++)
			assert_false(s53_addr_equal(&list[i].addr, &list[j].addr));
	}
	free(list);
}

static void
list_while_interfaces_come_up(void)
{
	CHECK(strcmp(network_of("127.0.0.1"), "") == 0);
	set_flags("lo", IFF_UP);
	CHECK(strcmp(network_of("127.0.0.1"), "127.0.0.0/8") == 0);
	if (strcmp(network_of("::1"), "") != 0) /* IPv6 may be switched off */
		CHECK(strcmp(network_of("::1"), "::1/128") == 0);
	set_addr("lo:1", "192.0.2.53", SIOCSIFADDR);
	set_addr("lo:1", "255.255.255.224", SIOCSIFNETMASK);
	CHECK(strcmp(network_of("192.0.2.53"), "192.0.2.32/27") == 0);
	set_flags("lo", 0);
	CHECK(strcmp(network_of("192.0.2.53"), "") == 0);
}

static void
only_interfaces_that_are_up_are_listed(void **state)
{
	(void)state;
	in_a_namespace(list_while_interfaces_come_up);
}

static void
count_call(void *arg)
{
	++*(unsigned *)arg;
}

static void
turn_for(struct event_base *base, unsigned ms)
{
	uint64_t end_ms = s53_clock_ms() + ms;

	while (s53_clock_ms() < end_ms) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		usleep(500);
	}
}

static void
watch_addresses_come_and_go(void)
{
	struct event_base *base = event_base_new();
	unsigned calls = 0;
	struct s53_interface_watch *watch = s53_interface_watch_new(base, count_call, &calls);

	CHECK(watch != NULL);
	turn_for(base, 150);
	CHECK(calls == 0);
	set_flags("lo", IFF_UP); /* several messages for one call, and not at once */
	set_addr("lo:1", "192.0.2.53", SIOCSIFADDR);
	turn_for(base, 50);
	CHECK(calls == 0);
	turn_for(base, 150);
	CHECK(calls == 1);
	set_flags("lo:1", 0); /* removes the address */
	turn_for(base, 200);
	CHECK(calls == 2);
	CHECK(strcmp(network_of("192.0.2.53"), "") == 0);
	s53_interface_watch_free(watch);
	event_base_free(base);
}

static void
changes_of_addresses_are_reported_once_they_have_stopped(void **state)
{
	(void)state;
	in_a_namespace(watch_addresses_come_and_go);
}

static void
watch_without_quiet(void)
{
	struct event_base *base = event_base_new();
	unsigned calls = 0;
	struct s53_interface_watch *watch = s53_interface_watch_new(base, count_call, &calls);

	CHECK(watch != NULL);
	for (unsigned i = 0; i < 50; i++) { /* a change every 50 ms, for 2.5 s */
		set_flags("lo", i % 2 == 0 ? IFF_UP : 0);
		turn_for(base, 50);
	}
	CHECK(calls >= 2 && calls <= 4);
	s53_interface_watch_free(watch);
	event_base_free(base);
}

static void
changes_that_never_stop_are_reported_every_second(void **state)
{
	(void)state;
	in_a_namespace(watch_without_quiet);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loopback_is_listed_with_its_network),
		cmocka_unit_test(no_address_is_listed_twice_and_none_has_a_port),
		cmocka_unit_test(only_interfaces_that_are_up_are_listed),
		cmocka_unit_test(changes_of_addresses_are_reported_once_they_have_stopped),
		cmocka_unit_test(changes_that_never_stop_are_reported_every_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
