/* SPDX-License-Identifier: ISC
 *
 * lone.c - queries over TCP that get a connection of their own, and servers that need that.
 *
 * Problem: some servers answer one query per connection and then neither answer nor close; others
 * handle one message of each read() and drop what arrived with it. RFC 7766 s6.2.1.1 forbids both,
 * but a query to them on a shared connection would never be answered.
 *
 * Idea: when the response on a shared connection is overdue, the caller sends a copy with
 * `ask.lone`. If that gets a response first, all queries of the next S53_LATE_REPLY_MS get
 * connections of their own. A response on the shared connection that was merely slow arrives in
 * that time; otherwise it never will. In that case, if the server's host has acknowledged the
 * query, the server is to blame and not the path: S53_QUIRK_ONE_PER_CONNECTION is set. TCP loses
 * nothing, so this needs no second proof, and no other host can forge it.
 */
#include "lone.h"

#include <split53/log.h>

#include "endpoint.h"
#include "stream.h"

bool
s53_lone_is_wanted(const struct s53_exchange *exchange, uint64_t now_ms)
{
	const struct s53_endpoint *endpoint = exchange->endpoint;

	return exchange->lone || now_ms < endpoint->lone_until_ms ||
	    s53_upstream_has_quirk(endpoint->upstream, S53_QUIRK_ONE_PER_CONNECTION, now_ms);
}

bool
s53_lone_enter(struct s53_exchange *exchange)
{
	struct s53_endpoint *endpoint = exchange->endpoint;

	if (endpoint->lone_count < S53_LONE_MAX) {
		endpoint->lone_count++;
		return true;
	}
	exchange->overdue_observed = true; /* this wait says nothing about the server */
	s53_list_append(&endpoint->lone_waiting, &exchange->link);
	return false;
}

/*
 * A loop, not a recursion: if no connection can be opened, each failed exchange calls this again.
 */
void
s53_lone_leave(struct s53_endpoint *endpoint, uint64_t now_ms)
{
	struct s53_link *link;

	endpoint->lone_count--;
	if (endpoint->lone_sending)
		return;
	endpoint->lone_sending = true;
	while (endpoint->lone_count < S53_LONE_MAX &&
	    (link = s53_list_pop(&endpoint->lone_waiting)) != NULL)
		s53_stream_send(S53_CONTAINER_OF(link, struct s53_exchange, link), now_ms);
	endpoint->lone_sending = false;
}

void
s53_lone_note_reply(const struct s53_exchange *exchange, bool lone, uint64_t now_ms)
{
	struct s53_endpoint *endpoint = exchange->endpoint;

	if (!lone) {
		endpoint->lone_until_ms = 0;
		return;
	}
	if (endpoint->lone_sent_at_ms < exchange->sent_at_ms)
		endpoint->lone_sent_at_ms = exchange->sent_at_ms;
	if (exchange->ask.lone)
		endpoint->lone_until_ms = now_ms + S53_LATE_REPLY_MS;
}

bool
s53_lone_note_silence(const struct s53_exchange *exchange, uint64_t now_ms)
{
	struct s53_upstream *upstream = exchange->endpoint->upstream;
	char addr[S53_ADDR_TEXT];

	if (exchange->endpoint->lone_sent_at_ms <= exchange->sent_at_ms)
		return false;
	if (!s53_upstream_has_quirk(upstream, S53_QUIRK_ONE_PER_CONNECTION, now_ms))
		s53_log(S53_LOG_RESOLVER, S53_LOG_NOTICE,
		    "server %s over TCP: answers only one query per connection; for the next %u "
		    "minutes each query gets a connection of its own",
		    s53_addr_print(s53_upstream_addr(upstream), addr), S53_QUIRK_MS / 60000);
	s53_upstream_set_quirk(upstream, S53_QUIRK_ONE_PER_CONNECTION, now_ms);
	return true;
}
