/* SPDX-License-Identifier: ISC
 *
 * cachefile_save.c - write the cache to its file.
 *
 * Blocks are written as they fill; the head, which has their number and the last checksum of their
 * chain, is written last, into the space left for it: until then the file is not valid.
 */
#include <split53/cachefile.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <split53/replace.h>

#include "cachefile_form.h"

struct saving {
	struct s53_replace file;
	uint64_t now_ms;
	struct cachefile_head head;
	uint8_t *block; /* its head and space for the entries */
	struct s53_writer writer; /* of the entries */
	uint32_t count;
	int failure; /* errno of the first write that failed; 0: none has */
};

static void
write_at_end(struct saving *saving, const uint8_t *octets, size_t len)
{
	while (len > 0 && saving->failure == 0) {
		ssize_t written = write(saving->file.fd, octets, len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0) {
			saving->failure = written < 0 ? errno : ENOSPC;
			return;
		}
		octets += written;
		len -= (size_t)written;
		saving->head.octets += (uint64_t)written;
	}
}

static void
write_block(struct saving *saving)
{
	size_t len = saving->writer.at;
	struct s53_writer head = s53_writer_of(saving->block, CACHEFILE_BLOCK_HEAD_LEN);

	if (saving->count == 0)
		return;
	cachefile_block_write_head(saving->block, (uint32_t)len, saving->count);
	saving->head.checksum = cachefile_block_checksum(saving->block, len, saving->head.checksum);
	cachefile_write_u64(&head, saving->head.checksum);
	write_at_end(saving, saving->block, CACHEFILE_BLOCK_HEAD_LEN + len);
	saving->head.blocks++;
	saving->head.entries += saving->count;
	saving->writer.at = 0;
	saving->count = 0;
}

static void
save_one(void *arg, const struct s53_cache_record *record)
{
	struct saving *saving = arg;
	int64_t age_ms = (int64_t)(saving->now_ms - record->stored_ms);
	struct cachefile_entry entry = {
		.view_id = record->view_id,
		.route_id = record->route_id,
		.age_ms = age_ms > 0 ? (uint64_t)age_ms : 0,
		.lifetime_s = record->lifetime_s,
		.kept_s = record->kept_s,
		.message = record->octets,
		.len = record->len,
	};

	if (record->len > S53_MESSAGE_MAX || entry.age_ms / 1000 >= record->kept_s ||
	    saving->failure != 0)
		return;
	if (record->dnssec_ok)
		entry.flags |= CACHEFILE_DNSSEC_OK;
	if (record->checking_disabled)
		entry.flags |= CACHEFILE_CHECKING_DISABLED;
	if (record->authentic)
		entry.flags |= CACHEFILE_AUTHENTIC;
	if (record->may_be_cut)
		entry.flags |= CACHEFILE_MAY_BE_CUT;
	if (saving->writer.cap - saving->writer.at < CACHEFILE_ENTRY_HEAD_LEN + entry.len)
		write_block(saving);
	cachefile_entry_write(&saving->writer, &entry);
	saving->count++;
}

static void
save_all(struct saving *saving, struct s53_cache *cache)
{
	uint8_t head[CACHEFILE_HEAD_LEN] = { 0 };
	struct s53_cache_cursor cursor = { 0 };

	write_at_end(saving, head, sizeof(head));
	while (saving->failure == 0 &&
	    s53_cache_walk(cache, &cursor, saving->now_ms, save_one, saving))
		;
	write_block(saving);
	cachefile_head_write(&saving->head, head);
	errno = EIO; /* for a write that was cut short */
	if (saving->failure == 0 &&
	    pwrite(saving->file.fd, head, sizeof(head), 0) != (ssize_t)sizeof(head))
		saving->failure = errno;
}

/* Return the status, and write its sentence. */
static enum s53_status
say(char why[static S53_CACHEFILE_WHY], enum s53_status status, int failure)
{
	if (status == S53_E_EXISTS)
		snprintf(why, S53_CACHEFILE_WHY, "is not a regular file");
	else if (status == S53_E_NOMEM)
		snprintf(why, S53_CACHEFILE_WHY, "cannot be written: out of memory");
	else
		snprintf(why, S53_CACHEFILE_WHY, "cannot be written: %s",
		    failure == EEXIST ? "another process is writing it" : strerror(failure));
	return status == S53_E_NOMEM ? S53_E_NOMEM : S53_E_IO;
}

enum s53_status
s53_cachefile_save(struct s53_cache *cache, const char *path, struct s53_cachefile_time time,
    uint64_t *entries, char why[static S53_CACHEFILE_WHY])
{
	struct saving saving = { .now_ms = time.now_ms };
	enum s53_status status;

	saving.head.version = CACHEFILE_VERSION;
	saving.head.wall_s = time.wall_s;
	saving.block = malloc(CACHEFILE_BLOCK_HEAD_LEN + CACHEFILE_BLOCK_MAX);
	if (saving.block == NULL)
		return say(why, S53_E_NOMEM, 0);
	saving.writer = s53_writer_of(saving.block + CACHEFILE_BLOCK_HEAD_LEN, CACHEFILE_BLOCK_MAX);
	status = s53_replace_open(&saving.file, path, 0600);
	if (status == S53_OK) {
		save_all(&saving, cache);
		if (saving.failure != 0) {
			s53_replace_abandon(&saving.file);
			status = S53_E_IO;
		} else {
			status = s53_replace_commit(&saving.file);
			saving.failure = errno;
		}
	} else {
		saving.failure = errno;
	}
	free(saving.block);
	if (status != S53_OK)
		return say(why, status, saving.failure);
	*entries = saving.head.entries;
	return S53_OK;
}
