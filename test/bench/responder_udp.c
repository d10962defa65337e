/* SPDX-License-Identifier: ISC
 *
 * responder_udp.c - the simple loop: a batch in, a batch out, sleep in the kernel.
 */
#include <errno.h>
#include <string.h>

#include "responder.h"

#define BATCH 64

struct batch {
	struct mmsghdr in[BATCH], out[BATCH];
	struct iovec in_vec[BATCH], out_vec[BATCH];
	struct sockaddr_in6 from[BATCH]; /* the largest */
	uint8_t queries[BATCH][RESPONDER_REPLY_MAX];
	uint8_t replies[BATCH][RESPONDER_REPLY_MAX];
};

static void
batch_init(struct batch *batch)
{
	memset(batch, 0, sizeof(*batch));
	for (unsigned i = 0; i < BATCH; i++) {
		batch->in_vec[i] = (struct iovec){ batch->queries[i], RESPONDER_QUERY_MAX };
		batch->in[i].msg_hdr.msg_name = &batch->from[i];
		batch->in[i].msg_hdr.msg_iov = &batch->in_vec[i];
		batch->in[i].msg_hdr.msg_namelen = sizeof(batch->from[i]);
		batch->in[i].msg_hdr.msg_iovlen = 1;
		batch->out[i].msg_hdr.msg_iov = &batch->out_vec[i];
		batch->out[i].msg_hdr.msg_iovlen = 1;
	}
}

/* Returns the number of answers. */
static unsigned
answer_all(const struct responder *responder, struct batch *batch, unsigned count)
{
	unsigned answers = 0;

	for (unsigned i = 0; i < count; i++) {
		size_t len = batch->in[i].msg_len;
		uint8_t *reply =
		    responder->answer(responder->arg, batch->queries[i], &len, batch->replies[i]);

		if (reply != NULL) {
			struct msghdr *out = &batch->out[answers].msg_hdr;

			batch->out_vec[answers++] = (struct iovec){ reply, len };
			out->msg_name = &batch->from[i];
			out->msg_namelen = batch->in[i].msg_hdr.msg_namelen;
		}
		batch->in[i].msg_hdr.msg_namelen = sizeof(batch->from[i]);
	}
	return answers;
}

_Noreturn void
responder_udp(const struct responder *responder, int fd)
{
	static _Thread_local struct batch batch;

	batch_init(&batch);
	for (;;) {
		int count = recvmmsg(fd, batch.in, BATCH, MSG_WAITFORONE, NULL);
		unsigned answers, sent = 0;

		if (count < 0 && errno != EINTR && errno != ECONNREFUSED)
			bench_die("recvmmsg");
		answers = count < 0 ? 0 : answer_all(responder, &batch, (unsigned)count);
		while (sent < answers) {
			int some = sendmmsg(fd, batch.out + sent, answers - sent, 0);

			sent += some > 0 ? (unsigned)some : 1; /* what cannot be sent is skipped */
		}
	}
}
