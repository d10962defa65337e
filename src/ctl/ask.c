/* SPDX-License-Identifier: ISC
 *
 * ask.c - see ask.h.
 */
#include "ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <split53/channel.h>
#include <split53/clock.h>
#include <split53/header.h>
#include <split53/rand.h>

static const char *
server_text(const struct ctl_server *server, char text[static S53_ADDR_TEXT])
{
	return server->path != NULL ? server->path : s53_addr_print(&server->addr, text);
}

static bool
complain(struct ctl_session *session, const char *what, const char *why)
{
	char text[S53_ADDR_TEXT];

	fprintf(stderr, "split53ctl: %s: %s: %s\n", server_text(session->server, text), what, why);
	ctl_close(session);
	return false;
}

static const char *
explain_connect(const struct ctl_server *server, int error)
{
	struct stat found;

	if (server->path == NULL)
		return strerror(error);
	switch (error) {
	case ENOENT:
		return "no such socket: is split53 running? Select it with -p PORT (the port on "
		       "which it serves DNS) or -s PATH (its socket)";
	case ECONNREFUSED:
		if (stat(server->path, &found) == 0 && !S_ISSOCK(found.st_mode))
			return "this is no socket";
		return "no process listens on this socket: split53 ended without removing it; "
		       "start split53";
	case EACCES:
	case EPERM:
		return "permission denied: only root and the owner of the socket may use it";
	default:
		return strerror(error);
	}
}

/*
 * Is the peer trusted? Any user may bind an abstract name: only root and this user are trusted,
 * but for root, whose server may run as any user.
 */
static bool
is_trusted(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	errno = EPERM;
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	    (peer.uid == 0 || peer.uid == geteuid() || geteuid() == 0);
}

/*
 * Connect to the socket file or, if there is none, to the abstract socket of that name. -1: errno.
 */
static int
connect_to_path(int fd, const char *path)
{
	struct sockaddr_un name;
	socklen_t len = s53_channel_address(path, false, &name);
	int failure;

	if (len == 0) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (connect(fd, (const struct sockaddr *)&name, len) == 0)
		return 0;
	failure = errno;
	len = s53_channel_address(path, true, &name);
	if (failure == ENOENT && len > 0 && connect(fd, (const struct sockaddr *)&name, len) == 0)
		return is_trusted(fd) ? 0 : -1;
	errno = failure;
	return -1;
}

