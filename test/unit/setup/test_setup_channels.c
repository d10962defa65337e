/* SPDX-License-Identifier: ISC
 *
 * test_setup_channels.c - the control channels that a named.conf leads to.
 */
#include "setup_fixture.h"

#define KEYS                                                           \
	"key k { algorithm hmac-sha256; secret \"c2VjcmV0\"; };"       \
	"key cut { algorithm hmac-sha256-128; secret \"c2VjcmV0\"; };" \
	"key \"Other.\" { algorithm hmac-md5; secret \"b3RoZXI=\"; };"

static unsigned
channel_count(const struct fixture *f)
{
	unsigned count = 0;

	for (const struct s53_channel *it = f->snapshot->controls; it != NULL; it = it->next)
		count++;
	return count;
}

static bool
has_warning(const struct fixture *f, const char *part)
{
	for (const struct s53_diag *it = f->diags.first; it != NULL; it = it->next)
		if (strstr(it->text, part) != NULL)
			return true;
	return false;
}

static void
the_default_is_a_socket_with_the_port_of_the_first_listen_on(void **state)
{
	static const struct {
		const char *conf, *path;
	} cases[] = {
		{ "options { };", "/run/split53/control" },
		{ "options { port 5300; };", "/run/split53/control-5300" },
		{ "options { listen-on port 5301 { any; }; listen-on port 5302 { any; }; };",
		    "/run/split53/control-5301" },
		{ "options { listen-on-v6 port 5303 { any; }; };", "/run/split53/control" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char path[S53_CHANNEL_PATH_MAX];

		fixture_reset(f);
		build(f, cases[i].conf);
		assert_int_equal(channel_count(f), 1);
		assert_true(f->snapshot->controls->is_unix && f->snapshot->controls->is_default);
		assert_string_equal(f->snapshot->controls->path, cases[i].path);
		assert_int_equal(f->snapshot->controls->mode, 0600);
		assert_int_equal(f->snapshot->controls->key_count, 0);
		s53_setup_channel_path(f->source, &f->options, path);
		assert_string_equal(path, cases[i].path);
	}
}

static void
a_key_file_of_bind_opens_its_port_on_loopback(void **state)
{
	static const char key[] =
	    "key \"rndc-key\" { algorithm hmac-sha256; secret \"c2VjcmV0\"; };";
	struct fixture *f = *state;
	const struct s53_channel *channel;

	f->rndc_key = key;
	build(f, "options { };");
	assert_int_equal(channel_count(f), 3);
	channel = f->snapshot->controls;
	for (unsigned i = 0; i < 2; i++, channel = channel->next) {
		assert_false(channel->is_unix);
		assert_true(channel->is_default && s53_addr_is_loopback(&channel->addr));
		assert_int_equal(s53_addr_port(&channel->addr), 953);
		assert_int_equal(channel->key_count, 1);
		assert_string_equal(channel->keys[0].name, "rndc-key");
		assert_null(channel->allow);
	}
}

static void
channels_are_as_written(void **state)
{
	struct fixture *f = *state;
	const struct s53_channel *inet, *socket;

	build(f,
	    "options { directory \"/srv\"; };" KEYS
	    "controls { inet 192.0.2.10 port 1953 allow { 192.0.2.0/24; } keys { other; k; } "
	    "read-only yes; };"
	    "controls { unix \"c\" perm 0660 owner 7 group 8 keys { k; }; };");
	assert_int_equal(channel_count(f), 2); /* a unix channel takes the default's place */
	inet = f->snapshot->controls;
	socket = inet->next;
	assert_int_equal(s53_addr_port(&inet->addr), 1953);
	assert_true(inet->read_only && !inet->is_default && inet->allow != NULL);
	assert_int_equal(inet->key_count, 2);
	assert_int_equal(inet->keys[0].algorithm, S53_RNDC_MD5);
	assert_string_equal(inet->keys[1].name, "k");
	assert_true(socket->is_unix && !socket->is_default && !socket->read_only);
	assert_string_equal(socket->path, "/srv/c");
	assert_int_equal(socket->mode, 0660);
	assert_int_equal(socket->owner, 7);
	assert_int_equal(socket->group, 8);
	assert_int_equal(socket->key_count, 1);
}

static void
an_inet_channel_leaves_the_default_socket(void **state)
{
	struct fixture *f = *state;

	build(f, KEYS "controls { inet * allow { any; } keys { k; }; };");
	assert_int_equal(channel_count(f), 2);
	assert_int_equal(s53_addr_port(&f->snapshot->controls->addr), 953);
	assert_true(s53_addr_is_any(&f->snapshot->controls->addr));
	assert_string_equal(f->snapshot->controls->next->path, "/run/split53/control");
}

static void
empty_controls_mean_none(void **state)
{
	struct fixture *f = *state;

	build(f, "controls { };");
	assert_int_equal(channel_count(f), 0);
}

static void
keys_that_rndc_cannot_use_are_left_out_with_a_warning(void **state)
{
	struct fixture *f = *state;

	build(f, KEYS "controls { inet 127.0.0.1 allow { any; } keys { cut; k; }; };");
	assert_int_equal(f->snapshot->controls->key_count, 1);
	assert_true(has_warning(f, "unsupported algorithm 'hmac-sha256-128' in key 'cut'"));
	fixture_reset(f);
	build(f, KEYS "controls { inet 127.0.0.1 allow { any; } keys { cut; }; };");
	assert_int_equal(channel_count(f), 1); /* the default socket */
	assert_true(has_warning(f, "this command channel has no key"));
	fixture_reset(f);
	build(f, "controls { inet 127.0.0.1 allow { any; }; };");
	assert_true(has_warning(f, "create rndc.key with rndc-confgen"));
}

/* "perm 600" is 01130 in BIND as well; here it is said. */
static void
a_mode_that_is_none_is_warned_of(void **state)
{
	struct fixture *f = *state;

	build(f, "controls { unix \"/c\" perm 600 owner 0 group 0; };");
	assert_int_equal(f->snapshot->controls->mode, 0600);
	assert_true(has_warning(f, "perm 600 is not a file mode"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    the_default_is_a_socket_with_the_port_of_the_first_listen_on, fixture_new,
		    fixture_free),
		cmocka_unit_test_setup_teardown(
		    a_key_file_of_bind_opens_its_port_on_loopback, fixture_new, fixture_free),
		cmocka_unit_test_setup_teardown(channels_are_as_written, fixture_new, fixture_free),
		cmocka_unit_test_setup_teardown(
		    an_inet_channel_leaves_the_default_socket, fixture_new, fixture_free),
		cmocka_unit_test_setup_teardown(
		    empty_controls_mean_none, fixture_new, fixture_free),
		cmocka_unit_test_setup_teardown(
		    keys_that_rndc_cannot_use_are_left_out_with_a_warning, fixture_new,
		    fixture_free),
		cmocka_unit_test_setup_teardown(
		    a_mode_that_is_none_is_warned_of, fixture_new, fixture_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
