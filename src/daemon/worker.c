/* SPDX-License-Identifier: ISC
 *
 * worker.c - the serving thread and its mailbox.
 *
 * The mailbox is a list under a lock of its own and an eventfd that wakes the loop. A message is
 * taken in the order of sending, between two turns of the loop: so a new policy never meets a
 * half-read batch.
 */
#include <split53/worker.h>

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <split53/clock.h>
#include <split53/list.h>
#include <split53/log.h>

#define STACK_SIZE (1024 * 1024) /* address space; only what is touched is memory */
#define DRAIN_LOOK_MS 5 /* between two looks whether the last query has gone */

enum message_kind { USE_POLICY, LISTEN, UNLISTEN, DRAIN };

struct message {
	struct s53_link link;
	enum message_kind kind;
	struct s53_policy *policy;
	struct s53_addr addr;
	int udp_fd, tcp_fd;
	unsigned patience_ms;
};

struct serving {
	struct s53_link link;
	struct s53_addr addr;
	struct s53_udp_listener *udp;
	struct s53_tcp_listener *tcp;
};

struct s53_worker {
	unsigned index;
	bool started;
	pthread_t thread;
	struct s53_worker_shared *shared;
	struct s53_counters counters;
	struct event_base *base;
	struct s53_exchanger *exchanger;
	struct s53_resolver *resolver;
	struct s53_link listeners;
	struct event *mail_event, *drain_event;
	uint64_t drain_until_ms;
	int mail_fd;
	pthread_mutex_t mail_lock; /* of `mail` alone; nothing is called under it */
	struct s53_link mail;
	struct message drain; /* kept here, so that ending needs no memory */
};

static void
close_listener(struct serving *serving)
{
	s53_list_remove(&serving->link);
	if (serving->udp != NULL)
		s53_udp_listener_close(serving->udp);
	if (serving->tcp != NULL)
		s53_tcp_listener_close(serving->tcp);
	free(serving);
}

static void
listen_on(struct s53_worker *worker, const struct message *message)
{
	struct serving *serving = calloc(1, sizeof(*serving));
	char text[S53_ADDR_TEXT];

	if (serving == NULL) {
		close(message->udp_fd);
		close(message->tcp_fd);
	} else {
		serving->addr = message->addr;
		s53_list_append(&worker->listeners, &serving->link);
		serving->udp = s53_udp_listener_new(worker->base, message->udp_fd, &message->addr,
		    worker->resolver, &worker->counters);
		serving->tcp = s53_tcp_listener_new(worker->base, message->tcp_fd, &message->addr,
		    worker->resolver, &worker->counters, &worker->shared->tcp);
	}
	if (serving == NULL || serving->udp == NULL || serving->tcp == NULL)
		s53_log(S53_LOG_NETWORK, S53_LOG_ERROR,
		    "worker %u cannot serve %s: out of memory or descriptors", worker->index,
		    s53_addr_print(&message->addr, text));
}

static void
unlisten(struct s53_worker *worker, const struct s53_addr *addr)
{
	S53_LIST_EACH_SAFE (&worker->listeners, it, following) {
		struct serving *serving = S53_CONTAINER_OF(it, struct serving, link);

		if (s53_addr_equal(&serving->addr, addr))
			close_listener(serving);
	}
}

static void
look_whether_drained(evutil_socket_t fd, short what, void *arg)
{
	struct s53_worker *worker = arg;
	const struct timeval wait = { .tv_usec = DRAIN_LOOK_MS * 1000 };

	(void)fd;
	(void)what;
	if ((s53_resolver_pending(worker->resolver) == 0 &&
		atomic_load(&worker->shared->tcp.clients) == 0) ||
	    s53_clock_ms() >= worker->drain_until_ms)
		event_base_loopbreak(worker->base);
	else
		event_add(worker->drain_event, &wait);
}

static void
begin_drain(struct s53_worker *worker, unsigned patience_ms)
{
	while (!s53_list_empty(&worker->listeners))
		close_listener(S53_CONTAINER_OF(worker->listeners.next, struct serving, link));
	worker->drain_until_ms = s53_clock_ms() + patience_ms;
	look_whether_drained(-1, 0, worker);
}

static void
take(struct s53_worker *worker, struct message *message)
{
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
	case DRAIN:
		begin_drain(worker, message->patience_ms);
		return; /* not malloc'ed */
	}
	free(message);
}

static struct message *
next_message(struct s53_worker *worker)
{
	struct s53_link *link;

	pthread_mutex_lock(&worker->mail_lock);
	link = s53_list_pop(&worker->mail);
	pthread_mutex_unlock(&worker->mail_lock);
	return link != NULL ? S53_CONTAINER_OF(link, struct message, link) : NULL;
}

