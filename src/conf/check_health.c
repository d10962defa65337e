/* SPDX-License-Identifier: ISC
 *
 * check_health.c - health checks: numbers that must fit one another, and zones without servers of
 *                  their own.
 */
#include <inttypes.h>
#include <string.h>

#include "check.h"

static void
check_interval(struct conf_checker *checker, const struct s53_conf_statement *interval)
{
	if (interval->value.type == S53_CONF_NUMBER && interval->second.type == S53_CONF_NUMBER &&
	    interval->second.number < interval->value.number)
		conf_check_error(checker, interval->second.place,
		    "the second number of 'interval' is the longest time between probes and cannot "
		    "be less than the first: %" PRIu64 " is less than %" PRIu64,
		    interval->second.number, interval->value.number);
}

static void
check_probe(struct conf_checker *checker, const struct s53_conf_statement *probe)
{
	const struct s53_conf_statement *interval = s53_conf_find(probe->body, "interval");
	const struct s53_conf_statement *accept = s53_conf_find(probe->body, "accept");

	if (interval != NULL)
		check_interval(checker, interval);
	if (accept != NULL && accept->value.type == S53_CONF_WORDS && accept->value.words == NULL &&
	    !conf_node_of(accept)->broken)
		conf_check_error(checker, accept->place,
		    "'accept' is empty: no response could show that the server is healthy");
}

/* A forward zone without servers uses the default route, which has rules of its own. */
static void
check_exempt(struct conf_checker *checker, const struct s53_conf_statement *zone)
{
	static const char *const names[] = { "forwarders-policy", "health-check",
		"use-caps-for-id" };
	const struct s53_conf_statement *type = s53_conf_find(zone->body, "type");
	const struct s53_conf_statement *peers = s53_conf_find(zone->body, "forwarders");

	if (conf_node_of(zone)->broken || type == NULL || type->value.type != S53_CONF_TEXT ||
	    strcmp(type->value.text, "forward") != 0 ||
	    (peers != NULL && peers->value.peers != NULL))
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct s53_conf_statement *statement = s53_conf_find(zone->body, names[i]);

		if (statement != NULL)
			conf_check_warn(checker, statement, S53_CONF_IGNORED_DIFFERENT, names[i],
			    "the zone has no forwarders: its names go to the default forwarders, "
			    "whose settings apply");
	}
}

void
conf_check_health(struct conf_checker *checker, const struct s53_conf_statement *first)
{
	for (; first != NULL; first = first->next) {
		if (strcmp(first->name, "zone") == 0 &&
		    conf_node_of(first)->rule->form == FORM_BODY)
			check_exempt(checker, first);
		if (strcmp(first->name, "health-check") == 0)
			check_probe(checker, first);
		else
			conf_check_health(checker, first->body);
	}
}
