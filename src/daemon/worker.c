/* SPDX-License-Identifier: ISC
 *
 * worker.c - one serving thread: what it owns, how it begins and ends, and the messages that it
 * handles.
 *
 * A worker owns an event loop and everything in it: upstream sockets (exchanger), queries in flight
 * (resolver), and what its listeners share (listen context). These parts refer to each other in
 * that order, and end() frees them in the reverse order.
 */
#include <split53/worker.h>

#include <event2/event.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include <split53/busiest.h>
#include <split53/clock.h>
#include <split53/list.h>
#include <split53/log.h>

#include "mailbox.h"

#define STACK_SIZE (1024 * 1024) /* address space; only touched pages are resident */
#define DRAIN_CHECK_MS 5 /* between checks whether the last query is answered */

enum message_kind { USE_POLICY, LISTEN, UNLISTEN, VISIT, DRAIN };

struct message {
	struct s53_link link;
	enum message_kind kind;
	struct s53_policy *policy; /* USE_POLICY: one count of it */
	struct s53_addr addr; /* LISTEN, UNLISTEN */
	int udp_fd, tcp_fd; /* LISTEN */
	struct s53_visit *visit; /* VISIT */
	unsigned patience_ms; /* DRAIN */
};

/* One address that the worker listens on. */
struct worker_listener {
	struct s53_link link;
	struct s53_addr addr;
	struct s53_udp_listener *udp; /* NULL: out of memory or descriptors */
	struct s53_tcp_listener *tcp; /* the same */
};

struct s53_worker {
	unsigned index;
	bool started;
	_Atomic bool ended;
	pthread_t thread;
	struct s53_worker_shared *shared;
	struct s53_counters counters;
	struct event_base *base;
	struct s53_exchanger *exchanger;
	struct s53_resolver *resolver;
	struct s53_listen_context *context;
	struct s53_busiest names, clients; /* counted from a sample of the queries */
	struct s53_link listeners;
	struct event *drain_event;
	uint64_t drain_until_ms;
	struct s53_mailbox mailbox;
	struct message drain, visit; /* not from malloc(), so that sending them cannot fail */
};

static void
close_listener(struct worker_listener *listener)
{
	s53_list_remove(&listener->link);
	if (listener->udp != NULL)
		s53_udp_listener_close(listener->udp);
	if (listener->tcp != NULL)
		s53_tcp_listener_close(listener->tcp);
	free(listener);
}

static void
close_all_listeners(struct s53_worker *worker)
{
	S53_LIST_EACH_SAFE (&worker->listeners, it, following)
		close_listener(S53_CONTAINER_OF(it, struct worker_listener, link));
}

static void
listen_on(struct s53_worker *worker, const struct message *message)
{
	const struct s53_addr *addr = &message->addr;
	struct worker_listener *listener = calloc(1, sizeof(*listener));
	char text[S53_ADDR_TEXT];

	if (listener == NULL) {
		close(message->udp_fd);
		close(message->tcp_fd);
	} else {
		listener->addr = *addr;
		s53_list_append(&worker->listeners, &listener->link);
		listener->udp = s53_udp_listener_new(worker->context, message->udp_fd, addr);
		listener->tcp = s53_tcp_listener_new(worker->context, message->tcp_fd, addr);
	}
	if (listener == NULL || listener->udp == NULL || listener->tcp == NULL)
		s53_log(S53_LOG_NETWORK, S53_LOG_ERROR,
		    "worker %u cannot serve %s: out of memory or descriptors", worker->index,
		    s53_addr_print(addr, text));
}

static void
unlisten(struct s53_worker *worker, const struct s53_addr *addr)
{
	S53_LIST_EACH_SAFE (&worker->listeners, it, following) {
		struct worker_listener *listener =
		    S53_CONTAINER_OF(it, struct worker_listener, link);

		if (s53_addr_equal(&listener->addr, addr))
			close_listener(listener);
	}
}

static void
check_drained(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval pause = { .tv_usec = DRAIN_CHECK_MS * 1000 };
	struct s53_worker *worker = arg;

	(void)fd;
	(void)what;
	if ((s53_resolver_pending(worker->resolver) == 0 &&
		atomic_load(&worker->shared->tcp.clients) == 0) ||
	    s53_clock_ms() >= worker->drain_until_ms)
		event_base_loopbreak(worker->base);
	else
		event_add(worker->drain_event, &pause);
}

