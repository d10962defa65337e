/* SPDX-License-Identifier: ISC
 *
 * operations.h - operations of the operator on the running program: flush, set, list, reload, stop.
 *
 * Layer    control: the daemon, which has the workers, fills in the struct; the verbs of the
 *          control channels call it without knowing the daemon
 * Threads  main thread: every call, and every callback
 * Memory   arguments are copied. What a callback is passed is valid during the callback
 * Units    ms where the name says so; _wall_s since 1970
 * Sources  the manual of BIND's rndc(8), for names and meanings
 *
 * A call that can fail writes a text to `why` on failure (and, where stated, on success), without a
 * full stop or newline: what failed and what to do. A call with a callback leads to exactly one
 * callback if it returned S53_OK, and to none otherwise; the callback may run before the call
 * returns.
 *
 * Each change is logged once here, in category general or resolver, without the client; the channel
 * logs the command and its client.
 */
#pragma once

#include <stdio.h>

#include <split53/cache.h>
#include <split53/counter.h>
#include <split53/dumper.h>
#include <split53/health.h>
#include <split53/recursing.h>
#include <split53/status.h>
#include <split53/upstream.h>
#include <split53/view.h>

#define S53_OPERATION_WHY 512

struct s53_name;

/* The data of `status`; texts are valid until the next turn of the loop. */
struct s53_facts {
	const char *version; /* "1.2.3" */
	long pid;
	uint64_t boot_wall_s, configured_wall_s; /* the start; the last successful load */
	const char *config_path; /* NULL: without a file */
	unsigned cpus, workers;
	unsigned views;
	unsigned zones, zones_automatic; /* in all views; of these, built in */
	unsigned listeners; /* addresses that split53 listens on */
	unsigned upstreams, upstreams_up; /* servers; of these, in state up over UDP or TCP */
	unsigned upstreams_set_down; /* of these, set down by the operator */
	int debug_level;
	bool query_log, response_log;
	unsigned recursive, recursive_soft, recursive_hard; /* queries that wait, and the limits */
	unsigned tcp, tcp_max, tcp_high_water; /* connections of clients */
	bool dumping; /* a dump is in progress */
	bool flushing; /* a flush is in progress */
	bool ready; /* split53 listens on an address */
	bool draining; /* no new query is accepted; else "server is up and running" */
};

/* What to flush: answers, cached failures, and fetches in progress. */
struct s53_flush_request {
	enum s53_flush_kind kind;
	const char *view; /* NULL: all views */
	const struct s53_name *name; /* NAME, TREE; in any letter case */
};

/* What a flush did: `flushed` entries of `walked`. */
typedef void s53_flushed(void *arg, uint64_t flushed, uint64_t walked);

/* The operation is complete: all workers use the change. */
typedef void s53_done(void *arg);

/* `list` is NULL when the program ends first. */
typedef void s53_recursed(void *arg, const struct s53_recursing *list);

/*
 * Print a list in the form of BIND's named.recursing, from "; Recursing Queries" to "; Dump
 * complete": one line for each client that waits, then one for each fetch with its servers. Write
 * errors show in ferror().
 */
void s53_recursing_print(const struct s53_recursing *list, FILE *out);

struct s53_operations {
	void *arg; /* the first argument of each call */

	/* --- to look at ------------------------------------------------------------------- */

	void (*facts)(void *arg, struct s53_facts *out);
	/* The policy in use; keep a count to use it after this turn of the loop. */
	struct s53_policy *(*policy)(void *arg);
	struct s53_registry *registry;
	/*
	 * The sum of a counter over all workers since the start or the last reset; reset all
	 * counters.
	 */
	uint64_t (*counter)(void *arg, enum s53_counter counter);
	void (*reset_counters)(void *arg);
	/*
	 * List the fetches in progress, by a message to each worker. S53_E_NOMEM;
	 * S53_E_LIMIT: another list is in progress.
	 */
	enum s53_status (*recursing)(
	    void *arg, s53_recursed *done, void *done_arg, char why[static S53_OPERATION_WHY]);

	/* --- the cache -------------------------------------------------------------------- */

