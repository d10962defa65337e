/* SPDX-License-Identifier: ISC
 *
 * load_options.c - the command line of bench_load.
 */
#include "load_options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COUNT_MAX 200000000.0
#define CLIENTS_MAX 30000.0
#define CLIENTS_DEFAULT 32
#define CONNECTION_WINDOW 32 /* queries in flight on each connection */
#define WINDOW_DEFAULT 192 /* fits into the receive buffer of any server */
#define OPEN_WINDOW_DEFAULT 32768
#define TIMEOUT_NS UINT64_C(2000000000)
#define TRAIN_MAX 64 /* of the kernel, udp(7) */

enum option_key {
	SERVER = 256,
	PORT,
	NAMES,
	COUNT,
	SECONDS,
	LEAD,
	TIMEOUT,
	RATE,
	QUERIES,
	WINDOW,
	WARM_WINDOW,
	CLIENTS,
	TRAIN,
	GRO,
	EDNS,
	MIX_CASE,
	TXT,
	ZONE,
	SCAN,
	TCP,
	PER_CONNECTION,
	SOURCES,
	RESET,
	SEED,
	WARM,
	SPIN,
	JSON,
	RECORD,
	WATCH,
};

static const struct option long_options[] = {
	{ "server", required_argument, NULL, SERVER },
	{ "port", required_argument, NULL, PORT },
	{ "names", required_argument, NULL, NAMES },
	{ "count", required_argument, NULL, COUNT },
	{ "seconds", required_argument, NULL, SECONDS },
	{ "lead", required_argument, NULL, LEAD },
	{ "timeout", required_argument, NULL, TIMEOUT },
	{ "rate", required_argument, NULL, RATE },
	{ "queries", required_argument, NULL, QUERIES },
	{ "window", required_argument, NULL, WINDOW },
	{ "warm-window", required_argument, NULL, WARM_WINDOW },
	{ "clients", required_argument, NULL, CLIENTS },
	{ "train", required_argument, NULL, TRAIN },
	{ "gro", required_argument, NULL, GRO },
	{ "edns", no_argument, NULL, EDNS },
	{ "mix-case", no_argument, NULL, MIX_CASE },
	{ "txt", no_argument, NULL, TXT },
	{ "zone", required_argument, NULL, ZONE },
	{ "scan", required_argument, NULL, SCAN },
	{ "tcp", required_argument, NULL, TCP },
	{ "per-connection", required_argument, NULL, PER_CONNECTION },
	{ "sources", required_argument, NULL, SOURCES },
	{ "reset", no_argument, NULL, RESET },
	{ "seed", required_argument, NULL, SEED },
	{ "warm", no_argument, NULL, WARM },
	{ "spin", no_argument, NULL, SPIN },
	{ "json", no_argument, NULL, JSON },
	{ "record", required_argument, NULL, RECORD },
	{ "watch", required_argument, NULL, WATCH },
	{ NULL, 0, NULL, 0 },
};

/* Values from which options are computed after all are read. */
struct raw {
	const char *server, *port, *names;
	uint32_t scan;
	int gro; /* -1: as the train says */
};

static double
number(const char *text, double least, double most)
{
	char *end;
	double value = strtod(text, &end);

	if (*text == '\0' || *end != '\0' || !(value >= least && value <= most))
		bench_refuse("%s is not a number from %g to %g", text, least, most);
	return value;
}

static uint32_t
whole(const char *text, double least, double most)
{
	return (uint32_t)number(text, least, most);
}

static void
add_watch(struct load_options *options, const char *text)
{
	while (*text != '\0') {
		char *end;
		long pid = strtol(text, &end, 10);

		if (end == text || (*end != '\0' && *end != ',') || pid <= 0 ||
		    options->watch_count == LOAD_WATCH_MAX)
			bench_refuse("--watch takes up to %d process ids", LOAD_WATCH_MAX);
		options->watch[options->watch_count++] = (int)pid;
		text = *end == ',' ? end + 1 : end;
	}
}

/* The names to query. true: the option was one of these. */
static bool
read_names_option(struct load_options *options, struct raw *raw, int key)
{
	struct bench_names *names = &options->names;

	switch (key) {
	case NAMES:
		raw->names = optarg;
		return true;
	case COUNT:
		names->count = whole(optarg, 1, COUNT_MAX);
		return true;
	case EDNS:
		return names->edns = true;
	case MIX_CASE:
		return names->mixed_case = true;
	case TXT:
		names->type = BENCH_TYPE_TXT;
		return true;
	case ZONE:
		if (!bench_names_zone(names, optarg))
			bench_refuse("no zone: %s", optarg);
		return true;
	case SCAN:
		raw->scan = whole(optarg, 1, 10000);
		return true;
	case SEED:
		options->seed = (uint64_t)number(optarg, 0, 1e15);
		return true;
	default:
		return false;
	}
}

