/* SPDX-License-Identifier: ISC
 *
 * udp.c - datagrams in, replies out, a batch at a time.
 *
 * A turn of the loop receives up to S53_INBOX_COUNT messages with one call and hands their queries
 * to the resolver together. What it answers at once collects in the outbox and leaves with one call
 * at the end of the batch; what it answers later (an upstream's reply came in) collects until the
 * end of that turn of the loop. Nothing is allocated, cleared or asked of the kernel per datagram,
 * and the kernel writes the sender's address straight into the client that the resolver gets.
 *
 * A message may be a train of datagrams (inbox.h). So that a batch of trains has no more queries
 * than the outbox has places, or not many more, the next call asks for fewer messages. The kernel
 * is asked for trains when a batch looks as if it had been some: to sockets whose clients have a
 * port each, that option would cost one or two percent for nothing. It stays on then: switched off,
 * a train that waits in the socket would come as one long datagram.
 *
 * When the socket takes no more, reading stops (the kernel's receive buffer is the better place to
 * wait in) until it does or BLOCKED_MS are over; then the replies are dropped and counted.
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

#include "inbox.h"
#include "outbox.h"

#define ARRIVALS 64 /* handed to the resolver at once */
#define BATCHES_PER_TURN 4 /* then upstream sockets and connections have their turn */
#define BATCHES_AT_CLOSE 256 /* what a full receive buffer may hold; a flood is cut off here */
#define TRAINS_FROM 16 /* answers of a batch that follow another to the same client */
#define BLOCKED_MS 200

struct s53_udp_listener {
	int fd;
	bool wildcard;
	bool receiving; /* replies wait for the end of the batch */
	bool flush_due; /* flush_event is active */
	bool blocked; /* waits for the socket to take more */
	uint64_t blocked_at_ms; /* since when there is something that cannot go; 0: nothing */
	bool closing;
	bool trains; /* UDP_GRO is on, or cannot be */
	unsigned appetite; /* messages to ask for in one call */
	unsigned holders; /* clients not yet answered, and 1 until close() is over */
	struct s53_addr local;
	struct s53_resolver *resolver;
	struct s53_counters *counters;
	struct event read_event;
	struct event write_event;
	struct event flush_event;
	struct s53_inbox *inbox; /* until close() is over */
	struct s53_outbox outbox;
};

/* Queries of one batch on their way to the resolver. */
struct group {
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
	if (listener->inbox != NULL)
		s53_inbox_drop(listener->inbox);
	free(listener);
}

