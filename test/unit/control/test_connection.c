/* SPDX-License-Identifier: ISC
 *
 * test_connection.c - clients of a control channel, on a real Unix socket: commands that end later,
 * clients that leave first, and the end of the program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/event.h>

#include <control/inside.h>
#include <split53/clock.h>
#include <split53/header.h>
#include <split53/log.h>
#include <split53/view.h>

#define REPLY_MAX 65536
#define TURNS 200 /* of the loop, of a millisecond at most, until a reply must be there */

/* The program: flushes that the test ends, and nothing else. */
struct program {
	struct event_base *base;
	struct s53_operations operations;
	struct s53_policy policy;
	struct s53_channel channel;
	struct s53_diags diags;
	struct s53_control *control;
	char folder[32], path[64];
	s53_flushed *flushed;
	void *flushed_arg;
	unsigned stops;
	bool draining;
};

static void
facts(void *arg, struct s53_facts *out)
{
	const struct program *program = arg;

	memset(out, 0, sizeof(*out));
	out->draining = program->draining;
	out->version = "0";
	out->pid = 4711;
	out->listeners = 1;
}

static enum s53_status
flush(void *arg, const struct s53_flush_request *request, s53_flushed *done, void *done_arg,
    char why[static S53_OPERATION_WHY])
{
	struct program *program = arg;

	if (request->view != NULL) {
		snprintf(why, S53_OPERATION_WHY, "there is no view '%s'", request->view);
		return S53_E_ABSENT;
	}
	program->flushed = done;
	program->flushed_arg = done_arg;
	return S53_OK;
}

static void
stop(void *arg)
{
	struct program *program = arg;

	program->stops++;
}

static void
print_nothing(void *arg, FILE *out)
{
	(void)arg;
	(void)out;
}

static void
keep_policy(struct s53_policy *policy)
{
	(void)policy;
}

static void
use(struct program *program, const struct s53_channel *channels)
{
	const struct s53_folder_owner owner = { geteuid(), getegid() };

	s53_control_use(program->control, channels, &program->policy, owner, &program->diags);
}

static int
begin(void **state)
{
	struct program *program = calloc(1, sizeof(*program));
	struct s53_control_source source = { .print_conf = print_nothing };

	assert_non_null(program);
	s53_diags_init(&program->diags);
	strcpy(program->folder, "/tmp/s53-control-XXXXXX");
	assert_non_null(mkdtemp(program->folder));
	snprintf(program->path, sizeof(program->path), "%s/new/socket", program->folder);
	program->base = event_base_new();
	program->operations =
	    (struct s53_operations){ .arg = program, .facts = facts, .flush = flush, .stop = stop };
	program->policy.count = 1;
	program->policy.release = keep_policy;
	program->channel = (struct s53_channel){ .is_unix = true,
		.path = program->path,
		.mode = 0600,
		.owner = (uid_t)-1,
		.group = (gid_t)-1 };
	source.base = program->base;
	source.operations = &program->operations;
	source.arg = program;
	program->control = s53_control_new(&source);
	use(program, &program->channel);
	assert_int_equal(program->diags.warning_count, 0);
	*state = program;
	return 0;
}

static int
end(void **state)
{
	struct program *program = *state;
	char made[48];

	s53_control_free(program->control);
	event_base_free(program->base);
	s53_diags_fini(&program->diags);
	snprintf(made, sizeof(made), "%s/new", program->folder);
	assert_int_equal(rmdir(made), 0); /* the socket is gone */
	assert_int_equal(rmdir(program->folder), 0);
	free(program);
	return 0;
}

static int
connect_to(const struct program *program)
{
	struct sockaddr_un name;
	socklen_t len = s53_channel_address(program->path, false, &name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&name, len), 0);
	return fd;
}

static void
turn(const struct program *program)
{
	event_base_loop(program->base, EVLOOP_NONBLOCK);
}

static void
send_command(int fd, const char *line, uint32_t nonce, bool json)
{
	static uint32_t serial;
	struct s53_rndc_message message = {
		.has = { [S53_RNDC_SERIAL] = true, [S53_RNDC_SENT] = true },
		.number = { [S53_RNDC_SERIAL] = ++serial,
		    [S53_RNDC_SENT] = (uint32_t)s53_clock_wall_s(),
		    [S53_RNDC_NONCE] = nonce },
		.data = { [S53_RNDC_COMMAND] = s53_rndc_text(line) },
	};
	size_t len = 0;
	uint8_t *octets;

	message.has[S53_RNDC_NONCE] = nonce != 0;
	if (json)
		message.data[S53_RNDC_FORMAT] = s53_rndc_text("json");
	octets = s53_rndc_write(&message, NULL, &len);
	assert_non_null(octets);
	assert_int_equal(send(fd, octets, len, MSG_NOSIGNAL), len);
	free(octets);
}

