/* SPDX-License-Identifier: ISC
 *
 * budget.h - how many questions may be asked beyond one a query.
 *
 * Layer    resolve (private)
 * Threads  its worker's
 *
 * In health one in twenty; what is not spent is kept for up to a hundred. When more than one in
 * sixteen is late there is trouble, and then each query may ask twice.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define S53_BUDGET_PRICE 20 /* queries that pay for one question more */
#define S53_BUDGET_MAX (100 * S53_BUDGET_PRICE)
#define S53_BUDGET_FIRST (16 * S53_BUDGET_PRICE)
#define S53_BUDGET_ONE 65536u /* all are late */

struct s53_budget {
	unsigned saved; /* queries that have not paid for anything yet */
	unsigned late_share; /* of the last 64 or so, in units of 1 / S53_BUDGET_ONE */
};

static inline void
s53_budget_init(struct s53_budget *budget)
{
	budget->saved = S53_BUDGET_FIRST;
	budget->late_share = 0;
}

/* A query asks for the first time. */
static inline void
s53_budget_earn(struct s53_budget *budget)
{
	if (budget->saved < S53_BUDGET_MAX)
		budget->saved++;
	budget->late_share -= budget->late_share / 64;
}

/* Its first question is late. */
static inline void
s53_budget_note_late(struct s53_budget *budget)
{
	budget->late_share += (S53_BUDGET_ONE - budget->late_share) / 64;
}

static inline bool
s53_budget_in_trouble(const struct s53_budget *budget)
{
	return budget->late_share > S53_BUDGET_ONE / 16;
}

/* Is there enough for one question more? It is paid for when it is asked. */
static inline bool
s53_budget_allows(const struct s53_budget *budget)
{
	return budget->saved >= S53_BUDGET_PRICE;
}

static inline void
s53_budget_pay(struct s53_budget *budget)
{
	budget->saved -= s53_budget_allows(budget) ? S53_BUDGET_PRICE : budget->saved;
}