static void
wait_writable(struct s53_udp_listener *listener)
{
	static const struct timeval patience = { .tv_usec = BLOCKED_MS * 1000 };

	listener->blocked = true;
	if (listener->blocked_at_ms == 0)
		listener->blocked_at_ms = s53_clock_ms();
	event_del(&listener->read_event);
	event_add(&listener->write_event, &patience);
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

/* A holder is gone. The last one after close() takes the listener with it, needing no loop. */
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
udp_room(struct s53_client *client, size_t cap)
{
	struct s53_udp_listener *listener = client->transport;
	uint8_t *room = s53_outbox_room(&listener->outbox, cap);

	/* Perhaps it has just sent what was blocked: the next reply has a patience of its own. */
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

static const struct s53_client_ops udp_ops = { udp_room, udp_send, udp_drop };

/* From now on what arrives in the inbox is this listener's. */
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

/* The address that was asked, and, if it is of one link only, the link to answer on. */
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

/* What the kernel says about message `i`. Returns the size of its datagrams, 0: it is one. */
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
hand_over(struct group *group)
{
	struct s53_udp_listener *listener = group->listener;
	unsigned count = group->count;

	listener->holders += count;
	group->taken += count;
	group->count = 0;
	s53_resolver_take_batch(listener->resolver, group->arrivals, count, group->now_ms);
}

static void
add(struct group *group, const struct s53_client *client, const uint8_t *octets, size_t len)
{
	struct s53_arrival *arrival = &group->arrivals[group->count];

	arrival->client = client;
	arrival->octets = octets;
	arrival->len = len < S53_INBOX_REQUEST ? len : S53_INBOX_REQUEST;
	if (++group->count == ARRIVALS)
		hand_over(group);
}

static void
take(struct group *group, unsigned i)
{
	struct s53_inbox *inbox = group->listener->inbox;
	struct s53_client *client = &inbox->clients[i];
	const uint8_t *octets = inbox->vectors[i].iov_base;
	size_t left = inbox->messages[i].msg_len;
	size_t datagram_len = 0;

	if (group->listener->wildcard) {
		client->local = group->listener->local;
		client->interface = 0;
	}
	if (inbox->messages[i].msg_hdr.msg_controllen != 0)
		datagram_len = read_controls(inbox, i);
	s53_inbox_reset(inbox, i);
	/* Nobody can be answered at port 0 (RFC 768: no reply is expected). */
	if (s53_addr_port(&client->addr) == 0) {
		s53_count(group->listener->counters, S53_C_LISTEN_UDP);
		return;
	}
	for (; datagram_len != 0 && left > datagram_len; left -= datagram_len) {
		add(group, client, octets, datagram_len);
		octets += datagram_len;
	}
	add(group, client, octets, left);
}

/* Room in the outbox for the answers: with trains of 16 for instance, 4 messages are enough. */
static void
feel_hunger(struct s53_udp_listener *listener, unsigned messages, unsigned queries)
{
	unsigned appetite = S53_INBOX_COUNT;

	if (queries > messages)
		appetite = S53_OUTBOX_COUNT * messages / queries;
	listener->appetite = appetite > 0 ? appetite : 1;
}

/* Did what came look like trains that were taken apart? The next are wanted whole. */
static void
look_for_trains(struct s53_udp_listener *listener, unsigned followers)
{
	const int on = 1;

	if (followers < TRAINS_FROM)
		return;
	(void)setsockopt(listener->fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on)); /* Linux 5.0 */
	listener->trains = true;
	listener->inbox->user = NULL;
}

/* One batch. false: that was all there is. */
static bool
receive_batch(struct s53_udp_listener *listener)
{
	struct s53_inbox *inbox = listener->inbox;
	unsigned asked_for = listener->appetite;
	unsigned followers = listener->outbox.followers;
	struct group group;
	int count;

	if (inbox->user != listener)
		adopt_inbox(listener);
	count = recvmmsg(listener->fd, inbox->messages, asked_for, MSG_DONTWAIT, NULL);
	if (count <= 0)
		return count < 0 && errno == EINTR;
	group.listener = listener;
	group.now_ms = s53_clock_ms();
	group.taken = group.count = 0;
	listener->receiving = true;
	for (unsigned i = 0; i < (unsigned)count; i++)
		take(&group, i);
	if (group.count > 0)
		hand_over(&group);
	listener->receiving = false;
	flush(listener);
	s53_count_many(listener->counters, S53_C_LISTEN_UDP, group.taken);
	feel_hunger(listener, (unsigned)count, group.taken);
	if (!listener->trains)
		look_for_trains(listener, listener->outbox.followers - followers);
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
s53_udp_listener_new(struct event_base *base, int fd, const struct s53_addr *local,
    struct s53_resolver *resolver, struct s53_counters *counters)
{
	struct s53_udp_listener *listener = calloc(1, sizeof(*listener));

	if (listener == NULL) {
		close(fd);
		return NULL;
	}
	listener->fd = fd;
	listener->local = *local;
	listener->wildcard = s53_addr_is_any(local);
	listener->resolver = resolver;
	listener->counters = counters;
	listener->holders = 1;
	listener->appetite = S53_INBOX_COUNT;
	listener->inbox = s53_inbox_take(base);
	event_assign(&listener->read_event, base, fd, EV_READ | EV_PERSIST, on_readable, listener);
	event_assign(&listener->write_event, base, fd, EV_WRITE, on_writable, listener);
	event_assign(&listener->flush_event, base, -1, 0, on_flush, listener);
	if (listener->inbox == NULL ||
	    s53_outbox_init(&listener->outbox, fd, local, counters) != S53_OK ||
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
	if (listener->inbox->user == listener)
		listener->inbox->user = NULL;
	s53_inbox_drop(listener->inbox);
	listener->inbox = NULL;
	release(listener);
}