/* The reply; false: there is none, or the connection is closed. */
static bool
receive(const struct program *program, int fd, uint8_t octets[static REPLY_MAX],
    struct s53_rndc_message *reply)
{
	for (unsigned i = 0; i < TURNS; i++) {
		ssize_t len;

		turn(program);
		len = recv(fd, octets, REPLY_MAX, 0);
		if (len == 0)
			return false;
		if (len > 0)
			return s53_rndc_read(reply, octets + 4, (size_t)len - 4) == S53_OK;
		usleep(1000);
	}
	return false;
}

/* Connect and get a nonce. */
static int
greet(const struct program *program, uint32_t *nonce)
{
	static uint8_t octets[REPLY_MAX];
	struct s53_rndc_message reply = { 0 };
	int fd = connect_to(program);

	send_command(fd, "null", 0, false);
	assert_true(receive(program, fd, octets, &reply));
	*nonce = reply.number[S53_RNDC_NONCE];
	assert_true(*nonce != 0);
	return fd;
}

static void
assert_data(const struct s53_rndc_message *reply, enum s53_rndc_datum which, const char *text)
{
	assert_int_equal(reply->data[which].len, strlen(text));
	assert_memory_equal(reply->data[which].at, text, strlen(text));
}

static void
the_first_message_gets_a_nonce_and_runs_nothing(void **state)
{
	static uint8_t octets[REPLY_MAX];
	struct program *program = *state;
	struct s53_rndc_message reply;
	int fd = connect_to(program);

	send_command(fd, "stop", 0, false);
	assert_true(receive(program, fd, octets, &reply));
	assert_data(&reply, S53_RNDC_RESULT, "0");
	assert_int_equal(program->stops, 0);
	send_command(fd, "stop -p", reply.number[S53_RNDC_NONCE], false);
	assert_true(receive(program, fd, octets, &reply));
	assert_data(&reply, S53_RNDC_TEXT, "pid: 4711");
	turn(program);
	assert_int_equal(program->stops, 1);
	close(fd);
}

static void
a_wrong_nonce_ends_the_connection(void **state)
{
	static uint8_t octets[REPLY_MAX];
	struct program *program = *state;
	struct s53_rndc_message reply;
	uint32_t nonce;
	int fd = greet(program, &nonce);

	send_command(fd, "stop", nonce ^ 1, false);
	assert_false(receive(program, fd, octets, &reply));
	assert_int_equal(program->stops, 0);
	close(fd);
}

static void
a_command_may_end_later(void **state)
{
	static uint8_t octets[REPLY_MAX];
	struct program *program = *state;
	struct s53_rndc_message reply;
	uint32_t nonce;
	int fd = greet(program, &nonce);

	send_command(fd, "flush", nonce, true);
	while (program->flushed == NULL)
		turn(program);
	program->flushed(program->flushed_arg, 12, 100);
	assert_true(receive(program, fd, octets, &reply));
	assert_data(&reply, S53_RNDC_RESULT, "0");
	assert_non_null(memmem(
	    reply.data[S53_RNDC_TEXT].at, reply.data[S53_RNDC_TEXT].len, "\"flushed\":12", 12));
	send_command(fd, "flush nowhere", nonce, false); /* the same connection */
	assert_true(receive(program, fd, octets, &reply));
	assert_data(&reply, S53_RNDC_ERROR, "not found");
	assert_data(&reply, S53_RNDC_TEXT, "there is no view 'nowhere'");
	close(fd);
}

static void
a_program_that_ends_says_so_and_does_nothing_else(void **state)
{
	static uint8_t octets[REPLY_MAX];
	struct program *program = *state;
	struct s53_rndc_message reply;
	uint32_t nonce;
	int fd = greet(program, &nonce);

	program->draining = true;
	send_command(fd, "flush", nonce, false);
	assert_true(receive(program, fd, octets, &reply));
	assert_data(&reply, S53_RNDC_TEXT, "split53 is shutting down");
	assert_null(program->flushed);
	send_command(fd, "ready", nonce, false);
	assert_true(receive(program, fd, octets, &reply));
	assert_data(&reply, S53_RNDC_TEXT, "not ready: shutting down");
	send_command(fd, "health", nonce, false);
	assert_true(receive(program, fd, octets, &reply));
	assert_data(&reply, S53_RNDC_TEXT, "healthy");
	close(fd);
}

