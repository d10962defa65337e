/* SPDX-License-Identifier: ISC
 *
 * worker.h - one serving thread with its own loop, sockets, upstream sockets and queries.
 *
 * Layer    daemon
 * Threads  every function but counters() and has_ended() in the main thread; a request reaches the
 *          worker through its mailbox. Nothing else of a worker is accessed from outside. All
 *          workers are made before the first is started
 * Memory   freed by s53_worker_join()
 * Units    ms
 */
#pragma once

#include <split53/counter.h>
#include <split53/list.h>
#include <split53/listen.h>

struct s53_busiest_list;
struct s53_worker;

/* What all workers count together. Begins zeroed. */
struct s53_worker_shared {
	struct s53_resolver_shared resolver;
	struct s53_tcp_limits tcp; /* s53_tcp_limits_fini() when all workers have ended */
};

/* Not running yet; it takes its own count of `policy`. NULL: no memory or descriptors. */
struct s53_worker *s53_worker_new(
    unsigned index, struct s53_worker_shared *shared, struct s53_policy *policy);

/* S53_E_LIMIT: no thread could be created. */
S53_MUST_USE enum s53_status s53_worker_start(struct s53_worker *worker);

/* Serve new queries with `policy` from now on; takes its own count. S53_E_NOMEM. */
S53_MUST_USE enum s53_status s53_worker_use(struct s53_worker *worker, struct s53_policy *policy);

/* Serve these sockets of `addr`; the worker owns them even if this fails. S53_E_NOMEM. */
S53_MUST_USE enum s53_status s53_worker_listen(
    struct s53_worker *worker, const struct s53_addr *addr, int udp_fd, int tcp_fd);

/* Answer the queries that have arrived at `addr`, then close its sockets. S53_E_NOMEM. */
S53_MUST_USE enum s53_status s53_worker_unlisten(
    struct s53_worker *worker, const struct s53_addr *addr);

/*
 * Accept no new queries, answer those under way for at most `patience_ms`, then answer the rest
 * with SERVFAIL and end the thread. Cannot fail.
 */
void s53_worker_drain(struct s53_worker *worker, unsigned patience_ms);

/* From any thread: has its thread ended, or was it never started? */
bool s53_worker_has_ended(const struct s53_worker *worker);

/* Wait for the end after drain(), and free. Also for one that was never started. NULL is fine. */
void s53_worker_join(struct s53_worker *worker);

/*
 * A call in the worker's thread, between two events of its loop. `run` must not take long. Then the
 * visit goes `home`, in the worker's thread; if the worker ends first it goes there without `run`.
 * One at a time for each worker. Cannot fail.
 */
struct s53_visit {
	struct s53_link link; /* of use to home() */
	void (*run)(struct s53_visit *visit, struct s53_resolver *resolver);
	void (*home)(struct s53_visit *visit);
};
void s53_worker_visit(struct s53_worker *worker, struct s53_visit *visit);

/* From any thread, until s53_worker_join(). */
const struct s53_counters *s53_worker_counters(const struct s53_worker *worker);

/*
 * Add the names, or the clients, that are busiest in a sample of the worker's queries. From any
 * thread, until s53_worker_join().
 */
void s53_worker_busiest(struct s53_worker *worker, bool clients, struct s53_busiest_list *out);
