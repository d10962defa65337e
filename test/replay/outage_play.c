/* SPDX-License-Identifier: ISC
 *
 * outage_play.c - time passes: clients send queries, servers reply, probes are sent, the process
 * stands still.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <split53/clock.h>
#include <split53/reply.h>

#include "outage.h"

#define REQUEST_ROOM 64
#define QUEUED_MS 500 /* queries that fit into the socket's queue while this process stands still */
#define AGAIN_ONE_IN 20 /* clients that retransmit after a second */

/* --- clients --------------------------------------------------------------------------------- */

static struct schedule *playing; /* the ID is unique for each client only */

static struct asker *
asker_of(struct s53_client *client)
{
	return &playing->askers[(uintptr_t)client->transport - 1];
}

static uint8_t *
room(struct s53_client *client, size_t cap)
{
	(void)client;
	playing->room = realloc(playing->room, cap);
	return playing->room;
}

static void
drop(struct s53_client *client)
{
	struct asker *asker = asker_of(client);

	asker->ends++;
	asker->ended_ms = s53_clock_ms();
	check_asker(playing, asker);
}

static void
send_reply(struct s53_client *client, size_t len)
{
	struct asker *asker = asker_of(client);

	(void)len;
	asker->answered = true;
	asker->rcode = (uint8_t)s53_header_rcode(playing->room);
	tell(playing, "query %u: rcode %u after %u ms", asker->id, asker->rcode,
	    (unsigned)(s53_clock_ms() - asker->asked_ms));
	drop(client);
}

static const struct s53_client_ops ops = { room, send_reply, drop };

static size_t
write_request(
    const struct schedule *schedule, const struct asker *asker, uint8_t octets[static REQUEST_ROOM])
{
	char letter = schedule->routes[asker->route].letter;
	struct s53_writer writer = s53_writer_of(octets, REQUEST_ROOM);
	struct s53_name name;
	char text[32];

	snprintf(text, sizeof(text), "%c%u.%c", asker->kind, asker->number,
	    letter == '.' ? 'x' : letter);
	if (s53_name_parse(text, &name) != S53_OK)
		broken(schedule, "a name");
	memset(s53_write_reserve(&writer, S53_HEADER_LEN), 0, S53_HEADER_LEN);
	s53_header_set_id(octets, asker->id);
	s53_header_set_flags(octets, S53_RD);
	s53_header_set_count(octets, S53_QUESTION, 1);
	s53_write(&writer, name.octets, name.len);
	s53_write_u16(&writer, S53_TYPE_A);
	s53_write_u16(&writer, S53_CLASS_IN);
	return writer.at;
}

static struct asker *
new_asker(struct schedule *schedule)
{
	if (schedule->asker_count == schedule->asker_room) {
		schedule->asker_room = schedule->asker_room * 2 + 256;
		schedule->askers =
		    realloc(schedule->askers, schedule->asker_room * sizeof(*schedule->askers));
	}
	return &schedule->askers[schedule->asker_count++];
}

static void
draw_asker(struct schedule *schedule, struct asker *asker)
{
	static const char kinds[] = "wwwwwlllltt";
	unsigned index = schedule->asker_count - 1;

	*asker = (struct asker){ .number = index,
		.id = (uint16_t)index,
		.route = (uint8_t)dice(schedule, schedule->route_count),
		.kind = (uint8_t)kinds[dice(schedule, sizeof(kinds) - 1)] };
	if (schedule->names > 0) {
		asker->number = dice(schedule, schedule->names);
		asker->again = true;
	}
	if (index > 0 && dice(schedule, AGAIN_ONE_IN) == 0) { /* of one that is still pending */
		const struct asker *before =
		    &schedule->askers[index - 1 - dice(schedule, 20) % index];

		if (before->ends == 0) {
			*asker = (struct asker){ .number = before->number,
				.id = before->id,
				.route = before->route,
				.kind = before->kind,
				.repeats = true,
				.again = true };
		}
	}
}