static void
a_client_may_leave_before_its_command_ends(void **state)
{
	struct program *program = *state;
	uint32_t nonce;
	int fd = greet(program, &nonce);

	send_command(fd, "flush", nonce, false);
	while (program->flushed == NULL)
		turn(program);
	close(fd);
	for (unsigned i = 0; i < 10; i++)
		turn(program);
	program->flushed(program->flushed_arg, 1, 1);
	for (unsigned i = 0; i < 10; i++)
		turn(program);
	assert_int_equal(program->control->connection_count, 0);
}

static void
a_channel_may_go_before_its_command_ends(void **state)
{
	static uint8_t octets[REPLY_MAX];
	struct program *program = *state;
	struct s53_rndc_message reply;
	uint32_t nonce;
	int fd = greet(program, &nonce), idle = greet(program, &nonce);

	close(fd);
	fd = greet(program, &nonce);
	send_command(fd, "flush", nonce, false);
	while (program->flushed == NULL)
		turn(program);
	use(program, NULL);
	assert_int_equal(access(program->path, F_OK), -1);
	program->flushed(program->flushed_arg, 1, 1);
	assert_true(receive(program, fd, octets, &reply));
	assert_data(&reply, S53_RNDC_RESULT, "0");
	assert_false(receive(program, idle, octets, &reply));
	close(fd);
	close(idle);
}

/* What a sanitizer must find nothing in: end() frees the control with the command under way. */
static void
the_program_may_end_before_a_command(void **state)
{
	struct program *program = *state;
	uint32_t nonce;
	int fd = greet(program, &nonce);

	send_command(fd, "flush", nonce, false);
	while (program->flushed == NULL)
		turn(program);
	close(fd);
}

static void
the_connection_that_is_idle_longest_gives_way(void **state)
{
	static uint8_t octets[REPLY_MAX];
	struct program *program = *state;
	int fds[CONNECTIONS_MAX + 1];
	struct s53_rndc_message reply;
	uint32_t first = 0, last = 0, ignored;

	for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
		fds[i] = greet(program, i == 0 ? &first : &ignored);
	send_command(fds[0], "null", first, false); /* now the second one is idle longest */
	assert_true(receive(program, fds[0], octets, &reply));
	fds[CONNECTIONS_MAX] = greet(program, &last);
	assert_int_equal(program->control->connection_count, CONNECTIONS_MAX);
	assert_false(receive(program, fds[1], octets, &reply));
	send_command(fds[0], "null", first, false);
	assert_true(receive(program, fds[0], octets, &reply));
	for (unsigned i = 0; i <= CONNECTIONS_MAX; i++)
		close(fds[i]);
}

static void
the_socket_is_its_owners_alone_and_a_reload_keeps_it(void **state)
{
	struct program *program = *state;
	struct stat before, after;
	struct s53_channel changed = program->channel;
	uint32_t nonce;
	int fd = greet(program, &nonce);

	assert_int_equal(stat(program->path, &before), 0);
	assert_int_equal(before.st_mode & 07777, 0600);
	changed.mode = 0660;
	use(program, &changed);
	assert_int_equal(stat(program->path, &after), 0);
	assert_int_equal(after.st_ino, before.st_ino);
	assert_int_equal(after.st_mode & 07777, 0660);
	assert_int_equal(program->control->connection_count, 1);
	close(fd);
	use(program, &program->channel);
}

static int
silence(void **state)
{
	const struct s53_log_config config = { .channel_count = 0 };
	const char *bad;

	(void)state;
	return s53_log_configure(&config, &bad) == S53_OK ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    the_first_message_gets_a_nonce_and_runs_nothing, begin, end),
		cmocka_unit_test_setup_teardown(a_wrong_nonce_ends_the_connection, begin, end),
		cmocka_unit_test_setup_teardown(a_command_may_end_later, begin, end),
		cmocka_unit_test_setup_teardown(
		    a_program_that_ends_says_so_and_does_nothing_else, begin, end),
		cmocka_unit_test_setup_teardown(
		    a_client_may_leave_before_its_command_ends, begin, end),
		cmocka_unit_test_setup_teardown(
		    a_channel_may_go_before_its_command_ends, begin, end),
		cmocka_unit_test_setup_teardown(the_program_may_end_before_a_command, begin, end),
		cmocka_unit_test_setup_teardown(
		    the_connection_that_is_idle_longest_gives_way, begin, end),
		cmocka_unit_test_setup_teardown(
		    the_socket_is_its_owners_alone_and_a_reload_keeps_it, begin, end),
	};

	return cmocka_run_group_tests(tests, silence, NULL);
}
