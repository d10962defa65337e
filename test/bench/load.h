/* SPDX-License-Identifier: ISC
 *
 * load.h - the load generator: the names that are queried, the queries in flight, and the results.
 *
 * A channel is a UDP socket or a TCP connection. Each has the same number of slots, a power of two;
 * a slot holds one query from its sending to its answer or loss. The low bits of a query's ID are
 * its slot, the rest counts the uses of the slot, so that a late answer is recognized.
 *
 *   load.c          options, phases (warm-up, lead-in, measured run), the end
 *   load_run.c      the loop of one phase: how many to send now, to which channel
 *   load_slot.c     slots: taken, answered and checked, overdue
 *   load_udp.c      datagrams, batches and trains
 *   load_tcp.c      connections
 *   load_report.c   the result
 *   load_record.c   the result of each query, written to a file
 *
 * Threads  one.
 * Units    times in nanoseconds of bench_now_ns().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "check.h"
#include "histogram.h"
#include "names.h"
#include "net.h"

#define LOAD_WATCH_MAX 8
#define LOAD_BATCH 64
#define LOAD_ROOM 65536 /* bytes read at once from a stream or as a train */

struct load_options {
	struct bench_endpoint server;
	struct bench_names names;
	uint64_t seed;
	double seconds, lead_seconds;
	uint64_t timeout_ns; /* after that a query is lost */
	double rate; /* queries a second; 0: as many as the window allows */
	uint64_t queries; /* the run ends after this many; 0: only by time */
	uint32_t window, warm_window; /* queries in flight */
	uint32_t channels;
	uint32_t train; /* queries in one message */
	uint32_t per_connection; /* queries, 0: no end */
	uint32_t
	    sources; /* loopback addresses that connections come from, 0: the kernel's choice */
	bool tcp, gro, reset, warm, spin, json;
	const char *record; /* file for the times and the result of each query; NULL: none */
	int watch[LOAD_WATCH_MAX]; /* processes to report the CPU time of */
	size_t watch_count;
};

struct load_slot {
	uint64_t due_ns; /* start of the measured time */
	uint64_t sent_ns;
	uint16_t id;
	uint16_t lost_id; /* the last that was given up */
	uint8_t kind;
	uint8_t tries;
	bool busy;
	bool was_lost;
};

struct load_channel {
	int fd;
	uint32_t place; /* in the array of channels */
	uint32_t free_count;
	/* TCP */
	bool connected, blocked;
	uint32_t asked, answered; /* on this connection */
	uint8_t *in; /* LOAD_ROOM bytes */
	size_t in_len;
	uint8_t *out; /* data that the kernel did not take */
	size_t out_len, out_at;
};

struct load_counts {
	uint64_t sent, answered, lost, late, stray, resent;
	uint64_t verdicts[BENCH_VERDICTS];
	uint64_t by_kind[BENCH_KINDS]; /* right answers */
	uint64_t send_errors, connections, connection_errors;
};

/* Seconds. The kernel knows the total exactly, the shares of user and system by its ticks. */
struct load_cpu {
	double total, user, system;
};

struct load_result {
	struct load_counts counts;
	struct bench_histogram times;
	uint64_t answered; /* within the seconds; the counts go on while the last answers arrive */
	double seconds, qps;
	struct load_cpu own, watched[LOAD_WATCH_MAX];
};

struct load;

/* The functions of a transport. */
struct load_transport {
	void (*open)(struct load *load, struct load_channel *channel);
	/*
	 * Send up to `count` queries, due at `due_ns` and then every `step_ns`. Returns how many
	 * were sent.
	 */
	uint32_t (*send)(struct load *load, struct load_channel *channel, uint32_t count);
	void (*receive)(struct load *load, struct load_channel *channel);
	void (*writable)(struct load *load, struct load_channel *channel);
	void (*close)(struct load_channel *channel);
};

struct load {
	struct load_options options;
	const struct load_transport *transport;
	struct load_channel *channels;
	uint32_t slots_each; /* a power of two */
	struct load_slot *slots; /* of all channels, slots_each for each */
	uint16_t *free_slots; /* the same: a stack for each channel */
	uint8_t *messages; /* the same: `stride` bytes each, the length in the first two */
	size_t stride, query_len, question_end;
	struct bench_names names; /* of this phase */
	bool retry; /* an overdue query is sent again */
	bool names_over; /* the sequence is at its end */
	uint32_t in_flight;
	uint32_t next_channel, scan_at;
	uint64_t now_ns; /* read once a turn */
	uint64_t due_ns, step_ns; /* of the next query; step 0: due when sent */
	int epoll;
	unsigned complaints; /* wrong answers printed so far */
	uint64_t warm_resent;
	FILE *record;
	struct load_result result;
};

/* load_slot.c */
void load_slots_init(struct load *load);
void load_slots_free(struct load *load);

/*
 * A free slot of the channel with the next query in it. NULL: no slot is free, or no name is left.
 */
struct load_slot *load_slot_take(struct load *load, struct load_channel *channel);
/* It could not be sent after all. */
void load_slot_untake(struct load *load, struct load_slot *slot);
/* The query with its length before it: query_len + 2 bytes. */
uint8_t *load_slot_message(const struct load *load, const struct load_slot *slot);
struct load_channel *load_slot_channel(const struct load *load, const struct load_slot *slot);
/* Check an answer, count it and free its slot. */
void load_slot_answer(
    struct load *load, struct load_channel *channel, const uint8_t *reply, size_t len);
void load_slot_lose(struct load *load, struct load_slot *slot);
void load_channel_lose(struct load *load, struct load_channel *channel);
/* Check the next `count` slots for overdue queries. */
void load_slots_scan(struct load *load, size_t count);

/* load_udp.c, load_tcp.c */
extern const struct load_transport load_udp;
extern const struct load_transport load_tcp;

/* load_run.c */
struct load_phase {
	uint64_t end_ns; /* no query is sent after it */
	uint64_t most; /* queries; 0: no limit */
	uint32_t window;
	double rate;
};

void load_run(struct load *load, const struct load_phase *phase);
/* Wait for the queries in flight, at most the timeout; the rest is lost. */
void load_drain(struct load *load);
void load_watch_fd(struct load *load, struct load_channel *channel, uint32_t events, int operation);

/* load_record.c */
void load_record_open(struct load *load);
/* The query of a slot has ended. `reply` NULL: it is lost. */
void load_record_put(const struct load *load, const struct load_slot *slot,
    enum bench_verdict verdict, const uint8_t *reply);
void load_record_close(struct load *load);

/* load_report.c */
struct load_cpu load_cpu_own(void);
struct load_cpu load_cpu_of(int pid);
void load_report(const struct load *load, FILE *out);
