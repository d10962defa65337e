/* SPDX-License-Identifier: ISC
 *
 * cachefile.h - the cache as a file, for a warm start.
 *
 * Layer    cache
 * Threads  one at a time; workers may use the cache meanwhile
 * Memory   a loader, with one block of the file, is the caller's until close()
 * Units    bytes; wall_s: seconds since 1970
 *
 * The file has a version, a checksum over all of it and the wall time at which it was written, so
 * that entries age while no split53 runs. The file is untrusted input: one that has another format
 * or version, is damaged, truncated, from the future, too large, or writable by others than its
 * owner is rejected as a whole, with one sentence that says why, before any entry is loaded. For
 * that it is read twice, block by block, first to check it and then to load it; only one block is
 * in memory at a time.
 */
#pragma once

#include <split53/cache.h>

#define S53_CACHEFILE_WHY 160

/* The present time, on both clocks. */
struct s53_cachefile_time {
	uint64_t now_ms, wall_s;
};

/*
 * Write the whole cache to `path`: to a new file beside it (mode 0600), which replaces `path` when
 * it is complete, so that there is a complete file at any moment. *entries is written on S53_OK,
 * else `why` gets the text that follows the path in a sentence.
 *   S53_E_IO
 *   S53_E_NOMEM
 */
S53_MUST_USE enum s53_status s53_cachefile_save(struct s53_cache *cache, const char *path,
    struct s53_cachefile_time time, uint64_t *entries, char why[static S53_CACHEFILE_WHY]);

struct s53_cachefile_loader;

/*
 * Open the file and check its header. *out is written on S53_OK. A file larger than `max_octets` is
 * rejected.
 *   S53_E_ABSENT there is no such file (and `why` is not written)
 *   S53_E_IO     it cannot be opened
 *   S53_E_SYNTAX it is rejected
 *   S53_E_NOMEM
 */
S53_MUST_USE enum s53_status s53_cachefile_open(const char *path, uint64_t max_octets,
    struct s53_cachefile_time time, char why[static S53_CACHEFILE_WHY],
    struct s53_cachefile_loader **out);

enum s53_cachefile_progress {
	S53_CACHEFILE_MORE,
	S53_CACHEFILE_DONE,
	S53_CACHEFILE_REJECTED, /* `why` was written */
};

/*
 * Process one block, of some hundred entries: the first pass over the file checks each entry, the
 * second stores them, aged. After DONE and REFUSED only close() may be called.
 */
S53_MUST_USE enum s53_cachefile_progress s53_cachefile_progress(struct s53_cachefile_loader *loader,
    struct s53_cache *cache, uint64_t now_ms, char why[static S53_CACHEFILE_WHY]);

/* Number of entries that the cache has accepted so far. */
uint64_t s53_cachefile_loaded(const struct s53_cachefile_loader *loader);
void s53_cachefile_close(struct s53_cachefile_loader *loader); /* NULL is fine */
