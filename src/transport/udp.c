/* SPDX-License-Identifier: ISC
 *
 * udp.c - sends and receives datagrams in batches.
 *
 * Each query is copied once, with its ID, into the batch: for so few bytes a copy is cheaper than
 * having the kernel gather two pieces. Replies arrive in buffers that all sockets of the exchanger
 * share. Each buffer holds the largest possible datagram; pages that no reply has reached cost no
 * memory.
 */
#include "udp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <split53/clock.h>
#include <split53/traffic.h>
#include <split53/transport.h>

#include "endpoint.h"
#include "exchanger.h"
#include "observe.h"

/*
 * Bytes. The odd 192 keep the buffers from competing for the same sets of the CPU's cache.
 */
#define BUFFER_LEN (65536 + 192)

struct s53_batch {
	struct mmsghdr in[S53_BATCH], out[S53_BATCH];
	struct iovec in_vec[S53_BATCH], out_vec[S53_BATCH];
	struct s53_exchange *sent[S53_BATCH];
	uint8_t query[S53_BATCH][S53_UDP_QUERY_MAX];
	uint8_t buffer[S53_BATCH][BUFFER_LEN];
};

struct s53_batch *
s53_batch_new(void)
{
	struct s53_batch *batch = malloc(sizeof(*batch));

	if (batch == NULL)
		return NULL;
	for (unsigned i = 0; i < S53_BATCH; i++) {
		batch->in_vec[i] = (struct iovec){ batch->buffer[i], BUFFER_LEN };
		batch->in[i] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &batch->in_vec[i],
						     .msg_iovlen = 1 } };
		batch->out_vec[i].iov_base = batch->query[i];
		batch->out[i] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &batch->out_vec[i],
						      .msg_iovlen = 1 } };
	}
	return batch;
}

void
s53_batch_free(struct s53_batch *batch)
{
	free(batch);
}

void
s53_udp_send(struct s53_exchange *exchange, uint64_t now_ms)
{
	struct s53_exchanger *exchanger = exchange->exchanger;
	enum s53_exchange_end end = S53_EXCHANGE_NO_RESOURCES;
	struct s53_socket *sock = NULL;

	if (exchanger->batch == NULL)
		exchanger->batch = s53_batch_new();
	if (exchanger->batch != NULL && exchange->ask.fresh_port)
		sock = s53_pool_open(exchange->endpoint, now_ms, &end);
	if (exchanger->batch != NULL && sock == NULL)
		sock = s53_pool_pick(exchange->endpoint, now_ms, &end);
	if (sock == NULL) {
		s53_endpoint_observe_end(exchange->endpoint, S53_OVER_UDP, end, now_ms);
		s53_exchange_fail(exchange, end);
		return;
	}
	s53_flow_add(&sock->flow, exchange);
	exchange->sent_at_ms = now_ms;
	exchange->sent_at_ns = s53_clock_ns(); /* until it is sent */
	s53_list_append(&sock->unsent, &exchange->queue_link);
	if (!sock->blocked && s53_list_empty(&sock->unsent_link)) {
		s53_list_append(&exchanger->unsent, &sock->unsent_link);
		s53_exchanger_defer(exchanger);
	}
}

/*
 * The server is unreachable through this socket: fail its exchanges, record once what `error`
 * shows.
 */
static void
socket_failed(struct s53_socket *sock, int error)
{
	struct s53_flow *flow = &sock->flow;
	struct s53_link *left = &flow->exchanges;
	enum s53_exchange_end end = s53_transport_end_of(flow->endpoint->upstream, error);

	s53_flow_hold(flow);
	s53_pool_retire(sock);
	s53_endpoint_observe_end(flow->endpoint, S53_OVER_UDP, end, flow->used_ms);
	while (!s53_list_empty(left))
		s53_exchange_fail(S53_CONTAINER_OF(left->next, struct s53_exchange, link), end);
	s53_flow_release(flow);
}

static unsigned
gather(struct s53_socket *sock, struct s53_batch *batch)
{
	unsigned count = 0;

	S53_LIST_EACH (&sock->unsent, it) {
		struct s53_exchange *exchange =
		    S53_CONTAINER_OF(it, struct s53_exchange, queue_link);

		if (count == S53_BATCH)
			break;
		memcpy(batch->query[count], exchange->ask.octets, exchange->ask.len);
		s53_header_set_id(batch->query[count], exchange->id);
		batch->out_vec[count].iov_len = exchange->ask.len;
		batch->sent[count] = exchange;
		count++;
	}
	return count;
}

