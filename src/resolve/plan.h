/* SPDX-License-Identifier: ISC
 *
 * plan.h - the form of an upstream query: transport, EDNS, AD and letter case.
 *
 * Layer    resolve (private)
 * Threads  its worker's
 * Memory   a plan is a plain value
 * Units    bytes
 * Sources  RFC 6891 s6.2.2, s6.2.5 (servers without EDNS, sizes), RFC 6840 s5.7 (AD), RFC 7766 s5
 *          (TCP), draft-vixie-dnsext-dns0x20
 *
 * A lost datagram says nothing about what a server can do. And an answer to a reduced query may
 * be a worse one: without OPT it has no signatures, and Consul leaves out instances without
 * saying so. So OPT and AD are left out last. As long as there is no answer, a query is sent
 *
 *   pass 0   with OPT and AD
 *   pass 1   the same; with DO to another host with a smaller size, as fragments get lost together
 *   pass 2   over TCP, which retransmits
 *   later    over UDP; with OPT to a server that has shown EDNS recently, else without OPT and AD
 *
 * When a query without OPT is answered, the server may just have started to respond, and then it
 * would have answered a full query too. So that answer is not accepted yet, and a trial follows,
 * each step one retransmit timeout after the last: with OPT and AD; with OPT; without both.
 *
 * If the server declines (FORMERR, NOTIMP, BADVERS), the query is repeated without OPT at once.
 * With DO the answer would then have no signatures, so there the server must decline twice, and
 * must not have shown EDNS recently. If it still declines, it is queried with OPT again, but
 * without AD.
 *
 * A response over UDP in another letter case than the query's is never accepted: a forger could
 * send every response in lower case. The query is repeated over TCP, where only the server can
 * answer. When TCP is refused it is sent once more over UDP, without 0x20, from a fresh port and
 * with a fresh ID, and only the response to that query counts.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct s53_attempt;
struct s53_fetch;

enum s53_spelling {
	S53_SPELLING_RANDOM, /* 0x20: as drawn for the fetch */
	S53_SPELLING_CLIENT, /* as in the query of the client that the fetch began with */
	S53_SPELLING_LOWER, /* for a server that changes letters over UDP */
};

/* Steps of the trial, see above. */
enum s53_trial { S53_TRIAL_NONE, S53_TRIAL_FULL, S53_TRIAL_WITHOUT_AD, S53_TRIAL_BARE };

struct s53_plan {
	unsigned server; /* index in the group */
	enum s53_spelling spelling;
	enum s53_trial trial;
	uint16_t udp_size; /* of the OPT */
	bool edns, ad, tcp;
	bool tries_without_ad; /* AD is left out to find out whether that helps */
	bool stripped; /* OPT and AD are left out because of silence */
	bool tcp_instead; /* over TCP because of what UDP did: if refused, it goes back to UDP */
	bool proven; /* the response that declined OPT cannot be forged, so it is recorded */
	bool verifies; /* repeats in the client's spelling a query that got a negative answer */
	bool fresh_port; /* UDP from a port that no query was sent from yet */
	bool explores; /* a copy, to measure the server: its timeout leads to nothing */
	/*
	 * A copy over TCP beside an attempt that stays open: its timeout leads to nothing, and when
	 * it fails, only the other attempt counts for the server.
	 */
	bool beside;
	bool lone; /* on a TCP connection of its own */
	bool for_whole; /* over TCP because records may be missing in UDP responses: partial.c */
	uint8_t declined; /* how many times the server has declined OPT for this fetch */
};

/* The plan of the first query to the server, or of the next one, by the fetch's pass. */
struct s53_plan s53_plan_for(const struct s53_fetch *fetch, unsigned server);

/*
 * The plan after the server has declined a query. `unproven`: by a message that may be forged.
 * false: nothing more can be left out.
 */
bool s53_plan_after_decline(
    const struct s53_attempt *attempt, bool unproven, struct s53_plan *plan);

/* The plan after TCP is refused, if this plan has tcp_instead. false: there is none. */
bool s53_plan_after_refused_tcp(const struct s53_attempt *attempt, struct s53_plan *plan);

/* The trial's next step; `plan` has the last one. */
void s53_plan_next_trial(const struct s53_fetch *fetch, struct s53_plan *plan);

/* May an answer to this attempt's query be accepted, although that had no OPT? */
bool s53_plan_answer_counts(const struct s53_attempt *attempt);

/*
 * The plan after a response over UDP in another letter case: over TCP; if TCP is not possible,
 * over UDP without 0x20. The server's bit in fetch->other_case is set.
 */
void s53_plan_other_case(const struct s53_attempt *attempt, struct s53_plan *plan);

/* The spelling of the name that is sent: one of the fetch's. */
const struct s53_name *s53_plan_name(const struct s53_fetch *fetch, const struct s53_plan *plan);
