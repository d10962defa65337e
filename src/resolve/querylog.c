/* SPDX-License-Identifier: ISC
 *
 * querylog.c - the categories queries and query-errors, in BIND's form, so that what reads BIND's
 * logs reads ours, and serve-stale.
 */
#include <stdio.h>
#include <string.h>

#include <split53/log.h>
#include <split53/mnemonic.h>

#include "resolver_private.h"

#define WORD_MAX 12
#define TOLD_INTERVAL_MS 1000
#define LOOP_INTERVAL_MS 60000

/* A query may ask for what is no type of data. */
static const char *
type_word(uint16_t type, char word[static S53_MNEMONIC_TEXT])
{
	switch (type) {
	case S53_TYPE_ANY:
		return "ANY";
	case S53_TYPE_AXFR:
		return "AXFR";
	case S53_TYPE_IXFR:
		return "IXFR";
	default:
		return s53_type_print(type, word);
	}
}

static const char *
class_word(uint16_t class, char word[static WORD_MAX])
{
	if (class == S53_CLASS_IN)
		return "IN";
	if (class == S53_CLASS_CH)
		return "CH";
	snprintf(word, WORD_MAX, "CLASS%u", class);
	return word;
}

/* " view NAME" unless there is only the one that nobody named. */
static const char *
view_word(const struct s53_query *query)
{
	if (query->view == NULL || query->policy->view_count == 1)
		return "";
	return query->view->name;
}

/* "+E(0)TDC": RD, EDNS and its version, TCP, DO, CD (BIND ARM, category queries). */
static void
flag_word(const struct s53_query *query, char word[static WORD_MAX + 4])
{
	const struct s53_request *request = &query->request;
	int at = snprintf(word, WORD_MAX, "%c", (request->flags & S53_RD) != 0 ? '+' : '-');

	if (request->edns.present)
		at += snprintf(word + at, WORD_MAX, "E(%u)", request->edns.version);
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
	char type[S53_MNEMONIC_TEXT], class[WORD_MAX], flags[WORD_MAX + 4];
	const char *view = view_word(query);

	if (!s53_log_on(S53_LOG_QUERIES, S53_LOG_INFO))
		return;
	s53_name_print(&question->name, name);
	flag_word(query, flags);
	s53_log(S53_LOG_QUERIES, S53_LOG_INFO, "client %s (%s):%s%s%s query: %s %s %s %s (%s)",
	    s53_addr_print(&query->client.addr, client), name, *view == '\0' ? "" : " view ", view,
	    *view == '\0' ? "" : ":", name, class_word(question->qclass, class),
	    type_word(question->qtype, type), flags,
	    s53_addr_print_host(&query->client.local, local));
}

/*
 * The first of a kind in TOLD_INTERVAL_MS is told at info, the others at debug 1 (BIND's severity
 * for all failures): a dead upstream under load shows in the log, and does not fill it.
 */
static int
severity_of(uint64_t *told_ms, uint64_t now_ms)
{
	if (now_ms < *told_ms + TOLD_INTERVAL_MS)
		return S53_LOG_DEBUG;
	*told_ms = now_ms;
	return S53_LOG_INFO;
}

/* "client ADDR (NAME): WHAT NAME/CLASS/TYPE: WHY" */
static void
log_outcome(const struct s53_query *query, enum s53_log_category category, int severity,
    const char *what, const char *why)
{
	const struct s53_question *question = &query->request.question;
	char client[S53_ADDR_TEXT], name[S53_NAME_TEXT], type[S53_MNEMONIC_TEXT], class[WORD_MAX];
	const char *view = view_word(query);

	if (!s53_log_on(category, severity))
		return;
	s53_name_print(&question->name, name);
	s53_log(category, severity, "client %s (%s):%s%s%s %s %s/%s/%s: %s",
	    s53_addr_print(&query->client.addr, client), name, *view == '\0' ? "" : " view ", view,
	    *view == '\0' ? "" : ":", what, name, class_word(question->qclass, class),
	    type_word(question->qtype, type), why);
}

void
s53_query_log_error(const struct s53_query *query)
{
	const struct s53_outcome *outcome = &query->outcome;
	const char *why = outcome->ede_text;

	if (why == NULL)
		why = outcome->ede == S53_EDE_CACHED_ERROR ? "it failed before, within servfail-ttl"
							   : "no upstream could answer";
	log_outcome(query, S53_LOG_QUERY_ERRORS,
	    severity_of(&query->resolver->error_told_ms, query->now_ms),
	    "query failed (SERVFAIL) for", why);
}

void
s53_query_log_loop(
    const struct s53_query *query, const struct s53_upstream *server, _Atomic uint64_t *told_ms)
{
	char why[S53_ADDR_TEXT + 96], addr[S53_ADDR_TEXT];
	uint64_t last_ms = atomic_load_explicit(told_ms, memory_order_relaxed);

	if ((last_ms != 0 && query->now_ms < last_ms + LOOP_INTERVAL_MS) ||
	    !atomic_compare_exchange_strong_explicit(
		told_ms, &last_ms, query->now_ms, memory_order_relaxed, memory_order_relaxed))
		return;
	snprintf(why, sizeof why,
	    "%s is asked this, and it came back here: one of the two must not forward it to the "
	    "other",
	    s53_addr_print(s53_upstream_addr(server), addr));
	log_outcome(query, S53_LOG_RESOLVER, S53_LOG_WARNING, "forwarding loop:", why);
}

void
s53_query_log_stale(const struct s53_query *query)
{
	const char *why = query->outcome.ede_text;

	log_outcome(query, S53_LOG_SERVE_STALE,
	    severity_of(&query->resolver->stale_told_ms, query->now_ms), "stale answer used for",
	    why == NULL ? "expired" : why);
}
