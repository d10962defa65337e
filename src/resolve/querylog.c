/* SPDX-License-Identifier: ISC
 *
 * querylog.c - the categories queries and query-errors, in BIND's form, so that programs which
 * read BIND's logs can read ours, and serve-stale.
 */
#include <stdio.h>
#include <string.h>

#include <split53/log.h>
#include "logword.h"
#include "resolver_private.h"

#define LOOP_INTERVAL_MS 60000

/* "+E(0)TDC": RD, EDNS and its version, TCP, DO, CD (BIND ARM, category queries). */
void
s53_query_log_flags(const struct s53_query *query, char word[static S53_LOG_FLAGS])
{
	const struct s53_request *request = &query->request;
	int at = snprintf(word, S53_LOG_WORD, "%c", (request->flags & S53_RD) != 0 ? '+' : '-');

	if (request->edns.present)
		at += snprintf(word + at, S53_LOG_WORD, "E(%u)", request->edns.version);
	if (query->client.kind == S53_TCP)
		word[at++] = 'T';
	if (request->edns.dnssec_ok)
		word[at++] = 'D';
	if ((request->flags & S53_CD) != 0)
		word[at++] = 'C';
	word[at] = '\0';
}

void
s53_query_log(const struct s53_query *query)
{
	const struct s53_question *question = &query->request.question;
	char client[S53_ADDR_TEXT], local[S53_ADDR_TEXT], name[S53_NAME_TEXT];
	char type[S53_LOG_WORD], class[S53_LOG_WORD], flags[S53_LOG_FLAGS];
	const char *view = s53_log_view(query);

	if (!s53_log_on(S53_LOG_QUERIES, S53_LOG_INFO))
		return;
	s53_name_print(&question->name, name);
	s53_query_log_flags(query, flags);
	s53_log(S53_LOG_QUERIES, S53_LOG_INFO, "client %s (%s):%s%s%s query: %s %s %s %s (%s)",
	    s53_addr_print(&query->client.addr, client), name, *view == '\0' ? "" : " view ", view,
	    *view == '\0' ? "" : ":", name, s53_log_class(question->qclass, class),
	    s53_log_type(question->qtype, type), flags,
	    s53_addr_print_host(&query->client.local, local));
}

/* As named: one line in category unmatched, which is discarded by default, and one in client. */
void
s53_query_log_unmatched(const struct s53_query *query)
{
	char client[S53_ADDR_TEXT], word[S53_LOG_WORD];
	const char *class = s53_log_class(query->request.question.qclass, word);

	if (!s53_log_on(S53_LOG_UNMATCHED, S53_LOG_INFO) &&
	    !s53_log_on(S53_LOG_CLIENT, S53_LOG_DEBUG))
		return;
	s53_addr_print(&query->client.addr, client);
	s53_log(S53_LOG_UNMATCHED, S53_LOG_INFO, "client %s: no matching view in class '%s'",
	    client, class);
	s53_log(S53_LOG_CLIENT, S53_LOG_DEBUG, "client %s: no matching view in class '%s'", client,
	    class);
}

/* "client ADDR (NAME): WHAT NAME/CLASS/TYPE: WHY" */
static void
log_outcome(const struct s53_query *query, enum s53_log_category category, int severity,
    const char *what, const char *why)
{
	const struct s53_question *question = &query->request.question;
	char client[S53_ADDR_TEXT], name[S53_NAME_TEXT], type[S53_LOG_WORD], class[S53_LOG_WORD];
	const char *view = s53_log_view(query);

	if (!s53_log_on(category, severity))
		return;
	s53_name_print(&question->name, name);
	s53_log(category, severity, "client %s (%s):%s%s%s %s %s/%s/%s: %s",
	    s53_addr_print(&query->client.addr, client), name, *view == '\0' ? "" : " view ", view,
	    *view == '\0' ? "" : ":", what, name, s53_log_class(question->qclass, class),
	    s53_log_type(question->qtype, type), why);
}

void
s53_query_log_error(const struct s53_query *query)
{
	const struct s53_outcome *outcome = &query->outcome;
	const char *why = outcome->ede_text;

	if (why == NULL)
		why = outcome->ede == S53_EDE_CACHED_ERROR ? "it failed less than servfail-ttl ago"
							   : "no upstream could answer";
	log_outcome(query, S53_LOG_QUERY_ERRORS,
	    s53_log_first(&query->resolver->error_logged_ms, query->now_ms, S53_LOG_INFO),
	    "query failed (SERVFAIL) for", why);
}

void
s53_query_log_loop(
    const struct s53_query *query, const struct s53_upstream *server, _Atomic uint64_t *logged_ms)
{
	char why[S53_ADDR_TEXT + 96], addr[S53_ADDR_TEXT];
	uint64_t last_ms = atomic_load_explicit(logged_ms, memory_order_relaxed);

	if ((last_ms != 0 && query->now_ms < last_ms + LOOP_INTERVAL_MS) ||
	    !atomic_compare_exchange_strong_explicit(
		logged_ms, &last_ms, query->now_ms, memory_order_relaxed, memory_order_relaxed))
		return;
	snprintf(why, sizeof(why),
	    "%s sends this query back to us: change the forwarding there or here",
	    s53_addr_print(s53_upstream_addr(server), addr));
	log_outcome(query, S53_LOG_RESOLVER, S53_LOG_WARNING, "forwarding loop:", why);
}

void
s53_query_log_stale(const struct s53_query *query)
{
	const char *why = query->outcome.ede_text;

	log_outcome(query, S53_LOG_SERVE_STALE,
	    s53_log_first(&query->resolver->stale_logged_ms, query->now_ms, S53_LOG_INFO),
	    "stale answer used for", why == NULL ? "expired" : why);
}
