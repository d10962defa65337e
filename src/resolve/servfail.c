/* SPDX-License-Identifier: ISC
 *
 * servfail.c - decides whether a SERVFAIL of a group's only server is worth a second query.
 *
 * If there are more servers, the next one is queried. The only one is queried once more, because a
 * transient failure inside it (a Consul agent's RPC to a server that has just left) would otherwise
 * be remembered, and answered to every client, for servfail-ttl. The hedge budget pays for it, so
 * that a server which fails for all names gets one extra query in twenty. If the server's
 * extended error says that its answer would be the same, it is not queried again.
 */
#include "resolver_private.h"

#define BIT(code) (UINT32_C(1) << (code))

/* RFC 8914 s4 and IANA's registry of extended DNS errors: */
#define DNSSEC_ERRORS                                                                       \
	(BIT(1) | BIT(2) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(9) | BIT(10) | BIT(11) | \
	    BIT(12) | BIT(25) | BIT(27)) /* algorithms, bogus, signatures, keys, proofs */
#define CACHED_ERROR BIT(13) /* the server remembers a failure itself */
#define POLICY_ERRORS (BIT(15) | BIT(16) | BIT(17) | BIT(18)) /* blocked, censored, ... */

bool
s53_servfail_is_worth_retry(const struct s53_fetch *fetch, const struct s53_attempt *attempt)
{
	return s53_group_size(fetch->route->group) == 1 && !fetch->retried_servfail &&
	    !attempt->plan.for_whole && /* it has answered over UDP */
	    (fetch->error_codes & (DNSSEC_ERRORS | CACHED_ERROR | POLICY_ERRORS)) == 0 &&
	    s53_budget_allows(&fetch->resolver->budget);
}
