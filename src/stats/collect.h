/* SPDX-License-Identifier: ISC
 *
 * collect.h - the parts of the collector that have files of their own.
 *
 * Layer    stats, private to collect.c and the collect_*.c files
 * Threads  main thread
 * Memory   the collection's
 */
#pragma once

#include <split53/stats.h>

/* collect_zones.c: false: no memory. */
bool collect_zones(struct s53_stats *stats, const struct s53_stats_source *source);

/* collect_system.c */
void collect_system(struct s53_stats_system *out);