static void
read_mail(evutil_socket_t fd, short what, void *arg)
{
	struct s53_worker *worker = arg;
	struct message *message;
	uint64_t count;

	(void)what;
	if (read((int)fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return;
	while ((message = next_message(worker)) != NULL)
		take(worker, message);
}

static void
send_message(struct s53_worker *worker, struct message *message)
{
	const uint64_t one = 1;

	pthread_mutex_lock(&worker->mail_lock);
	s53_list_append(&worker->mail, &message->link);
	pthread_mutex_unlock(&worker->mail_lock);
	/* Fails only when 2^64 - 2 wake-ups are pending, and then it wakes anyway. */
	if (write(worker->mail_fd, &one, sizeof(one)) < 0)
		return;
}

static struct message *
new_message(enum message_kind kind)
{
	struct message *message = calloc(1, sizeof(*message));

	if (message != NULL)
		message->kind = kind;
	return message;
}

/* Mail that nobody reads any more. */
static void
discard_mail(struct s53_worker *worker)
{
	struct message *message;

	while ((message = next_message(worker)) != NULL) {
		if (message->kind == USE_POLICY)
			s53_policy_drop(message->policy);
		if (message->kind == LISTEN) {
			close(message->udp_fd);
			close(message->tcp_fd);
		}
		if (message != &worker->drain)
			free(message);
	}
}

static void
end(struct s53_worker *worker)
{
	while (!s53_list_empty(&worker->listeners))
		close_listener(S53_CONTAINER_OF(worker->listeners.next, struct serving, link));
	/* Nobody reads mail any more, not even the last turn of the loop below. */
	if (worker->mail_event != NULL)
		event_free(worker->mail_event);
	if (worker->drain_event != NULL)
		event_free(worker->drain_event);
	discard_mail(worker);
	if (worker->resolver != NULL) {
		s53_tcp_take_no_more(&worker->shared->tcp, worker->base);
		s53_resolver_free(worker->resolver);
		event_base_loop(worker->base, EVLOOP_NONBLOCK); /* last replies over TCP leave */
		s53_tcp_abandon(&worker->shared->tcp, worker->base);
	}
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

static bool
furnish(struct s53_worker *worker, struct s53_policy *policy)
{
	worker->mail_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (worker->mail_fd < 0 || (worker->base = new_base()) == NULL)
		return false;
	worker->mail_event =
	    event_new(worker->base, worker->mail_fd, EV_READ | EV_PERSIST, read_mail, worker);
	worker->drain_event = evtimer_new(worker->base, look_whether_drained, worker);
	if (worker->mail_event == NULL || worker->drain_event == NULL ||
	    event_add(worker->mail_event, NULL) != 0)
		return false;
	worker->exchanger = s53_exchanger_new(worker->base, &worker->counters);
	if (worker->exchanger == NULL)
		return false;
	worker->resolver = s53_resolver_new(
	    worker->exchanger, &worker->counters, &worker->shared->resolver, policy);
	return worker->resolver != NULL;
}

struct s53_worker *
s53_worker_new(unsigned index, struct s53_worker_shared *shared, struct s53_policy *policy)
{
	struct s53_worker *worker = calloc(1, sizeof(*worker));

	if (worker == NULL)
		return NULL;
	worker->index = index;
	worker->shared = shared;
	worker->mail_fd = -1;
	worker->drain.kind = DRAIN;
	pthread_mutex_init(&worker->mail_lock, NULL);
	s53_list_init(&worker->listeners);
	s53_list_init(&worker->mail);
	if (!furnish(worker, policy)) {
		end(worker);
		free(worker);
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

enum s53_status
s53_worker_use(struct s53_worker *worker, struct s53_policy *policy)
{
	struct message *message = new_message(USE_POLICY);

	if (message == NULL)
		return S53_E_NOMEM;
	message->policy = s53_policy_keep(policy);
	send_message(worker, message);
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
	send_message(worker, message);
	return S53_OK;
}

enum s53_status
s53_worker_unlisten(struct s53_worker *worker, const struct s53_addr *addr)
{
	struct message *message = new_message(UNLISTEN);

	if (message == NULL)
		return S53_E_NOMEM;
	message->addr = *addr;
	send_message(worker, message);
	return S53_OK;
}

void
s53_worker_drain(struct s53_worker *worker, unsigned patience_ms)
{
	worker->drain.patience_ms = patience_ms;
	send_message(worker, &worker->drain);
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
	/* Only now: whoever sent the last message may still have been writing to the mailbox. */
	if (worker->mail_fd >= 0)
		close(worker->mail_fd);
	pthread_mutex_destroy(&worker->mail_lock);
	free(worker);
}

const struct s53_counters *
s53_worker_counters(const struct s53_worker *worker)
{
	return &worker->counters;
}
