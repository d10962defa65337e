/* SPDX-License-Identifier: ISC
 *
 * load.c - bench_load: sends queries, and checks every answer. README.md describes its options.
 *
 * A run is: warm-up (each name once, until it is answered), lead-in (not counted), the measured
 * part, and a wait for the queries still in flight.
 */
#include "load.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "load_options.h"

#define WARM_SECONDS_MAX 600

static uint32_t
power_of_two(uint32_t least)
{
	uint32_t power = 1;

	while (power < least)
		power *= 2;
	return power;
}

/* Twice the share of a channel: channels are not used evenly while answers are outstanding. */
static uint32_t
slots_for(const struct load_options *options)
{
	uint32_t share = (options->window + options->channels - 1) / options->channels * 2;
	uint32_t most =
	    options->window > options->warm_window ? options->window : options->warm_window;

	share = share > 2 * options->train ? share : 2 * options->train;
	share = power_of_two(share > most ? most : share);
	return share > LOAD_ROOM / 2 ? LOAD_ROOM / 2 : share;
}

static void
open_all(struct load *load)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files); /* opening fails when it is too low */
	}
	load->transport = load->options.tcp ? &load_tcp : &load_udp;
	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	load->channels = calloc(load->options.channels, sizeof(*load->channels));
	if (load->epoll < 0 || load->channels == NULL)
		bench_die("epoll");
	load->slots_each = slots_for(&load->options);
	load_slots_init(load);
	load->now_ns = bench_now_ns();
	for (uint32_t i = 0; i < load->options.channels; i++) {
		load->channels[i].place = i;
		load->transport->open(load, &load->channels[i]);
	}
}

static void
close_all(struct load *load)
{
	for (uint32_t i = 0; i < load->options.channels; i++)
		load->transport->close(&load->channels[i]);
	load_slots_free(load);
	free(load->channels);
	close(load->epoll);
}

/* Query every name of the set once. Ends the program when names stay without a correct answer. */
static void
warm(struct load *load)
{
	const struct load_counts *counts = &load->result.counts;
	struct load_phase phase = { .window = load->options.warm_window };

	if (!bench_names_sequence(&load->options.names, &load->names))
		return;
	load->retry = true;
	phase.end_ns = bench_now_ns() + WARM_SECONDS_MAX * UINT64_C(1000000000);
	load_run(load, &phase);
	load->retry = false;
	load->names_over = false;
	load->warm_resent = counts->resent;
	if (counts->answered != counts->verdicts[BENCH_RIGHT] || counts->lost > 0)
		bench_refuse("warm-up: %llu of %llu names have no right answer",
		    (unsigned long long)(counts->sent - counts->verdicts[BENCH_RIGHT]),
		    (unsigned long long)counts->sent);
}

/* The counts so far are those of the lead-in; queries in flight belong to the measured part. */
static void
forget_counts(struct load *load)
{
	memset(&load->result, 0, sizeof(load->result));
	load->result.counts.sent = load->in_flight;
}

static struct load_cpu
cpu_since(struct load_cpu now, struct load_cpu then)
{
	return (struct load_cpu){
		.total = now.total - then.total,
		.user = now.user - then.user,
		.system = now.system - then.system,
	};
}

static void
measure(struct load *load)
{
	const struct load_options *options = &load->options;
	struct load_phase phase = {
		.window = options->window,
		.rate = options->rate,
		.most = options->queries,
	};
	struct load_cpu own, watched[LOAD_WATCH_MAX];
	struct load_result *result = &load->result;
	uint64_t start_ns;

	for (size_t i = 0; i < options->watch_count; i++)
		watched[i] = load_cpu_of(options->watch[i]);
	own = load_cpu_own();
	start_ns = bench_now_ns();
	phase.end_ns = start_ns + (uint64_t)(options->seconds * 1e9);
	load_run(load, &phase);
	if (options->queries > 0)
		load_drain(load);
	result->seconds = (double)(bench_now_ns() - start_ns) / 1e9;
	result->own = cpu_since(load_cpu_own(), own);
	for (size_t i = 0; i < options->watch_count; i++)
		result->watched[i] = cpu_since(load_cpu_of(options->watch[i]), watched[i]);
	result->answered = result->counts.answered;
	result->qps = result->seconds > 0 ? (double)result->answered / result->seconds : 0;
}

static void
lead_in(struct load *load)
{
	struct load_phase phase = {
		.window = load->options.window,
		.rate = load->options.rate,
		.end_ns = bench_now_ns() + (uint64_t)(load->options.lead_seconds * 1e9),
	};

	if (load->options.lead_seconds > 0)
		load_run(load, &phase);
}

int
main(int argc, char **argv)
{
	static struct load load; /* its histogram is too large for the stack */

	load_options_read(&load.options, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_TIMERSLACK, 1); /* an open loop sleeps for microseconds */
	open_all(&load);
	if (load.options.warm)
		warm(&load);
	load_record_open(&load);
	forget_counts(&load);
	load.names = load.options.names;
	if (load.options.seconds > 0) {
		lead_in(&load);
		forget_counts(&load);
		measure(&load);
	}
	load_drain(&load);
	load_record_close(&load);
	load_report(&load, stdout);
	close_all(&load);
	return 0;
}
