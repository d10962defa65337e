/* SPDX-License-Identifier: ISC
 *
 * collect_zones.c - the counters of zones, summed over the workers, and of views, over their zones.
 */
#include <stdlib.h>
#include <string.h>

#include "collect.h"

static bool
is_used(const struct s53_stats_zone *zone)
{
	return zone->tally[S53_TALLY_QUERIES] > 0;
}

static void
add_tally(uint64_t sum[S53_TALLY_KINDS], const uint64_t tally[S53_TALLY_KINDS])
{
	for (unsigned i = 0; i < S53_TALLY_KINDS; i++)
		sum[i] += tally[i];
}

static void
read_zone(struct s53_stats_zone *zone, const struct s53_stats_source *source, uint32_t number)
{
	const struct s53_counters *set;

	*zone = (struct s53_stats_zone){ .name = s53_tally_book_name(source->book, number) };
	for (unsigned i = 0; (set = source->counters(source->arg, i)) != NULL; i++) {
		const struct s53_tally *tally = s53_tallies_look(&set->tallies, number);

		for (unsigned kind = 0; tally != NULL && kind < S53_TALLY_KINDS; kind++)
			zone->tally[kind] +=
			    atomic_load_explicit(&tally->value[kind], memory_order_relaxed);
	}
}

/*
 * Find or add the sum of a view. Zones are mostly ordered by view; those added by reloads are not.
 * NULL: no memory.
 */
static struct s53_stats_zone *
view_of(struct s53_stats *stats, const struct s53_tally_name *name)
{
	struct s53_stats_zone *views;

	for (size_t i = stats->view_count; i-- > 0;)
		if (strcmp(stats->views[i].name->view, name->view) == 0)
			return &stats->views[i];
	views = realloc(stats->views, (stats->view_count + 1) * sizeof(*views));
	if (views == NULL)
		return NULL;
	stats->views = views;
	views[stats->view_count] = (struct s53_stats_zone){ .name = name };
	return &views[stats->view_count++];
}

static bool
add_to_view(struct s53_stats *stats, const struct s53_stats_zone *zone)
{
	struct s53_stats_zone *view;

	if (zone->name->kind == S53_ZONE_OTHER)
		return true;
	if ((view = view_of(stats, zone->name)) == NULL)
		return false;
	add_tally(view->tally, zone->tally);
	return true;
}

/*
 * There are too many zones: add those without queries, and those over the limit, to the first
 * entry.
 */
static bool
is_left_out(const struct s53_stats *stats, const struct s53_stats_zone *zone, bool many)
{
	return many && (!is_used(zone) || stats->zone_count > S53_STATS_ZONES_MAX);
}

bool
collect_zones(struct s53_stats *stats, const struct s53_stats_source *source)
{
	uint32_t count = s53_tally_book_count(source->book), current = 0;

	for (uint32_t i = 0; i < count; i++)
		current += s53_tally_book_name(source->book, i)->current;
	stats->zones = calloc(1 + (current < S53_STATS_ZONES_MAX ? current : S53_STATS_ZONES_MAX),
	    sizeof(*stats->zones));
	if (stats->zones == NULL)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		struct s53_stats_zone zone;

		read_zone(&zone, source, i);
		if (!add_to_view(stats, &zone))
			return false;
		if (!zone.name->current)
			continue;
		if (i > 0 && is_left_out(stats, &zone, current > S53_STATS_ZONES_MAX))
			add_tally(stats->zones[0].tally, zone.tally);
		else
			stats->zones[stats->zone_count++] = zone;
	}
	return true;
}