	/*
	 * Flush. When `done` is called, the cache has no matching answer to an upstream query that
	 * was sent before the call, and will not get one later. An entry also matches if a record
	 * in its answer or additional section has a flushed name, as at the end of a CNAME chain.
	 * Queries in progress are answered, but their answers are not cached. Without a cache
	 * (max-cache-size 0) there is nothing to flush. While the cache file is read after a start,
	 * the flush waits.
	 *   S53_E_ABSENT  there is no view of that name
	 *   S53_E_NOMEM, S53_E_LIMIT  too many flushes are in progress
	 */
	enum s53_status (*flush)(void *arg, const struct s53_flush_request *request,
	    s53_flushed *done, void *done_arg, char why[static S53_OPERATION_WHY]);

	/* --- servers ---------------------------------------------------------------------- */

	/*
	 * Force servers up or down, or use their health state again: the servers at that address,
	 * with any port if `any_port`. The setting survives reloads. `count`: the number of these
	 * servers. S53_E_ABSENT: there is none. S53_E_NOMEM.
	 */
	enum s53_status (*set_upstream)(void *arg, const struct s53_addr *addr, bool any_port,
	    enum s53_admin admin, unsigned *count, char why[static S53_OPERATION_WHY]);

	/* --- switches; all of them survive reloads, as in BIND ------------------------------- */

	void (*set_query_log)(void *arg, enum s53_switch to);
	void (*set_response_log)(void *arg, enum s53_switch to);
	/* `level`: 0 (notrace) to 99, as for -d. */
	enum s53_status (*set_debug_level)(
	    void *arg, int level, char why[static S53_OPERATION_WHY]);
	/*
	 * Override stale-answer-enable in all views; DEFAULT ends the override. Which expired
	 * answers are kept still depends on the configuration. S53_E_NOMEM or another error:
	 * nothing has changed.
	 */
	enum s53_status (*set_serve_stale)(void *arg, enum s53_switch to, s53_done *done,
	    void *done_arg, char why[static S53_OPERATION_WHY]);
	/* Print one line for each view, as BIND's `rndc serve-stale status` does. */
	void (*print_serve_stale)(void *arg, FILE *out);

	/* --- configuration ------------------------------------------------------------------ */

	/*
	 * Reload the configuration, as SIGHUP does. S53_OK: `done` is called when all workers use
	 * it, so it applies to every query that is sent after that. On any failure nothing changes,
	 * and `why` has the first error, "FILE:LINE:COLUMN: TEXT". reconfig: zone files that are
	 * loaded already are not read again, even if they have changed.
	 */
	enum s53_status (*reload)(
	    void *arg, s53_done *done, void *done_arg, char why[static S53_OPERATION_WHY]);
	enum s53_status (*reconfig)(
	    void *arg, s53_done *done, void *done_arg, char why[static S53_OPERATION_WHY]);
	/*
	 * Read the file of one zone again, in that view (NULL: in all). `done` as in reload. On
	 * success `why` has BIND's words: "zone reload successful"; "zone reload up-to-date" where
	 * a zone has no file, as it is forwarded. S53_E_ABSENT: no such zone; S53_E_SYNTAX: the
	 * file has an error, and what was loaded before stays.
	 */
	enum s53_status (*reload_zone)(void *arg, const struct s53_name *apex, const char *view,
	    s53_done *done, void *done_arg, char why[static S53_OPERATION_WHY]);

	/* --- dump and end ------------------------------------------------------------------- */

	/*
	 * Write `parts` (bits S53_DUMP_) to dump-file, in turns of the loop. view NULL: all. `why`
	 * on success: the path. S53_E_ABSENT: no such view; S53_E_LIMIT: another dump is in
	 * progress;
	 * S53_E_IO: the file cannot be written.
	 */
	enum s53_status (*dump)(
	    void *arg, unsigned parts, const char *view, char why[static S53_OPERATION_WHY]);
	/* The path of recursing-file, to which `recursing` is written. */
	const char *(*recursing_path)(void *arg);
	/*
	 * End the program after this turn of the loop. stop answers the queries in progress and
	 * writes the cache file; halt does neither.
	 */
	void (*stop)(void *arg);
	void (*halt)(void *arg);
};
