/* SPDX-License-Identifier: ISC
 *
 * replay.c - reads a scenario and plays it.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <split53/clock.h>
#include <split53/probe.h>
#include <split53/rand.h>

#include "replay.h"

void
fail(const struct script *script, const char *format, ...)
{
	va_list list;

	fprintf(stderr, "%s:%u: ", script->path, script->at);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
	exit(1);
}

unsigned
split(char *line, char *words[static WORDS_MAX])
{
	unsigned count = 0;
	char *rest = NULL;

	for (char *word = strtok_r(line, " \t", &rest); word != NULL && count < WORDS_MAX;
	     word = strtok_r(NULL, " \t", &rest)) {
		if (word[0] == '#')
			break;
		words[count++] = word;
	}
	return count;
}

bool
has_word(char *const *words, unsigned count, const char *word)
{
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(words[i], word) == 0)
			return true;
	}
	return false;
}

const char *
word_after(char *const *words, unsigned count, const char *word)
{
	for (unsigned i = 0; i + 1 < count; i++) {
		if (strcmp(words[i], word) == 0)
			return words[i + 1];
	}
	return NULL;
}

static struct asker *
asker_of(struct world *world, const char *word)
{
	unsigned long number = word == NULL ? 0 : strtoul(word, NULL, 10);

	if (number == 0 || number >= CLIENTS_MAX)
		fail(&world->script, "a client's number from 1 to %d is missing", CLIENTS_MAX - 1);
	return &world->askers[number];
}

static uint8_t *
asker_room(struct s53_client *client, size_t cap)
{
	struct asker *asker = client->transport;

	free(asker->room);
	return asker->room = malloc(cap);
}

static void
asker_send(struct s53_client *client, size_t len)
{
	struct asker *asker = client->transport;

	S53_ASSERT(!asker->answered && !asker->dropped);
	asker->answered = true;
	asker->reply = asker->room;
	asker->reply_len = len;
	asker->room = NULL;
}

static void
asker_drop(struct s53_client *client)
{
	struct asker *asker = client->transport;

	S53_ASSERT(!asker->answered && !asker->dropped);
	asker->dropped = true;
}

static const struct s53_client_ops asker_ops = { asker_room, asker_send, asker_drop };

static void
take(struct world *world, struct asker *asker, char **words, unsigned count,
    const struct packet *packet)
{
	const char *from = word_after(words, count, "from");
	const char *to = word_after(words, count, "to");
	struct s53_arrival arrival;

	if (asker->asked)
		fail(&world->script, "this client's number is taken");
	asker->asked = true;
	asker->client = (struct s53_client){ .ops = &asker_ops,
		.transport = asker,
		.kind = has_word(words, count, "tcp") ? S53_TCP : S53_UDP };
	if (s53_addr_parse_port(from == NULL ? "127.0.0.1" : from, 4242, &asker->client.addr) !=
		S53_OK ||
	    s53_addr_parse(to == NULL ? "127.0.0.1" : to, 53, &asker->client.local) != S53_OK)
		fail(&world->script, "from or to is no address");
	arrival = (struct s53_arrival){ &asker->client, packet->octets, packet->len };
	s53_resolver_take_batch(world->resolver, &arrival, 1, world->now_ms);
}

static void
do_ask(struct world *world, char **words, unsigned count)
{
	static struct packet packet;
	struct asker *asker = asker_of(world, words[1]);
	const char *again = word_after(words, count, "again");
	uint16_t id = (uint16_t)(asker - world->askers);

	if (again != NULL)
		id = (uint16_t)strtoul(again, NULL, 10);
	packet_of_ask(&world->script, words, count, id, &packet);
	take(world, asker, words, count, &packet);
}

/* raw N HEX: the client sends these bytes. */
static void
do_raw(struct world *world, char **words, unsigned count)
{
	static struct packet packet;
	const char *hex = count > 2 ? words[2] : "";

	for (packet.len = 0; hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
		char pair[3] = { hex[0], hex[1], '\0' };

		packet.octets[packet.len++] = (uint8_t)strtoul(pair, NULL, 16);
	}
	take(world, asker_of(world, words[1]), words, count, &packet);
}

