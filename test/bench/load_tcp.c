/* SPDX-License-Identifier: ISC
 *
 * load_tcp.c - connections.
 *
 * All queries that are due are sent with one call; answers may arrive in any order. A connection
 * that has sent all its queries is closed after the last answer, and a new one takes its channel.
 */
#include "load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#define LEN_OCTETS 2
#define READS_MAX 4

/* A new source address after this many connections: each has only 28,000 ports. */
static void
bind_source(const struct load *load, const struct load_channel *channel)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	const int yes = 1;

	if (load->options.sources == 0 || load->options.server.any.sa_family != AF_INET)
		return;
	from.sin_addr.s_addr = htonl(INADDR_LOOPBACK +
	    (uint32_t)(load->result.counts.connections + channel->place) % load->options.sources);
	setsockopt(channel->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof(yes));
	if (bind(channel->fd, (struct sockaddr *)&from, sizeof(from)) != 0)
		bench_die("bind");
}

/* RST instead of FIN: no state is left in either kernel. */
static void
set_reset(int fd)
{
	const struct linger now = { 1, 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static void
connect_channel(struct load *load, struct load_channel *channel)
{
	const struct bench_endpoint *server = &load->options.server;

	channel->fd = socket(server->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (channel->fd < 0)
		bench_die("socket");
	bench_nodelay(channel->fd);
	if (load->options.reset)
		set_reset(channel->fd);
	bind_source(load, channel);
	load->result.counts.connections++;
	channel->asked = channel->answered = 0;
	channel->in_len = channel->out_len = channel->out_at = 0;
	channel->blocked = false;
	if (connect(channel->fd, &server->any, server->len) != 0 && errno != EINPROGRESS)
		load->result.counts.connection_errors++; /* its first write will report it again */
	load_watch_fd(load, channel, EPOLLIN, EPOLL_CTL_ADD);
}

static void
tcp_open(struct load *load, struct load_channel *channel)
{
	channel->in = malloc(LOAD_ROOM + LEN_OCTETS);
	channel->out = malloc(LOAD_BATCH * (LEN_OCTETS + BENCH_QUERY_MAX));
	if (channel->in == NULL || channel->out == NULL)
		bench_die("memory");
	connect_channel(load, channel);
}

static void
reopen(struct load *load, struct load_channel *channel)
{
	load_channel_lose(load, channel);
	close(channel->fd);
	connect_channel(load, channel);
}

static void
failed(struct load *load, struct load_channel *channel)
{
	load->result.counts.connection_errors++;
	reopen(load, channel);
}

/* Keep the data that the kernel did not take, and wait until it does. */
static void
keep_rest(struct load *load, struct load_channel *channel, const struct iovec *vec, size_t skip)
{
	channel->out_at = channel->out_len = 0;
	for (; vec->iov_base != NULL; vec++) {
		size_t gone = skip < vec->iov_len ? skip : vec->iov_len;

		memcpy(channel->out + channel->out_len, (uint8_t *)vec->iov_base + gone,
		    vec->iov_len - gone);
		channel->out_len += vec->iov_len - gone;
		skip -= gone;
	}
	channel->blocked = true;
	load_watch_fd(load, channel, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
}

static uint32_t
room_of(const struct load *load, const struct load_channel *channel)
{
	uint32_t most = load->options.per_connection;

	if (channel->blocked)
		return 0;
	return most == 0 ? LOAD_BATCH : most - channel->asked;
}

/* It has sent all its queries, and the last one was given up. */
static bool
is_used_up(const struct load *load, const struct load_channel *channel)
{
	uint32_t most = load->options.per_connection;

	return most != 0 && channel->asked == most && channel->free_count == load->slots_each;
}

static uint32_t
tcp_send(struct load *load, struct load_channel *channel, uint32_t count)
{
	struct iovec vec[LOAD_BATCH + 1];
	uint32_t room, taken = 0;
	size_t whole;
	ssize_t sent;

	if (is_used_up(load, channel))
		reopen(load, channel);
	room = room_of(load, channel);
	for (; taken < count && taken < room && taken < LOAD_BATCH; taken++) {
		struct load_slot *slot = load_slot_take(load, channel);

		if (slot == NULL)
			break;
		vec[taken] = (struct iovec){
			load_slot_message(load, slot),
			LEN_OCTETS + load->query_len,
		};
	}
	if (taken == 0)
		return 0;
	vec[taken] = (struct iovec){ NULL, 0 };
	channel->asked += taken;
	whole = taken * (LEN_OCTETS + load->query_len);
	sent = writev(channel->fd, vec, (int)taken);
	if (sent < 0 && errno != EAGAIN && errno != ENOTCONN)
		failed(load, channel);
	else if (sent < 0 || (size_t)sent < whole)
		keep_rest(load, channel, vec, sent < 0 ? 0 : (size_t)sent);
	return taken;
}

static void
tcp_writable(struct load *load, struct load_channel *channel)
{
	ssize_t sent;

	if (!channel->blocked)
		return;
	sent = send(channel->fd, channel->out + channel->out_at, channel->out_len - channel->out_at,
	    MSG_NOSIGNAL);
	if (sent < 0 && errno != EAGAIN) {
		failed(load, channel);
		return;
	}
	channel->out_at += sent < 0 ? 0 : (size_t)sent;
	if (channel->out_at < channel->out_len)
		return;
	channel->blocked = false;
	load_watch_fd(load, channel, EPOLLIN, EPOLL_CTL_MOD);
}

/* Hand over the complete messages that have arrived; move the rest to the front. */
static void
take_messages(struct load *load, struct load_channel *channel)
{
	size_t at = 0;

	while (channel->in_len - at >= LEN_OCTETS) {
		size_t len = bench_get16(channel->in + at);

		if (channel->in_len - at - LEN_OCTETS < len)
			break;
		load_slot_answer(load, channel, channel->in + at + LEN_OCTETS, len);
		at += LEN_OCTETS + len;
	}
	channel->in_len -= at;
	memmove(channel->in, channel->in + at, channel->in_len);
}

static bool
is_done(const struct load *load, const struct load_channel *channel)
{
	return load->options.per_connection != 0 &&
	    channel->answered == load->options.per_connection;
}

static void
tcp_receive(struct load *load, struct load_channel *channel)
{
	for (int i = 0; i < READS_MAX; i++) {
		size_t room = LOAD_ROOM + LEN_OCTETS - channel->in_len;
		ssize_t len = recv(channel->fd, channel->in + channel->in_len, room, 0);

		if (len < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (len <= 0) {
			failed(load, channel);
			return;
		}
		channel->in_len += (size_t)len;
		take_messages(load, channel);
		if (is_done(load, channel)) {
			reopen(load, channel);
			return;
		}
		if ((size_t)len < room)
			return;
	}
}

static void
tcp_close(struct load_channel *channel)
{
	close(channel->fd);
	free(channel->in);
	free(channel->out);
}

const struct load_transport load_tcp = {
	tcp_open,
	tcp_send,
	tcp_receive,
	tcp_writable,
	tcp_close,
};