/* The number of datagrams that were sent. -1: errno. */
static int
transmit(struct s53_socket *sock, struct s53_batch *batch, unsigned count)
{
	if (count == 1)
		return send(sock->fd, batch->query[0], batch->out_vec[0].iov_len, MSG_NOSIGNAL) < 0
		    ? -1
		    : 1;
	return sendmmsg(sock->fd, batch->out, count, MSG_NOSIGNAL);
}

/* Sending has failed with `error`. true: try again with what is still queued. */
static bool
send_failed(struct s53_socket *sock, struct s53_exchange *first, int error)
{
	switch (error) {
	case EINTR:
		return true;
	case EAGAIN:
		if (event_add(&sock->writable, NULL) == 0)
			sock->blocked = true;
		else
			socket_failed(sock, ENOMEM);
		return false;
	case ENOBUFS:
	case ENOMEM:
	case EMSGSIZE:
		s53_exchange_fail(first, S53_EXCHANGE_NO_RESOURCES);
		return true;
	default:
		socket_failed(sock, error);
		return false;
	}
}

static void
flush_socket(struct s53_exchanger *exchanger, struct s53_socket *sock)
{
	struct s53_batch *batch = exchanger->batch;
	bool again = true;
	unsigned count;

	s53_flow_hold(&sock->flow);
	while (again && (count = gather(sock, batch)) > 0) {
		uint64_t now_ns = s53_clock_ns();
		int sent = transmit(sock, batch, count);

		if (sent < 0)
			again = send_failed(sock, batch->sent[0], errno);
		for (int i = 0; i < sent; i++) {
			batch->sent[i]->sent_at_ns = now_ns;
			s53_list_remove(&batch->sent[i]->queue_link);
			s53_count(exchanger->counters, S53_C_EXCHANGE_UDP);
			s53_upstream_count(sock->flow.endpoint->upstream, S53_TRAFFIC_UDP);
		}
	}
	s53_flow_release(&sock->flow);
}

void
s53_udp_flush(struct s53_exchanger *exchanger)
{
	struct s53_link *link;

	while ((link = s53_list_pop(&exchanger->unsent)) != NULL) {
		struct s53_socket *sock = S53_CONTAINER_OF(link, struct s53_socket, unsent_link);

		/* so the next batch gets another socket */
		sock->flow.endpoint->pool.current = NULL;
		flush_socket(exchanger, sock);
	}
}

void
s53_udp_on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct s53_socket *sock = arg;

	(void)fd;
	(void)what;
	sock->blocked = false;
	flush_socket(sock->flow.endpoint->exchanger, sock);
}

/* Empty the socket's error queue; otherwise its ICMP errors would wake the loop forever. */
static void
drain_errors(struct s53_socket *sock)
{
	uint8_t control[512], octets[512];
	struct iovec vec = { octets, sizeof(octets) };
	struct msghdr header;

	do {
		header = (struct msghdr){ .msg_iov = &vec,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control) };
	} while (recvmsg(sock->fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0);
}

static void
receive_failed(struct s53_socket *sock, int error)
{
	switch (error) {
	case EAGAIN:
	case EINTR:
	case EMSGSIZE: /* the MTU of a path: only the kernel needs it */
	case ENOBUFS:
	case ENOMEM:
		drain_errors(sock);
		break;
	default: /* ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EACCES, EPROTO */
		socket_failed(sock, error);
	}
}

/*
 * The number of datagrams in the buffers. -1: errno. A single expected reply, usual off-host, needs
 * no vector.
 */
static int
receive(struct s53_socket *sock, struct s53_batch *batch)
{
	ssize_t len;

	if (sock->flow.count > 1)
		return recvmmsg(sock->fd, batch->in, S53_BATCH, MSG_DONTWAIT, NULL);
	len = recv(sock->fd, batch->buffer[0], BUFFER_LEN, MSG_DONTWAIT);
	if (len < 0)
		return -1;
	batch->in[0].msg_len = (unsigned)len;
	return 1;
}

void
s53_udp_on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct s53_socket *sock = arg;
	struct s53_batch *batch = sock->flow.endpoint->exchanger->batch;
	int count = receive(sock, batch);
	uint64_t now_ms = s53_clock_ms();

	(void)fd;
	(void)what;
	s53_wheel_see(&sock->flow.endpoint->exchanger->wheel, now_ms);
	if (count < 0) {
		receive_failed(sock, errno);
		return;
	}
	s53_flow_hold(&sock->flow);
	for (int i = 0; i < count; i++)
		s53_exchange_reply(&sock->flow, batch->buffer[i], batch->in[i].msg_len, now_ms);
	s53_flow_release(&sock->flow);
}
