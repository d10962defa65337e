/* SPDX-License-Identifier: ISC
 *
 * plan.h - how a server is queried: over what, with what in the query, in which letter case.
 *
 * Layer    resolve (private)
 * Threads  its worker's
 * Memory   a plan is a plain value
 * Units    octets
 * Sources  RFC 6891 s6.2.2, s6.2.5 (servers without EDNS, sizes), RFC 6840 s5.7 (AD), RFC 7766 s5
 *          (TCP), draft-vixie-dnsext-dns0x20
 *
 * Datagrams get lost, and that says nothing of what a server can do. What a query has is left out
 * of it last, since the answer without may be a worse one: without OPT it has no signatures, and
 * Consul leaves out instances and does not say so. So a query that is not answered is sent
 *
 *   pass 0   with OPT and AD
 *   pass 1   the same; with DO to another host with a smaller size, as fragments get lost together
 *   pass 2   over TCP, where nothing is lost for long
 *   later    over UDP; with OPT to a server that has lately shown EDNS, else without OPT and AD
 *
 * When a query without OPT is answered, the server may have been silent until just now, and then it
 * has the answers to the others, too. So that answer is not taken yet, and the trial follows, each
 * step one retransmit timeout after the last: with OPT and AD; with OPT; without both.
 *
 * What a server declines (FORMERR, NOTIMP, BADVERS) it gets without OPT at once. With DO the answer
 * would lack its signatures, so there it must decline twice, and must not have shown EDNS lately.
 * When that does not help, it gets the query with OPT again, but without AD.
 *
 * A response over UDP in another letter case than the query's is never believed: a forger could
 * lower the case of all. The query goes on over TCP, where none but the server can answer. When TCP
 * is refused it is sent once more over UDP, without 0x20, from a fresh port and with a fresh ID,
 * and the response to that query alone counts.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct s53_attempt;
struct s53_fetch;

enum s53_spelling {
	S53_SPELLING_RANDOM, /* 0x20: what was drawn for the fetch */
	S53_SPELLING_CLIENT, /* as the client that it began with spelled it */
	S53_SPELLING_LOWER, /* for a server that changes letters to this case over UDP */
};

/* Steps of the trial, see above. */
enum s53_trial { S53_TRIAL_NONE, S53_TRIAL_FULL, S53_TRIAL_WITHOUT_AD, S53_TRIAL_BARE };

struct s53_plan {
	unsigned server; /* index in the group */
	enum s53_spelling spelling;
	enum s53_trial trial;
	uint16_t udp_size; /* of the OPT */
	bool edns, ad, tcp;
	bool tries_without_ad; /* AD is left out to see whether that helps */
	bool stripped; /* OPT and AD are left out because of silence */
	bool tcp_instead; /* over TCP because of what UDP did: refused there, it goes on over UDP */
	bool proven; /* the response that declined OPT cannot have been forged: it is an event */
	bool
	    verifies; /* asks once more what a negative answer was about, as the client spells it */
	bool fresh_port; /* UDP from a port that no query has had yet */
	bool explores; /* a copy, to see how the server does: its timeout leads to nothing */
	/*
	 * A copy over TCP beside an attempt that stays open: its timeout leads to nothing, and when
	 * it fails the other attempt speaks for the server.
	 */
	bool beside;
	bool lone; /* on a TCP connection of its own */
	bool for_whole; /* over TCP because a response over UDP may be cut: partial.c */
	uint8_t declined; /* so many times the server has declined OPT for this fetch */
};

/* The first query to the server, or the next one of its pass. */
struct s53_plan s53_plan_for(const struct s53_fetch *fetch, unsigned server);

/*
 * The query that follows one that the server has declined. `unproven`: by a message that anyone may
 * have forged. false: there is nothing left to be left out.
 */
bool s53_plan_after_decline(
    const struct s53_attempt *attempt, bool unproven, struct s53_plan *plan);

/* The query that follows when TCP is refused, of a plan with tcp_instead. false: none does. */
bool s53_plan_after_refused_tcp(const struct s53_attempt *attempt, struct s53_plan *plan);

/* The trial's next step; `plan` has the last one. */
void s53_plan_next_trial(const struct s53_fetch *fetch, struct s53_plan *plan);

/* May an answer to a query without OPT be given out? */
bool s53_plan_answer_counts(const struct s53_attempt *attempt);

/*
 * The query that follows a response over UDP in another letter case: over TCP; when that cannot be
 * had, over UDP without 0x20. The server's bit in fetch->other_case is set.
 */
void s53_plan_other_case(const struct s53_attempt *attempt, struct s53_plan *plan);

/* The name that is sent: one of the fetch's. */
const struct s53_name *s53_plan_name(const struct s53_fetch *fetch, const struct s53_plan *plan);