static void
client_asks(struct schedule *schedule)
{
	struct asker *asker = new_asker(schedule);
	struct s53_client client = {
		.ops = &ops, .kind = S53_UDP, .transport = (void *)(uintptr_t)schedule->asker_count
	};
	uint8_t octets[REQUEST_ROOM];
	struct s53_arrival arrival = { .client = &client, .octets = octets };

	draw_asker(schedule, asker);
	client.addr.in.sin_family = AF_INET; /* each query is from a client of its own */
	client.addr.in.sin_addr.s_addr = htonl(UINT32_C(0x0a000000) + asker->id);
	asker->asked_ms = schedule->now_ms;
	asker->dead = s53_group_condition(schedule->routes[asker->route].group) == S53_GROUP_DEAD;
	if (s53_addr_parse("127.0.0.1", (uint16_t)(1024 + asker->id % 50000), &client.addr) !=
		S53_OK ||
	    s53_addr_parse("127.0.0.1", 53, &client.local) != S53_OK)
		broken(schedule, "an address");
	arrival.len = write_request(schedule, asker, octets);
	tell(schedule, "query %u: %c%u, route %u%s", asker->id, asker->kind, asker->number,
	    asker->route, asker->dead ? ", dead" : "");
	s53_resolver_take_batch(schedule->resolver, &arrival, 1, schedule->now_ms);
}

/* --- servers --------------------------------------------------------------------------------- */

