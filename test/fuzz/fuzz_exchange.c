/* SPDX-License-Identifier: ISC
 *
 * fuzz_exchange.c - anything that a server may send: datagrams and a TCP stream, both cut up by
 * the input.
 *
 * The first byte of the input selects the transport, and whether one of the queries is cancelled
 * before the responses arrive and only its late reply is awaited; the second is the size of the
 * pieces in which the rest is sent. IDs are a repeatable sequence, so that inputs can learn to
 * match.
 */
#include <event2/event.h>
#include <string.h>
#include <unistd.h>

#include <split53/exchange.h>
#include <split53/header.h>
#include <split53/rand.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define ASKED 2

static struct {
	struct event_base *base;
	struct s53_counters counters;
	struct s53_registry *registry;
	struct s53_upstream *upstream;
	struct s53_addr addr;
	int udp, tcp;
	struct s53_exchange *asked[ASKED];
} world;

static uint8_t question[] = { 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1 };

static enum s53_validity
check(void *arg, struct s53_exchange *exchange, const uint8_t *octets, size_t len)
{
	(void)arg;
	(void)exchange;
	if (len < S53_HEADER_LEN || octets[len - 1] == 0xff)
		return S53_VALIDITY_REJECTED;
	return octets[len - 1] == 0xfe ? S53_VALIDITY_UNPROVEN : S53_VALIDITY_ACCEPTED;
}

static void
done(void *arg, struct s53_exchange *exchange, enum s53_exchange_end end, uint8_t *octets,
    size_t len)
{
	struct s53_exchange **place = arg;

	S53_ASSERT(*place == exchange);
	S53_ASSERT((end == S53_EXCHANGE_ANSWERED) == (octets != NULL));
	if (octets != NULL)
		memset(octets, 0, len); /* all of it is ours */
	*place = NULL;
}

/* One port for both transports. */
static void
world_begin(void)
{
	socklen_t addr_len = sizeof(world.addr);
	struct s53_upstream_options options = { .edns = true };

	world.base = event_base_new();
	world.registry = s53_registry_new();
	do {
		S53_ASSERT(s53_addr_parse("127.0.0.1", 0, &world.addr) == S53_OK);
		world.tcp = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		world.udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		S53_ASSERT(bind(world.tcp, &world.addr.sa, s53_addr_len(&world.addr)) == 0);
		S53_ASSERT(getsockname(world.tcp, &world.addr.sa, &addr_len) == 0);
		if (bind(world.udp, &world.addr.sa, s53_addr_len(&world.addr)) == 0)
			break;
		close(world.tcp);
		close(world.udp);
	} while (true);
	S53_ASSERT(listen(world.tcp, 8) == 0);
	world.upstream = s53_registry_get(world.registry, &world.addr, &options);
}

static void
turn_loop(void)
{
	for (unsigned i = 0; i < 4; i++)
		event_base_loop(world.base, EVLOOP_NONBLOCK);
}

static void
send_udp(const uint8_t *data, size_t len, size_t piece)
{
	uint8_t asked[sizeof(question)];
	struct s53_addr from;
	socklen_t from_len = sizeof(from);

	if (recvfrom(world.udp, asked, sizeof(asked), MSG_DONTWAIT, &from.sa, &from_len) < 0)
		return;
	for (size_t at = 0; at < len; at += piece) {
		size_t now = len - at < piece ? len - at : piece;

		(void)sendto(world.udp, data + at, now, MSG_DONTWAIT, &from.sa, from_len);
		turn_loop();
	}
	while (recv(world.udp, asked, sizeof(asked), MSG_DONTWAIT) >= 0)
		;
}

static void
send_tcp(const uint8_t *data, size_t len, size_t piece)
{
	int fd = accept4(world.tcp, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	for (size_t at = 0; at < len; at += piece) {
		size_t now = len - at < piece ? len - at : piece;

		(void)send(fd, data + at, now, MSG_NOSIGNAL | MSG_DONTWAIT);
		turn_loop();
	}
	close(fd);
	turn_loop();
}

/* A connection that was opened again after the first was closed. */
static void
refuse_the_rest(void)
{
	int fd;

	while ((fd = accept4(world.tcp, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		close(fd);
		turn_loop();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct s53_exchange_spec ask = { .octets = question,
		.len = sizeof(question),
		.timeout_ms = 60000,
		.check = check,
		.done = done };
	struct s53_exchanger *exchanger;
	size_t piece;

	if (len < 2)
		return 0;
	if (world.base == NULL)
		world_begin();
	s53_rand_test_seed(53);
	exchanger = s53_exchanger_new(world.base, &world.counters);
	S53_ASSERT(exchanger != NULL);
	ask.tcp = (data[0] & 1) != 0;
	for (unsigned i = 0; i < ASKED; i++) {
		ask.arg = &world.asked[i];
		world.asked[i] = s53_exchange_start(exchanger, world.upstream, &ask);
	}
	turn_loop();
	if ((data[0] & 2) != 0) {
		s53_exchange_cancel(exchanger, world.asked[1]);
		world.asked[1] = NULL;
	}
	piece = data[1] != 0 ? (size_t)data[1] * 4 : len;
	if (ask.tcp)
		send_tcp(data + 2, len - 2, piece);
	else
		send_udp(data + 2, len - 2, piece);
	refuse_the_rest(); /* a TC may have led to TCP */
	for (unsigned i = 0; i < ASKED; i++) {
		if (world.asked[i] != NULL)
			s53_exchange_cancel(exchanger, world.asked[i]);
	}
	s53_exchanger_free(exchanger);
	turn_loop();
	refuse_the_rest(); /* connections that are left in the queue of listen() */
	return 0;
}
