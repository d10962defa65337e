/* SPDX-License-Identifier: ISC
 *
 * fake_exchange.h - exchange.h without sockets: questions wait in a list until the scenario
 * answers them.
 *
 * Stands in for upstream/exchange.c: it defines the same functions, so that the archive's are not
 * linked.
 */
#pragma once

#include <split53/exchange.h>
#include <split53/list.h>

struct s53_exchange {
	struct s53_link link;
	struct s53_upstream *upstream;
	struct s53_exchange_ask ask;
	uint64_t late_at_ms; /* 0: no more */
	uint64_t timeout_at_ms;
	bool tcp;
	bool seen; /* by the scenario */
};

/* The first question that the scenario has not looked at, in the order of asking; or NULL. */
struct s53_exchange *fake_next_unseen(struct s53_exchanger *exchanger);

/* The open exchange to the server at `addr`, newest first; or NULL. */
struct s53_exchange *fake_find(struct s53_exchanger *exchanger, const struct s53_addr *addr);

/*
 * Octets arrive for it. false: check() did not want them and it goes on. TC over UDP turns it
 * into a new TCP question.
 */
bool fake_arrive(
    struct s53_exchanger *exchanger, struct s53_exchange *exchange, uint8_t *octets, size_t len);

void fake_end(
    struct s53_exchanger *exchanger, struct s53_exchange *exchange, enum s53_exchange_end end);

/* Let the clock run to `now_ms`; late() and timeouts come in their order and at their time. */
void fake_advance(struct s53_exchanger *exchanger, uint64_t now_ms);
