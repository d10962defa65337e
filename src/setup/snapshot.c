/* SPDX-License-Identifier: ISC
 *
 * snapshot.c - owns the objects of one configuration, and frees them.
 */
#include <split53/snapshot.h>

#include <stdlib.h>

struct s53_snapshot_owned {
	struct s53_snapshot_owned *next;
	void *object;
	void (*drop)(void *object);
};

static void
release(struct s53_policy *policy)
{
	struct s53_snapshot *snapshot = s53_snapshot_of(policy);

	for (struct s53_snapshot_owned *it = snapshot->owned; it != NULL; it = it->next)
		it->drop(it->object);
	s53_addr_list_fini(&snapshot->ours);
	s53_arena_fini(&snapshot->arena);
	free(snapshot);
}

struct s53_snapshot *
s53_snapshot_new(void)
{
	struct s53_snapshot *snapshot = calloc(1, sizeof(*snapshot));

	if (snapshot == NULL)
		return NULL;
	s53_arena_init(&snapshot->arena);
	atomic_init(&snapshot->policy.count, 1);
	snapshot->policy.release = release;
	return snapshot;
}

bool
s53_snapshot_own(struct s53_snapshot *snapshot, void *object, void (*drop)(void *object))
{
	struct s53_snapshot_owned *owned;

	if (object == NULL)
		return false;
	owned = s53_arena_alloc(&snapshot->arena, sizeof(*owned));
	if (owned == NULL) {
		drop(object);
		return false;
	}
	owned->object = object;
	owned->drop = drop;
	owned->next = snapshot->owned;
	snapshot->owned = owned;
	return true;
}

bool
s53_snapshot_is_ourselves(const struct s53_snapshot *snapshot, const struct s53_addr_list *foreign,
    const struct s53_addr *addr)
{
	return s53_addr_list_has(&snapshot->ours, addr) &&
	    (foreign == NULL || !s53_addr_list_has(foreign, addr));
}

bool
s53_snapshot_is_shared(const struct s53_snapshot *snapshot)
{
	return atomic_load_explicit(&snapshot->policy.count, memory_order_acquire) > 1;
}

void
s53_snapshot_drop(struct s53_snapshot *snapshot)
{
	if (snapshot != NULL)
		s53_policy_drop(&snapshot->policy);
}
