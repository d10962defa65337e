/* SPDX-License-Identifier: ISC
 *
 * load_udp.c - datagrams: batches of them, or trains that the kernel receives and sends in one
 * piece.
 */
#include "load.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define LEN_OCTETS 2
#define REPLY_ROOM 4096
#define TRAINS 4 /* read with one call */
#define READS_MAX 4 /* calls for one channel before the others get their turn */

struct batch {
	struct mmsghdr out[LOAD_BATCH], in[LOAD_BATCH];
	struct iovec out_vec[LOAD_BATCH], in_vec[LOAD_BATCH];
	struct load_slot *taken[LOAD_BATCH];
	union bench_segment_space space[TRAINS];
	union {
		uint8_t reply[LOAD_BATCH][REPLY_ROOM];
		uint8_t train[TRAINS][LOAD_ROOM];
	};
};

static struct batch batch; /* one thread, one batch at a time */

/* Fields that the kernel does not change are set once. */
static void
batch_init(bool trains)
{
	for (unsigned i = 0; i < LOAD_BATCH; i++) {
		struct msghdr *in = &batch.in[i].msg_hdr, *out = &batch.out[i].msg_hdr;

		batch.in_vec[i] = (struct iovec){ batch.reply[i], REPLY_ROOM };
		if (trains && i < TRAINS)
			batch.in_vec[i] = (struct iovec){ batch.train[i], LOAD_ROOM };
		in->msg_iov = &batch.in_vec[i];
		out->msg_iov = &batch.out_vec[i];
		in->msg_iovlen = out->msg_iovlen = 1;
	}
}

static void
udp_open(struct load *load, struct load_channel *channel)
{
	batch_init(load->options.gro);
	channel->fd = bench_udp_connect(&load->options.server);
	if (load->options.gro)
		bench_gro_enable(channel->fd);
	load_watch_fd(load, channel, EPOLLIN, EPOLL_CTL_ADD);
}

static uint32_t
take(struct load *load, struct load_channel *channel, uint32_t count)
{
	uint32_t taken = 0;

	for (; taken < count; taken++) {
		struct load_slot *slot = load_slot_take(load, channel);

		if (slot == NULL)
			break;
		batch.taken[taken] = slot;
		batch.out_vec[taken] = (struct iovec){
			load_slot_message(load, slot) + LEN_OCTETS,
			load->query_len,
		};
	}
	return taken;
}

/*
 * Give back the queries that were not sent, last first: the times at which they are due go back as
 * well.
 */
static uint32_t
settle(struct load *load, uint32_t taken, uint32_t sent)
{
	if (sent < taken)
		load->result.counts.send_errors++;
	for (uint32_t i = taken; i > sent; i--)
		load_slot_untake(load, batch.taken[i - 1]);
	return sent;
}

static uint32_t
send_train(struct load *load, struct load_channel *channel, uint32_t count)
{
	struct msghdr message = { .msg_iov = batch.out_vec };
	union bench_segment_space space;
	uint32_t taken = channel->free_count < count ? 0 : take(load, channel, count);

	if (taken == 0)
		return 0;
	message.msg_iovlen = taken;
	bench_segment_put(&message, &space, (uint16_t)load->query_len);
	return settle(load, taken, sendmsg(channel->fd, &message, 0) < 0 ? 0 : taken);
}

static uint32_t
send_each(struct load *load, struct load_channel *channel, uint32_t count)
{
	uint32_t taken = take(load, channel, count);
	int sent;

	if (taken == 0)
		return 0;
	if (taken == 1) {
		sent =
		    send(channel->fd, batch.out_vec[0].iov_base, batch.out_vec[0].iov_len, 0) >= 0;
		return settle(load, 1, (uint32_t)sent);
	}
	sent = sendmmsg(channel->fd, batch.out, taken, 0);
	return settle(load, taken, sent < 0 ? 0 : (uint32_t)sent);
}

static uint32_t
udp_send(struct load *load, struct load_channel *channel, uint32_t count)
{
	return load->options.train > 1 ? send_train(load, channel, count)
				       : send_each(load, channel, count);
}

static int
receive_each(struct load *load, struct load_channel *channel)
{
	int count = recvmmsg(channel->fd, batch.in, LOAD_BATCH, MSG_DONTWAIT, NULL);

	for (int i = 0; i < count; i++)
		load_slot_answer(load, channel, batch.reply[i], batch.in[i].msg_len);
	return count < 0 ? -1 : count == LOAD_BATCH;
}

static int
receive_trains(struct load *load, struct load_channel *channel)
{
	int count;

	for (unsigned i = 0; i < TRAINS; i++) {
		batch.in[i].msg_hdr.msg_control = &batch.space[i];
		batch.in[i].msg_hdr.msg_controllen = sizeof(batch.space[i]);
	}
	count = recvmmsg(channel->fd, batch.in, TRAINS, MSG_DONTWAIT, NULL);
	for (int i = 0; i < count; i++) {
		uint32_t len = batch.in[i].msg_len;
		uint32_t size = bench_segment_get(&batch.in[i].msg_hdr, (uint16_t)len);

		for (uint32_t at = 0; at < len; at += size)
			load_slot_answer(
			    load, channel, batch.train[i] + at, len - at < size ? len - at : size);
	}
	return count < 0 ? -1 : count == TRAINS;
}

static void
udp_receive(struct load *load, struct load_channel *channel)
{
	for (int i = 0; i < READS_MAX; i++) {
		int more =
		    load->options.gro ? receive_trains(load, channel) : receive_each(load, channel);

		if (more < 0 && errno != EAGAIN && errno != EINTR)
			load->result.counts.send_errors++; /* nothing listens there (ICMP) */
		if (more <= 0)
			return;
	}
}

static void
udp_writable(struct load *load, struct load_channel *channel)
{
	(void)load;
	(void)channel;
}

static void
udp_close(struct load_channel *channel)
{
	close(channel->fd);
}

const struct load_transport load_udp = {
	udp_open,
	udp_send,
	udp_receive,
	udp_writable,
	udp_close,
};
