/* SPDX-License-Identifier: ISC
 *
 * test_resolvconf.c - lines of resolv.conf that have no address.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <split53/addr.h>
#include <split53/hosts.h>

/* The number of servers in the text, and its first bad line. */
static unsigned
read_text(const char *text, unsigned *bad_line)
{
	struct s53_addr out[S53_HOST_ADDRS_MAX];
	char path[] = "/tmp/s53-resolv-XXXXXX";
	int fd = mkstemp(path);
	unsigned count;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	count = s53_resolv_conf_read(path, out, bad_line);
	unlink(path);
	return count;
}

static void
addresses_in_any_form_are_servers(void **state)
{
	unsigned bad = 9;

	(void)state;
	assert_int_equal(read_text("nameserver 192.0.2.1\n \tnameserver\t2001:db8::1 # own\n"
				   "#nameserver x\nnameservers y\noptions ndots:2\n",
			     &bad),
	    2);
	assert_int_equal(bad, 0);
}

static void
the_first_line_without_an_address_is_reported(void **state)
{
	unsigned bad = 0;

	(void)state;
	assert_int_equal(read_text("search example\nnameserver 192.0.2.1\n"
				   "nameserver 192.0.2.300\nnameserver dns1\n",
			     &bad),
	    1);
	assert_int_equal(bad, 3);
}

/* c-ares queries 127.0.0.1 when it finds no server. */
static void
a_file_with_only_bad_lines_has_no_servers(void **state)
{
	unsigned bad = 0;

	(void)state;
	assert_int_equal(read_text("nameserver one.example\nnameserver\n", &bad), 0);
	assert_int_equal(bad, 1);
	assert_int_equal(read_text("nameserver one.example\n", NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_in_any_form_are_servers),
		cmocka_unit_test(the_first_line_without_an_address_is_reported),
		cmocka_unit_test(a_file_with_only_bad_lines_has_no_servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
