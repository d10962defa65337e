/* SPDX-License-Identifier: ISC
 *
 * verify.c - finds out whether a negative answer is about the name, or about its random letter
 * case.
 *
 * Names are equal whatever their letter case (RFC 4343), and most servers comply. For one that
 * compares bytes, a name in random letter case does not exist. So until a server has given a
 * positive answer to such a name, its negative answers are checked by a second query in the
 * client's spelling. The hedge budget pays, so that random names that do not exist do not double
 * the traffic. If the answers differ, letter case matters to the server: this is remembered, and
 * logged.
 */
#include <split53/capability.h>
#include <split53/log.h>

#include "resolver_private.h"

static bool
is_negative(const struct s53_fetch *fetch)
{
	return s53_header_rcode(fetch->outcome.message) != S53_RCODE_NOERROR ||
	    s53_header_count(fetch->outcome.message, S53_ANSWER) == 0;
}

bool
s53_verify_is_due(const struct s53_attempt *attempt, struct s53_plan *plan)
{
	struct s53_fetch *fetch = attempt->fetch;
	const struct s53_upstream *server = s53_attempt_server(attempt);
	struct s53_budget *budget = &fetch->resolver->budget;

	if (!is_negative(fetch) || attempt->plan.spelling != S53_SPELLING_RANDOM ||
	    fetch->verified || attempt->plan.explores ||
	    s53_upstream_has_shown(server, S53_CAPABILITY_CASE, fetch->now_ms) ||
	    s53_name_same(&fetch->client_name, &fetch->question.name))
		return false;
	if (!s53_upstream_had_quirk(server, S53_QUIRK_CASE_MATTERS)) {
		if (!s53_budget_allows(budget))
			return false;
		s53_budget_pay(budget);
	}
	s53_count(fetch->resolver->counters, S53_C_VALIDATE_CASE_CHECKED);
	fetch->verified = true;
	fetch->negative_rcode = s53_header_rcode(fetch->outcome.message);
	*plan = attempt->plan;
	plan->spelling = S53_SPELLING_CLIENT;
	plan->verifies = true;
	return true;
}

static void
log_quirk(const struct s53_fetch *fetch, const struct s53_upstream *server)
{
	char addr[S53_ADDR_TEXT], name[S53_NAME_TEXT];

	s53_log(S53_LOG_RESOLVER, S53_LOG_NOTICE,
	    "server %s is case-sensitive: '%s' got different answers in the client's and in random "
	    "letter case (0x20); for the next %u minutes names are sent to it as clients spell "
	    "them ('use-caps-for-id no' in a server statement makes that permanent)",
	    s53_addr_print(s53_upstream_addr(server), addr),
	    s53_name_print(&fetch->client_name, name), S53_QUIRK_MS / 60000);
}

void
s53_verify_note(const struct s53_attempt *attempt)
{
	const struct s53_fetch *fetch = attempt->fetch;
	struct s53_upstream *server = s53_attempt_server(attempt);

	if (attempt->plan.spelling == S53_SPELLING_RANDOM) {
		if (!is_negative(fetch) &&
		    !s53_name_same(&fetch->client_name, &fetch->question.name))
			s53_upstream_show(server, S53_CAPABILITY_CASE, fetch->now_ms);
		return;
	}
	if (!attempt->plan.verifies ||
	    (is_negative(fetch) &&
		s53_header_rcode(fetch->outcome.message) == fetch->negative_rcode))
		return;
	if (s53_upstream_set_quirk(server, S53_QUIRK_CASE_MATTERS, fetch->now_ms))
		log_quirk(fetch, server);
}
