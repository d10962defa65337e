/* SPDX-License-Identifier: ISC
 *
 * connection.c - a connection of a client to a control channel: reads messages, writes replies.
 *
 * The steps are BIND's (control_recvmessage()): the message must be complete, be signed with a key
 * of the channel, not be a reply, not be too old, and not be a duplicate. The first message of a
 * connection gets a nonce and nothing else; every other message must contain that nonce. A message
 * that fails a check ends the connection without a reply, since a reply would tell an attacker
 * which check failed. The log says which.
 */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include <split53/acl.h>
#include <split53/clock.h>
#include <split53/header.h>
#include <split53/rand.h>

#define READ_S 60 /* between two messages; rndc needs milliseconds */
#define WRITE_S 30 /* for a client to read a part of its reply */

void
connection_free(struct connection *connection)
{
	struct s53_control *control = connection->control;

	if (connection->command != NULL) {
		connection->command->connection = NULL;
		s53_list_append(&control->detached, &connection->command->link);
	}
	if (connection->after != NULL)
		connection->after(connection->after_arg);
	s53_list_remove(&connection->link);
	control->connection_count--;
	bufferevent_free(connection->stream);
	free(connection);
}

static void
refuse(struct connection *connection, const char *why)
{
	control_complain(connection->control, connection->peer, why);
	connection_free(connection);
}

/* Returns the key that signed the message. *fine: it is signed with one, or need not be signed. */
static const struct s53_rndc_key *
find_key(const struct s53_channel *channel, const struct s53_rndc_message *message, bool *fine)
{
	for (unsigned i = 0; i < channel->key_count; i++)
		if (s53_rndc_verify(message, &channel->keys[i])) {
			*fine = true;
			return &channel->keys[i];
		}
	*fine = channel->is_unix && channel->key_count == 0;
	return NULL;
}

/* Returns NULL if the message is accepted, else why it is not. */
static const char *
check(struct connection *connection, const struct s53_rndc_message *message)
{
	const struct s53_rndc_key *key;
	bool fine;

	key = find_key(connection->listener->channel, message, &fine);
	if (!fine)
		return "bad auth";
	if (message->has[S53_RNDC_IS_REPLY])
		return "a reply where a command was expected";
	connection->is_signed = key != NULL;
	if (key != NULL) {
		connection->key = *key;
		strncpy(connection->key_name, key->name, sizeof(connection->key_name) - 1);
		connection->key.name = connection->key_name;
	}
	return replay_check(&connection->control->replay, message, s53_clock_wall_s());
}

static void
give_nonce(struct connection *connection, const struct s53_rndc_message *message)
{
	struct s53_rndc_message reply = { .data = { [S53_RNDC_COMMAND] =
							message->data[S53_RNDC_COMMAND] } };

	while (connection->nonce == 0)
		connection->nonce = s53_rand_u32();
	reply.number[S53_RNDC_SERIAL] = message->number[S53_RNDC_SERIAL];
	reply.data[S53_RNDC_RESULT] = s53_rndc_text("0");
	connection_reply(connection, &reply);
}

/* No read timeout while a command is in progress. */
static void
run(struct connection *connection, const struct s53_rndc_message *message)
{
	(void)bufferevent_disable(connection->stream, EV_READ);
	command_run(connection, message);
}

static void
handle(struct connection *connection, const void *octets, size_t len)
{
	struct s53_rndc_message message;
	const char *why;

	if (s53_rndc_read(&message, octets, len) != S53_OK) {
		refuse(connection, "not a message of the rndc protocol");
		return;
	}
	why = check(connection, &message);
	if (why == NULL && connection->nonce != 0 &&
	    (!message.has[S53_RNDC_NONCE] || message.number[S53_RNDC_NONCE] != connection->nonce))
		why = "bad auth (nonce)";
	if (why != NULL)
		refuse(connection, why);
	else if (connection->nonce == 0)
		give_nonce(connection, &message);
	else
		run(connection, &message);
}

/* One message at a time: later ones wait in the kernel. */
static void
on_read(struct bufferevent *stream, void *arg)
{
	struct connection *connection = arg;
	struct evbuffer *input = bufferevent_get_input(stream);
	uint8_t octets[S53_RNDC_HEAD + S53_RNDC_REQUEST_MAX];
	uint32_t len;

	if (connection->command != NULL || connection->listener == NULL ||
	    evbuffer_get_length(input) < S53_RNDC_HEAD)
		return;
	evbuffer_copyout(input, octets, S53_RNDC_HEAD);
	len = s53_u32_get(octets);
	if (len > S53_RNDC_REQUEST_MAX) {
		refuse(connection, "the message is too long");
		return;
	}
	if (evbuffer_get_length(input) < S53_RNDC_HEAD + len)
		return;
	evbuffer_remove(input, octets, S53_RNDC_HEAD + len);
	s53_list_remove(&connection->link);
	s53_list_append(&connection->control->connections, &connection->link);
	handle(connection, octets + S53_RNDC_HEAD, len);
}

