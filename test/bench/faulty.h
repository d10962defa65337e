/* SPDX-License-Identifier: ISC
 *
 * faulty.h - bench_faulty: a server that knows every name, and fails on command while it runs.
 *
 *   faulty.c         options, sockets, the loop, commands
 *   faulty_answer.c  the answer to a query
 *   faulty_queue.c   answers that wait for their time
 *   faulty_tcp.c     connections
 *
 * Threads  one.
 * Units    times in nanoseconds of bench_now_ns() unless the name says otherwise.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns.h"
#include "net.h"

#define FAULTY_QUERY_MAX 1024 /* a longer one is truncated */

enum faulty_answers {
	FAULTY_GOOD,
	FAULTY_SERVFAIL,
	FAULTY_REFUSED,
	FAULTY_GARBAGE,
};

struct faulty_mode {
	enum faulty_answers answers;
	uint32_t delay_ms; /* of each answer */
	uint32_t truncate; /* this many of 16 names get TC over UDP */
};

/* Destination of an answer: over UDP an address, over TCP a connection that may have ended. */
struct faulty_target {
	int fd;
	uint32_t connection; /* its number; 0: UDP */
	struct sockaddr_in6 addr; /* the largest */
	socklen_t addr_len;
};

struct faulty_reply {
	uint64_t due_ns;
	struct faulty_target to;
	size_t len;
	uint8_t *octets;
};

struct faulty_queue {
	struct faulty_reply *heap; /* the first is due first */
	size_t count, room;
};

struct faulty {
	struct faulty_mode mode;
	struct faulty_queue queue;
	int udp, tcp, control, epoll;
	uint32_t garbage; /* the next kind */
};

/* faulty.c */
void faulty_watch(const struct faulty *faulty, int fd);
/*
 * Let the kernel drop this many of 100 packets that arrive at a socket, without notice to the
 * sender.
 */
void faulty_lose(int fd, uint32_t percent);

/*
 * faulty_answer.c: write the answer to `reply`, which has space for BENCH_REPLY_MAX bytes. Returns
 * its length; 0: no answer.
 */
size_t faulty_answer(
    struct faulty *faulty, const uint8_t *message, size_t len, bool tcp, uint8_t *reply);

/* faulty_queue.c */
void faulty_queue_put(struct faulty_queue *queue, const struct faulty_reply *reply);
/* The next answer that is due. false: there is none. The caller frees its bytes. */
bool faulty_queue_take(struct faulty_queue *queue, uint64_t now_ns, struct faulty_reply *out);
/* Time until the next is due; at most a second. */
uint64_t faulty_queue_wait_ns(const struct faulty_queue *queue, uint64_t now_ns);

/* faulty_tcp.c */
void faulty_tcp_accept(const struct faulty *faulty);
/* Read from a connection: false when it has ended. `take` gets each complete query. */
bool faulty_tcp_read(struct faulty *faulty, int fd,
    void (*take)(struct faulty *faulty, const struct faulty_target *from, const uint8_t *message,
	size_t len));
void faulty_tcp_send(const struct faulty_reply *reply);
void faulty_tcp_lose(uint32_t percent);
