/* SPDX-License-Identifier: ISC
 *
 * operations.h - what an operator asks of the running program: flush, switch, list, reload, stop.
 *
 * Layer    control: the daemon fills the struct in, as it alone has the workers; what has the verbs
 *          (a channel, a tool) calls it and knows nothing of the daemon
 * Threads  main thread: every call, and every callback
 * Memory   what is passed in is copied. What a callback gets is valid during the callback
 * Units    ms where the name says so; _wall_s since 1970
 * Sources  the manual of BIND's rndc(8): words and meanings are its own
 *
 * A call that can fail has `why` for a text without a full stop or newline, written on failure
 * (and, where it says so, on success): what failed and the way out. A call with a callback ends in
 * exactly one callback if and only if it returned S53_OK; that may come before the call returns.
 *
 * Nothing here is logged twice: each change writes its own line of category general or resolver,
 * without the client; the channel logs which client asked for what.
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

/* What `status` shows; texts are valid until the next turn of the loop. */
struct s53_facts {
	const char *version; /* "1.2.3" */
	long pid;
	uint64_t boot_wall_s, configured_wall_s; /* the start; the last load that succeeded */
	const char *config_path; /* NULL: without a file */
	unsigned cpus, workers;
	unsigned views;
	unsigned zones, zones_automatic; /* over all views; of these built in, not the user's */
	unsigned listeners; /* addresses that are listened on now */
	unsigned upstreams, upstreams_up; /* servers; of these in state up over UDP or TCP */
	unsigned upstreams_set_down; /* of these by the operator */
	int debug_level;
	bool query_log, response_log;
	unsigned recursive, recursive_soft, recursive_hard; /* queries that wait, and the limits */
	unsigned tcp, tcp_max, tcp_high_water; /* connections of clients */
	bool dumping; /* a dump is being written */
	bool flushing; /* a flush is under way */
	bool ready; /* an address is listened on */
	bool draining; /* no new query is accepted; else "server is up and running" */
};

/* What is to be flushed: answers, remembered failures, what is being fetched. */
struct s53_flush_request {
	enum s53_flush_kind kind;
	const char *view; /* NULL: all views */
	const struct s53_name *name; /* NAME, TREE; in any letter case */
};

/* What a flush did: `flushed` entries of `walked`. */
typedef void s53_flushed(void *arg, uint64_t flushed, uint64_t walked);

/* It is done: in force in all workers. */
typedef void s53_done(void *arg);

/* `list` is NULL when the program ends first. */
typedef void s53_recursed(void *arg, const struct s53_recursing *list);

/*
 * BIND's named.recursing, from "; Recursing Queries" to "; Dump complete": one line for each client
 * that waits, then one for each fetch with its servers. Write errors show in ferror().
 */
void s53_recursing_print(const struct s53_recursing *list, FILE *out);

struct s53_operations {
	void *arg; /* the first argument of each call */

	/* --- to look at ------------------------------------------------------------------- */

	void (*facts)(void *arg, struct s53_facts *out);
	/* In force now; keep a count to use it after the next turn of the loop. */
	struct s53_policy *(*policy)(void *arg);
	struct s53_registry *registry;
	/* The sum over all workers since the start or the last reset; and that reset. */
	uint64_t (*counter)(void *arg, enum s53_counter counter);
	void (*reset_counters)(void *arg);
	/*
	 * The fetches under way: asks each worker through its mailbox. S53_E_NOMEM;
	 * S53_E_LIMIT: one is under way already.
	 */
	enum s53_status (*recursing)(
	    void *arg, s53_recursed *done, void *done_arg, char why[static S53_OPERATION_WHY]);

	/* --- the cache -------------------------------------------------------------------- */

	/*
	 * Flush. When `done` is called, no answer that was asked for before the call is in the
	 * cache, nor will one come into it: the next query gets what a server says from now on.
	 * An entry goes too when a record of its answer or additional section is of a flushed name,
	 * as at the end of a chain of CNAMEs. Queries under way are answered, and their answers not
	 * kept. No cache (max-cache-size 0) counts as an empty one. While the cache file is read
	 * after a start, the flush waits for its end.
	 *   S53_E_ABSENT  there is no view of that name
	 *   S53_E_NOMEM, S53_E_LIMIT  too many flushes are under way
	 */
	enum s53_status (*flush)(void *arg, const struct s53_flush_request *request,
	    s53_flushed *done, void *done_arg, char why[static S53_OPERATION_WHY]);

	/* --- servers ---------------------------------------------------------------------- */

	/*
	 * Take servers out of service, keep them in, or let their health decide. Of all servers at
	 * that address, whatever their port if `any_port`. It survives reloads.
	 * `count`: how many servers are concerned. S53_E_ABSENT: there is none. S53_E_NOMEM.
	 */
	enum s53_status (*set_upstream)(void *arg, const struct s53_addr *addr, bool any_port,
	    enum s53_admin admin, unsigned *count, char why[static S53_OPERATION_WHY]);

	/* --- switches; all of them survive reloads, as in BIND ------------------------------- */

	void (*set_query_log)(void *arg, enum s53_switch to);
	void (*set_response_log)(void *arg, enum s53_switch to);
	/* `level` 0 (notrace) to 99; as -d. */
	enum s53_status (*set_debug_level)(
	    void *arg, int level, char why[static S53_OPERATION_WHY]);
	/*
	 * Whether expired answers are given out, in all views: overrides stale-answer-enable;
	 * DEFAULT gives it back. What is kept of them is the configuration's. S53_E_NOMEM or other:
	 * nothing has changed.
	 */
	enum s53_status (*set_serve_stale)(void *arg, enum s53_switch to, s53_done *done,
	    void *done_arg, char why[static S53_OPERATION_WHY]);
	/* One line for each view, as BIND's `rndc serve-stale status`. */
	void (*print_serve_stale)(void *arg, FILE *out);

	/* --- configuration ------------------------------------------------------------------ */

	/*
	 * Load it and put it in force, as SIGHUP does. S53_OK: `done` is called when all workers
	 * have taken it, so a query that is sent after that is answered by it. Any failure: all
	 * stays as it was, and `why` has the first error, "FILE:LINE:COLUMN: TEXT". reconfig: zone
	 * files that are loaded already are not read again, even if they have changed.
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
	 * Write `parts` (of S53_DUMP_) to dump-file, in turns of the loop. view NULL: all.
	 * `why` on success: the path. S53_E_ABSENT: no such view; S53_E_LIMIT: one is under way;
	 * S53_E_IO: the file cannot be written.
	 */
	enum s53_status (*dump)(
	    void *arg, unsigned parts, const char *view, char why[static S53_OPERATION_WHY]);
	/* Where `recursing` is to be written: recursing-file. */
	const char *(*recursing_path)(void *arg);
	/*
	 * End the program after this turn of the loop: stop answers the queries under way and
	 * writes the cache file; halt does neither.
	 */
	void (*stop)(void *arg);
	void (*halt)(void *arg);
};
