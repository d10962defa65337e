/* SPDX-License-Identifier: ISC
 *
 * responder_delayed.c - delayed answers, like those of a distant server.
 *
 * The delay is the same for all, so waiting answers are in a ring in the order of their time.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "responder.h"

#define WAITING_MAX 65536u /* a query that arrives while this many wait gets no answer */

struct waiting {
	uint64_t due_ns;
	struct sockaddr_in6 to;
	socklen_t to_len;
	uint8_t *reply;
	size_t len;
};

struct ring {
	struct waiting *places; /* WAITING_MAX */
	unsigned head, count;
};

static void
receive(const struct responder *responder, int fd, struct ring *ring, uint64_t due_ns)
{
	uint8_t query[RESPONDER_REPLY_MAX], space[RESPONDER_REPLY_MAX];
	struct waiting waiting = { .due_ns = due_ns, .to_len = sizeof(waiting.to) };
	ssize_t got = recvfrom(fd, query, RESPONDER_QUERY_MAX, MSG_DONTWAIT,
	    (struct sockaddr *)&waiting.to, &waiting.to_len);
	uint8_t *reply;

	if (got < 0 || ring->count == WAITING_MAX)
		return;
	waiting.len = (size_t)got;
	reply = responder->answer(responder->arg, query, &waiting.len, space);
	if (reply == NULL || (waiting.reply = malloc(waiting.len)) == NULL)
		return;
	for (size_t i = 0; i < waiting.len; i++)
		waiting.reply[i] = reply[i];
	ring->places[(ring->head + ring->count++) % WAITING_MAX] = waiting;
}

static void
send_due(int fd, struct ring *ring, uint64_t now_ns)
{
	while (ring->count > 0 && ring->places[ring->head].due_ns <= now_ns) {
		struct waiting *waiting = &ring->places[ring->head];

		(void)sendto(fd, waiting->reply, waiting->len, 0, (struct sockaddr *)&waiting->to,
		    waiting->to_len);
		free(waiting->reply);
		ring->head = (ring->head + 1) % WAITING_MAX;
		ring->count--;
	}
}

_Noreturn void
responder_delayed(const struct responder *responder, int fd, unsigned delay_ms)
{
	struct ring ring = { .places = calloc(WAITING_MAX, sizeof(*ring.places)) };
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	if (ring.places == NULL)
		bench_die("memory");
	for (;;) {
		uint64_t now_ns = bench_now_ns(), head_ns;
		struct timespec wait;
		int ready;

		send_due(fd, &ring, now_ns);
		head_ns = ring.count > 0 ? ring.places[ring.head].due_ns - now_ns : 0;
		wait.tv_sec = (time_t)(head_ns / 1000000000u);
		wait.tv_nsec = (long)(head_ns % 1000000000u);
		ready = ppoll(&poll_fd, 1, ring.count > 0 ? &wait : NULL, NULL);
		if (ready < 0 && errno != EINTR)
			bench_die("poll");
		if (ready > 0)
			receive(
			    responder, fd, &ring, bench_now_ns() + delay_ms * UINT64_C(1000000));
	}
}
