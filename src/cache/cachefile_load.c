/* SPDX-License-Identifier: ISC
 *
 * cachefile_load.c - read the cache file: check it, then load it.
 *
 * It is read with pread() into a block of our own: if it were mapped, a process that truncates it
 * would crash this one. For the same reason blocks are checked again when they are loaded.
 */
#include <split53/cachefile.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cachefile_form.h"

#define SETBACK_S 60 /* a clock that was set back by less counts as if no time had passed */

enum phase { LOOKING, TAKING, ENDED };

struct s53_cachefile_loader {
	int fd;
	enum phase phase;
	struct cachefile_head head;
	uint64_t written_ms; /* when it was written, by our clock: may be before its start */
	uint64_t at; /* of the next block */
	uint64_t checksum; /* of the last block */
	uint64_t entries;
	uint32_t blocks;
	uint64_t loaded;
	uint8_t block[CACHEFILE_BLOCK_HEAD_LEN + CACHEFILE_BLOCK_MAX];
};

static enum s53_status refuse(char why[static S53_CACHEFILE_WHY], const char *format, ...)
    S53_PRINTF(2, 3);

static enum s53_status
refuse(char why[static S53_CACHEFILE_WHY], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, S53_CACHEFILE_WHY, format, args);
	va_end(args);
	return S53_E_SYNTAX;
}

