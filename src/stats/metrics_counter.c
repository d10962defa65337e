/* SPDX-License-Identifier: ISC
 *
 * metrics_counter.c - the meaning of each counter of counter.h, for its HELP line.
 */
#include <split53/status.h>

#include "metric.h"

static const char *const texts[S53_C_COUNT] = {
	[S53_C_LISTEN_UDP] = "Datagrams received.",
	[S53_C_LISTEN_DROPPED_PORT] =
	    "Datagrams dropped for their source port (0, echo, daytime ...).",
	[S53_C_LISTEN_TCP] = "Messages received over TCP.",
	[S53_C_LISTEN_TCP_OPENED] = "TCP connections accepted.",
	[S53_C_LISTEN_TCP_REFUSED] = "Connections closed at once at the limit tcp-clients.",
	[S53_C_LISTEN_TCP_WAITED] =
	    "Times that the limit left new connections in the kernel's backlog.",
	[S53_C_LISTEN_TCP_EVICTED_NOT_READING] =
	    "TCP connections closed for a new one: the client did not read.",
	[S53_C_LISTEN_TCP_EVICTED_SHARE] =
	    "TCP connections closed for a new one: the client's address was over its share.",
	[S53_C_LISTEN_TCP_EVICTED_IDLE] = "TCP connections closed for a new one: it was idle.",
	[S53_C_LISTEN_TCP_EVICTED_WAITING] =
	    "TCP connections closed for a new one: it waited for a response.",
	[S53_C_LISTEN_TCP_OUTPUT_LIMIT] =
	    "Connections with more unsent output than one client may have.",
	[S53_C_LISTEN_SEND_FAILED] = "Replies that the kernel did not take.",
	[S53_C_PARSE_DROPPED] = "Messages without reply: too short, or a response.",
	[S53_C_PARSE_FORMERR] = "Queries that got FORMERR.",
	[S53_C_PARSE_NOTIMP] = "Queries that got NOTIMP.",
	[S53_C_PARSE_BADVERS] = "Queries that got BADVERS.",
	[S53_C_VIEW_REFUSED] = "Queries of clients that no view matches.",
	[S53_C_ADMIT_BLACKHOLED] = "Queries of clients in blackhole.",
	[S53_C_ADMIT_REFUSED] = "Queries REFUSED by an access list or for want of forwarders.",
	[S53_C_ADMIT_RECURSIVE_CLIENTS] = "Queries over recursive-clients.",
	[S53_C_ROUTE_LOCAL] = "Queries answered from a zone of this server.",
	[S53_C_ROUTE_FORWARD] = "Queries for names of servers.",
	[S53_C_FIND_HIT] = "Answers found in the cache.",
	[S53_C_FIND_MISS] = "Queries without a fresh answer in the cache.",
	[S53_C_FIND_CACHED_FAILURE] = "SERVFAIL from a remembered failure (servfail-ttl).",
	[S53_C_FIND_PREFETCH] = "Hits that began a refresh (prefetch).",
	[S53_C_JOIN_STARTED] = "Queries that began a fetch.",
	[S53_C_JOIN_SHARED] = "Queries that waited for a fetch under way.",
	[S53_C_JOIN_CLIENTS_PER_QUERY] = "Queries over clients-per-query.",
	[S53_C_JOIN_RETRANSMITTED] = "Queries over UDP that a client sent again while they waited.",
	[S53_C_JOIN_CLIENT_LIMIT] =
	    "Queries dropped because their client had ten newer ones for the same name.",
	[S53_C_JOIN_DISPLACED] =
	    "Queries that left for a newer one at the soft limit of recursive-clients.",
	[S53_C_JOIN_ABANDONED] = "Fetches ended because no client waited.",
	[S53_C_JOIN_HEDGED] = "Times that a client's retry led to the next server.",
	[S53_C_JOIN_LOOP] = "Queries of this server that came back to it.",
	[S53_C_JOIN_LOOP_TEST] = "Queries sent to find out whether queries come back.",
	[S53_C_CHOOSE_EXHAUSTED] = "Fetches for which every server was tried.",
	[S53_C_CHOOSE_ALL_DOWN] = "Queries answered at once because all servers are down.",
	[S53_C_CHOOSE_QUOTA] =
	    "Servers or zones left out for fetches-per-server, fetches-per-zone.",
	[S53_C_CHOOSE_HEDGED] = "Second queries to another server, while the first is overdue.",
	[S53_C_CHOOSE_HEDGE_DENIED] = "Second queries that the budget of 5 % forbade.",
	[S53_C_CHOOSE_RETRIED] = "Fetches that tried the same servers once more.",
	[S53_C_CHOOSE_EXPLORED] = "Duplicate queries to idle servers.",
	[S53_C_EXCHANGE_UDP] = "Queries sent to servers over UDP.",
	[S53_C_EXCHANGE_TCP] = "Queries sent to servers over TCP.",
	[S53_C_EXCHANGE_OVERDUE] = "Queries without a response within the server's usual time.",
	[S53_C_EXCHANGE_TIMEOUT] = "Queries to servers without a response in time.",
	[S53_C_EXCHANGE_REFUSED] = "Queries to servers that nothing listened for (ICMP, RST).",
	[S53_C_EXCHANGE_UNREACHABLE] = "Queries to servers without a route.",
	[S53_C_EXCHANGE_LATE_REPLY] = "Queries without a waiting client that got a late reply.",
	[S53_C_EXCHANGE_LATE_TIMEOUT] = "Queries without a waiting client that got no reply.",
	[S53_C_EXCHANGE_TCP_ON_TC] = "Queries repeated over TCP after TC.",
	[S53_C_EXCHANGE_WITHOUT_EDNS] = "Queries sent without OPT.",
	[S53_C_EXCHANGE_MALFORMED] =
	    "TCP connections on which the server sent something else than a response.",
	[S53_C_EXCHANGE_UNWANTED] = "Datagrams for no query under way.",
	[S53_C_VALIDATE_REJECTED] = "Messages that do not belong to the query.",
	[S53_C_VALIDATE_FAILURE] = "Responses that led to the next server.",
	[S53_C_VALIDATE_CASE_CHECKED] =
	    "Negative responses asked for once more in the client's spelling.",
	[S53_C_VALIDATE_SERVFAIL_RETRIED] = "Queries repeated after SERVFAIL of the only server.",
	[S53_C_VALIDATE_CHASED] = "Chains of CNAMEs completed by a query of our own.",
	[S53_C_STORE_ANSWER] = "Answers stored in the cache.",
	[S53_C_STORE_FAILURE] = "Failures stored in the cache.",
	[S53_C_ANSWER_NOERROR] = "Replies with NOERROR.",
	[S53_C_ANSWER_NXDOMAIN] = "Replies with NXDOMAIN.",
	[S53_C_ANSWER_SERVFAIL] = "Replies with SERVFAIL.",
	[S53_C_ANSWER_REFUSED] = "Replies with REFUSED.",
	[S53_C_ANSWER_FORMERR] = "Replies with FORMERR.",
	[S53_C_ANSWER_OTHER] = "Replies with any other rcode.",
	[S53_C_ANSWER_TRUNCATED] = "Replies with TC.",
	[S53_C_ANSWER_SUPPRESSED] = "Errors not sent because they could go round for ever.",
	[S53_C_ANSWER_STALE] = "Replies with expired data.",
};

const char *
metric_counter_help(enum s53_counter counter)
{
	S53_ASSERT(counter < S53_C_COUNT);
	return texts[counter] != NULL ? texts[counter] : s53_counter_name(counter);
}
