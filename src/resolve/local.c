/* SPDX-License-Identifier: ISC
 *
 * local.c - answers that need no upstream.
 */
#include <string.h>

#include <split53/zone.h>

#include "arrange.h"
#include "local.h"
#include "resolver_private.h"

#define ROOT_TTL 518400 /* of the root's NS records */
#define ROOT_SERVERS 13 /* a to m */
#define CHAOS_SOA_TTL 86400
#define TXT_MAX 255 /* bytes of one character string, RFC 1035 s3.3 */

static void
begin(struct s53_query *query, struct s53_reply *reply)
{
	s53_reply_begin(reply, query->resolver->scratch, sizeof(query->resolver->scratch),
	    query->request.id, S53_QR, &query->request.question);
}

static enum s53_verdict
end(struct s53_query *query, struct s53_reply *reply, uint16_t rcode, bool authoritative)
{
	query->outcome = (struct s53_outcome){ .rcode = rcode,
		.ede = S53_EDE_NONE,
		.authoritative = authoritative,
		.message = query->resolver->scratch };
	query->outcome.message_len = s53_reply_end(reply, NULL);
	return S53_REPLY;
}

/*
 * A name below a delegation in a local zone, with RD: as in BIND, it is forwarded to the zone's own
 * forwarders, or to the default ones.
 */
static enum s53_verdict
forward_delegated(struct s53_query *query)
{
	const struct s53_route *route = s53_query_delegated_route(query);

	if (route == NULL)
		return S53_REPLY;
	s53_query_set_route(query, route);
	s53_count(query->resolver->counters, S53_C_ROUTE_FORWARD);
	return S53_NEXT;
}

enum s53_verdict
s53_local_zone(struct s53_query *query)
{
	const struct s53_route *route = query->route;
	bool recurse = s53_query_gets_recursion(query);
	struct s53_zone_answer answer;
	struct s53_reply reply;

	if (route->zone == NULL)
		return s53_query_fail(
		    query, S53_RCODE_SERVFAIL, S53_EDE_NOT_READY, "the zone is not loaded");
	begin(query, &reply);
	s53_zone_answer(
	    route->zone, &query->request.question, s53_arrange_zone_flags(query), &reply, &answer);
	end(query, &reply, answer.rcode, answer.authoritative);
	query->outcome.ede = route->ede;
	if (!recurse || !(answer.cname || answer.referral))
		return S53_REPLY;
	if (reply.counts[S53_ANSWER] == 0)
		return forward_delegated(query);
	return s53_chase(query, answer.referral);
}

static const char *
chaos_text(const struct s53_query *query, bool *known)
{
	const struct s53_view *view = query->view;
	const struct {
		const char *name, *text;
	} rows[] = {
		{ "version.bind", view->version },
		{ "version.server", view->version },
		{ "hostname.bind", view->hostname },
		{ "id.server", view->server_id },
	};
	struct s53_name name;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		*known = s53_name_parse(rows[i].name, &name) == S53_OK &&
		    s53_name_equal(&name, &query->request.question.lower);
		if (*known)
			return rows[i].text;
	}
	return NULL;
}

/* NODATA needs an SOA (RFC 2308 s2.2): the name's own, as BIND makes it. */
static void
add_chaos_soa(struct s53_query *query, struct s53_reply *reply)
{
	static const uint8_t label[] = "\12hostmaster";
	const struct s53_name *name = &query->request.question.lower;
	uint8_t octets[2 * S53_NAME_MAX + sizeof(label) + 20];
	struct s53_writer soa = s53_writer_of(octets, sizeof(octets));

	s53_write(&soa, name->octets, name->len);
	s53_write(&soa, label, sizeof(label) - 1);
	s53_write(&soa, name->octets, name->len);
	s53_write_u32(&soa, 0);
	s53_write_u32(&soa, 28800);
	s53_write_u32(&soa, 7200);
	s53_write_u32(&soa, 604800);
	s53_write_u32(&soa, CHAOS_SOA_TTL);
	s53_reply_add(reply, S53_AUTHORITY, name, S53_TYPE_SOA, S53_CLASS_CH, CHAOS_SOA_TTL, octets,
	    (uint16_t)soa.at);
}

enum s53_verdict
s53_local_chaos(struct s53_query *query)
{
	const struct s53_question *question = &query->request.question;
	uint8_t rdata[1 + TXT_MAX];
	struct s53_reply reply;
	bool known;
	const char *text = chaos_text(query, &known);
	size_t len;

	if (!query->may_query) {
		s53_query_log_denied(query, true);
		return s53_query_fail(query, S53_RCODE_REFUSED, S53_EDE_PROHIBITED, NULL);
	}
	if (!known)
		return s53_query_fail(query, S53_RCODE_REFUSED, S53_EDE_NONE, NULL);
	begin(query, &reply);
	if (text == NULL || (question->qtype != S53_TYPE_TXT && question->qtype != S53_TYPE_ANY)) {
		add_chaos_soa(query, &reply);
	} else {
		len = strlen(text) > TXT_MAX ? TXT_MAX : strlen(text);
		rdata[0] = (uint8_t)len;
		memcpy(rdata + 1, text, len);
		s53_reply_add(&reply, S53_ANSWER, &question->name, S53_TYPE_TXT, S53_CLASS_CH, 0,
		    rdata, (uint16_t)(len + 1));
	}
	return end(query, &reply, S53_RCODE_NOERROR, true);
}

enum s53_verdict
s53_local_referral(struct s53_query *query)
{
	static const uint8_t tail[] = "\14root-servers\3net";
	const struct s53_name root = { .len = 1, .octets = { 0 } };
	uint8_t rdata[2 + sizeof(tail)];
	struct s53_reply reply;

	begin(query, &reply);
	rdata[0] = 1;
	memcpy(rdata + 2, tail, sizeof(tail));
	for (unsigned i = 0; i < ROOT_SERVERS; i++) {
		rdata[1] = (uint8_t)('a' + i);
		s53_reply_add(&reply, S53_AUTHORITY, &root, S53_TYPE_NS, S53_CLASS_IN, ROOT_TTL,
		    rdata, sizeof(rdata));
	}
	return end(query, &reply, S53_RCODE_NOERROR, false);
}