static bool
is_before(const struct reply_event *a, const struct reply_event *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void
swap(struct reply_event *a, struct reply_event *b)
{
	struct reply_event was = *a;

	*a = *b;
	*b = was;
}

static void
push_reply(struct schedule *schedule, struct reply_event event)
{
	struct reply_event *heap;
	unsigned at = schedule->reply_count++;

	if (schedule->reply_count > schedule->reply_room) {
		schedule->reply_room = schedule->reply_room * 2 + 256;
		schedule->replies =
		    realloc(schedule->replies, schedule->reply_room * sizeof(*schedule->replies));
	}
	heap = schedule->replies;
	event.order = schedule->reply_order++;
	heap[at] = event;
	for (; at > 0 && is_before(&heap[at], &heap[(at - 1) / 2]); at = (at - 1) / 2)
		swap(&heap[at], &heap[(at - 1) / 2]);
}

static struct reply_event
pop_reply(struct schedule *schedule)
{
	struct reply_event *heap = schedule->replies, top = heap[0];
	unsigned count = --schedule->reply_count, at = 0;

	heap[0] = heap[count];
	for (unsigned child = 1; child < count; child = 2 * at + 1) {
		if (child + 1 < count && is_before(&heap[child + 1], &heap[child]))
			child++;
		if (!is_before(&heap[child], &heap[at]))
			break;
		swap(&heap[at], &heap[child]);
		at = child;
	}
	return top;
}

static struct server *
server_of(struct schedule *schedule, const struct s53_upstream *upstream)
{
	for (unsigned i = 0; i < schedule->server_count; i++) {
		if (schedule->servers[i].upstream == upstream)
			return &schedule->servers[i];
	}
	broken(schedule, "a query goes to an unknown server");
}

/* Count the upstream query for the client's query that it belongs to: the name has its number. */
static void
count_ask(struct schedule *schedule, const struct s53_exchange *exchange)
{
	const char *digits = (const char *)exchange->ask.octets + S53_HEADER_LEN + 2;
	unsigned long number = strtoul(digits, NULL, 10);

	if (schedule->names > 0)
		return;
	if (number >= schedule->asker_count)
		broken(schedule, "an upstream query without a client's query");
	schedule->askers[number].asks++;
}

/* Handle the upstream queries sent since the last call. */
static void
servers_hear(struct schedule *schedule)
{
	struct s53_exchange *exchange;

	while ((exchange = fake_next_unseen(schedule->exchanger)) != NULL) {
		const struct server *server = server_of(schedule, exchange->upstream);
		char kind = (char)(exchange->ask.octets[S53_HEADER_LEN + 1] | 0x20);
		struct reply_event event = { .number = exchange->number };
		uint32_t after_ms;

		exchange->seen = true;
		count_ask(schedule, exchange);
		event.saying = server_says(
		    schedule, server, kind, exchange->tcp ? S53_OVER_TCP : S53_OVER_UDP, &after_ms);
		event.at_ms = schedule->now_ms + after_ms;
		tell(schedule, "server %u is asked %.*s%s", (unsigned)(server - schedule->servers),
		    exchange->ask.octets[S53_HEADER_LEN],
		    (const char *)exchange->ask.octets + S53_HEADER_LEN + 1,
		    exchange->tcp ? " over TCP" : "");
		if (event.saying != SAYS_NOTHING)
			push_reply(schedule, event);
	}
}

/*
 * In half of the schedules servers support EDNS. This is not drawn at random, so that the other
 * draws stay the same.
 */
static bool
has_opt(const struct s53_exchange *exchange)
{
	return playing->seed % 2 == 0 && s53_header_count(exchange->ask.octets, S53_ADDITIONAL) > 0;
}

static size_t
write_reply(
    const struct s53_exchange *exchange, enum saying saying, uint8_t octets[static S53_MESSAGE_MAX])
{
	static const struct s53_edns_reply opt = {
		.udp_size = 1232, .ede_code = S53_EDE_NONE, .keepalive = -1
	};
	static const uint16_t flags[] = { [SAYS_CUT] = S53_TC,
		[SAYS_SERVFAIL] = S53_RCODE_SERVFAIL,
		[SAYS_REFUSES] = S53_RCODE_REFUSED,
		[SAYS_GARBAGE] = 0 };
	static const uint8_t address[] = { 192, 0, 2, 1 };
	struct s53_reader asked = s53_reader_of(exchange->ask.octets, exchange->ask.len);
	struct s53_question question;
	struct s53_reply reply;

	s53_read(&asked, S53_HEADER_LEN);
	if (!s53_name_read(&asked, &question.name))
		return 0;
	question.qtype = s53_read_u16(&asked);
	question.qclass = s53_read_u16(&asked);
	if (saying == SAYS_GARBAGE)
		question.qtype++;
	s53_reply_begin(
	    &reply, octets, S53_MESSAGE_MAX, 0, (uint16_t)(S53_QR | flags[saying]), &question);
	if (saying == SAYS_ANSWER)
		s53_reply_add(&reply, S53_ANSWER, &question.name, S53_TYPE_A, S53_CLASS_IN, 5,
		    address, sizeof(address));
	return s53_reply_end(&reply, has_opt(exchange) ? &opt : NULL);
}

static void
reply_comes(struct schedule *schedule)
{
	static uint8_t octets[S53_MESSAGE_MAX];
	struct reply_event event = pop_reply(schedule);
	struct s53_exchange *exchange = fake_numbered(schedule->exchanger, event.number);

	if (exchange == NULL)
		return;
	if (event.saying == SAYS_REFUSED)
		fake_end(schedule->exchanger, exchange, S53_EXCHANGE_REFUSED);
	else
		fake_arrive(schedule->exchanger, exchange, octets,
		    write_reply(exchange, event.saying, octets));
}

/* --- probes ---------------------------------------------------------------------------------- */

static bool
is_reply(enum saying saying)
{
	return saying == SAYS_ANSWER || saying == SAYS_CUT || saying == SAYS_SERVFAIL ||
	    saying == SAYS_REFUSES;
}

/* The result of a probe is known when it is sent: the server's mode at that moment decides. */
static void
probe_leaves(struct schedule *schedule, struct server *server)
{
	const struct s53_probe *probe = &server->probe;
	bool work = probe->kind == S53_PROBE_READINESS;
	uint32_t after_ms, life_ms;
	enum saying saying =
	    server_says(schedule, server, work ? 'w' : 'l', probe->over, &after_ms);

	server->probing = true;
	server->probe_end = S53_PROBE_LOST;
	server->probe_rtt_ms = probe->timeout_ms;
	if (saying == SAYS_REFUSED) {
		server->probe_end = S53_PROBE_REFUSED;
		server->probe_rtt_ms = after_ms;
	} else if (is_reply(saying) && after_ms < probe->timeout_ms) {
		server->probe_end =
		    saying == SAYS_ANSWER || !work ? S53_PROBE_ANSWERED : S53_PROBE_UNFIT;
		server->probe_rtt_ms = after_ms;
	} else if (work && probe->liveness_after_ms > 0) {
		saying = server_says(schedule, server, 'l', probe->over, &life_ms);
		if (is_reply(saying) && probe->liveness_after_ms + life_ms < probe->timeout_ms)
			server->probe_end = S53_PROBE_NOT_READY;
	}
	server->probe_ends_ms = schedule->now_ms + server->probe_rtt_ms;
	tell(schedule, "server %u is probed for %s over %s, ends in %u ms: %u",
	    (unsigned)(server - schedule->servers), work ? "work" : "life",
	    probe->over == S53_OVER_UDP ? "UDP" : "TCP", server->probe_rtt_ms, server->probe_end);
}

static void
probe_is_over(struct schedule *schedule, struct server *server)
{
	server->probing = false;
	s53_probe_end(server->upstream, &server->probe, server->probe_end, server->probe_rtt_ms,
	    schedule->now_ms);
}

static void
look_at_probes(struct schedule *schedule)
{
	for (unsigned i = 0; i < schedule->server_count; i++) {
		struct server *server = &schedule->servers[i];

		if (server->probing && server->probe_ends_ms <= schedule->now_ms)
			probe_is_over(schedule, server);
		if (server->probing || s53_probe_due_ms(server->upstream) > schedule->now_ms ||
		    !s53_probe_begin(server->upstream, &server->probe, schedule->now_ms))
			continue;
		check_probe(schedule, server);
		probe_leaves(schedule, server);
	}
}

/* --- time ------------------------------------------------------------------------------------ */

static uint64_t
sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t
next_event_ms(const struct schedule *schedule)
{
	uint64_t at_ms = sooner(schedule->next_client_ms, fake_due_ms(schedule->exchanger));

	if (schedule->reply_count > 0)
		at_ms = sooner(at_ms, schedule->replies[0].at_ms);
	for (unsigned i = 0; i < schedule->server_count; i++) {
		const struct server *server = &schedule->servers[i];

		at_ms = sooner(at_ms,
		    server->probing ? server->probe_ends_ms : s53_probe_due_ms(server->upstream));
	}
	return at_ms > schedule->now_ms ? at_ms : schedule->now_ms;
}

static void
tell_states(struct schedule *schedule)
{
	for (unsigned i = 0; i < schedule->server_count * S53_PROTOCOLS; i++) {
		struct server *server = &schedule->servers[i / S53_PROTOCOLS];
		enum s53_protocol over = i % S53_PROTOCOLS;
		enum s53_health_state state = s53_upstream_path_state(server->upstream, over);

		if (state == server->told[over])
			continue;
		tell(schedule, "server %u over %s: %s", i / S53_PROTOCOLS,
		    over == S53_OVER_UDP ? "UDP" : "TCP", s53_health_state_name(state));
		server->told[over] = state;
	}
}

static void
happen(struct schedule *schedule)
{
	servers_hear(schedule);
	while (schedule->reply_count > 0 && schedule->replies[0].at_ms <= schedule->now_ms) {
		reply_comes(schedule);
		servers_hear(schedule);
	}
	while (schedule->next_client_ms <= schedule->now_ms) {
		client_asks(schedule);
		servers_hear(schedule);
		schedule->next_client_ms += 1 + dice(schedule, 2 * schedule->gap_ms);
		if (schedule->next_client_ms >= schedule->end_ms)
			schedule->next_client_ms = UINT64_MAX;
	}
	look_at_probes(schedule);
	if (schedule->trace)
		tell_states(schedule);
	check_state(schedule);
}

/* This process is stopped: when it continues, everything that arrived meanwhile is read first. */
static void
stand_still(struct schedule *schedule, const struct stop *stop)
{
	schedule->now_ms = stop->at_ms + stop->ms;
	fake_wake(schedule->exchanger, schedule->now_ms);
	for (unsigned i = 0; i < schedule->server_count; i++) {
		struct server *server = &schedule->servers[i];

		if (server->probing) {
			server->probe_end = S53_PROBE_SKIPPED;
			server->probe_ends_ms = schedule->now_ms;
		}
	}
	while (schedule->reply_count > 0 && schedule->replies[0].at_ms <= schedule->now_ms)
		reply_comes(schedule);
	fake_stand_still(schedule->exchanger, schedule->now_ms);
	if (schedule->next_client_ms < schedule->now_ms - QUEUED_MS)
		schedule->next_client_ms = schedule->now_ms - QUEUED_MS;
	happen(schedule);
}

void
play(struct schedule *schedule)
{
	unsigned stopped = 0;

	playing = schedule;
	schedule->now_ms = START_MS;
	schedule->next_client_ms = START_MS + dice(schedule, 2 * schedule->gap_ms);
	while (schedule->next_client_ms != UINT64_MAX ||
	    s53_resolver_pending(schedule->resolver) > 0) {
		const struct stop *stop = &schedule->stops[stopped];
		uint64_t at_ms = next_event_ms(schedule);

		if (stopped < schedule->stop_count && stop->at_ms <= at_ms) {
			stopped++;
			stand_still(schedule, stop);
			continue;
		}
		schedule->now_ms = at_ms;
		fake_advance(schedule->exchanger, at_ms);
		happen(schedule);
	}
	free(schedule->room);
	schedule->room = NULL;
}