static void
begin_drain(struct s53_worker *worker, unsigned patience_ms)
{
	close_all_listeners(worker);
	worker->drain_until_ms = s53_clock_ms() + patience_ms;
	check_drained(-1, 0, worker);
}

static void
handle_message(void *arg, struct s53_link *link)
{
	struct message *message = S53_CONTAINER_OF(link, struct message, link);
	struct s53_worker *worker = arg;

	switch (message->kind) {
	case USE_POLICY:
		s53_resolver_use(worker->resolver, message->policy);
		s53_policy_drop(message->policy);
		break;
	case LISTEN:
		listen_on(worker, message);
		break;
	case UNLISTEN:
		unlisten(worker, &message->addr);
		break;
	case VISIT:
		message->visit->run(message->visit, worker->resolver);
		message->visit->home(message->visit); /* which may send the next one */
		return; /* not malloc'ed */
	case DRAIN:
		begin_drain(worker, message->patience_ms);
		return; /* not malloc'ed */
	}
	free(message);
}

/* Release what is in messages that were sent too late to be handled. */
static void
discard_messages(struct s53_worker *worker)
{
	struct s53_link *link;

	while ((link = s53_mailbox_take(&worker->mailbox)) != NULL) {
		struct message *message = S53_CONTAINER_OF(link, struct message, link);

		if (message->kind == USE_POLICY)
			s53_policy_drop(message->policy);
		if (message->kind == LISTEN) {
			close(message->udp_fd);
			close(message->tcp_fd);
		}
		if (message->kind == VISIT)
			message->visit->home(message->visit);
		if (message != &worker->drain && message != &worker->visit)
			free(message);
	}
}

/*
 * The end of the connections: freeing the resolver answers the pending queries with SERVFAIL, and
 * one more turn of the loop sends these replies over TCP.
 */
static void
end_serving(struct s53_worker *worker)
{
	if (worker->context != NULL)
		s53_tcp_stop_reading(worker->context);
	s53_resolver_free(worker->resolver);
	if (worker->context != NULL) {
		event_base_loop(worker->base, EVLOOP_NONBLOCK);
		s53_tcp_abandon(worker->context);
		s53_listen_context_free(worker->context);
	}
}

/* In the worker's thread, or in the main thread if it was never started. */
static void
end(struct s53_worker *worker)
{
	close_all_listeners(worker);
	/* No message is handled any more, not even in the last turn of the loop. */
	s53_mailbox_close(&worker->mailbox);
	if (worker->drain_event != NULL)
		event_free(worker->drain_event);
	discard_messages(worker);
	end_serving(worker);
	if (worker->exchanger != NULL)
		s53_exchanger_free(worker->exchanger);
	if (worker->base != NULL)
		event_base_free(worker->base);
}

static void *
run(void *arg)
{
	struct s53_worker *worker = arg;

	event_base_loop(worker->base, EVLOOP_NO_EXIT_ON_EMPTY);
	end(worker);
	atomic_store(&worker->ended, true);
	return NULL;
}

static struct event_base *
new_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config == NULL)
		return NULL;
	if (event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV) == 0)
		base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

/* false: out of memory or descriptors; end() frees what was made. */
static bool
make_parts(struct s53_worker *worker, struct s53_policy *policy)
{
	struct s53_worker_shared *shared = worker->shared;

	if (s53_mailbox_init(&worker->mailbox) != S53_OK || (worker->base = new_base()) == NULL)
		return false;
	worker->drain_event = evtimer_new(worker->base, check_drained, worker);
	if (worker->drain_event == NULL ||
	    s53_mailbox_open(&worker->mailbox, worker->base, handle_message, worker) != S53_OK)
		return false;
	worker->exchanger = s53_exchanger_new(worker->base, &worker->counters);
	if (worker->exchanger == NULL)
		return false;
	worker->resolver =
	    s53_resolver_new(worker->exchanger, &worker->counters, &shared->resolver, policy);
	if (worker->resolver == NULL)
		return false;
	worker->context =
	    s53_listen_context_new(worker->base, worker->resolver, &worker->counters, &shared->tcp);
	if (worker->context == NULL)
		return false;
	s53_listen_context_sample(worker->context, &worker->names, &worker->clients);
	return true;
}

