/* SPDX-License-Identifier: ISC
 *
 * verbs.c - the table of verbs: those of rndc, then those of split53 alone.
 */
#include "verbs.h"

#include <strings.h>

static const struct verb verbs[] = {
	{ "status", VERB_QUIET | VERB_AT_END, 0, 1, verb_status },
	{ "reload", VERB_CHANGES, 0, 3, verb_reload },
	{ "reconfig", VERB_CHANGES, 0, 0, verb_reconfig },
	{ "flush", VERB_CHANGES, 0, 1, verb_flush },
	{ "flushname", VERB_CHANGES, 1, 2, verb_flushname },
	{ "flushtree", VERB_CHANGES, 1, 2, verb_flushtree },
	{ "stats", VERB_CHANGES, 0, 0, verb_stats },
	{ "reset-stats", VERB_CHANGES, 0, 0, verb_reset_stats },
	{ "dumpdb", VERB_CHANGES, 0, 2, verb_dumpdb },
	{ "recursing", VERB_CHANGES, 0, 0, verb_recursing },
	{ "querylog", VERB_CHANGES, 0, 1, verb_querylog },
	{ "responselog", VERB_CHANGES, 0, 1, verb_responselog },
	{ "trace", VERB_CHANGES, 0, 1, verb_trace },
	{ "notrace", VERB_CHANGES, 0, 0, verb_notrace },
	{ "serve-stale", VERB_CHANGES, 1, 1, verb_serve_stale },
	{ "stop", VERB_CHANGES, 0, 1, verb_stop },
	{ "halt", VERB_CHANGES, 0, 1, verb_halt },
	{ "null", VERB_QUIET | VERB_AT_END, 0, 0, verb_null },

	{ "showconf", 0, 0, 0, verb_showconf },
	{ "upstreams", VERB_QUIET, 0, 0, verb_upstreams },
	{ "upstream", VERB_CHANGES, 2, 2, verb_upstream },
	{ "explain", 0, 1, 3, verb_explain },
	{ "top", VERB_QUIET, 0, 0, verb_top },
	{ "health", VERB_QUIET | VERB_AT_END, 0, 0, verb_health },
	{ "ready", VERB_QUIET | VERB_AT_END, 0, 0, verb_ready },
};

const struct verb *
verb_find(const char *name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcasecmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}