/* Amount and duration. */
static bool
read_amount_option(struct load_options *options, int key)
{
	switch (key) {
	case SECONDS:
		options->seconds = number(optarg, 0, 1e6);
		return true;
	case LEAD:
		options->lead_seconds = number(optarg, 0, 1e6);
		return true;
	case TIMEOUT:
		options->timeout_ns = (uint64_t)(number(optarg, 0.01, 1e3) * 1e9);
		return true;
	case RATE:
		options->rate = number(optarg, 0.1, 1e8);
		return true;
	case QUERIES:
		options->queries = (uint64_t)number(optarg, 1, 1e15);
		return true;
	case WINDOW:
		options->window = whole(optarg, 1, 1e6);
		return true;
	case WARM_WINDOW:
		options->warm_window = whole(optarg, 1, 1e6);
		return true;
	case WARM:
		return options->warm = true;
	case SPIN:
		return options->spin = true;
	case JSON:
		return options->json = true;
	case RECORD:
		options->record = optarg;
		return true;
	case WATCH:
		add_watch(options, optarg);
		return true;
	default:
		return false;
	}
}

/* Transport. */
static bool
read_transport_option(struct load_options *options, struct raw *raw, int key)
{
	switch (key) {
	case SERVER:
		raw->server = optarg;
		return true;
	case PORT:
		raw->port = optarg;
		return true;
	case CLIENTS:
		options->channels = whole(optarg, 1, CLIENTS_MAX);
		return true;
	case TRAIN:
		options->train = whole(optarg, 1, TRAIN_MAX);
		return true;
	case GRO:
		raw->gro = (int)whole(optarg, 0, 1);
		return true;
	case TCP:
		options->channels = whole(optarg, 1, CLIENTS_MAX);
		return options->tcp = true;
	case PER_CONNECTION:
		options->per_connection = whole(optarg, 0, 1e9);
		return true;
	case SOURCES:
		options->sources = whole(optarg, 1, 250);
		return true;
	case RESET:
		return options->reset = true;
	default:
		return false;
	}
}

static uint32_t
default_window(const struct load_options *options)
{
	uint32_t window = options->rate > 0 ? OPEN_WINDOW_DEFAULT : WINDOW_DEFAULT;

	if (options->tcp && options->rate <= 0)
		window = options->channels * (options->per_connection == 1 ? 1 : CONNECTION_WINDOW);
	if (options->train > 1 && window < options->train * 16)
		window = options->train * 16;
	return window;
}

static void
complete(struct load_options *options, const struct raw *raw)
{
	struct bench_names *names = &options->names;

	if (raw->server == NULL || raw->port == NULL)
		bench_refuse("--server and --port are needed");
	options->server = bench_endpoint_of(raw->server, raw->port);
	if (!bench_names_choose(names, raw->names))
		bench_refuse("no kind of names: %s", raw->names);
	if (names->kind == BENCH_BIG && !options->tcp)
		names->edns = true; /* otherwise the answer would be TC alone */
	if (names->between == BENCH_FRESH)
		names->between_count = raw->scan;
	if (options->tcp && options->train > 1)
		bench_refuse("a train is of datagrams");
	options->gro = raw->gro >= 0 ? raw->gro : options->train > 1;
	if (options->window == 0)
		options->window = default_window(options);
	if (options->warm_window < options->train)
		options->warm_window = options->train;
	if (options->window < options->train)
		bench_refuse("the window has no room for a train");
	bench_names_init(names, options->seed);
}

void
load_options_read(struct load_options *options, int argc, char **argv)
{
	struct raw raw = { .names = "set", .scan = 20, .gro = -1 };
	int key;

	*options = (struct load_options){
		.names = { .count = 10000, .type = BENCH_TYPE_A },
		.seed = bench_now_ns() ^ (uint64_t)time(NULL) << 24 ^ (uint64_t)getpid() << 48,
		.seconds = 5,
		.timeout_ns = TIMEOUT_NS,
		.warm_window = 64,
		.channels = CLIENTS_DEFAULT,
		.train = 1,
	};
	bench_names_zone(&options->names, "bench.example");
	while ((key = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (!read_names_option(options, &raw, key) && !read_amount_option(options, key) &&
		    !read_transport_option(options, &raw, key))
			exit(2); /* getopt_long() has printed the reason */
	}
	if (optind < argc)
		bench_refuse("what is %s?", argv[optind]);
	complete(options, &raw);
}
