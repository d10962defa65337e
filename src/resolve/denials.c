/* SPDX-License-Identifier: ISC
 *
 * denials.c - see denials.h.
 */
#include "denials.h"

#include <stdio.h>

#include <split53/log.h>

#include "logword.h"
#include "resolver_private.h"

#define SECOND_MS 1000

static void
log_count(struct s53_denials *denials)
{
	char last[S53_ADDR_TEXT];

	if (denials->counted > 0)
		s53_log(S53_LOG_SECURITY, S53_LOG_INFO,
		    "%u more queries were denied within a second, the last one from client %s",
		    denials->counted, s53_addr_print(&denials->last, last));
	denials->logged = denials->counted = 0;
	denials->second_ms = 0;
}

static void
on_timer(struct s53_timer *timer)
{
	log_count(S53_CONTAINER_OF(timer, struct s53_denials, timer));
}

void
s53_denials_init(struct s53_denials *denials)
{
	*denials = (struct s53_denials){ .timer.fire = on_timer };
}

void
s53_denials_fini(struct s53_resolver *resolver)
{
	s53_exchanger_timer_cancel(resolver->exchanger, &resolver->denials.timer);
	log_count(&resolver->denials);
}

/* May this denial be logged? If not, it is counted. */
static bool
may_log(const struct s53_query *query, int severity)
{
	struct s53_denials *denials = &query->resolver->denials;

	if (!s53_log_on(S53_LOG_SECURITY, severity))
		return false;
	if (denials->counted == 0 && query->now_ms >= denials->second_ms + SECOND_MS) {
		denials->second_ms = query->now_ms;
		denials->logged = 0;
	}
	if (denials->logged < S53_DENIALS_LOGGED) {
		denials->logged++;
		return true;
	}
	denials->last = query->client.addr;
	if (denials->counted++ == 0)
		s53_exchanger_timer(query->resolver->exchanger, &denials->timer,
		    denials->second_ms + SECOND_MS, query->now_ms);
	return false;
}

/* The name of the list that denied it; as in named, the cache's lists are checked first. */
static const char *
list_of(const struct s53_query *query)
{
	const struct s53_view *view = query->view;
	const struct s53_addr *client = &query->client.addr;

	if (!s53_acl_allows(view->allow_query_cache, client))
		return "allow-query-cache";
	if (!s53_acl_allows(view->allow_query_cache_on, &query->client.local))
		return "allow-query-cache-on";
	if (!s53_acl_allows(view->allow_query, client))
		return "allow-query";
	if (!s53_acl_allows(view->allow_query_on, &query->client.local))
		return "allow-query-on";
	return s53_acl_allows(view->allow_recursion, client) ? "allow-recursion-on"
							     : "allow-recursion";
}

/* "client ADDR (NAME): view VIEW: WHAT 'NAME/TYPE/CLASS' denied WHY" */
static void
log_denied(const struct s53_query *query, int severity, const char *what, const char *why)
{
	const struct s53_question *question = &query->request.question;
	char client[S53_ADDR_TEXT], name[S53_NAME_TEXT];
	char type_word[S53_LOG_WORD], class_word[S53_LOG_WORD];
	const char *view = s53_log_view(query);

	s53_name_print(&question->name, name);
	s53_log(S53_LOG_SECURITY, severity, "client %s (%s):%s%s%s %s '%s/%s/%s' denied%s",
	    s53_addr_print(&query->client.addr, client), name, *view == '\0' ? "" : " view ", view,
	    *view == '\0' ? "" : ":", what, name, s53_log_type(question->qtype, type_word),
	    s53_log_class(question->qclass, class_word), why);
}

void
s53_query_log_denied(const struct s53_query *query, bool by_zone)
{
	char why[48];

	/* As named: without recursion it was no list that denied the query. */
	if ((!by_zone && !query->view->recursion) || query->chase_depth > 0 ||
	    !may_log(query, S53_LOG_INFO))
		return;
	snprintf(why, sizeof(why), " (%s did not match)", list_of(query));
	log_denied(query, S53_LOG_INFO, by_zone ? "query" : "query (cache)", by_zone ? "" : why);
}

void
s53_query_log_no_transfer(const struct s53_query *query)
{
	if (may_log(query, S53_LOG_ERROR))
		log_denied(query, S53_LOG_ERROR, "zone transfer", "");
}
