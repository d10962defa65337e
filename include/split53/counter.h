/* SPDX-License-Identifier: ISC
 *
 * counter.h - what happened how often, and how long it took.
 *
 * Layer    base
 * Threads  each worker writes its own set, with plain loads and stores; any thread may read
 * Memory   a set is an object that begins zeroed, embedded by its owner, which frees what the
 *          tallies of its zones have allocated (s53_tallies_fini())
 *
 * A counter has the name of the pipeline step in which it counts (docs/architecture.md).
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include <split53/histogram.h>
#include <split53/tally.h>

#define S53_COUNTERS(X)                                                                       \
	X(LISTEN_UDP, "listen-udp") /* datagrams received */                                  \
	X(LISTEN_DROPPED_PORT, "listen-dropped-port") /* from port 0, or a service's */       \
	X(LISTEN_TCP, "listen-tcp") /* framed messages received */                            \
	X(LISTEN_TCP_OPENED, "listen-tcp-opened")                                             \
	X(LISTEN_TCP_REFUSED, "listen-tcp-refused") /* over tcp-clients */                    \
	X(LISTEN_TCP_WAITED, "listen-tcp-waited") /* tcp-clients: it waits in the backlog */  \
	X(LISTEN_TCP_EVICTED_UNREAD, "listen-tcp-evicted-unread") /* it does not read */      \
	X(LISTEN_TCP_EVICTED_SHARE, "listen-tcp-evicted-share") /* address over its share */  \
	X(LISTEN_TCP_EVICTED_IDLE, "listen-tcp-evicted-idle")                                 \
	X(LISTEN_TCP_EVICTED_WAITING, "listen-tcp-evicted-waiting") /* query under way */     \
	X(LISTEN_TCP_OUTPUT, "listen-tcp-output") /* unread responses over the limit */       \
	X(LISTEN_SEND_FAILED, "listen-send-failed")                                           \
	X(PARSE_SILENCE, "parse-silence") /* too short, or a response */                      \
	X(PARSE_FORMERR, "parse-formerr")                                                     \
	X(PARSE_NOTIMP, "parse-notimp")                                                       \
	X(PARSE_BADVERS, "parse-badvers")                                                     \
	X(VIEW_REFUSED, "view-refused")                                                       \
	X(ADMIT_BLACKHOLED, "admit-blackholed")                                               \
	X(ADMIT_REFUSED, "admit-refused")                                                     \
	X(ADMIT_OVER_LIMIT, "admit-over-limit") /* recursive-clients */                       \
	X(ROUTE_LOCAL, "route-local") /* answered from a zone here */                         \
	X(ROUTE_FORWARD, "route-forward")                                                     \
	X(FIND_HIT, "find-hit")                                                               \
	X(FIND_MISS, "find-miss")                                                             \
	X(FIND_FAILURE, "find-failure") /* a failure that is cached */                        \
	X(FIND_PREFETCH, "find-prefetch") /* a hit that started a prefetch */                 \
	X(JOIN_LED, "join-led") /* first with its key: starts the fetch */                    \
	X(JOIN_JOINED, "join-joined") /* waits for a fetch under way */                       \
	X(JOIN_SHED, "join-shed") /* over clients-per-query */                                \
	X(JOIN_REPEATED, "join-repeated") /* client sent it again: one response */            \
	X(JOIN_WAITS, "join-waits") /* dropped: its client has newer ones for the key */      \
	X(JOIN_DISPLACED, "join-displaced") /* over the soft limit: replaced by newer */      \
	X(JOIN_ABANDONED, "join-abandoned") /* fetches that ended as no client waits */       \
	X(JOIN_HURRIED, "join-hurried") /* a retransmission led to the next server */         \
	X(JOIN_LOOP, "join-loop") /* our own query came back to us */                         \
	X(JOIN_LOOP_TEST, "join-loop-test") /* queries sent to detect such a loop */          \
	X(CHOOSE_NONE_LEFT, "choose-none-left")                                               \
	X(CHOOSE_DEAD, "choose-dead") /* answered at once: all servers are down */            \
	X(CHOOSE_QUOTA, "choose-quota") /* fetches-per-server, fetches-per-zone */            \
	X(CHOOSE_HEDGED, "choose-hedged") /* a second server queried, the first is overdue */ \
	X(CHOOSE_HEDGE_SPARED, "choose-hedge-spared") /* no hedge: over 5 per cent */         \
	X(CHOOSE_REPEATED, "choose-repeated") /* the same servers once more */                \
	X(CHOOSE_EXPLORED, "choose-explored") /* queried to measure the server */             \
	X(EXCHANGE_UDP, "exchange-udp") /* datagrams sent upstream */                         \
	X(EXCHANGE_TCP, "exchange-tcp")                                                       \
	X(EXCHANGE_LATE, "exchange-late")                                                     \
	X(EXCHANGE_TIMEOUT, "exchange-timeout")                                               \
	X(EXCHANGE_REFUSED, "exchange-refused")                                               \
	X(EXCHANGE_UNREACHABLE, "exchange-unreachable")                                       \
	X(EXCHANGE_OVERHEARD, "exchange-overheard") /* late replies, no client waits */       \
	X(EXCHANGE_LOST, "exchange-lost") /* no late reply came */                            \
	X(EXCHANGE_TCP_ON_TC, "exchange-tcp-on-tc")                                           \
	X(EXCHANGE_WITHOUT_EDNS, "exchange-without-edns")                                     \
	X(EXCHANGE_GARBLED, "exchange-garbled") /* over TCP: no response came, but garbage */ \
	X(EXCHANGE_STRAY, "exchange-stray") /* no exchange waits for that ID */               \
	X(VALIDATE_REJECTED, "validate-rejected") /* not a response to the query */           \
	X(VALIDATE_FAILURE, "validate-failure") /* no answer: the next server */              \
	X(VALIDATE_VERIFIED, "validate-verified") /* negative, confirmed in client's case */  \
	X(VALIDATE_RETRIED, "validate-retried") /* SERVFAIL of the only server: once more */  \
	X(VALIDATE_CHASED, "validate-chased") /* CNAME completed in another route */          \
	X(STORE_KEPT, "store-kept")                                                           \
	X(STORE_FAILURE, "store-failure")                                                     \
	X(ANSWER_NOERROR, "answer-noerror")                                                   \
	X(ANSWER_NXDOMAIN, "answer-nxdomain")                                                 \
	X(ANSWER_SERVFAIL, "answer-servfail")                                                 \
	X(ANSWER_REFUSED, "answer-refused")                                                   \
	X(ANSWER_FORMERR, "answer-formerr")                                                   \
	X(ANSWER_OTHER, "answer-other")                                                       \
	X(ANSWER_TRUNCATED, "answer-truncated")                                               \
	X(ANSWER_WITHHELD, "answer-withheld") /* errors that might cause a packet loop */     \
	X(ANSWER_STALE, "answer-stale") /* expired data, as no fresh answer came */

