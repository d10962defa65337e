/* SPDX-License-Identifier: ISC
 *
 * explain_local.c - what a zone from a file has for the explained query: see resolve/local.c.
 */
#include <stdlib.h>

#include <split53/reply.h>
#include <split53/zone.h>

#include "explain.h"

#define MESSAGE_MAX 65535

enum s53_explain_local
s53_explain_local(const struct s53_zone *zone, const struct s53_name *name, uint16_t type,
    struct s53_name *target)
{
	struct s53_question question = { .qtype = type, .qclass = S53_CLASS_IN };
	uint8_t *octets = zone != NULL ? malloc(MESSAGE_MAX) : NULL;
	struct s53_zone_answer answer;
	struct s53_reply reply;

	if (octets == NULL)
		return S53_EXPLAIN_NOT_LOADED;
	s53_name_copy(&question.name, name);
	s53_name_copy(&question.lower, name);
	s53_reply_begin(&reply, octets, MESSAGE_MAX, 0, S53_QR, &question);
	s53_zone_answer(zone, &question, 0, &reply, &answer);
	free(octets);
	if (!answer.cname && !answer.referral)
		return S53_EXPLAIN_ANSWERED;
	if (reply.counts[S53_ANSWER] == 0)
		return S53_EXPLAIN_DELEGATED;
	*target = answer.target;
	return answer.cname ? S53_EXPLAIN_ALIAS : S53_EXPLAIN_ANSWERED;
}
