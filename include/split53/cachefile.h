/* SPDX-License-Identifier: ISC
 *
 * cachefile.h - the cache as a file, for a warm start.
 *
 * Layer    cache
 * Threads  one at a time; workers may use the cache meanwhile
 * Memory   a loader is freed by its end
 * Units    octets; wall_s: seconds since 1970
 *
 * The file has a version, a checksum over all of it and the wall time of its writing, so that ages
 * count on while nobody runs. A file is data of a stranger: what is not ours, damaged, cut, of
 * another version, from the future, larger than `max_octets` twice, or writable by others than its
 * owner is refused as a whole, with one sentence, before a single entry is taken.
 */
#pragma once

#include <split53/cache.h>

#define S53_CACHEFILE_WHY 160

/*
 * Write all of the cache to `path`, by way of a new file beside it (mode 0600) that takes its place
 * when complete: at any moment the old or the new one is there. `why` gets a sentence unless
 * S53_OK.
 *   S53_E_IO
 *   S53_E_NOMEM
 */
S53_MUST_USE enum s53_status s53_cachefile_save(struct s53_cache *cache, const char *path,
    uint64_t now_ms, uint64_t wall_s, char why[S53_CACHEFILE_WHY]);

struct s53_cachefile_loader;

/*
 * Open and examine. *out is written on S53_OK.
 *   S53_E_ABSENT there is no such file (and `why` is not written)
 *   S53_E_IO     it cannot be read
 *   S53_E_SYNTAX it is refused
 *   S53_E_NOMEM
 */
S53_MUST_USE enum s53_status s53_cachefile_open(const char *path, uint64_t max_octets,
    uint64_t wall_s, char why[S53_CACHEFILE_WHY], struct s53_cachefile_loader **out);

/* Store up to `count` entries more, aged. false: that was all. */
bool s53_cachefile_load(
    struct s53_cachefile_loader *loader, struct s53_cache *cache, unsigned count, uint64_t now_ms);

/* Entries taken so far. */
uint64_t s53_cachefile_loaded(const struct s53_cachefile_loader *loader);
void s53_cachefile_close(struct s53_cachefile_loader *loader); /* NULL is fine */