static void
do_upstream(struct world *world, char **words, unsigned count)
{
	struct s53_exchange *exchange = fake_next_unseen(world->exchanger);
	char text[S53_ADDR_TEXT];

	if (exchange == NULL)
		fail(&world->script, "no upstream is asked anything");
	s53_addr_print(s53_upstream_addr(exchange->upstream), text);
	if (count < 4 || strcmp(text, words[1]) != 0)
		fail(&world->script, "%s is asked", text);
	if (exchange->tcp != has_word(words, count, "tcp"))
		fail(&world->script, "asked over %s", exchange->tcp ? "TCP" : "UDP");
	if (exchange->ask.lone != has_word(words, count, "lone"))
		fail(&world->script, "its connection is %s",
		    exchange->ask.lone ? "its own" : "not its own");
	if (exchange->ask.fresh_port != has_word(words, count, "fresh-port"))
		fail(&world->script, "asked from %s port",
		    exchange->ask.fresh_port ? "a fresh" : "any");
	packet_expect_ask(&world->script, words, count, exchange->ask.octets, exchange->ask.len);
	exchange->seen = true;
	world->current = exchange;
}

/* loop N [from ADDR] [lower] [noad]: the upstream query comes back from client N. */
static void
do_loop(struct world *world, char **words, unsigned count)
{
	static struct packet packet;
	const struct s53_exchange *exchange = world->current;
	struct asker *asker = asker_of(world, words[1]);

	if (exchange == NULL)
		fail(&world->script, "no upstream has been asked");
	packet.len = exchange->ask.len;
	memcpy(packet.octets, exchange->ask.octets, packet.len);
	for (size_t at = S53_HEADER_LEN;
	     has_word(words, count, "lower") && at < packet.len && packet.octets[at] != 0; at++)
		packet.octets[at] = (uint8_t)tolower(packet.octets[at]);
	if (has_word(words, count, "noad"))
		packet.octets[3] &= (uint8_t)~S53_AD;
	packet.octets[0] = 0;
	packet.octets[1] = (uint8_t)(asker - world->askers);
	take(world, asker, words, count, &packet);
}

static struct s53_exchange *
current(struct world *world, char **words, unsigned count)
{
	const char *from = word_after(words, count, "from");
	struct s53_addr addr;

	if (from == NULL) {
		if (world->current == NULL)
			fail(&world->script, "no upstream has been asked");
		return world->current;
	}
	if (s53_addr_parse_port(from, 53, &addr) != S53_OK)
		fail(&world->script, "from is no address");
	world->current = fake_find(world->exchanger, &addr);
	if (world->current == NULL)
		fail(&world->script, "nothing is open to %s", from);
	return world->current;
}

static void
do_reply(struct world *world, char **words, unsigned count)
{
	static struct packet packet;
	struct s53_exchange *exchange = current(world, words, count);
	bool wanted;

	packet_of_reply(
	    &world->script, words, count, exchange->ask.octets, exchange->ask.len, &packet);
	wanted = fake_arrive(world->exchanger, exchange, packet.octets, packet.len);
	if (wanted == has_word(words, count, "rejected"))
		fail(&world->script, "the reply was %s", wanted ? "accepted" : "rejected");
	if (wanted)
		world->current = NULL;
}

/* shares [from ADDR#PORT]: the connection carries other queries too. */
static void
do_shares(struct world *world, char **words, unsigned count)
{
	current(world, words, count)->shares = true;
}

static void
do_unreachable(struct world *world, char **words, unsigned count)
{
	struct s53_exchange *exchange = current(world, words, count);

	world->current = NULL;
	fake_end(world->exchanger, exchange, S53_EXCHANGE_UNREACHABLE);
}

static void
do_refused(struct world *world, char **words, unsigned count)
{
	struct s53_exchange *exchange = current(world, words, count);

	world->current = NULL;
	fake_end(world->exchanger, exchange, S53_EXCHANGE_REFUSED);
}

/* probe ADDR#PORT END: the probe of that server that is due ends with this result. */
static void
do_probe(struct world *world, char **words, unsigned count)
{
	static const char *const ends[] = { "answered", "unfit", "held", "lost", "refused",
		"unreachable", "skipped", "declined" };
	struct s53_upstream_options options = { .edns = true };
	struct s53_upstream *server;
	struct s53_probe probe;
	struct s53_addr addr;
	unsigned end = 0;

	while (count > 2 && end < 8 && strcmp(words[2], ends[end]) != 0)
		end++;
	if (count < 3 || end == 8 || s53_addr_parse_port(words[1], 53, &addr) != S53_OK)
		fail(&world->script, "probe ADDR#PORT END");
	server = s53_registry_get(world->registry, &addr, &options);
	if (!s53_probe_begin(server, &probe, world->now_ms))
		fail(&world->script, "no probe of %s is due", words[1]);
	s53_probe_end(server, &probe, (enum s53_probe_end)end, 1, world->now_ms);
	s53_upstream_drop(server);
}

