/* SPDX-License-Identifier: ISC
 *
 * flood.c - bench_flood: sends queries for new names at a fixed rate, from a given number of
 * addresses, and waits for no answer. README.md describes its options.
 *
 * With several sources each datagram has the next address of 10/8, or of another /64 of fd00::/16;
 * the host must have local routes for them. Connections send one query after another without
 * waiting, and are opened again when they end.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "names.h"
#include "net.h"

#define SOCKETS 16
#define ZONES_MAX 4
#define ANSWER_MAX 4096
#define ROUND_NS 1000000
#define BURST_MAX 256 /* when late, it catches up by this many a round */
#define LEN_OCTETS 2

static struct {
	struct bench_endpoint server;
	const char *address, *port;
	uint64_t rate;
	uint32_t sources, connections;
	bool edns;
	struct bench_names zones[ZONES_MAX];
	uint8_t templates[ZONES_MAX][BENCH_QUERY_MAX];
	size_t sizes[ZONES_MAX];
	unsigned zone_count;
} options = { .rate = 1000 };

static struct {
	uint64_t due, sent, refused, answers[16], opened;
} counts;

static volatile sig_atomic_t ended;

static void
end(int signal_number)
{
	(void)signal_number;
	ended = 1;
}

/* The address for this number: the source of a datagram or of a connection. */
static struct bench_endpoint
source(uint32_t number)
{
	struct bench_endpoint from = { .in = { .sin_family = AF_INET }, .len = sizeof(from.in) };

	if (options.server.any.sa_family == AF_INET) {
		from.in.sin_addr.s_addr = htonl(0x0a000001u + number);
		return from;
	}
	from =
	    (struct bench_endpoint){ .in6 = { .sin6_family = AF_INET6 }, .len = sizeof(from.in6) };
	from.in6.sin6_addr.s6_addr[0] = 0xfd;
	/* A /64 of its own. */
	memcpy(&from.in6.sin6_addr.s6_addr[4], &(uint32_t){ htonl(number) }, sizeof(number));
	from.in6.sin6_addr.s6_addr[15] = 1;
	return from;
}

static size_t
next_query(uint8_t *out)
{
	unsigned zone = (unsigned)(counts.due % options.zone_count);

	memcpy(out, options.templates[zone], options.sizes[zone]);
	bench_names_next(&options.zones[zone], out);
	out[0] = (uint8_t)(counts.due >> 8);
	out[1] = (uint8_t)counts.due;
	counts.due++;
	return options.sizes[zone];
}

/* Space for the control message with the source address of a datagram. */
union pktinfo_space {
	size_t alignment; /* of struct cmsghdr */
	uint8_t octets[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

static void
set_source(struct msghdr *message, union pktinfo_space *space, uint32_t number)
{
	struct bench_endpoint from = source(number);
	struct cmsghdr *control;

	memset(space, 0, sizeof(*space));
	message->msg_control = space->octets;
	message->msg_controllen = sizeof(space->octets);
	control = CMSG_FIRSTHDR(message);
	if (from.any.sa_family == AF_INET) {
		struct in_pktinfo info = { .ipi_spec_dst = from.in.sin_addr };
		control->cmsg_level = IPPROTO_IP;
		control->cmsg_type = IP_PKTINFO;
		control->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(control), &info, sizeof(info));
	} else {
		struct in6_pktinfo info = { .ipi6_addr = from.in6.sin6_addr };
		control->cmsg_level = IPPROTO_IPV6;
		control->cmsg_type = IPV6_PKTINFO;
		control->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(control), &info, sizeof(info));
	}
	message->msg_controllen = control->cmsg_len;
}

static void
send_datagram(int fd)
{
	uint8_t query[BENCH_QUERY_MAX];
	union pktinfo_space space;
	struct iovec part = { query, next_query(query) };
	struct msghdr message = { .msg_name = &options.server.any,
		.msg_namelen = options.server.len,
		.msg_iov = &part,
		.msg_iovlen = 1 };

	if (options.sources > 0)
		set_source(&message, &space, (uint32_t)(counts.due % options.sources));
	if (sendmsg(fd, &message, MSG_DONTWAIT) >= 0)
		counts.sent++;
	else
		counts.refused++;
}

static void
read_datagrams(int fd)
{
	uint8_t answer[ANSWER_MAX];

	while (recv(fd, answer, sizeof(answer), MSG_DONTWAIT) >= 4)
		counts.answers[answer[3] & 15]++;
}

struct connection {
	int fd;
	uint32_t number;
};

