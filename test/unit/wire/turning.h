/* SPDX-License-Identifier: ISC
 *
 * turning.h - a rule for s53_message_reorder() that records the calls, for tests.
 */
#pragma once

#include "octets.h"

#define A "0001 0001 0000003c 0004 "

struct rule {
	struct s53_ordering ordering;
	enum s53_reorder turn;
	unsigned asked;
	char owners[256]; /* of the last call */
	uint16_t type;
};

static inline enum s53_reorder
choose(struct s53_ordering *ordering, const struct s53_name *owner, uint16_t type)
{
	struct rule *rule = (struct rule *)ordering;
	char text[S53_NAME_TEXT];

	rule->asked++;
	rule->type = type;
	snprintf(rule->owners + strlen(rule->owners), sizeof(rule->owners) - strlen(rule->owners),
	    "%s ", s53_name_print(owner, text));
	return rule->turn;
}

static inline struct rule
rotate(uint32_t steps)
{
	return (struct rule){ .ordering = { .choose = choose, .steps = steps },
		.turn = S53_REORDER_ROTATE };
}
