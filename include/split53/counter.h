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

#define S53_COUNTERS(X)                                                                            \
	X(LISTEN_UDP, "listen-udp") /* datagrams received */                                       \
	X(LISTEN_DROPPED_PORT, "listen-dropped-port") /* from port 0, or a service's */            \
	X(LISTEN_TCP, "listen-tcp") /* framed messages received */                                 \
	X(LISTEN_TCP_OPENED, "listen-tcp-opened")                                                  \
	X(LISTEN_TCP_REFUSED, "listen-tcp-refused") /* over tcp-clients */                         \
	X(LISTEN_TCP_WAITED, "listen-tcp-waited") /* tcp-clients: it waits in the backlog */       \
	X(LISTEN_TCP_EVICTED_NOT_READING, "listen-tcp-evicted-not-reading") /* it does not read */ \
	X(LISTEN_TCP_EVICTED_SHARE, "listen-tcp-evicted-share") /* address over its share */       \
	X(LISTEN_TCP_EVICTED_IDLE, "listen-tcp-evicted-idle")                                      \
	X(LISTEN_TCP_EVICTED_WAITING, "listen-tcp-evicted-waiting") /* query under way */          \
	X(LISTEN_TCP_OUTPUT_LIMIT,                                                                 \
	    "listen-tcp-output-limit") /* unread responses over the limit */                       \
	X(LISTEN_SEND_FAILED, "listen-send-failed")                                                \
	X(PARSE_DROPPED, "parse-dropped") /* too short, or a response */                           \
	X(PARSE_FORMERR, "parse-formerr")                                                          \
	X(PARSE_NOTIMP, "parse-notimp")                                                            \
	X(PARSE_BADVERS, "parse-badvers")                                                          \
	X(VIEW_REFUSED, "view-refused")                                                            \
	X(ADMIT_BLACKHOLED, "admit-blackholed")                                                    \
	X(ADMIT_REFUSED, "admit-refused")                                                          \
	X(ADMIT_RECURSIVE_CLIENTS, "admit-recursive-clients") /* recursive-clients */              \
	X(ROUTE_LOCAL, "route-local") /* answered from a zone here */                              \
	X(ROUTE_FORWARD, "route-forward")                                                          \
	X(FIND_HIT, "find-hit")                                                                    \
	X(FIND_MISS, "find-miss")                                                                  \
	X(FIND_CACHED_FAILURE, "find-cached-failure") /* a failure that is cached */               \
	X(FIND_PREFETCH, "find-prefetch") /* a hit that started a prefetch */                      \
	X(JOIN_STARTED, "join-started") /* first with its key: starts the fetch */                 \
	X(JOIN_SHARED, "join-shared") /* waits for a fetch under way */                            \
	X(JOIN_CLIENTS_PER_QUERY, "join-clients-per-query") /* over clients-per-query */           \
	X(JOIN_RETRANSMITTED, "join-retransmitted") /* client sent it again: one response */       \
	X(JOIN_CLIENT_LIMIT,                                                                       \
	    "join-client-limit") /* dropped: its client has newer ones for the key */              \
	X(JOIN_DISPLACED, "join-displaced") /* over the soft limit: replaced by newer */           \
	X(JOIN_ABANDONED, "join-abandoned") /* fetches that ended as no client waits */            \
	X(JOIN_HEDGED, "join-hedged") /* a retransmission led to the next server */                \
	X(JOIN_LOOP, "join-loop") /* our own query came back to us */                              \
	X(JOIN_LOOP_TEST, "join-loop-test") /* queries sent to detect such a loop */               \
	X(CHOOSE_EXHAUSTED, "choose-exhausted")                                                    \
	X(CHOOSE_ALL_DOWN, "choose-all-down") /* answered at once: all servers are down */         \
	X(CHOOSE_QUOTA, "choose-quota") /* fetches-per-server, fetches-per-zone */                 \
	X(CHOOSE_HEDGED, "choose-hedged") /* a second server queried, the first is overdue */      \
	X(CHOOSE_HEDGE_DENIED, "choose-hedge-denied") /* no hedge: over 5 per cent */              \
	X(CHOOSE_RETRIED, "choose-retried") /* the same servers once more */                       \
	X(CHOOSE_EXPLORED, "choose-explored") /* queried to measure the server */                  \
	X(EXCHANGE_UDP, "exchange-udp") /* datagrams sent upstream */                              \
	X(EXCHANGE_TCP, "exchange-tcp")                                                            \
	X(EXCHANGE_OVERDUE, "exchange-overdue")                                                    \
	X(EXCHANGE_TIMEOUT, "exchange-timeout")                                                    \
	X(EXCHANGE_REFUSED, "exchange-refused")                                                    \
	X(EXCHANGE_UNREACHABLE, "exchange-unreachable")                                            \
	X(EXCHANGE_LATE_REPLY, "exchange-late-reply") /* late replies, no client waits */          \
	X(EXCHANGE_LATE_TIMEOUT, "exchange-late-timeout") /* no late reply came */                 \
	X(EXCHANGE_TCP_ON_TC, "exchange-tcp-on-tc")                                                \
	X(EXCHANGE_WITHOUT_EDNS, "exchange-without-edns")                                          \
	X(EXCHANGE_MALFORMED, "exchange-malformed") /* over TCP: no response came, but garbage */  \
	X(EXCHANGE_UNWANTED, "exchange-unwanted") /* no exchange waits for that ID */              \
	X(VALIDATE_REJECTED, "validate-rejected") /* not a response to the query */                \
	X(VALIDATE_FAILURE, "validate-failure") /* no answer: the next server */                   \
	X(VALIDATE_CASE_CHECKED,                                                                   \
	    "validate-case-checked") /* negative, confirmed in client's case */                    \
	X(VALIDATE_SERVFAIL_RETRIED,                                                               \
	    "validate-servfail-retried") /* SERVFAIL of the only server: once more */              \
	X(VALIDATE_CHASED, "validate-chased") /* CNAME completed in another route */               \
	X(STORE_ANSWER, "store-answer")                                                            \
	X(STORE_FAILURE, "store-failure")                                                          \
	X(ANSWER_NOERROR, "answer-noerror")                                                        \
	X(ANSWER_NXDOMAIN, "answer-nxdomain")                                                      \
	X(ANSWER_SERVFAIL, "answer-servfail")                                                      \
	X(ANSWER_REFUSED, "answer-refused")                                                        \
	X(ANSWER_FORMERR, "answer-formerr")                                                        \
	X(ANSWER_OTHER, "answer-other")                                                            \
	X(ANSWER_TRUNCATED, "answer-truncated")                                                    \
	X(ANSWER_SUPPRESSED, "answer-suppressed") /* errors that might cause a packet loop */      \
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
