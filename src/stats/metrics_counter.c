/* SPDX-License-Identifier: ISC
 *
 * metrics_counter.c - the meaning of each counter of counter.h, for its HELP line.
 */
#include <split53/status.h>

#include "metric.h"

static const char *const texts[S53_C_COUNT] = {
	[S53_C_LISTEN_UDP] = "Datagrams received.",
	[S53_C_LISTEN_DROPPED_PORT] =
	    "Datagrams dropped because of their source port (0, echo, daytime ...).",
	[S53_C_LISTEN_TCP] = "Messages received over TCP.",
	[S53_C_LISTEN_TCP_OPENED] = "TCP connections accepted.",
	[S53_C_LISTEN_TCP_REFUSED] = "TCP connections closed at once at the limit tcp-clients.",
	[S53_C_LISTEN_TCP_WAITED] = "Times that the limit tcp-clients made new connections wait.",
	[S53_C_LISTEN_TCP_EVICTED_NOT_READING] =
	    "TCP connections closed for a new one because the client did not read its replies.",
	[S53_C_LISTEN_TCP_EVICTED_SHARE] =
	    "TCP connections closed for a new one because the client's address exceeded its share.",
	[S53_C_LISTEN_TCP_EVICTED_IDLE] =
	    "TCP connections closed for a new one because they were idle.",
	[S53_C_LISTEN_TCP_EVICTED_WAITING] =
	    "TCP connections closed for a new one although they waited for a reply.",
	[S53_C_LISTEN_TCP_OUTPUT_LIMIT] =
	    "TCP connections closed because the client left too much output unread.",
	[S53_C_LISTEN_SEND_FAILED] = "Replies that the kernel did not accept.",
	[S53_C_PARSE_DROPPED] =
	    "Messages dropped without a reply: too short for a header, or a response.",
	[S53_C_PARSE_FORMERR] = "Queries that got FORMERR.",
	[S53_C_PARSE_NOTIMP] = "Queries that got NOTIMP.",
	[S53_C_PARSE_BADVERS] = "Queries that got BADVERS.",
	[S53_C_VIEW_REFUSED] = "Queries of clients that no view matches.",
	[S53_C_ADMIT_BLACKHOLED] = "Queries of clients in blackhole.",
	[S53_C_ADMIT_REFUSED] =
	    "Queries refused by an access list, or because there are no forwarders.",
	[S53_C_ADMIT_RECURSIVE_CLIENTS] = "Queries that exceeded recursive-clients.",
	[S53_C_ROUTE_LOCAL] = "Queries for names of local zones.",
	[S53_C_ROUTE_FORWARD] = "Queries for names that are forwarded.",
	[S53_C_FIND_HIT] = "Answers found in the cache.",
	[S53_C_FIND_MISS] = "Queries without a fresh answer in the cache.",
	[S53_C_FIND_CACHED_FAILURE] = "SERVFAIL replies from a cached failure (servfail-ttl).",
	[S53_C_FIND_PREFETCH] = "Cache hits that started a refresh (prefetch).",
	[S53_C_JOIN_STARTED] = "Queries that started a fetch.",
	[S53_C_JOIN_SHARED] = "Queries that joined a fetch in progress.",
	[S53_C_JOIN_CLIENTS_PER_QUERY] = "Queries that exceeded clients-per-query.",
	[S53_C_JOIN_RETRANSMITTED] = "UDP queries that a client retransmitted while they waited.",
	[S53_C_JOIN_CLIENT_LIMIT] =
	    "Queries dropped because their client had ten newer ones for the same name.",
	[S53_C_JOIN_DISPLACED] =
	    "Waiting queries displaced by a newer one at the soft limit of recursive-clients.",
	[S53_C_JOIN_ABANDONED] = "Fetches ended because no client waited any more.",
	[S53_C_JOIN_HEDGED] = "Client retransmissions that made a fetch query the next server.",
	[S53_C_JOIN_LOOP] = "Queries refused because of a forwarding loop.",
	[S53_C_JOIN_LOOP_TEST] = "Test queries sent to detect forwarding loops.",
	[S53_C_CHOOSE_EXHAUSTED] = "Fetches for which every server was tried.",
	[S53_C_CHOOSE_ALL_DOWN] = "Queries answered at once because all servers are down.",
	[S53_C_CHOOSE_QUOTA] =
	    "Times that fetches-per-server or fetches-per-zone prevented an upstream query.",
	[S53_C_CHOOSE_HEDGED] =
	    "Hedges: second queries to another server because the first was overdue.",
	[S53_C_CHOOSE_HEDGE_DENIED] = "Hedges not sent because their budget was used up.",
	[S53_C_CHOOSE_RETRIED] = "Fetches that tried their servers a second time.",
	[S53_C_CHOOSE_EXPLORED] =
	    "Copies of queries sent to idle servers to measure their response time.",
	[S53_C_EXCHANGE_UDP] = "Queries sent to servers over UDP.",
	[S53_C_EXCHANGE_TCP] = "Queries sent to servers over TCP.",
	[S53_C_EXCHANGE_OVERDUE] =
	    "Upstream queries without a response within the server's usual time.",
	[S53_C_EXCHANGE_TIMEOUT] = "Upstream queries that timed out.",
	[S53_C_EXCHANGE_REFUSED] =
	    "Upstream queries refused because nothing listens on the port (ICMP, RST).",
	[S53_C_EXCHANGE_UNREACHABLE] = "Upstream queries without a route to the server.",
	[S53_C_EXCHANGE_LATE_REPLY] =
	    "Late replies to upstream queries that no client waited for any more.",
	[S53_C_EXCHANGE_LATE_TIMEOUT] =
	    "Upstream queries that no client waited for any more and that timed out.",
	[S53_C_EXCHANGE_TCP_ON_TC] = "Upstream queries repeated over TCP after TC.",
	[S53_C_EXCHANGE_WITHOUT_EDNS] = "Upstream queries sent without EDNS.",
	[S53_C_EXCHANGE_MALFORMED] =
	    "TCP connections on which the server sent something other than a response.",
	[S53_C_EXCHANGE_UNWANTED] = "Datagrams from servers that match no query in flight.",
	[S53_C_VALIDATE_REJECTED] =
	    "Messages rejected because they are not a response to the query.",
	[S53_C_VALIDATE_FAILURE] = "Responses that led to the next server.",
	[S53_C_VALIDATE_CASE_CHECKED] =
	    "Negative responses checked with a second query in the client's letter case.",
	[S53_C_VALIDATE_SERVFAIL_RETRIED] =
	    "Upstream queries repeated after SERVFAIL from the only server.",
	[S53_C_VALIDATE_CHASED] = "CNAME chains completed by a query of split53's own.",
	[S53_C_STORE_ANSWER] = "Answers stored in the cache.",
	[S53_C_STORE_FAILURE] = "Failures stored in the cache.",
	[S53_C_ANSWER_NOERROR] = "Replies with NOERROR.",
	[S53_C_ANSWER_NXDOMAIN] = "Replies with NXDOMAIN.",
	[S53_C_ANSWER_SERVFAIL] = "Replies with SERVFAIL.",
	[S53_C_ANSWER_REFUSED] = "Replies with REFUSED.",
	[S53_C_ANSWER_FORMERR] = "Replies with FORMERR.",
	[S53_C_ANSWER_OTHER] = "Replies with any other rcode.",
	[S53_C_ANSWER_TRUNCATED] = "Replies with TC.",
	[S53_C_ANSWER_SUPPRESSED] =
	    "Error replies not sent because two servers could exchange them without end.",
	[S53_C_ANSWER_STALE] = "Replies with expired data.",
};

const char *
metric_counter_help(enum s53_counter counter)
{
	S53_ASSERT(counter < S53_C_COUNT);
	return texts[counter] != NULL ? texts[counter] : s53_counter_name(counter);
}
