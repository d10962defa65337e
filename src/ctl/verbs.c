/* SPDX-License-Identifier: ISC
 *
 * verbs.c - see verbs.h. The completion of bash and zsh (packaging/completion/) has the same list,
 * which test/system/test_completion.py compares.
 */
#include "verbs.h"

#include <string.h>

static const struct {
	const char *name;
	unsigned min, max; /* words behind it */
	const char *words, *does;
} verbs[] = {
	{ "status", 0, 0, "", "version, times, limits, and whether the server serves" },
	{ "health", 0, 0, "", "exit code 0: the process lives and works" },
	{ "ready", 0, 0, "", "exit code 0: it listens and takes queries" },
	{ "top", 0, 9, "[-n PICTURES] [-d SECONDS]", "rates, servers, busiest names and clients" },
	{ "explain", 1, 3, "NAME [TYPE] [CLIENT]", "what would happen to a query now" },
	{ "upstreams", 0, 0, "", "each server: state, round-trip time, queries, failures" },
	{ "upstream", 2, 2, "ADDRESS[#PORT] up|down|auto",
	    "take a server out, keep it in, or let its health decide" },
	{ "recursing", 0, 0, "", "the fetches under way; also to recursing-file" },
	{ "flush", 0, 1, "[VIEW]", "empty the cache" },
	{ "flushname", 1, 2, "NAME [VIEW]", "remove a name from the cache" },
	{ "flushtree", 1, 2, "NAME [VIEW]", "remove a name and all names below it" },
	{ "dumpdb", 0, 2, "[-all|-cache|-zones] [VIEW]",
	    "write cache, zones and servers to dump-file" },
	{ "stats", 0, 0, "", "append the counters to statistics-file" },
	{ "reset-stats", 0, 0, "", "begin to count anew" },
	{ "querylog", 0, 1, "[on|off]", "log each query; without a word: the other position" },
	{ "responselog", 0, 1, "[on|off]", "log each response" },
	{ "trace", 0, 1, "[LEVEL]", "debug level: one more, or LEVEL" },
	{ "notrace", 0, 0, "", "debug level 0" },
	{ "serve-stale", 1, 1, "on|off|reset|status",
	    "give out expired answers when no server answers" },
	{ "reload", 0, 3, "[ZONE [CLASS [VIEW]]]",
	    "read the configuration and zone files, or one zone" },
	{ "reconfig", 0, 0, "", "read the configuration and new zone files only" },
	{ "showconf", 0, 0, "", "the configuration in force, without secrets" },
	{ "stop", 0, 1, "[-p]", "end: answer what is under way, write the cache file" },
	{ "halt", 0, 1, "[-p]", "end at once" },
	{ "null", 0, 0, "", "nothing: is the channel there?" },
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