static void
worker_free(struct s53_worker *worker)
{
	s53_mailbox_fini(&worker->mailbox);
	s53_busiest_fini(&worker->names);
	s53_busiest_fini(&worker->clients);
	s53_tallies_fini(&worker->counters.tallies);
	free(worker);
}

struct s53_worker *
s53_worker_new(unsigned index, struct s53_worker_shared *shared, struct s53_policy *policy)
{
	struct s53_worker *worker = calloc(1, sizeof(*worker));

	if (worker == NULL)
		return NULL;
	worker->index = index;
	worker->shared = shared;
	worker->drain.kind = DRAIN;
	worker->visit.kind = VISIT;
	s53_busiest_init(&worker->names);
	s53_busiest_init(&worker->clients);
	s53_list_init(&worker->listeners);
	if (!make_parts(worker, policy)) {
		end(worker);
		worker_free(worker);
		return NULL;
	}
	return worker;
}

enum s53_status
s53_worker_start(struct s53_worker *worker)
{
	pthread_attr_t attributes;
	int failure;

	if (pthread_attr_init(&attributes) != 0)
		return S53_E_LIMIT;
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	failure = pthread_create(&worker->thread, &attributes, run, worker);
	pthread_attr_destroy(&attributes);
	worker->started = failure == 0;
	return failure == 0 ? S53_OK : S53_E_LIMIT;
}

static struct message *
new_message(enum message_kind kind)
{
	struct message *message = calloc(1, sizeof(*message));

	if (message != NULL)
		message->kind = kind;
	return message;
}

enum s53_status
s53_worker_use(struct s53_worker *worker, struct s53_policy *policy)
{
	struct message *message = new_message(USE_POLICY);

	if (message == NULL)
		return S53_E_NOMEM;
	message->policy = s53_policy_keep(policy);
	s53_mailbox_send(&worker->mailbox, &message->link);
	return S53_OK;
}

enum s53_status
s53_worker_listen(struct s53_worker *worker, const struct s53_addr *addr, int udp_fd, int tcp_fd)
{
	struct message *message = new_message(LISTEN);

	if (message == NULL) {
		close(udp_fd);
		close(tcp_fd);
		return S53_E_NOMEM;
	}
	message->addr = *addr;
	message->udp_fd = udp_fd;
	message->tcp_fd = tcp_fd;
	s53_mailbox_send(&worker->mailbox, &message->link);
	return S53_OK;
}

enum s53_status
s53_worker_unlisten(struct s53_worker *worker, const struct s53_addr *addr)
{
	struct message *message = new_message(UNLISTEN);

	if (message == NULL)
		return S53_E_NOMEM;
	message->addr = *addr;
	s53_mailbox_send(&worker->mailbox, &message->link);
	return S53_OK;
}

void
s53_worker_drain(struct s53_worker *worker, unsigned patience_ms)
{
	worker->drain.patience_ms = patience_ms;
	s53_mailbox_send(&worker->mailbox, &worker->drain.link);
}

bool
s53_worker_has_ended(const struct s53_worker *worker)
{
	return !worker->started || atomic_load(&worker->ended);
}

void
s53_worker_visit(struct s53_worker *worker, struct s53_visit *visit)
{
	worker->visit.visit = visit;
	s53_mailbox_send(&worker->mailbox, &worker->visit.link);
}

void
s53_worker_join(struct s53_worker *worker)
{
	if (worker == NULL)
		return;
	if (worker->started)
		pthread_join(worker->thread, NULL);
	else
		end(worker);
	worker_free(worker);
}

const struct s53_counters *
s53_worker_counters(const struct s53_worker *worker)
{
	return &worker->counters;
}

void
s53_worker_busiest(struct s53_worker *worker, bool clients, struct s53_busiest_list *out)
{
	s53_busiest_add(out, clients ? &worker->clients : &worker->names);
}