static void
open_connection(struct connection *connection)
{
	struct bench_endpoint from =
	    source(connection->number % (options.sources > 0 ? options.sources : 1));

	connection->fd =
	    socket(options.server.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (connection->fd < 0)
		bench_die("socket");
	bench_nodelay(connection->fd);
	if (options.sources > 0 && bind(connection->fd, &from.any, from.len) != 0)
		bench_die("bind");
	(void)connect(connection->fd, &options.server.any,
	    options.server.len); /* its first write shows whether it is connected */
	counts.opened++;
}

static void
write_query(struct connection *connection)
{
	uint8_t framed[LEN_OCTETS + BENCH_QUERY_MAX];
	size_t size = next_query(framed + LEN_OCTETS);
	ssize_t written;

	framed[0] = (uint8_t)(size >> 8);
	framed[1] = (uint8_t)size;
	written = send(connection->fd, framed, LEN_OCTETS + size, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (written == (ssize_t)(LEN_OCTETS + size)) {
		counts.sent++;
		return;
	}
	counts.refused++;
	if (written < 0 && (errno == EAGAIN || errno == EINPROGRESS))
		return;
	close(connection->fd); /* also after half a query: the rest would be out of step */
	open_connection(connection);
}

/* Answers are only read and their bytes counted: nothing waits for one. */
static void
read_stream(struct connection *connection)
{
	uint8_t octets[ANSWER_MAX];
	ssize_t got;

	while ((got = recv(connection->fd, octets, sizeof(octets), MSG_DONTWAIT)) > 0)
		;
	if (got == 0) {
		close(connection->fd);
		open_connection(connection);
	}
}

static int
open_socket(void)
{
	struct bench_endpoint any = { .in = { .sin_family = options.server.any.sa_family },
		.len = options.server.len };
	const int yes = 1;
	int fd = socket(any.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, &any.any, any.len) != 0)
		bench_die("bind");
	/* A source need not be configured: it suffices that the host accepts packets for it. */
	if (any.any.sa_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &yes, sizeof(yes)) != 0)
		bench_die("IPV6_FREEBIND");
	return fd;
}

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Send the queries that are due, and read the answers that have arrived. */
static void
flood(struct connection *connections, const int *sockets)
{
	const uint64_t begin = now_ns();
	const struct timespec pause = { 0, ROUND_NS };
	uint64_t wanted, burst;

	while (!ended) {
		wanted = (uint64_t)((double)(now_ns() - begin) * (double)options.rate / 1e9);
		for (burst = 0; counts.due < wanted && burst < BURST_MAX; burst++) {
			if (options.connections > 0)
				write_query(&connections[counts.due % options.connections]);
			else
				send_datagram(sockets[counts.due % SOCKETS]);
		}
		for (unsigned i = 0; i < options.connections; i++)
			read_stream(&connections[i]);
		for (unsigned i = 0; options.connections == 0 && i < SOCKETS; i++)
			read_datagrams(sockets[i]);
		nanosleep(&pause, NULL);
	}
}

static void
add_zone(const char *text)
{
	struct bench_names *names;

	if (options.zone_count == ZONES_MAX)
		bench_refuse("at most %d zones", ZONES_MAX);
	names = &options.zones[options.zone_count++];
	names->type = 1;
	if (!bench_names_choose(names, "fresh") || !bench_names_zone(names, text))
		bench_refuse("no zone: %s", text);
}

static void
read_options(int argc, char **argv)
{
	static const struct option known[] = { { "server", required_argument, NULL, 's' },
		{ "port", required_argument, NULL, 'p' }, { "rate", required_argument, NULL, 'r' },
		{ "zone", required_argument, NULL, 'z' },
		{ "sources", required_argument, NULL, 'k' },
		{ "tcp", required_argument, NULL, 't' }, { "edns", no_argument, NULL, 'e' },
		{ 0 } };
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 's':
			options.address = optarg;
			break;
		case 'p':
			options.port = optarg;
			break;
		case 'r':
			options.rate = strtoull(optarg, NULL, 10);
			break;
		case 'z':
			add_zone(optarg);
			break;
		case 'k':
			options.sources = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 't':
			options.connections = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 'e':
			options.edns = true;
			break;
		default:
			exit(2);
		}
	}
	if (options.address == NULL || options.port == NULL || options.zone_count == 0 ||
	    options.rate == 0)
		bench_refuse("--server, --port, --rate and --zone are needed");
	options.server = bench_endpoint_of(options.address, options.port);
}

static void
make_templates(void)
{
	size_t question_end;

	for (unsigned i = 0; i < options.zone_count; i++) {
		options.zones[i].edns = options.edns;
		bench_names_init(&options.zones[i], now_ns() + i);
		options.sizes[i] =
		    bench_names_template(&options.zones[i], options.templates[i], &question_end);
	}
}

static void
print_counts(void)
{
	printf("{\"sent\": %llu, \"refused\": %llu, \"connections\": %llu, \"rcodes\": [",
	    (unsigned long long)counts.sent, (unsigned long long)counts.refused,
	    (unsigned long long)counts.opened);
	for (int i = 0; i < 16; i++)
		printf("%s%llu", i > 0 ? ", " : "", (unsigned long long)counts.answers[i]);
	printf("]}\n");
}

int
main(int argc, char **argv)
{
	struct connection *connections;
	int sockets[SOCKETS] = { 0 };

	read_options(argc, argv);
	make_templates();
	signal(SIGTERM, end);
	signal(SIGINT, end);
	connections = calloc(options.connections + 1, sizeof(*connections));
	if (connections == NULL)
		bench_die("memory");
	for (uint32_t i = 0; i < options.connections; i++) {
		connections[i].number = i;
		open_connection(&connections[i]);
	}
	for (unsigned i = 0; options.connections == 0 && i < SOCKETS; i++)
		sockets[i] = open_socket();
	flood(connections, sockets);
	print_counts();
	free(connections);
	return 0;
}