enum s53_counter {
#define S53_COUNTER_ENUM(id, name) S53_C_##id,
	S53_COUNTERS(S53_COUNTER_ENUM)
#undef S53_COUNTER_ENUM
	    S53_C_COUNT
};

/*
 * The latency of answers: from the receipt of the query (when the call of the kernel that received
 * it has returned) until the reply is handed to the kernel; over TCP, and where the query waited,
 * until it is in the queue that the kernel gets at the end of the same turn of the loop.
 */
enum s53_latency {
	S53_LATENCY_HIT, /* answers out of the cache, counted with FIND_HIT */
	S53_LATENCY_MISS, /* replies to queries that waited */
	S53_LATENCIES
};

struct s53_counters {
	_Atomic uint64_t value[S53_C_COUNT];
	struct s53_histogram latency[S53_LATENCIES];
	struct s53_tallies tallies;
};

/* Count one; only the owner of the set calls it. */
static inline void
s53_count(struct s53_counters *set, enum s53_counter counter)
{
	uint64_t was = atomic_load_explicit(&set->value[counter], memory_order_relaxed);

	atomic_store_explicit(&set->value[counter], was + 1, memory_order_relaxed);
}

/* The same for several events, e.g. of a batch. */
static inline void
s53_count_many(struct s53_counters *set, enum s53_counter counter, uint64_t times)
{
	uint64_t was = atomic_load_explicit(&set->value[counter], memory_order_relaxed);

	atomic_store_explicit(&set->value[counter], was + times, memory_order_relaxed);
}

/* Read one counter from any thread. */
static inline uint64_t
s53_counter_read(const struct s53_counters *set, enum s53_counter counter)
{
	return atomic_load_explicit(&set->value[counter], memory_order_relaxed);
}

/* Its name in the dump. */
const char *s53_counter_name(enum s53_counter counter);
