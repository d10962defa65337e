/* SPDX-License-Identifier: ISC
 *
 * floor_relay.c - a forwarder that reads nothing but IDs.
 *
 * 256 connected sockets, each with a random port chosen by the kernel, and a random one of them
 * for each query: hiding the port from attackers (RFC 5452 s9.2) is part of the minimal cost of
 * forwarding. The new ID of a query is its index in one table, so a reply is found without a
 * search. A query without an answer loses its entry when the table has wrapped around.
 */
#include "floor.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "dns.h"
#include "random.h"

#define BATCH 64
#define SOCKETS 256
#define PLACES 65536
#define ROOM 4096
#define LISTENER SOCKETS /* in events, where other sockets have their index */

struct pending {
	struct sockaddr_in6 client;
	socklen_t client_len;
	uint16_t id, socket;
	bool busy;
};

struct relay {
	int epoll, listener;
	int sockets[SOCKETS];
	struct bench_random random;
	struct pending places[PLACES];
	uint16_t next;
	unsigned waiting; /* replies in the outgoing batch */
	struct mmsghdr in[BATCH], out[BATCH];
	struct iovec in_vec[BATCH], out_vec[BATCH];
	struct sockaddr_in6 from[BATCH], to[BATCH];
	uint8_t queries[BATCH][ROOM], replies[BATCH][ROOM];
};

int
floor_open(struct bench_endpoint *endpoint)
{
	return bench_udp_bind(endpoint);
}

static void
watch(const struct relay *relay, int fd, uint32_t place)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = place };

	if (epoll_ctl(relay->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		bench_die("epoll_ctl");
}

static void
relay_init(struct relay *relay, int fd, const struct bench_endpoint *upstream)
{
	relay->listener = fd;
	relay->random.state = bench_now_ns();
	if ((relay->epoll = epoll_create1(EPOLL_CLOEXEC)) < 0)
		bench_die("epoll");
	watch(relay, fd, LISTENER);
	for (uint32_t i = 0; i < SOCKETS; i++) {
		relay->sockets[i] = bench_udp_connect(upstream);
		watch(relay, relay->sockets[i], i);
	}
	for (unsigned i = 0; i < BATCH; i++) {
		struct msghdr *in = &relay->in[i].msg_hdr, *out = &relay->out[i].msg_hdr;

		relay->in_vec[i] = (struct iovec){ relay->queries[i], ROOM };
		in->msg_name = &relay->from[i];
		in->msg_namelen = sizeof(relay->from[i]);
		in->msg_iov = &relay->in_vec[i];
		out->msg_name = &relay->to[i];
		out->msg_iov = &relay->out_vec[i];
		in->msg_iovlen = out->msg_iovlen = 1;
	}
}

static void
forward(struct relay *relay, unsigned place)
{
	uint16_t id = relay->next++;
	struct pending *pending = &relay->places[id];
	struct msghdr *in = &relay->in[place].msg_hdr;
	uint8_t *query = relay->queries[place];
	size_t len = relay->in[place].msg_len;

	pending->client_len = in->msg_namelen;
	memcpy(&pending->client, &relay->from[place], in->msg_namelen);
	in->msg_namelen = sizeof(relay->from[place]);
	if (len < BENCH_HEADER)
		return;
	pending->busy = true;
	pending->id = bench_get16(query);
	pending->socket = (uint16_t)bench_random_below(&relay->random, SOCKETS);
	bench_put16(query, id);
	(void)send(relay->sockets[pending->socket], query, len, 0);
}

static void
take_queries(struct relay *relay)
{
	int count = recvmmsg(relay->listener, relay->in, BATCH, MSG_DONTWAIT, NULL);

	for (unsigned i = 0; (int)i < count; i++)
		forward(relay, i);
}

static void
flush(struct relay *relay)
{
	unsigned sent = 0;

	while (sent < relay->waiting) {
		int some = sendmmsg(relay->listener, relay->out + sent, relay->waiting - sent, 0);

		sent += some > 0 ? (unsigned)some : 1; /* what cannot be sent is skipped */
	}
	relay->waiting = 0;
}

static void
take_reply(struct relay *relay, uint32_t socket)
{
	uint8_t *reply = relay->replies[relay->waiting];
	ssize_t len = recv(relay->sockets[socket], reply, ROOM, MSG_DONTWAIT);
	struct pending *pending;

	if (len < BENCH_HEADER)
		return;
	pending = &relay->places[bench_get16(reply)];
	if (!pending->busy || pending->socket != socket)
		return;
	pending->busy = false;
	bench_put16(reply, pending->id);
	relay->to[relay->waiting] = pending->client;
	relay->out_vec[relay->waiting] = (struct iovec){ reply, (size_t)len };
	relay->out[relay->waiting].msg_hdr.msg_namelen = pending->client_len;
	if (++relay->waiting == BATCH)
		flush(relay);
}

_Noreturn void
floor_run(int fd, const struct bench_endpoint *upstream)
{
	static struct relay relay;
	struct epoll_event events[SOCKETS + 1];

	if (upstream == NULL)
		bench_refuse("a relay needs an upstream");
	relay_init(&relay, fd, upstream);
	for (;;) {
		int count = epoll_wait(relay.epoll, events, SOCKETS + 1, -1);

		if (count < 0 && errno != EINTR)
			bench_die("epoll_wait");
		for (int i = 0; i < count; i++) {
			if (events[i].data.u32 == LISTENER)
				take_queries(&relay);
			else
				take_reply(&relay, events[i].data.u32);
		}
		flush(&relay);
	}
}