/* The client has closed the connection, there was an error, or a timeout has expired. */
static void
on_end(struct bufferevent *stream, short what, void *arg)
{
	(void)stream;
	(void)what;
	connection_free(arg);
}

/* The whole reply is passed to the kernel: read the next message. */
static void
on_written(struct bufferevent *stream, void *arg)
{
	struct connection *connection = arg;

	if (connection->command != NULL)
		return;
	if (connection->after != NULL)
		connection->after(connection->after_arg);
	connection->after = NULL;
	if (connection->listener == NULL)
		connection_free(connection);
	else if (evbuffer_get_length(bufferevent_get_input(stream)) > 0)
		on_read(stream, connection);
}

void
connection_reply(struct connection *connection, const struct s53_rndc_message *message)
{
	struct s53_rndc_message reply = *message;
	uint64_t now_s = s53_clock_wall_s();
	size_t len = 0;
	uint8_t *octets;

	reply.number[S53_RNDC_SENT] = (uint32_t)now_s;
	reply.number[S53_RNDC_EXPIRES] = (uint32_t)now_s + S53_RNDC_LIFE_S;
	reply.number[S53_RNDC_IS_REPLY] = 1;
	reply.number[S53_RNDC_NONCE] = connection->nonce;
	for (unsigned i = 0; i < S53_RNDC_NUMBERS; i++)
		reply.has[i] = true;
	octets = s53_rndc_write(&reply, connection->is_signed ? &connection->key : NULL, &len);
	if (octets == NULL || bufferevent_write(connection->stream, octets, len) != 0)
		bufferevent_trigger_event(
		    connection->stream, BEV_EVENT_ERROR, BEV_TRIG_DEFER_CALLBACKS);
	else
		(void)bufferevent_enable(connection->stream, EV_READ);
	free(octets);
}

/* Identify the client of a Unix socket. false: it is not permitted to use the channel. */
static bool
identify(struct connection *connection, int fd)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return false;
	snprintf(connection->peer, sizeof(connection->peer), "uid %ld, pid %ld", (long)peer.uid,
	    (long)peer.pid);
	/*
	 * The mode of the file keeps others out; this check does so even if the mode was changed.
	 */
	return !connection->listener->channel->is_default || peer.uid == 0 || peer.uid == geteuid();
}

static bool
is_allowed(struct connection *connection, int fd, const struct s53_addr *addr)
{
	const struct s53_channel *channel = connection->listener->channel;
	char text[S53_ADDR_TEXT];

	if (channel->is_unix)
		return identify(connection, fd);
	snprintf(connection->peer, sizeof(connection->peer), "%s", s53_addr_print(addr, text));
	return s53_acl_allows(channel->allow, addr);
}

/* Close the connection that has been idle longest, so that one client cannot keep others out. */
static void
make_place(struct s53_control *control)
{
	if (control->connection_count < CONNECTIONS_MAX)
		return;
	S53_LIST_EACH (&control->connections, it) {
		struct connection *oldest = S53_CONTAINER_OF(it, struct connection, link);

		if (oldest->command != NULL)
			continue;
		connection_free(oldest);
		return;
	}
}

void
connection_new(struct listener *listener, int fd, const struct s53_addr *addr)
{
	static const struct timeval read_s = { .tv_sec = READ_S }, write_s = { .tv_sec = WRITE_S };
	struct s53_control *control = listener->control;
	struct connection *connection = calloc(1, sizeof(*connection));

	if (connection == NULL) {
		close(fd);
		return;
	}
	connection->control = control;
	connection->listener = listener;
	if (!is_allowed(connection, fd, addr)) {
		control_reject(control, connection->peer);
		close(fd);
		free(connection);
		return;
	}
	make_place(control);
	connection->stream =
	    bufferevent_socket_new(control->source.base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (connection->stream == NULL || control->connection_count >= CONNECTIONS_MAX) {
		if (connection->stream != NULL)
			bufferevent_free(connection->stream);
		else
			close(fd);
		free(connection);
		return;
	}
	s53_list_append(&control->connections, &connection->link);
	control->connection_count++;
	bufferevent_setcb(connection->stream, on_read, on_written, on_end, connection);
	bufferevent_setwatermark(
	    connection->stream, EV_READ, 0, S53_RNDC_HEAD + S53_RNDC_REQUEST_MAX);
	bufferevent_set_timeouts(connection->stream, &read_s, &write_s);
	if (bufferevent_enable(connection->stream, EV_READ | EV_WRITE) != 0)
		connection_free(connection);
}
