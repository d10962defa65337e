/* SPDX-License-Identifier: ISC
 *
 * responselog.c - the category responses: a line for each response, in the form of BIND 9.20.
 *
 * "client ADDR (NAME): view VIEW: response: NAME CLASS TYPE RCODE AN AU AD FLAGS (LOCAL)": AN, AU
 * and AD are the records of the three sections, as they were sent; FLAGS those of the query, as in
 * the query log.
 *
 * The response is known only after all steps, when the client's send operation is called. So if the
 * response of a query is to be logged, the query gets operations that log the response and then
 * call those of the client. Other queries are not affected, not even by a branch.
 */
#include <stdio.h>

#include <split53/header.h>
#include <split53/log.h>
#include <split53/mnemonic.h>

#include "logword.h"
#include "resolver_private.h"

static struct s53_query *
query_of(struct s53_client *client)
{
	return S53_CONTAINER_OF(client, struct s53_query, client);
}

/* The upper bits of the extended rcode are only in the outcome (RFC 6891 s6.1.3). */
static void
log_response(const struct s53_query *query, const uint8_t *reply)
{
	const struct s53_question *question = &query->request.question;
	char client[S53_ADDR_TEXT], local[S53_ADDR_TEXT], name[S53_NAME_TEXT];
	char type[S53_LOG_WORD], class[S53_LOG_WORD], flags[S53_LOG_FLAGS];
	char rcode[S53_MNEMONIC_TEXT];
	const char *view = s53_log_view(query);

	if (!s53_log_on(S53_LOG_RESPONSES, S53_LOG_INFO))
		return;
	s53_name_print(&question->name, name);
	s53_query_log_flags(query, flags);
	s53_log(S53_LOG_RESPONSES, S53_LOG_INFO,
	    "client %s (%s):%s%s%s response: %s %s %s %s %u %u %u %s (%s)",
	    s53_addr_print(&query->client.addr, client), name, *view == '\0' ? "" : " view ", view,
	    *view == '\0' ? "" : ":", name, s53_log_class(question->qclass, class),
	    s53_log_type(question->qtype, type), s53_rcode_print(query->outcome.rcode, rcode),
	    s53_header_count(reply, S53_ANSWER), s53_header_count(reply, S53_AUTHORITY),
	    s53_header_count(reply, S53_ADDITIONAL), flags,
	    s53_addr_print_host(&query->client.local, local));
}

static uint8_t *
logged_room(struct s53_client *client, size_t cap)
{
	struct s53_query *query = query_of(client);

	query->logged_room = query->logged_ops->room(client, cap);
	return query->logged_room;
}

static void
logged_send(struct s53_client *client, size_t len)
{
	struct s53_query *query = query_of(client);

	client->ops = query->logged_ops;
	if (len >= S53_HEADER_LEN)
		log_response(query, query->logged_room);
	client->ops->send(client, len);
}

static void
logged_drop(struct s53_client *client)
{
	client->ops = query_of(client)->logged_ops;
	client->ops->drop(client);
}

static const struct s53_client_ops logged_ops = {
	.room = logged_room, .send = logged_send, .drop = logged_drop
};

void
s53_query_watch_response(struct s53_query *query)
{
	query->logged_ops = query->client.ops;
	query->client.ops = &logged_ops;
}
