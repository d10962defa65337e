/* SPDX-License-Identifier: ISC
 *
 * udp.c - receives queries and sends replies over UDP, in batches.
 *
 * One call receives up to S53_INBOX_COUNT messages, and the resolver gets their queries together.
 * Replies that it has at once are collected in the outbox and sent with one call at the end of the
 * batch; later replies (after an upstream's response) are collected until the end of that turn of
 * the loop. No datagram costs an allocation or a system call of its own, and the kernel writes the
 * sender's address directly into the client object that the resolver gets.
 *
 * A message may be a train of datagrams (inbox.h). A batch should have about as many queries as the
 * outbox has slots, so after a batch with trains the next call requests fewer messages. UDP_GRO is
 * switched on only after a batch that looks like trains, because without trains it costs one to two
 * percent. It then stays on: if it were off, a train that waits in the socket would be delivered as
 * one long datagram.
 *
 * When the socket's send buffer is full, reading stops, because queries wait better in the kernel's
 * receive buffer. It resumes when there is space, or after BLOCKED_MS; then the waiting replies are
 * dropped and counted.
 */
#include <split53/listen.h>

#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include <split53/clock.h>

#include "batch.h"
#include "context.h"
#include "inbox.h"
#include "outbox.h"
#include "sample.h"

#define ARRIVALS 64 /* handed to the resolver together */
#define BATCHES_PER_TURN 4 /* then upstream sockets and connections are served */
#define BATCHES_AT_CLOSE 256 /* a full receive buffer; in a flood the rest is not read */
#define TRAINS_FROM 16 /* replies of a batch with the same client as the one before */
#define BLOCKED_MS 200

struct s53_udp_listener {
	int fd;
	bool wildcard;
	bool receiving; /* replies are sent at the end of the batch */
	bool flush_due; /* flush_event is active */
	bool blocked; /* waits until the socket is writable */
	uint64_t blocked_at_ms; /* when the oldest waiting reply could not be sent; 0: none waits */
	bool closing;
	bool trains; /* UDP_GRO is on, or the kernel does not have it */
	unsigned batch_max; /* messages to request in one call */
	unsigned holders; /* clients not yet answered, and 1 until close() */
	struct s53_addr local;
	struct s53_listen_context *context;
	struct s53_inbox *inbox; /* the context's */
	struct event read_event;
	struct event write_event;
	struct event flush_event;
	struct s53_outbox outbox;
};

/* Queries of one batch on their way to the resolver. */
struct chunk {
	struct s53_udp_listener *listener;
	uint64_t now_ms;
	unsigned taken; /* in the whole batch */
	unsigned count;
	struct s53_arrival arrivals[ARRIVALS];
};

static void
listener_free(struct s53_udp_listener *listener)
{
	event_del(&listener->read_event);
	event_del(&listener->write_event);
	event_del(&listener->flush_event);
	s53_outbox_fini(&listener->outbox);
	close(listener->fd);
	listener->context->listener_count--;
	free(listener);
}

static void
wait_writable(struct s53_udp_listener *listener)
{
	static const struct timeval limit = { .tv_usec = BLOCKED_MS * 1000 };

	listener->blocked = true;
	if (listener->blocked_at_ms == 0)
		listener->blocked_at_ms = s53_clock_ms();
	event_del(&listener->read_event);
	event_add(&listener->write_event, &limit);
}

static void
flush(struct s53_udp_listener *listener)
{
	if (listener->blocked)
		return;
	if (s53_outbox_flush(&listener->outbox))
		listener->blocked_at_ms = 0;
	else
		wait_writable(listener);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct s53_udp_listener *listener = arg;

	(void)fd;
	(void)what;
	listener->blocked = false;
	if (listener->blocked_at_ms != 0 && s53_clock_ms() - listener->blocked_at_ms >= BLOCKED_MS)
		s53_outbox_discard(&listener->outbox);
	flush(listener);
	if (!listener->blocked && !listener->closing)
		event_add(&listener->read_event, NULL);
}

static void
on_flush(evutil_socket_t fd, short what, void *arg)
{
	struct s53_udp_listener *listener = arg;

	(void)fd;
	(void)what;
	listener->flush_due = false;
	flush(listener);
}

/* Drop a holder. The last one frees the listener, without another turn of the loop. */
static void
release(struct s53_udp_listener *listener)
{
	if (--listener->holders > 0)
		return;
	S53_ASSERT(listener->closing);
	if (!s53_outbox_flush(&listener->outbox))
		s53_outbox_discard(&listener->outbox);
	listener_free(listener);
}

