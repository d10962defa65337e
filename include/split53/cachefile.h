/* SPDX-License-Identifier: ISC
 *
 * cachefile.h - the cache as a file, for a warm start.
 *
 * Layer    cache
 * Threads  one at a time; workers may use the cache meanwhile
 * Memory   a loader, with one block of the file, is the caller's until close()
 * Units    octets; wall_s: seconds since 1970
 *
 * The file has a version, a checksum over all of it and the wall time of its writing, so that ages
 * count on while nobody runs. A file is data of a stranger: what is not ours, damaged, cut, of
 * another version, from the future, too large, or writable by others than its owner is refused as a
 * whole, with one sentence, before a single entry is taken. It is read twice for that, block by
 * block, once to look and once to take: never is more of it in memory than a block.
 */
#pragma once

#include <split53/cache.h>

#define S53_CACHEFILE_WHY 160

/* Now, by both clocks. */
struct s53_cachefile_time {
	uint64_t now_ms, wall_s;
};

/*
 * Write all of the cache to `path`, by way of a new file beside it (mode 0600) that takes its place
 * when complete: at any moment the old or the new one is there. *entries is written on S53_OK, else
 * `why` gets what follows the path in a sentence.
 *   S53_E_IO
 *   S53_E_NOMEM
 */
S53_MUST_USE enum s53_status s53_cachefile_save(struct s53_cache *cache, const char *path,
    struct s53_cachefile_time time, uint64_t *entries, char why[static S53_CACHEFILE_WHY]);

struct s53_cachefile_loader;

/*
 * Open, and examine the file and its header. *out is written on S53_OK. One larger than
 * `max_octets` is refused.
 *   S53_E_ABSENT there is no such file (and `why` is not written)
 *   S53_E_IO     it cannot be opened
 *   S53_E_SYNTAX it is refused
 *   S53_E_NOMEM
 */
S53_MUST_USE enum s53_status s53_cachefile_open(const char *path, uint64_t max_octets,
    struct s53_cachefile_time time, char why[static S53_CACHEFILE_WHY],
    struct s53_cachefile_loader **out);

enum s53_cachefile_turn {
	S53_CACHEFILE_MORE,
	S53_CACHEFILE_DONE,
	S53_CACHEFILE_REFUSED, /* `why` was written */
};

/*
 * Go on by one block, of some hundred entries: the first time over the file looks at each, the
 * second stores them, aged. After DONE and REFUSED only close() is left.
 */
S53_MUST_USE enum s53_cachefile_turn s53_cachefile_turn(struct s53_cachefile_loader *loader,
    struct s53_cache *cache, uint64_t now_ms, char why[static S53_CACHEFILE_WHY]);

/* Entries that the cache has taken so far. */
uint64_t s53_cachefile_loaded(const struct s53_cachefile_loader *loader);
void s53_cachefile_close(struct s53_cachefile_loader *loader); /* NULL is fine */
