/* SPDX-License-Identifier: ISC
 *
 * train_fixture.h - clients that send trains, for the tests of listen/train.c.
 */
#pragma once

#include "udp_fixture.h"

#define TRAIN_MOST 64
#define TRAIN_LONG 128 /* the limit of a newer kernel */

static inline bool
has_trains(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int value;
	socklen_t len = sizeof(value);
	bool has;

	kernel.trains = true;
	has = getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &value, &len) == 0;
	close(fd);
	return has;
}

/*
 * `count` queries with the IDs from `id` on in one train; the last has `last_len` bytes. false: too
 * many for this kernel.
 */
static inline bool
try_train(int client, unsigned id, unsigned count, size_t last_len)
{
	static uint8_t octets[TRAIN_LONG * QUERY_LEN];
	int datagram_len = QUERY_LEN;
	size_t len = (count - 1) * QUERY_LEN + last_len;

	for (unsigned i = 0; i < count; i++) {
		memset(octets + (size_t)i * QUERY_LEN, (uint8_t)(id + i), QUERY_LEN);
		s53_u16_put(octets + (size_t)i * QUERY_LEN, (uint16_t)(id + i));
	}
	assert_int_equal(
	    setsockopt(client, IPPROTO_UDP, UDP_SEGMENT, &datagram_len, sizeof(datagram_len)), 0);
	return send(client, octets, len, 0) == (ssize_t)len;
}

static inline void
ask_train(int client, unsigned id, unsigned count, size_t last_len)
{
	assert_true(try_train(client, id, count, last_len));
}

/*
 * Every reply that has arrived: each once, with the expected ID, length and contents, for the IDs
 * from `id` on. Returns their number.
 */
static inline unsigned
check_replies(const struct udp_fixture *u, int client, unsigned id, unsigned count)
{
	static uint8_t octets[65536];
	bool seen[1000] = { false };
	unsigned replies = 0;
	ssize_t len;

	while ((len = recv(client, octets, sizeof(octets), MSG_DONTWAIT)) >= 0) {
		unsigned of = s53_u16_get(octets);
		size_t want = u->f.resolver.len_of != NULL ? u->f.resolver.len_of(of) : QUERY_LEN;

		assert_in_range(of, id, id + count - 1);
		assert_false(seen[of - id]);
		seen[of - id] = true;
		assert_int_equal(len, want);
		for (ssize_t i = 2; i < len; i++)
			assert_int_equal(octets[i], (uint8_t)of);
		replies++;
	}
	return replies;
}

/*
 * The first batch of trains arrives as single datagrams; the listener then requests whole trains.
 */
static inline void
start_with_trains(struct udp_fixture *u, const char *listen_on, const char *to)
{
	bool trains = kernel.trains;

	start(u, listen_on, to);
	ask_train(u->client, 0, TRAIN_MOST, QUERY_LEN);
	turn(&u->f);
	assert_int_equal(check_replies(u, u->client, 0, TRAIN_MOST), TRAIN_MOST);
	u->f.resolver.taken = 0;
	memset(&kernel, 0, sizeof(kernel));
	kernel.trains = trains;
}

static inline size_t
three_sizes(unsigned id)
{
	return 60 + id % 3 * 40;
}
