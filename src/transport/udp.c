/* SPDX-License-Identifier: ISC
 *
 * udp.c - datagrams out and in, in batches.
 *
 * A question is copied once, with its ID, into the batch: for so few octets that is cheaper than
 * to have the kernel gather two pieces. Replies land in buffers that all sockets of the exchanger
 * share; each takes the largest datagram there is, and the pages that no reply ever reached cost
 * nothing.
 */
#include "inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <split53/clock.h>

/* The odd 192 octets keep the buffers from meeting in the same sets of the processor's cache. */
#define ROOM (65536 + 192)

struct s53_batch {
	struct mmsghdr in[S53_BATCH], out[S53_BATCH];
	struct iovec in_vec[S53_BATCH], out_vec[S53_BATCH];
	struct s53_exchange *sent[S53_BATCH];
	uint8_t question[S53_BATCH][S53_UDP_QUESTION_MAX];
	uint8_t room[S53_BATCH][ROOM];
};

struct s53_batch *
s53_batch_new(void)
{
	struct s53_batch *batch = malloc(sizeof(*batch));

	if (batch == NULL)
		return NULL;
	for (unsigned i = 0; i < S53_BATCH; i++) {
		batch->in_vec[i] = (struct iovec){ batch->room[i], ROOM };
		batch->in[i] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &batch->in_vec[i],
						     .msg_iovlen = 1 } };
		batch->out_vec[i].iov_base = batch->question[i];
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
	if (exchanger->batch != NULL)
		sock = s53_pool_pick(exchange->endpoint, now_ms, &end);
	if (sock == NULL) {
		s53_endpoint_observe_end(exchange->endpoint, S53_OVER_UDP, end, now_ms);
		s53_exchange_fail(exchange, end);
		return;
	}
	s53_flow_take(&sock->flow, exchange);
	exchange->sent_ms = now_ms;
	s53_list_append(&sock->queue, &exchange->queued);
	if (!sock->blocked && s53_list_empty(&sock->dirty)) {
		s53_list_append(&exchanger->dirty, &sock->dirty);
		s53_exchanger_defer(exchanger);
	}
}

/* The server cannot be reached through this socket, or only this socket is at fault. */
static void
socket_failed(struct s53_socket *sock, int error)
{
	struct s53_flow *flow = &sock->flow;
	struct s53_link *waiting = &flow->waiting;
	enum s53_exchange_end end = s53_transport_end_of(error);

	s53_flow_hold(flow);
	s53_pool_retire(sock);
	s53_endpoint_observe_end(flow->endpoint, S53_OVER_UDP, end, flow->used_ms);
	while (!s53_list_empty(waiting))
		s53_exchange_fail(S53_CONTAINER_OF(waiting->next, struct s53_exchange, link), end);
	s53_flow_release(flow);
}

static unsigned
gather(struct s53_socket *sock, struct s53_batch *batch)
{
	unsigned count = 0;

	S53_LIST_EACH (&sock->queue, it) {
		struct s53_exchange *exchange = S53_CONTAINER_OF(it, struct s53_exchange, queued);

		if (count == S53_BATCH)
			break;
		memcpy(batch->question[count], exchange->ask.octets, exchange->ask.len);
		s53_header_set_id(batch->question[count], exchange->id);
		batch->out_vec[count].iov_len = exchange->ask.len;
		batch->sent[count] = exchange;
		count++;
	}
	return count;
}

/* How many left; -1: errno. */
static int
transmit(struct s53_socket *sock, struct s53_batch *batch, unsigned count)
{
	if (count == 1)
		return send(sock->fd, batch->question[0], batch->out_vec[0].iov_len, MSG_NOSIGNAL) <
			0
		    ? -1
		    : 1;
	return sendmmsg(sock->fd, batch->out, count, MSG_NOSIGNAL);
}

/* sendmmsg() said no. true: try again with what is still queued. */
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
		int sent = transmit(sock, batch, count);

		if (sent < 0)
			again = send_failed(sock, batch->sent[0], errno);
		for (int i = 0; i < sent; i++) {
			s53_list_remove(&batch->sent[i]->queued);
			s53_count(exchanger->counters, S53_C_EXCHANGE_UDP);
		}
	}
	s53_flow_release(&sock->flow);
}

void
s53_udp_flush(struct s53_exchanger *exchanger)
{
	struct s53_link *link;

	while ((link = s53_list_pop(&exchanger->dirty)) != NULL) {
		struct s53_socket *sock = S53_CONTAINER_OF(link, struct s53_socket, dirty);

		sock->flow.endpoint->pool.current = NULL; /* the next batch gets another */
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

/* Take what the kernel tells of ICMP off its queue, which would wake us for ever. */
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
	case EMSGSIZE: /* a path's MTU: for the kernel, not for us */
	case ENOBUFS:
	case ENOMEM:
		drain_errors(sock);
		break;
	default: /* ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EACCES, EPROTO and their kin */
		socket_failed(sock, error);
	}
}

/* How many are in the buffers; -1: errno. One reply, the rule off-host, needs no vector. */
static int
receive(struct s53_socket *sock, struct s53_batch *batch)
{
	ssize_t len;

	if (sock->flow.count > 1)
		return recvmmsg(sock->fd, batch->in, S53_BATCH, MSG_DONTWAIT, NULL);
	len = recv(sock->fd, batch->room[0], ROOM, MSG_DONTWAIT);
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
		s53_exchange_reply(&sock->flow, batch->room[i], batch->in[i].msg_len, now_ms);
	s53_flow_release(&sock->flow);
}
