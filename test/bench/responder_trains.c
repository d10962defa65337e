/* SPDX-License-Identifier: ISC
 *
 * responder_trains.c - the loop for clients that send several queries at once from one port: they
 * are received as one buffer (UDP_GRO), and answers of equal size are sent as one (UDP_SEGMENT).
 */
#include <errno.h>
#include <string.h>

#include "responder.h"

#define TRAINS 16
#define ROOM 65536
#define OUT_MAX 65000 /* the maximum of one IPv4 datagram before segmentation */
#define SEGMENTS_MAX 64 /* udp(7) */

struct train {
	struct sockaddr_in6 from;
	union bench_segment_space in_space, out_space;
	uint8_t in[ROOM];
	uint8_t out[ROOM + RESPONDER_REPLY_MAX];
};

struct state {
	int fd;
	struct mmsghdr messages[TRAINS];
	struct iovec vectors[TRAINS];
	struct train trains[TRAINS];
	uint8_t query[RESPONDER_REPLY_MAX], reply[RESPONDER_REPLY_MAX];
};

/* Answers of equal size, not yet sent; the last may be shorter. */
struct answers {
	struct train *train;
	socklen_t from_len;
	size_t len, size;
	unsigned count;
};

static void
flush(const struct state *state, struct answers *answers)
{
	struct iovec vector = { answers->train->out, answers->len };
	struct msghdr message = {
		.msg_name = &answers->train->from,
		.msg_namelen = answers->from_len,
		.msg_iov = &vector,
		.msg_iovlen = 1,
	};

	if (answers->count == 0)
		return;
	if (answers->count > 1)
		bench_segment_put(&message, &answers->train->out_space, (uint16_t)answers->size);
	(void)sendmsg(state->fd, &message, 0); /* what cannot be sent is lost */
	answers->count = 0;
	answers->len = 0;
}

static void
add(const struct state *state, struct answers *answers, const uint8_t *reply, size_t len)
{
	if (answers->count > 0 &&
	    (len != answers->size || answers->count == SEGMENTS_MAX ||
		answers->len + len > OUT_MAX))
		flush(state, answers);
	answers->size = len;
	memcpy(answers->train->out + answers->len, reply, len);
	answers->len += len;
	answers->count++;
}

static void
answer_train(const struct responder *responder, struct state *state, unsigned place)
{
	struct msghdr *message = &state->messages[place].msg_hdr;
	size_t whole = state->messages[place].msg_len;
	size_t size = bench_segment_get(message, (uint16_t)whole);
	struct answers answers = { .train = &state->trains[place],
		.from_len = message->msg_namelen };

	for (size_t at = 0; at < whole; at += size) {
		size_t len = whole - at < size ? whole - at : size;
		uint8_t *reply;

		if (len > RESPONDER_QUERY_MAX)
			len = RESPONDER_QUERY_MAX;
		memcpy(state->query, answers.train->in + at, len);
		reply = responder->answer(responder->arg, state->query, &len, state->reply);
		if (reply != NULL)
			add(state, &answers, reply, len);
	}
	flush(state, &answers);
}

static void
reset(struct state *state, unsigned place)
{
	struct msghdr *message = &state->messages[place].msg_hdr;

	message->msg_namelen = sizeof(state->trains[place].from);
	message->msg_control = &state->trains[place].in_space;
	message->msg_controllen = sizeof(state->trains[place].in_space);
}

_Noreturn void
responder_trains(const struct responder *responder, int fd)
{
	static _Thread_local struct state state;

	state.fd = fd;
	bench_gro_enable(fd);
	for (unsigned i = 0; i < TRAINS; i++) {
		state.vectors[i] = (struct iovec){ state.trains[i].in, ROOM };
		state.messages[i].msg_hdr.msg_name = &state.trains[i].from;
		state.messages[i].msg_hdr.msg_iov = &state.vectors[i];
		state.messages[i].msg_hdr.msg_iovlen = 1;
		reset(&state, i);
	}
	for (;;) {
		int count = recvmmsg(fd, state.messages, TRAINS, MSG_WAITFORONE, NULL);

		if (count < 0 && errno != EINTR && errno != ECONNREFUSED)
			bench_die("recvmmsg");
		for (unsigned i = 0; (int)i < count; i++) {
			answer_train(responder, &state, i);
			reset(&state, i);
		}
	}
}
