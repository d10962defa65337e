/* SPDX-License-Identifier: ISC
 *
 * context.c - the state that the listeners of one worker share.
 */
#include "context.h"

#include <stdlib.h>

#include <split53/busiest.h>

#include "evict.h"
#include "inbox.h"
#include "pool.h"

struct s53_listen_context *
s53_listen_context_new(struct event_base *base, struct s53_resolver *resolver,
    struct s53_counters *counters, struct s53_tcp_limits *limits)
{
	struct s53_listen_context *context = calloc(1, sizeof(*context));

	if (context == NULL)
		return NULL;
	context->base = base;
	context->resolver = resolver;
	context->counters = counters;
	context->limits = limits;
	context->self = s53_tcp_worker_join(limits);
	if (context->self == NULL) {
		free(context);
		return NULL;
	}
	return context;
}

void
s53_listen_context_sample(
    struct s53_listen_context *context, struct s53_busiest *names, struct s53_busiest *clients)
{
	context->until_sample = S53_BUSIEST_SAMPLE;
	context->names = names;
	context->clients = clients;
}

void
s53_listen_context_free(struct s53_listen_context *context)
{
	if (context == NULL)
		return;
	S53_ASSERT(context->listener_count == 0);
	s53_inbox_free(context->inbox);
	s53_tcp_pool_free(context->pool);
	free(context);
}

struct s53_inbox *
s53_listen_context_inbox(struct s53_listen_context *context)
{
	if (context->inbox == NULL)
		context->inbox = s53_inbox_new();
	return context->inbox;
}

struct s53_tcp_pool *
s53_listen_context_pool(struct s53_listen_context *context)
{
	if (context->pool == NULL)
		context->pool = s53_tcp_pool_new(context);
	return context->pool;
}