static uint8_t *
udp_buffer(struct s53_client *client, size_t cap)
{
	struct s53_udp_listener *listener = client->transport;
	uint8_t *room = s53_outbox_buffer(&listener->outbox, cap);

	/*
	 * room() may have sent all waiting replies: then BLOCKED_MS begins anew for the next one.
	 */
	if (s53_outbox_empty(&listener->outbox))
		listener->blocked_at_ms = 0;
	return room;
}

static void
udp_send(struct s53_client *client, size_t len)
{
	struct s53_udp_listener *listener = client->transport;

	s53_outbox_put(&listener->outbox, client, len);
	if (!listener->receiving && !listener->flush_due) {
		listener->flush_due = true;
		event_active(&listener->flush_event, EV_WRITE, 0);
	}
	release(listener);
}

static void
udp_drop(struct s53_client *client)
{
	release(client->transport);
}

static const struct s53_client_ops udp_ops = { udp_buffer, udp_send, udp_drop };

/* Set the inbox up for this listener. */
static void
adopt_inbox(struct s53_udp_listener *listener)
{
	struct s53_inbox *inbox = listener->inbox;

	for (unsigned i = 0; i < S53_INBOX_COUNT; i++) {
		struct s53_client *client = &inbox->clients[i];

		client->ops = &udp_ops;
		client->transport = listener;
		client->kind = S53_UDP;
		client->local = listener->local;
		client->interface = 0;
	}
	s53_inbox_lay_out(inbox, listener->trains, listener->trains || listener->wildcard);
	inbox->user = listener;
}

/* Set the address that the query was sent to, and its link if it is a link-local address. */
static void
learn_local(struct s53_client *client, const struct cmsghdr *header)
{
	if (header->cmsg_type == IP_PKTINFO && header->cmsg_level == IPPROTO_IP) {
		struct in_pktinfo info;

		memcpy(&info, CMSG_DATA(header), sizeof(info));
		client->local.in.sin_addr = info.ipi_spec_dst;
	} else if (header->cmsg_type == IPV6_PKTINFO && header->cmsg_level == IPPROTO_IPV6) {
		struct in6_pktinfo info;

		memcpy(&info, CMSG_DATA(header), sizeof(info));
		client->local.in6.sin6_addr = info.ipi6_addr;
		if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
			return;
		client->local.in6.sin6_scope_id = info.ipi6_ifindex;
		client->interface = info.ipi6_ifindex;
	}
}

/*
 * Read the control messages of message `i`. Returns the size of a train's datagrams; 0: no train.
 */
static size_t
read_controls(struct s53_inbox *inbox, unsigned i)
{
	struct msghdr *message = &inbox->messages[i].msg_hdr;
	struct cmsghdr *header;
	int datagram_len = 0; /* of a train */

	for (header = CMSG_FIRSTHDR(message); header != NULL;
	     header = CMSG_NXTHDR(message, header)) {
		if (header->cmsg_level == IPPROTO_UDP && header->cmsg_type == UDP_GRO)
			memcpy(&datagram_len, CMSG_DATA(header), sizeof(datagram_len));
		else
			learn_local(&inbox->clients[i], header);
	}
	return datagram_len > 0 ? (size_t)datagram_len : 0;
}

static void
hand_over(struct chunk *chunk)
{
	struct s53_udp_listener *listener = chunk->listener;
	unsigned count = chunk->count;

	listener->holders += count;
	chunk->taken += count;
	chunk->count = 0;
	s53_sample(listener->context, chunk->arrivals, count);
	s53_resolver_take_batch(listener->context->resolver, chunk->arrivals, count, chunk->now_ms);
}

static void
add(struct chunk *chunk, const struct s53_client *client, const uint8_t *octets, size_t len)
{
	struct s53_arrival *arrival = &chunk->arrivals[chunk->count];

	arrival->client = client;
	arrival->octets = octets;
	arrival->len = len < S53_INBOX_REQUEST ? len : S53_INBOX_REQUEST;
	if (++chunk->count == ARRIVALS)
		hand_over(chunk);
}

/*
 * A query from the port of a service that answers anything: a reply would begin a loop. Port 0
 * means that no reply is expected (RFC 768). The others are named's, and quotation of the day.
 */
static bool
is_dropped_port(uint16_t port)
{
	switch (port) {
	case 0:
	case 7: /* echo, RFC 862 */
	case 13: /* daytime, RFC 867 */
	case 17: /* quotation of the day, RFC 865 */
	case 19: /* character generator, RFC 864 */
	case 37: /* time, RFC 868 */
		return true;
	default:
		return false;
	}
}

