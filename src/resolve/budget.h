/* SPDX-License-Identifier: ISC
 *
 * budget.h - limits the upstream queries beyond the first one of each fetch.
 *
 * Layer    resolve (private)
 * Threads  its worker's
 *
 * Normally 1 extra query in 20, saved up to 100. When more than 1 in 16 first queries is
 * overdue, there is trouble, and then each overdue one may be hedged.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define S53_BUDGET_PRICE 20 /* first queries that pay for one extra query */
#define S53_BUDGET_MAX (100 * S53_BUDGET_PRICE)
#define S53_BUDGET_FIRST (16 * S53_BUDGET_PRICE)
#define S53_BUDGET_ONE 65536u /* all are overdue */

struct s53_budget {
	unsigned saved; /* first queries that have paid for nothing yet */
	unsigned overdue_share; /* of overdue ones among the last 64 or so, by S53_BUDGET_ONE */
};

static inline void
s53_budget_init(struct s53_budget *budget)
{
	budget->saved = S53_BUDGET_FIRST;
	budget->overdue_share = 0;
}

/* A fetch sends its first query. */
static inline void
s53_budget_earn(struct s53_budget *budget)
{
	if (budget->saved < S53_BUDGET_MAX)
		budget->saved++;
	budget->overdue_share -= budget->overdue_share / 64;
}

/* A fetch's first query is overdue. */
static inline void
s53_budget_note_overdue(struct s53_budget *budget)
{
	budget->overdue_share += (S53_BUDGET_ONE - budget->overdue_share) / 64;
}

static inline bool
s53_budget_in_trouble(const struct s53_budget *budget)
{
	return budget->overdue_share > S53_BUDGET_ONE / 16;
}

/* Does the budget allow one extra query? It is paid when the query is sent. */
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
