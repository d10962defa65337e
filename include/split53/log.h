/* SPDX-License-Identifier: ISC
 *
 * log.h - named.conf's categories, severities and channels.
 *
 * Layer    base
 * Threads  s53_log() from any thread, never under a lock of the caller's; s53_log_configure()
 *          from the main thread
 * Memory   a configuration is copied; the previous one is freed once no line uses it
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <split53/status.h>

#define S53_LOG_CATEGORIES(X)             \
	X(DEFAULT, "default")             \
	X(GENERAL, "general")             \
	X(CONFIG, "config")               \
	X(NETWORK, "network")             \
	X(CLIENT, "client")               \
	X(SECURITY, "security")           \
	X(QUERIES, "queries")             \
	X(RESPONSES, "responses")         \
	X(QUERY_ERRORS, "query-errors")   \
	X(RESOLVER, "resolver")           \
	X(LAME_SERVERS, "lame-servers")   \
	X(EDNS_DISABLED, "edns-disabled") \
	X(SERVE_STALE, "serve-stale")     \
	X(DATABASE, "database")           \
	X(UNMATCHED, "unmatched")         \
	X(DISPATCH, "dispatch")

enum s53_log_category {
#define S53_LOG_CATEGORY_ENUM(id, name) S53_LOG_##id,
	S53_LOG_CATEGORIES(S53_LOG_CATEGORY_ENUM)
#undef S53_LOG_CATEGORY_ENUM
	    S53_LOG_CATEGORY_COUNT
};

/* BIND's, least verbose first; S53_LOG_DEBUG + n - 1 is "debug n". */
enum s53_log_severity {
	S53_LOG_CRITICAL,
	S53_LOG_ERROR,
	S53_LOG_WARNING,
	S53_LOG_NOTICE,
	S53_LOG_INFO,
	S53_LOG_DEBUG,
};

enum s53_log_kind { S53_LOG_TO_NULL, S53_LOG_TO_STDERR, S53_LOG_TO_FILE, S53_LOG_TO_SYSLOG };

/* print-time: `yes` (true, too) is local time. */
enum s53_log_time {
	S53_LOG_TIME_NONE,
	S53_LOG_TIME_LOCAL, /* 22-Nov-2026 10:30:00.123 */
	S53_LOG_TIME_ISO8601, /* 2026-11-22T10:30:00.123 */
	S53_LOG_TIME_ISO8601_UTC, /* 2026-11-22T09:30:00.123Z */
	S53_LOG_TIME_ISO8601_TZINFO, /* 2026-11-22T10:30:00.123+0100 */
};

struct s53_log_channel {
	const char *name;
	enum s53_log_kind kind;
	const char *path; /* of a file */
	unsigned versions; /* old files kept, 0 none, UINT_MAX unlimited */
	uint64_t size_max; /* bytes; then it is rolled or, without versions, full; 0 unlimited */
	int facility; /* LOG_DAEMON ... of syslog */
	int severity; /* lines up to this one are written */
	bool dynamic; /* severity dynamic: up to the -d level instead */
	enum s53_log_time print_time;
	bool print_category;
	bool print_severity;
	bool buffered; /* a file's lines are written when some kilobytes have gathered */
};

struct s53_log_config {
	const struct s53_log_channel *channels;
	unsigned channel_count;
	/* For each category a set of bits, one a channel; 0: the category follows `default`. */
	uint64_t category_channels[S53_LOG_CATEGORY_COUNT];
	int debug_level; /* -d, or rndc trace */
};

/*
 * Write everything of severity info and worse, and debug up to `debug_level`, to stderr with time,
 * category and severity. In force before the first configuration (with debug level 0).
 */
void s53_log_to_stderr(int debug_level);

/*
 * Swap the whole configuration; also reopens files. At most 64 channels.
 *   S53_E_IO     a file cannot be opened (errno for s53_file_why(), *bad_path names it)
 *   S53_E_LIMIT  too many channels
 *   S53_E_NOMEM
 * On any failure the old configuration stays.
 */
S53_MUST_USE enum s53_status s53_log_configure(
    const struct s53_log_config *config, const char **bad_path);

/*
 * The level that channels with `severity dynamic` follow, and standard error where it is the whole
 * log, in the configuration that is in force: rndc's `trace`. No file is reopened.
 */
void s53_log_set_debug_level(int level);

/* Connect to syslog before a chroot makes its socket unreachable. */
void s53_log_open_syslog(void);

/* A word of named.conf in any letter case; false: unknown. "debug" is "debug 1", "debug 0" info. */
bool s53_log_category_parse(const char *word, enum s53_log_category *out);
bool s53_log_severity_parse(const char *word, int *out);
bool s53_log_facility_parse(const char *word, int *out);

/* Would a line be written? One load and one compare when off; test before costly arguments. */
bool s53_log_on(enum s53_log_category category, int severity);

/*
 * Write one line; no newline at its end. Control characters and invalid UTF-8 become \ooo; a text
 * over 3,000 bytes is cut. errno is preserved. A channel that cannot accept a line at once drops
 * it, which is counted and reported later: logging never waits for a reader.
 */
void s53_log(enum s53_log_category category, int severity, const char *format, ...)
    S53_PRINTF(3, 4);

/* How many lines all channels have dropped since the start. */
uint64_t s53_log_lost(void);

/* Flush and close; for the end of the program. A later line goes to stderr. */
void s53_log_close(void);