static void
take(struct chunk *chunk, unsigned i)
{
	struct s53_inbox *inbox = chunk->listener->inbox;
	struct s53_client *client = &inbox->clients[i];
	const uint8_t *octets = inbox->vectors[i].iov_base;
	size_t left = inbox->messages[i].msg_len;
	size_t datagram_len = 0;

	if (chunk->listener->wildcard) {
		client->local = chunk->listener->local;
		client->interface = 0;
	}
	if (inbox->messages[i].msg_hdr.msg_controllen != 0)
		datagram_len = read_controls(inbox, i);
	s53_inbox_reset(inbox, i);
	if (is_dropped_port(s53_addr_port(&client->addr))) {
		s53_count(chunk->listener->context->counters, S53_C_LISTEN_UDP);
		s53_count(chunk->listener->context->counters, S53_C_LISTEN_DROPPED_PORT);
		return;
	}
	for (; datagram_len != 0 && left > datagram_len; left -= datagram_len) {
		add(chunk, client, octets, datagram_len);
		octets += datagram_len;
	}
	add(chunk, client, octets, left);
}

/* The next batch should fit the outbox: with trains of 16, for instance, 4 messages fill it. */
static void
size_next_batch(struct s53_udp_listener *listener, unsigned messages, unsigned queries)
{
	unsigned most = S53_INBOX_COUNT;

	if (queries > messages)
		most = S53_OUTBOX_COUNT * messages / queries;
	listener->batch_max = most > 0 ? most : 1;
}

/* A batch with many replies to one client was probably sent in trains: receive them whole. */
static void
detect_trains(struct s53_udp_listener *listener, unsigned followers)
{
	const int on = 1;

	if (followers < TRAINS_FROM)
		return;
	(void)setsockopt(listener->fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on)); /* Linux 5.0 */
	listener->trains = true;
	listener->inbox->user = NULL;
}

/* Receive and serve one batch. false: the socket is empty. */
static bool
receive_batch(struct s53_udp_listener *listener)
{
	struct s53_inbox *inbox = listener->inbox;
	unsigned asked_for = listener->batch_max;
	unsigned followers = listener->outbox.followers;
	struct s53_batch_clock clock;
	struct chunk chunk;
	int count;

	if (inbox->user != listener)
		adopt_inbox(listener);
	count = recvmmsg(listener->fd, inbox->messages, asked_for, MSG_DONTWAIT, NULL);
	if (count <= 0)
		return count < 0 && errno == EINTR;
	chunk.listener = listener;
	clock = s53_batch_begin(listener->context);
	chunk.now_ms = s53_batch_ms(&clock);
	chunk.taken = chunk.count = 0;
	listener->receiving = true;
	for (unsigned i = 0; i < (unsigned)count; i++)
		take(&chunk, i);
	if (chunk.count > 0)
		hand_over(&chunk);
	listener->receiving = false;
	flush(listener);
	s53_batch_end(listener->context, &clock);
	s53_count_many(listener->context->counters, S53_C_LISTEN_UDP, chunk.taken);
	size_next_batch(listener, (unsigned)count, chunk.taken);
	if (!listener->trains)
		detect_trains(listener, listener->outbox.followers - followers);
	return (unsigned)count == asked_for;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct s53_udp_listener *listener = arg;

	(void)fd;
	(void)what;
	for (int i = 0; i < BATCHES_PER_TURN && !listener->blocked; i++) {
		if (!receive_batch(listener))
			return;
	}
}

struct s53_udp_listener *
s53_udp_listener_new(struct s53_listen_context *context, int fd, const struct s53_addr *local)
{
	struct s53_udp_listener *listener = calloc(1, sizeof(*listener));
	struct event_base *base = context->base;

	if (listener == NULL) {
		close(fd);
		return NULL;
	}
	listener->fd = fd;
	listener->local = *local;
	listener->wildcard = s53_addr_is_any(local);
	listener->context = context;
	context->listener_count++;
	listener->holders = 1;
	listener->batch_max = S53_INBOX_COUNT;
	listener->inbox = s53_listen_context_inbox(context);
	event_assign(&listener->read_event, base, fd, EV_READ | EV_PERSIST, on_readable, listener);
	event_assign(&listener->write_event, base, fd, EV_WRITE, on_writable, listener);
	event_assign(&listener->flush_event, base, -1, 0, on_flush, listener);
	if (listener->inbox == NULL ||
	    s53_outbox_init(&listener->outbox, fd, local, context->counters) != S53_OK ||
	    event_add(&listener->read_event, NULL) != 0) {
		listener_free(listener);
		return NULL;
	}
	return listener;
}

void
s53_udp_listener_close(struct s53_udp_listener *listener)
{
	int batches = 0;

	event_del(&listener->read_event);
	listener->closing = true;
	while (batches < BATCHES_AT_CLOSE && !listener->blocked && receive_batch(listener))
		batches++;
	if (listener->inbox->user == listener) /* another listener may get this address in memory */
		listener->inbox->user = NULL;
	release(listener);
}
