/* SPDX-License-Identifier: ISC
 *
 * verbs.c - see verbs.h. The completion of bash and zsh (packaging/completion/) has the same list,
 * which test/system/test_completion.py compares.
 */
#include "verbs.h"

#include <string.h>

static const struct {
	const char *name;
	unsigned min, max; /* number of arguments */
	const char *words, *does;
} verbs[] = {
	{ "status", 0, 0, "", "version, times, limits, and whether the server serves" },
	{ "health", 0, 0, "", "exit code 0: the process runs and responds" },
	{ "ready", 0, 0, "", "exit code 0: split53 listens and is not shutting down" },
	{ "top", 0, 9, "[-n COUNT] [-d SECONDS]",
	    "show rates, servers, busiest names and clients" },
	{ "explain", 1, 3, "NAME [TYPE] [CLIENT]", "show what would happen to this query now" },
	{ "upstreams", 0, 0, "", "list servers: state, round-trip time, queries, failures" },
	{ "upstream", 2, 2, "ADDRESS[#PORT] up|down|auto",
	    "force a server up or down; auto: by its health" },
	{ "recursing", 0, 0, "", "list fetches in progress, also in recursing-file" },
	{ "flush", 0, 1, "[VIEW]", "empty the cache" },
	{ "flushname", 1, 2, "NAME [VIEW]", "remove a name from the cache" },
	{ "flushtree", 1, 2, "NAME [VIEW]", "remove a name and all names below it" },
	{ "dumpdb", 0, 2, "[-all|-cache|-zones] [VIEW]",
	    "write cache, zones and servers to dump-file" },
	{ "stats", 0, 0, "", "append the counters to statistics-file" },
	{ "reset-stats", 0, 0, "", "reset the counters" },
	{ "querylog", 0, 1, "[on|off]", "log each query; without argument: toggle" },
	{ "responselog", 0, 1, "[on|off]", "log each response; without argument: toggle" },
	{ "trace", 0, 1, "[LEVEL]", "raise the debug level by one, or set it to LEVEL" },
	{ "notrace", 0, 0, "", "set the debug level to 0" },
	{ "serve-stale", 1, 1, "on|off|reset|status", "use stale answers when no server responds" },
	{ "reload", 0, 3, "[ZONE [CLASS [VIEW]]]",
	    "reload configuration and zone files, or one zone" },
	{ "reconfig", 0, 0, "", "reload the configuration, load new zones only" },
	{ "showconf", 0, 0, "", "print the configuration in use, without secrets" },
	{ "stop", 0, 1, "[-p]", "finish queries in progress, save the cache, exit" },
	{ "halt", 0, 1, "[-p]", "exit at once, without saving the cache" },
	{ "null", 0, 0, "", "do nothing; tests the control channel" },
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

bool
ctl_verb_check(char *const words[])
{
	unsigned count = 0;

	while (words[count + 1] != NULL)
		count++;
	for (size_t i = 0; i < VERBS; i++) {
		if (strcmp(verbs[i].name, words[0]) != 0)
			continue;
		if (count >= verbs[i].min && count <= verbs[i].max)
			return true;
		fprintf(
		    stderr, "split53ctl: usage: split53ctl %s %s\n", verbs[i].name, verbs[i].words);
		return false;
	}
	return true;
}

void
ctl_print_usage(FILE *out)
{
	fputs("usage: split53ctl [-jq] [-s ADDRESS|PATH] [-p PORT] [-k KEYFILE] [-y KEY] "
	      "[-c RNDC.CONF] VERB ...\n"
	      "       split53ctl help     lists the verbs; see split53ctl(8)\n",
	    out);
}

void
ctl_print_help(FILE *out)
{
	ctl_print_usage(out);
	fputc('\n', out);
	for (size_t i = 0; i < VERBS; i++) {
		int width = fprintf(
		    out, "  %s%s%s", verbs[i].name, verbs[i].words[0] ? " " : "", verbs[i].words);

		fprintf(out, "%*s%s\n", width < 40 ? 40 - width : 2, "", verbs[i].does);
	}
}
