/* SPDX-License-Identifier: ISC
 *
 * record.h - one record: the health of a server over one protocol, and what changes it.
 *
 * Layer    upstream, private to health.c (table of states), transition.c (changes of state),
 *          record.c (observations and probes), sample.c (numbers), server.c and probing.c
 * Threads  the server's lock protects a record except its atomics: any thread may read these, and
 *          record_sample_reply() writes them without the lock
 * Memory   a plain object; nothing here takes a lock, reads a clock or writes a log line
 * Units    ms; `_at_ms` is a point of time
 * Sources  RFC 6298 (round-trip time)
 *
 * Observations (live traffic) and the ends of probes become signals; the table in health.c says
 * to which state a signal leads from each state:
 *
 *   REPLY      a reply, and fewer than `rise` in a row so far
 *   RISE       `rise` replies in a row. While STALLED, only replies to readiness probes count. A
 *              suspicion that persists (loss, failures, a loop) takes more replies to clear: see
 *              record_suspicion_persists()
 *   SUSPECT    two overdue queries in a row, with no reply since they were sent; or a loss above a
 *              tenth; or nearly all replies are failures where other servers do well, or loops; or
 *              two probes in a row got a rcode that is not accepted
 *   NOT_READY  a readiness probe gets no reply while the server replies to other queries
 *   SILENT     `fall` failures in a row, and no reply since the first of these queries was sent,
 *              for at least a second, the RTO if that is longer, or 3.5 s while it is unknown
 *   FALL       the same, for `down_after_ms` if that is longer
 *   REFUSED    refused or unreachable
 *   PROBE      a probe is sent
 *
 * When a query that was sent before the last reply arrived becomes overdue or is lost, that does
 * not count as silence. So a server that is always slow, or loses one query in a hundred under
 * load, does not collect failures in a row. While a probe is under way, or the server is stalled,
 * live queries alone do not make it silent or fall: the end of the probe tells a server that is not
 * ready from a dead one.
 */
#pragma once

#include <stdatomic.h>

#include <split53/health.h>
#include <split53/probe.h>
#include <split53/upstream.h>

enum health_signal {
	SIGNAL_REPLY,
	SIGNAL_RISE,
	SIGNAL_SUSPECT,
	SIGNAL_NOT_READY,
	SIGNAL_SILENT,
	SIGNAL_FALL,
	SIGNAL_REFUSED,
	SIGNAL_PROBE,
	SIGNAL_COUNT
};

/* The state that follows `state` after `signal`. */
enum s53_health_state health_next(enum s53_health_state state, enum health_signal signal);

#define SHARE_WHOLE 65536 /* the share 1.0 */

/*
 * Replies in a row that clear a suspicion that persists. A probe counts as several, so that `rise`
 * probes clear it, too.
 */
#define CLEAR_REPLIES 16u

struct record {
	/* Atomics. If two threads write one at once, one sample may be lost, which does no harm. */
	_Atomic uint64_t rtt; /* 8 x SRTT << 32 | 4 x RTTVAR; 0: unknown */
	_Atomic uint64_t replied_at_ms; /* the last reply to a client's query; 0: none */
	_Atomic uint32_t loss; /* share of SHARE_WHOLE */
	_Atomic uint32_t failed; /* share of SHARE_WHOLE << 8 | samples */
	_Atomic uint32_t state; /* enum s53_health_state */
	_Atomic bool troubled; /* a reply changes more than rtt, loss, failed and replied_at_ms */
	_Atomic bool proven; /* has replied since it was last not up */
	_Atomic bool probes; /* the mode of its health check is not `never` */

