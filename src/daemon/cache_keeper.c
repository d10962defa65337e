/* SPDX-License-Identifier: ISC
 *
 * cache_keeper.c - keeps the cache over changes of the configuration.
 *
 * A new snapshot with the same max-cache-size uses the same cache. With another size it gets a new
 * cache, and the entries are copied into it before the snapshot is used. Meanwhile the workers use
 * the old cache, which is freed with the last query that began under the old snapshot. Only while
 * both exist is more memory used than max-cache-size.
 */
#include <split53/cache.h>
#include <split53/clock.h>
#include <split53/log.h>

#include "inside.h"

/* The copy of all entries to another cache. */
struct moving {
	const struct s53_policy *policy; /* of the new snapshot */
	struct s53_cache *to;
	uint64_t now_ms;
	uint64_t moved, left; /* `left`: no view finds them, or they did not fit */
};

/* An entry of a view that no longer exists is never found again, so it is not copied. */
static bool
has_view(const struct s53_policy *policy, uint32_t id)
{
	for (unsigned i = 0; i < policy->view_count; i++)
		if (policy->views[i].id == id)
			return true;
	return false;
}

static void
move_one(void *arg, const struct s53_cache_record *record)
{
	struct moving *moving = arg;

	if (has_view(moving->policy, record->view_id) &&
	    s53_cache_restore(moving->to, record, moving->now_ms))
		moving->moved++;
	else
		moving->left++;
}

static void
carry_over(struct s53_cache *from, struct moving *moving)
{
	struct s53_cache_cursor cursor = { 0 };

	while (s53_cache_walk(from, &cursor, moving->now_ms, move_one, moving))
		;
	s53_log(S53_LOG_GENERAL, S53_LOG_INFO,
	    "max-cache-size is now %llu bytes: %llu answers were kept, %llu dropped",
	    (unsigned long long)s53_cache_max_octets(moving->to), (unsigned long long)moving->moved,
	    (unsigned long long)moving->left);
}

static void
drop_cache(void *cache)
{
	s53_cache_drop(cache);
}

void
s53_daemon_keep_cache(struct s53_daemon *daemon, struct s53_snapshot *snapshot)
{
	const struct s53_snapshot *before = daemon->snapshot;
	struct s53_cache *old = before != NULL ? before->policy.cache : NULL;
	struct moving moving = { .policy = &snapshot->policy, .now_ms = s53_clock_ms() };

	if (snapshot->max_cache_octets == 0)
		return;
	if (old != NULL && before->max_cache_octets == snapshot->max_cache_octets)
		moving.to = s53_cache_keep(old);
	else
		moving.to = s53_cache_new(snapshot->max_cache_octets);
	if (!s53_snapshot_own(snapshot, moving.to, drop_cache)) {
		s53_log(S53_LOG_GENERAL, S53_LOG_ERROR,
		    "out of memory for the cache: nothing will be cached");
		return;
	}
	snapshot->policy.cache = moving.to;
	if (old != NULL && old != moving.to)
		carry_over(old, &moving);
}
