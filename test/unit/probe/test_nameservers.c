/* SPDX-License-Identifier: ISC
 *
 * test_nameservers.c - the nameservers of resolv.conf, with and without a scope.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <split53/hosts.h>

/* Checks that a file with this text names these servers, in this order. */
static void
check_servers(const char *text, const char *expected)
{
	char path[] = "/tmp/s53-nameservers-XXXXXX", found[1024] = "", addr[S53_ADDR_TEXT];
	struct s53_addr servers[S53_HOST_ADDRS_MAX];
	int fd = mkstemp(path);
	unsigned count;

	assert_return_code(fd, 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	count = s53_resolv_conf_read(path, servers, NULL);
	assert_return_code(unlink(path), 0);
	for (unsigned i = 0; i < count; i++) {
		strcat(found, i > 0 ? " " : "");
		strcat(found, s53_addr_print_host(&servers[i], addr));
	}
	assert_string_equal(found, expected);
}

static void
a_nameserver_with_a_scope_keeps_its_position_in_the_list(void **state)
{
	(void)state;
	check_servers("nameserver fe80::1%lo\n", "fe80::1%lo");
	check_servers("nameserver 192.0.2.1\n nameserver\tfe80::1%lo # router\noptions ndots:2\n"
		      "nameserver 192.0.2.2\nnameserver fe80::3%1\n#nameserver fe80::4%lo\n"
		      "nameserver 192.0.2.3",
	    "192.0.2.1 fe80::1%lo 192.0.2.2 fe80::3%lo 192.0.2.3");
}

static void
a_nameserver_on_a_missing_interface_is_left_out(void **state)
{
	(void)state;
	check_servers("nameserver fe80::2%nosuch0\nnameserver 192.0.2.1\n", "192.0.2.1");
	check_servers("nameserver fe80::2%nosuch0\n", "");
	check_servers("nameserver %\nnameserver fe80::1%\nnameserver 192.0.2.1%lo\n", "");
}

static void
a_nameserver_that_is_listed_twice_counts_once(void **state)
{
	char many[8192] = "";

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		strcat(many, "nameserver fe80::1%lo\nnameserver 192.0.2.1\n");
	check_servers(many, "fe80::1%lo 192.0.2.1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_nameserver_with_a_scope_keeps_its_position_in_the_list),
		cmocka_unit_test(a_nameserver_on_a_missing_interface_is_left_out),
		cmocka_unit_test(a_nameserver_that_is_listed_twice_counts_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
