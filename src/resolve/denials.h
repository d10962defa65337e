/* SPDX-License-Identifier: ISC
 *
 * denials.h - category security: queries that an access list denied, in BIND's form.
 *
 * Layer    resolve (private)
 * Threads  its resolver's worker
 * Memory   part of the resolver
 * Units    ms
 *
 * Any host can send queries that are denied, so the lines are limited to S53_DENIALS_LOGGED a
 * second in each worker. The others are counted, and the count is logged when the second is over.
 */
#pragma once

#include <stdint.h>

#include <split53/addr.h>
#include <split53/wheel.h>

#define S53_DENIALS_LOGGED 10

struct s53_query;
struct s53_resolver;

struct s53_denials {
	uint64_t second_ms; /* when the current second began; 0: none has */
	unsigned logged, counted; /* in it */
	struct s53_addr last; /* the client of the last one counted */
	struct s53_timer timer; /* armed while counted > 0 */
};

void s53_denials_init(struct s53_denials *denials);
void s53_denials_fini(struct s53_resolver *resolver); /* logs what was counted */

/* The query was denied by an access list of its view or zone, as route.c decided. */
void s53_query_log_denied(const struct s53_query *query, bool by_zone);

/* A transfer of a zone that we serve is refused. */
void s53_query_log_no_transfer(const struct s53_query *query);
