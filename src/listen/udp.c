/* SPDX-License-Identifier: ISC
 *
 * udp.c - datagrams in, replies out, a batch at a time.
 *
 * A turn of the loop reads up to BATCH datagrams with one call and hands each to the resolver. What
 * it answers at once collects in the outbox and leaves with one call at the end of the batch; what
 * it answers later (an upstream's reply came in) collects until the end of that turn of the loop.
 * Nothing is allocated, cleared or asked of the kernel per datagram, and the kernel writes the
 * sender's address straight into the client that the resolver gets.
 *
 * When the socket takes no more, reading stops (the kernel's receive buffer is the better place to
 * wait in) until it does or BLOCKED_MS are over; then the replies are dropped and counted.
 */
#include <split53/listen.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include <split53/clock.h>

#include "outbox.h"

#define BATCH 64
#define BATCHES_PER_TURN 4 /* then upstream sockets and connections have their turn */
#define BATCHES_AT_CLOSE 256 /* what a full receive buffer may hold; a flood is cut off here */
#define REQUEST_MAX 4096 /* a longer request reaches the resolver cut, which is a FORMERR */
#define REQUEST_STRIDE (REQUEST_MAX + 64) /* see outbox.c */
#define BLOCKED_MS 200

struct s53_udp_listener {
	int fd;
	bool wildcard;
	bool receiving; /* replies wait for the end of the batch */
	bool flush_due; /* flush_event is active */
	bool blocked; /* waits for the socket to take more */
	uint64_t blocked_at_ms; /* since when there is something that cannot go; 0: nothing */
	bool closing;
	unsigned holders; /* clients not yet answered, and 1 until close() is over */
	struct s53_addr local;
	struct s53_resolver *resolver;
	struct s53_counters *counters;
	struct event read_event;
	struct event write_event;
	struct event flush_event;
	struct s53_outbox outbox;
	uint8_t *requests;
	struct mmsghdr messages[BATCH];
	struct iovec vectors[BATCH];
	struct s53_client clients[BATCH];
	union s53_pktinfo_space *controls; /* NULL unless wildcard */
};

static void
listener_free(struct s53_udp_listener *listener)
{
	event_del(&listener->read_event);
	event_del(&listener->write_event);
	event_del(&listener->flush_event);
	s53_outbox_fini(&listener->outbox);
	close(listener->fd);
	free(listener->requests);
	free(listener->controls);
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

/* The address that was asked, and, if it is of one link only, the link to answer on. */
static void
learn_local(
    const struct s53_udp_listener *listener, struct msghdr *message, struct s53_client *client)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);

	client->local = listener->local;
	client->interface = 0;
	if (header == NULL)
		return;
	if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo info;

		memcpy(&info, CMSG_DATA(header), sizeof(info));
		client->local.in.sin_addr = info.ipi_spec_dst;
	} else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo info;

		memcpy(&info, CMSG_DATA(header), sizeof(info));
		client->local.in6.sin6_addr = info.ipi6_addr;
		if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
			return;
		client->local.in6.sin6_scope_id = info.ipi6_ifindex;
		client->interface = info.ipi6_ifindex;
	}
}

/* Make what recvmmsg() has changed as it was. */
static void
reset_message(struct s53_udp_listener *listener, unsigned i)
{
	struct msghdr *message = &listener->messages[i].msg_hdr;

	message->msg_namelen = sizeof(listener->clients[i].addr);
	if (listener->wildcard)
		message->msg_controllen = sizeof(listener->controls[i]);
}

static void
take(struct s53_udp_listener *listener, unsigned i, uint64_t now_ms)
{
	struct s53_client *client = &listener->clients[i];

	s53_count(listener->counters, S53_C_LISTEN_UDP);
	if (listener->wildcard)
		learn_local(listener, &listener->messages[i].msg_hdr, client);
	reset_message(listener, i);
	if (s53_addr_port(&client->addr) == 0)
		return; /* nobody can be answered there (RFC 768: no reply is expected) */
	listener->holders++;
	s53_resolver_take(listener->resolver, client, listener->vectors[i].iov_base,
	    listener->messages[i].msg_len, now_ms);
}

/* One batch. false: that was all there is. */
static bool
receive_batch(struct s53_udp_listener *listener)
{
	uint64_t now_ms;
	int count;

	count = recvmmsg(listener->fd, listener->messages, BATCH, MSG_DONTWAIT, NULL);
	if (count <= 0)
		return count < 0 && errno == EINTR;
	now_ms = s53_clock_ms();
	listener->receiving = true;
	for (unsigned i = 0; i < (unsigned)count; i++)
		take(listener, i, now_ms);
	listener->receiving = false;
	flush(listener);
	return count == BATCH;
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

static void
init_batch(struct s53_udp_listener *listener)
{
	for (unsigned i = 0; i < BATCH; i++) {
		struct msghdr *message = &listener->messages[i].msg_hdr;
		struct s53_client *client = &listener->clients[i];

		client->ops = &udp_ops;
		client->transport = listener;
		client->kind = S53_UDP;
		client->local = listener->local;
		listener->vectors[i].iov_base = listener->requests + (size_t)i * REQUEST_STRIDE;
		listener->vectors[i].iov_len = REQUEST_MAX;
		message->msg_name = &client->addr;
		message->msg_iov = &listener->vectors[i];
		message->msg_iovlen = 1;
		if (listener->wildcard)
			message->msg_control = &listener->controls[i];
		reset_message(listener, i);
	}
}

static bool
allocate(struct s53_udp_listener *listener, const struct s53_addr *local)
{
	listener->requests = malloc((size_t)BATCH * REQUEST_STRIDE);
	if (listener->requests == NULL)
		return false;
	if (listener->wildcard &&
	    (listener->controls = calloc(BATCH, sizeof(*listener->controls))) == NULL)
		return false;
	return s53_outbox_init(&listener->outbox, listener->fd, local, listener->counters) ==
	    S53_OK;
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
	event_assign(&listener->read_event, base, fd, EV_READ | EV_PERSIST, on_readable, listener);
	event_assign(&listener->write_event, base, fd, EV_WRITE, on_writable, listener);
	event_assign(&listener->flush_event, base, -1, 0, on_flush, listener);
	if (!allocate(listener, local) || event_add(&listener->read_event, NULL) != 0) {
		listener_free(listener);
		return NULL;
	}
	init_batch(listener);
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
	release(listener);
}