	/* Under the server's lock. */
	bool observed; /* there was an observation or a probe */
	unsigned rise, fall; /* of its health check */
	uint32_t down_after_ms; /* the same */
	enum s53_health_reason reason;
	uint64_t since_ms; /* of the state; probing is a part of down */
	uint64_t probe_replied_at_ms; /* the last reply to a probe; 0: none */
	uint64_t failed_at_ms; /* 0: never */
	uint64_t cleared_at_ms; /* when a suspicion that persists was last cleared; 0: never */
	uint64_t probe_until_ms; /* a probe is under way until then: its end decides on FALL */
	uint64_t resumed_ms; /* when this process last resumed after a suspend; 0: never */
	uint64_t failures_since_ms; /* when the first of the failed queries was sent */
	unsigned failures; /* in a row */
	unsigned failures_open; /* of these: overdue queries that have yet to end */
	unsigned failures_suspicious; /* of these: those not normal for a slow server */
	uint64_t successes_since_ms; /* when the first of the replies arrived */
	unsigned successes; /* replies in a row; a probe may count as several */
	unsigned not_ready; /* readiness probes in a row with that end */
	unsigned bad_rcodes; /* probes in a row with a rcode that is not accepted */
	unsigned relapses; /* suspicions that persist, each soon after the last one was cleared */
	uint64_t changes_since_ms; /* the minute in which changes are counted, for the log */
	unsigned changes;
};

/* A change of state, for the log and the plan of probes; `changed` false: none. */
struct record_change {
	bool changed;
	enum s53_health_state from, to;
	enum s53_health_reason why;
	uint64_t lasted_ms; /* how long it was in state `from` */
	unsigned number; /* in this minute, from 1; 0: between down and probing */
};

struct probe_result {
	enum s53_probe_kind kind;
	enum s53_probe_end end;
	uint32_t rtt_ms; /* of a reply */
	uint64_t began_ms;
};

/* record.c */

/* Up since `now_ms`; nothing else is known. */
void record_init(struct record *record, uint64_t now_ms);
void record_set_check(struct record *record, const struct s53_health_check *check);

/*
 * Any thread, no lock. When the record is not troubled, an ANSWERED is only a sample:
 * record_sample_reply(). Everything else goes through record_observe() under the lock.
 */
bool record_is_troubled(const struct record *record);
void record_sample_reply(struct record *record, uint32_t rtt_ms, uint64_t now_ms);
struct record_change record_observe(
    struct record *record, struct s53_observation observation, uint64_t now_ms);

/* A probe over this protocol is sent, and ends. */
struct record_change record_probe_begin(
    struct record *record, const struct s53_probe *probe, uint64_t now_ms);
struct record_change record_probe_end(
    struct record *record, const struct probe_result *result, uint64_t now_ms);

void record_report(const struct record *record, struct s53_health_report *out);

/* Any thread, no lock. */
enum s53_health_state record_state(const struct record *record);
bool record_has_replied(const struct record *record); /* ever, to a client's query */
bool record_is_proven(const struct record *record); /* up, and has replied since it is */

/* transition.c */

/* Apply `signal`; `why` becomes the record's reason if the signal is one of trouble. */
struct record_change record_signal(
    struct record *record, enum health_signal signal, enum s53_health_reason why, uint64_t now_ms);
/* A reply that counts as `successes` in a row: RISE when there are enough, else REPLY. */
struct record_change record_succeed(struct record *record, unsigned successes, uint64_t now_ms);
/* Is it suspect for a reason that one or two replies do not disprove: loss, failures, a loop? */
bool record_suspicion_persists(const struct record *record);
/* After a change of state or of `failures`. */
void record_update_troubled(struct record *record);

/* sample.c: the numbers. Any thread, no lock. */

void record_sample_rtt(struct record *record, uint32_t rtt_ms);
void record_forget_rtt(struct record *record); /* the next sample is the first */
void record_sample_loss(struct record *record, bool lost);
void record_sample_good(struct record *record); /* a reply; sample_failed() may follow */
void record_sample_failed(struct record *record);
uint32_t record_failed_share(const struct record *record);
bool record_is_lossy(const struct record *record);
bool record_is_failing(const struct record *record);
uint32_t record_srtt_8ms(const struct record *record); /* in eighths of a ms; 0: unknown */
uint32_t record_rto_ms(const struct record *record); /* SRTT + 4 RTTVAR; 0: unknown */
uint32_t record_hedge_ms(const struct record *record); /* the RTO, 20 to 250; 250: unknown */
uint32_t record_cost_8ms(const struct record *record); /* see s53_upstream_cost() */