static bool
connect_to(struct ctl_session *session)
{
	const struct ctl_server *server = session->server;
	const struct timeval timeout = { .tv_sec = (time_t)server->timeout_s };
	int family = server->path != NULL ? AF_UNIX : server->addr.family;
	int result;

	session->fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (session->fd < 0)
		return complain(session, "socket", strerror(errno));
	(void)setsockopt(session->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	(void)setsockopt(session->fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (server->path != NULL)
		result = connect_to_path(session->fd, server->path);
	else
		result = connect(session->fd, &server->addr.sa, s53_addr_len(&server->addr));
	if (result != 0)
		return complain(session, "connect", explain_connect(server, errno));
	return true;
}

static bool
send_message(struct ctl_session *session, const char *line, bool json)
{
	uint32_t now_s = (uint32_t)s53_clock_wall_s();
	struct s53_rndc_message message = {
		.has = { [S53_RNDC_SERIAL] = true,
		    [S53_RNDC_SENT] = true,
		    [S53_RNDC_EXPIRES] = true },
		.number = { [S53_RNDC_SERIAL] = s53_rand_u32(),
		    [S53_RNDC_SENT] = now_s,
		    [S53_RNDC_EXPIRES] = now_s + S53_RNDC_LIFE_S,
		    [S53_RNDC_NONCE] = session->nonce },
		.data = { [S53_RNDC_COMMAND] = s53_rndc_text(line) },
	};
	size_t len, sent = 0;
	uint8_t *octets;

	message.has[S53_RNDC_NONCE] = session->nonce != 0;
	if (json)
		message.data[S53_RNDC_FORMAT] = s53_rndc_text("json");
	octets = s53_rndc_write(&message, session->server->key, &len);
	if (octets == NULL)
		return complain(session, "send", "out of memory");
	while (sent < len) {
		ssize_t count = send(session->fd, octets + sent, len - sent, MSG_NOSIGNAL);

		if (count < 0) {
			free(octets);
			return complain(session, "send", strerror(errno));
		}
		sent += (size_t)count;
	}
	free(octets);
	return true;
}

/* The server closes the connection without saying why: list the likely causes, as rndc does. */
static bool
complain_of_end(struct ctl_session *session)
{
	return complain(session, "receive",
	    session->server->key != NULL
		? "the server closed the connection: the key or its algorithm is wrong, `allow` "
		  "does not include this client, or the clocks differ by more than 5 minutes; see "
		  "the log of the server"
		: "the server closed the connection: the channel requires a key (-k FILE), or the "
		  "server is shutting down; see the log of the server");
}

static bool
receive_all(struct ctl_session *session, uint8_t *octets, size_t len)
{
	for (size_t got = 0; got < len;) {
		ssize_t count = recv(session->fd, octets + got, len - got, 0);

		if (count == 0 || (count < 0 && errno == ECONNRESET))
			return complain_of_end(session);
		if (count < 0)
			return complain(session, "receive",
			    errno == EAGAIN ? "no reply before the timeout" : strerror(errno));
		got += (size_t)count;
	}
	return true;
}

static bool
receive_message(
    struct ctl_session *session, struct ctl_reply *reply, struct s53_rndc_message *message)
{
	const struct s53_rndc_key *key = session->server->key;
	uint8_t head[S53_RNDC_HEAD];
	uint32_t len;

	if (!receive_all(session, head, sizeof(head)))
		return false;
	len = s53_u32_get(head);
	if (len > S53_RNDC_LONG_REPLY_MAX)
		return complain(
		    session, "receive", "the reply is too long; is this a control channel?");
	reply->octets = malloc(len + 1);
	if (reply->octets == NULL)
		return complain(session, "receive", "out of memory");
	if (!receive_all(session, reply->octets, len))
		return false;
	if (s53_rndc_read(message, reply->octets, len) != S53_OK)
		return complain(session, "receive",
		    "the reply is not a message of the rndc protocol; is this a control channel?");
	if (key != NULL && !s53_rndc_verify(message, key))
		return complain(
		    session, "receive", "the reply is not signed with the key of the command");
	return true;
}

static bool
take_result(struct ctl_reply *reply, const struct s53_rndc_message *message)
{
	const struct s53_rndc_text *result = &message->data[S53_RNDC_RESULT];

	reply->result = result->len > 0 && !(result->len == 1 && result->at[0] == '0');
	reply->error = message->data[S53_RNDC_ERROR];
	reply->text = message->data[S53_RNDC_TEXT];
	return true;
}

bool
ctl_ask(struct ctl_session *session, const char *line, bool json, struct ctl_reply *reply)
{
	struct s53_rndc_message message;

	memset(reply, 0, sizeof(*reply));
	if (!send_message(session, line, json) || !receive_message(session, reply, &message)) {
		ctl_reply_fini(reply);
		return false;
	}
	session->nonce = message.number[S53_RNDC_NONCE];
	return take_result(reply, &message);
}

bool
ctl_open(struct ctl_session *session, const struct ctl_server *server)
{
	struct ctl_reply reply;

	*session = (struct ctl_session){ .server = server, .fd = -1 };
	if (!connect_to(session) || !ctl_ask(session, "null", false, &reply))
		return false;
	ctl_reply_fini(&reply);
	return true;
}

void
ctl_close(struct ctl_session *session)
{
	if (session->fd >= 0)
		close(session->fd);
	session->fd = -1;
}

void
ctl_reply_fini(struct ctl_reply *reply)
{
	free(reply->octets);
	reply->octets = NULL;
}