/* Read exactly `len` bytes. false: the file is shorter, or cannot be read. */
static bool
read_at(const struct s53_cachefile_loader *loader, uint64_t at, uint8_t *octets, size_t len)
{
	while (len > 0) {
		ssize_t got = pread(loader->fd, octets, len, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		octets += got;
		at += (uint64_t)got;
		len -= (size_t)got;
	}
	return true;
}

/* Is it a file that only this user, or root, can have written? */
static enum s53_status
examine_file(int fd, uint64_t max_octets, char why[static S53_CACHEFILE_WHY], uint64_t *size)
{
	struct stat found;

	if (fstat(fd, &found) != 0)
		return refuse(why, "cannot be examined: %s", strerror(errno));
	if (!S_ISREG(found.st_mode))
		return refuse(why, "is not a regular file");
	if (found.st_uid != geteuid() && found.st_uid != 0)
		return refuse(why, "belongs to another user (%u)", (unsigned)found.st_uid);
	if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return refuse(why, "is writable by users other than its owner (mode %04o)",
		    (unsigned)found.st_mode & 07777u);
	if ((uint64_t)found.st_size > max_octets)
		return refuse(why, "is too large: %llu bytes; the limit is %llu",
		    (unsigned long long)found.st_size, (unsigned long long)max_octets);
	if ((uint64_t)found.st_size < CACHEFILE_HEAD_LEN)
		return refuse(why, "is truncated: it has only %u bytes", (unsigned)found.st_size);
	*size = (uint64_t)found.st_size;
	return S53_OK;
}

static enum s53_status
examine_head(struct s53_cachefile_loader *loader, uint64_t size, struct s53_cachefile_time time,
    char why[static S53_CACHEFILE_WHY])
{
	uint8_t octets[CACHEFILE_HEAD_LEN];
	uint64_t gone_s;
	const char *wrong;

	if (!read_at(loader, 0, octets, sizeof(octets)))
		return refuse(why, "cannot be read");
	wrong = cachefile_head_read(octets, &loader->head);
	if (wrong != NULL)
		return refuse(why, "%s", wrong);
	if (loader->head.octets != size)
		return refuse(why, "is damaged: it has %llu bytes but was written with %llu",
		    (unsigned long long)size, (unsigned long long)loader->head.octets);
	if (loader->head.wall_s > time.wall_s + SETBACK_S)
		return refuse(why, "has a time stamp %llu seconds in the future",
		    (unsigned long long)(loader->head.wall_s - time.wall_s));
	gone_s = time.wall_s > loader->head.wall_s ? time.wall_s - loader->head.wall_s : 0;
	if (gone_s > UINT32_MAX) /* longer than any lifetime */
		gone_s = UINT32_MAX;
	loader->written_ms = time.now_ms - gone_s * 1000;
	return S53_OK;
}

static void
rewind_to(struct s53_cachefile_loader *loader, enum phase phase)
{
	loader->phase = phase;
	loader->at = CACHEFILE_HEAD_LEN;
	loader->checksum = 0;
	loader->entries = 0;
	loader->blocks = 0;
}

enum s53_status
s53_cachefile_open(const char *path, uint64_t max_octets, struct s53_cachefile_time time,
    char why[static S53_CACHEFILE_WHY], struct s53_cachefile_loader **out)
{
	/* Not blocking: opening a pipe of that name would wait for a writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct s53_cachefile_loader *loader;
	enum s53_status status;
	uint64_t size = 0;

	if (fd < 0) {
		if (errno == ENOENT)
			return S53_E_ABSENT;
		if (errno == ELOOP)
			return refuse(why, "is a symbolic link");
		refuse(why, "cannot be read: %s", strerror(errno));
		return S53_E_IO;
	}
	loader = calloc(1, sizeof(*loader));
	if (loader == NULL) {
		close(fd);
		refuse(why, "cannot be read: out of memory");
		return S53_E_NOMEM;
	}
	loader->fd = fd;
	status = examine_file(fd, max_octets, why, &size);
	if (status == S53_OK)
		status = examine_head(loader, size, time, why);
	if (status != S53_OK) {
		s53_cachefile_close(loader);
		return status;
	}
	rewind_to(loader, LOOKING);
	*out = loader;
	return S53_OK;
}

/* Read the next block. NULL, or what is wrong. */
static const char *
read_block(struct s53_cachefile_loader *loader, struct s53_reader *entries, uint32_t *count)
{
	uint64_t left = loader->head.octets - loader->at;
	struct s53_reader head = s53_reader_of(loader->block, CACHEFILE_BLOCK_HEAD_LEN);
	uint64_t checksum;
	uint32_t len;

	if (left < CACHEFILE_BLOCK_HEAD_LEN)
		return "is damaged: bytes follow the last block";
	if (!read_at(loader, loader->at, loader->block, CACHEFILE_BLOCK_HEAD_LEN))
		return "cannot be read to its end";
	checksum = cachefile_read_u64(&head);
	len = s53_read_u32(&head);
	*count = s53_read_u32(&head);
	if (len > CACHEFILE_BLOCK_MAX || len > left - CACHEFILE_BLOCK_HEAD_LEN)
		return "is damaged: invalid length of a block";
	if (!read_at(loader, loader->at + CACHEFILE_BLOCK_HEAD_LEN,
		loader->block + CACHEFILE_BLOCK_HEAD_LEN, len))
		return "cannot be read to its end";
	if (cachefile_block_checksum(loader->block, len, loader->checksum) != checksum)
		return "is damaged: wrong checksum of a block";
	loader->checksum = checksum;
	loader->at += CACHEFILE_BLOCK_HEAD_LEN + len;
	loader->blocks++;
	*entries = s53_reader_of(loader->block + CACHEFILE_BLOCK_HEAD_LEN, len);
	return NULL;
}

static void
take(struct s53_cachefile_loader *loader, const struct cachefile_entry *entry,
    struct s53_cache *cache, uint64_t now_ms)
{
	const struct s53_cache_record record = {
		.view_id = entry->view_id,
		.route_id = entry->route_id,
		.dnssec_ok = (entry->flags & CACHEFILE_DNSSEC_OK) != 0,
		.checking_disabled = (entry->flags & CACHEFILE_CHECKING_DISABLED) != 0,
		.authentic = (entry->flags & CACHEFILE_AUTHENTIC) != 0,
		.may_be_cut = (entry->flags & CACHEFILE_MAY_BE_CUT) != 0,
		.stored_ms = loader->written_ms - entry->age_ms,
		.lifetime_s = entry->lifetime_s,
		.kept_s = entry->kept_s,
		.octets = entry->message,
		.len = entry->len,
	};

	if (s53_cache_restore(cache, &record, now_ms))
		loader->loaded++;
}

static const char *
work_through_block(struct s53_cachefile_loader *loader, struct s53_cache *cache, uint64_t now_ms)
{
	struct s53_reader entries;
	uint32_t count;
	const char *wrong = read_block(loader, &entries, &count);

	for (uint32_t i = 0; wrong == NULL && i < count; i++) {
		struct cachefile_entry entry;

		wrong = cachefile_entry_read(&entries, &entry);
		if (wrong == NULL && loader->phase == TAKING)
			take(loader, &entry, cache, now_ms);
		loader->entries++;
	}
	if (wrong == NULL && entries.at != entries.len)
		wrong = "is damaged: bytes follow the last entry of a block";
	return wrong;
}

enum s53_cachefile_progress
s53_cachefile_progress(struct s53_cachefile_loader *loader, struct s53_cache *cache,
    uint64_t now_ms, char why[static S53_CACHEFILE_WHY])
{
	const struct cachefile_head *head = &loader->head;
	const char *wrong = NULL;

	if (loader->phase == ENDED)
		return S53_CACHEFILE_DONE;
	if (loader->at < head->octets) {
		wrong = work_through_block(loader, cache, now_ms);
	} else if (loader->checksum != head->checksum || loader->entries != head->entries ||
	    loader->blocks != head->blocks) {
		wrong = "is damaged: its blocks do not match its header";
	} else {
		rewind_to(loader, loader->phase == LOOKING ? TAKING : ENDED);
		if (loader->phase == ENDED)
			return S53_CACHEFILE_DONE;
	}
	if (wrong == NULL)
		return S53_CACHEFILE_MORE;
	refuse(why, "%s%s", wrong,
	    loader->phase == TAKING ? "; it was changed while it was read" : "");
	loader->phase = ENDED;
	return S53_CACHEFILE_REJECTED;
}

uint64_t
s53_cachefile_loaded(const struct s53_cachefile_loader *loader)
{
	return loader->loaded;
}

void
s53_cachefile_close(struct s53_cachefile_loader *loader)
{
	if (loader == NULL)
		return;
	close(loader->fd);
	free(loader);
}