static void
do_state(struct world *world, char **words, unsigned count)
{
	struct s53_upstream_options options = { .edns = true };
	struct s53_upstream *server;
	struct s53_addr addr;
	const char *state;

	if (count < 3 || s53_addr_parse_port(words[1], 53, &addr) != S53_OK)
		fail(&world->script, "state ADDR#PORT STATE");
	server = s53_registry_get(world->registry, &addr, &options);
	state = s53_health_state_name(s53_upstream_state(server));
	if (strcmp(state, words[2]) != 0)
		fail(&world->script, "%s is %s", words[1], state);
	s53_upstream_drop(server);
}

static void
do_advance(struct world *world, char **words, unsigned count)
{
	if (count < 2)
		fail(&world->script, "advance by how many ms?");
	world->now_ms += strtoul(words[1], NULL, 10);
	fake_advance(world->exchanger, world->now_ms);
}

static void
do_answer(struct world *world, char **words, unsigned count)
{
	struct asker *asker = asker_of(world, words[1]);

	if (!asker->answered)
		fail(&world->script, "client %s has no answer", words[1]);
	asker->examined = true;
	packet_expect(&world->script, words, count, asker->reply, asker->reply_len);
}

static void
do_silence(struct world *world, char **words, unsigned count)
{
	struct asker *asker = asker_of(world, count > 1 ? words[1] : NULL);

	if (!asker->dropped)
		fail(&world->script, "client %s was not met with silence", words[1]);
	asker->examined = true;
}

/* No upstream query and no reply is left that the scenario does not mention. */
static void
do_nothing(struct world *world, char **words, unsigned count)
{
	(void)words;
	(void)count;
	if (fake_next_unseen(world->exchanger) != NULL)
		fail(&world->script, "an upstream is asked");
	for (unsigned i = 0; i < CLIENTS_MAX; i++) {
		const struct asker *asker = &world->askers[i];

		if ((asker->answered || asker->dropped) && !asker->examined)
			fail(&world->script, "client %u has been served", i);
	}
}

static void
do_count(struct world *world, char **words, unsigned count)
{
	for (unsigned i = 0; count == 3 && i < S53_C_COUNT; i++) {
		if (strcmp(s53_counter_name(i), words[1]) != 0)
			continue;
		if (s53_counter_read(&world->counters, i) != strtoul(words[2], NULL, 10))
			fail(&world->script, "%s is %lu", words[1],
			    (unsigned long)s53_counter_read(&world->counters, i));
		return;
	}
	fail(&world->script, "no such counter");
}

static const struct {
	const char *word;
	void (*act)(struct world *world, char **words, unsigned count);
} actions[] = {
	{ "ask", do_ask },
	{ "raw", do_raw },
	{ "upstream", do_upstream },
	{ "reply", do_reply },
	{ "shares", do_shares },
	{ "unreachable", do_unreachable },
	{ "refused", do_refused },
	{ "loop", do_loop },
	{ "probe", do_probe },
	{ "state", do_state },
	{ "advance", do_advance },
	{ "answer", do_answer },
	{ "silence", do_silence },
	{ "nothing", do_nothing },
	{ "count", do_count },
	{ "flush", do_flush },
	{ "set", do_set },
	{ "fetch", do_fetch },
};

static void
play_line(struct world *world, char **words, unsigned count)
{
	if (world->resolver == NULL && world_setting(world, words, count))
		return;
	if (world->resolver == NULL)
		world_start(world);
	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
		if (strcmp(words[0], actions[i].word) == 0) {
			actions[i].act(world, words, count);
			return;
		}
	}
	fail(&world->script, "unknown word '%s'", words[0]);
}

static void
read_script(struct script *script, const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;

	script->path = path;
	if (file == NULL)
		fail(script, "cannot be read");
	while (getline(&line, &cap, file) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		script->lines =
		    realloc(script->lines, (script->count + 1) * sizeof(*script->lines));
		script->lines[script->count++] = strdup(line);
	}
	free(line);
	fclose(file);
}

int
main(int argc, char **argv)
{
	static struct world world;
	char *words[WORDS_MAX];
	unsigned count;

	if (argc != 2) {
		fprintf(stderr, "usage: replay SCENARIO\n");
		return 2;
	}
	s53_rand_test_seed(53);
	world_init(&world);
	read_script(&world.script, argv[1]);
	while (world.script.at < world.script.count) {
		char *line = world.script.lines[world.script.at++];

		if ((count = split(line, words)) > 0)
			play_line(&world, words, count);
	}
	do_nothing(&world, NULL, 0);
	world_fini(&world);
	return 0;
}
