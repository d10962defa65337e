/* SPDX-License-Identifier: ISC
 *
 * load_run.c - the loop of one phase.
 *
 * Closed loop: as many queries as the window allows, at once. Open loop: as many as are due by
 * now; each is timed from when it was due, not from when it was sent, so that a server which stops
 * for a moment does not hide how many queries were due in that moment.
 *
 * Channels are used in turn, with a burst each: short enough for 1,000 ports to alternate, and
 * long enough for few ports to need few system calls.
 */
#include "load.h"

#include <errno.h>
#include <sys/epoll.h>
#include <time.h>

#define EVENTS 256
#define SCAN 64 /* slots checked in a turn for overdue queries */
#define SCAN_IDLE 4096 /* in a turn without answers */
#define IDLE_NS 10000000 /* the longest sleep: then overdue queries are searched for */
#define BURST_MAX 16 /* datagrams to one channel at once */

void
load_watch_fd(struct load *load, struct load_channel *channel, uint32_t events, int operation)
{
	struct epoll_event event = { .events = events, .data.ptr = channel };

	if (epoll_ctl(load->epoll, operation, channel->fd, &event) != 0)
		bench_die("epoll_ctl");
}

static uint32_t
burst_of(const struct load *load, uint32_t window)
{
	uint32_t burst = window / load->options.channels;

	if (load->options.train > 1)
		return load->options.train;
	if (load->options.channels == 1)
		return LOAD_BATCH;
	if (burst > BURST_MAX)
		return BURST_MAX;
	return burst > 0 ? burst : 1;
}

/* How many queries may be sent now. */
static uint64_t
quota_of(const struct load *load, const struct load_phase *phase)
{
	const struct load_counts *counts = &load->result.counts;
	uint64_t room = phase->window > load->in_flight ? phase->window - load->in_flight : 0;

	if (load->now_ns >= phase->end_ns || load->names_over)
		return 0;
	if (load->step_ns != 0) {
		uint64_t due = load->now_ns < load->due_ns
		    ? 0
		    : (load->now_ns - load->due_ns) / load->step_ns + 1;

		room = room < due ? room : due;
	}
	room -= room % load->options.train; /* but the last train may be short */
	if (phase->most != 0 && counts->sent + room > phase->most)
		room = phase->most > counts->sent ? phase->most - counts->sent : 0;
	return room;
}

/* Use each channel once at most. */
static void
send_quota(struct load *load, const struct load_phase *phase)
{
	uint32_t burst = burst_of(load, phase->window);
	uint64_t quota = quota_of(load, phase);

	for (uint32_t turn = 0; quota > 0 && turn < load->options.channels; turn++) {
		struct load_channel *channel = &load->channels[load->next_channel];
		uint32_t count = quota < burst ? (uint32_t)quota : burst;

		load->next_channel =
		    load->next_channel + 1 < load->options.channels ? load->next_channel + 1 : 0;
		quota -= load->transport->send(load, channel, count);
	}
}

/*
 * Sleep until something is due: the kernel rounds the sleep up by no more than this (see load.c).
 */
static uint64_t
sleep_ns(const struct load *load, const struct load_phase *phase)
{
	uint64_t until = load->now_ns + IDLE_NS;

	if (load->options.spin)
		return 0;
	if (load->step_ns != 0 && load->in_flight < phase->window) {
		uint64_t due = load->due_ns + load->step_ns * (load->options.train - 1);

		until = due < until ? due : until;
	}
	until = phase->end_ns < until ? phase->end_ns : until;
	return until > load->now_ns ? until - load->now_ns : 0;
}

static void
wait_and_receive(struct load *load, uint64_t wait_ns)
{
	struct epoll_event events[EVENTS];
	struct timespec wait = { .tv_nsec = (long)wait_ns };
	int count = epoll_pwait2(load->epoll, events, EVENTS, &wait, NULL);

	if (count < 0 && errno != EINTR)
		bench_die("epoll_pwait2");
	load->now_ns = bench_now_ns();
	for (int i = 0; i < count; i++) {
		struct load_channel *channel = events[i].data.ptr;

		if ((events[i].events & EPOLLOUT) != 0)
			load->transport->writable(load, channel);
		if ((events[i].events & ~(uint32_t)EPOLLOUT) != 0)
			load->transport->receive(load, channel);
	}
	load_slots_scan(load, count > 0 ? SCAN : SCAN_IDLE);
}

static bool
is_over(const struct load *load, const struct load_phase *phase)
{
	if (load->now_ns >= phase->end_ns)
		return true;
	if (load->names_over)
		return load->in_flight == 0;
	return phase->most != 0 && load->result.counts.sent >= phase->most;
}

void
load_run(struct load *load, const struct load_phase *phase)
{
	load->now_ns = bench_now_ns();
	load->step_ns = phase->rate > 0 ? (uint64_t)(1e9 / phase->rate) : 0;
	load->due_ns = load->now_ns;
	while (!is_over(load, phase)) {
		send_quota(load, phase);
		wait_and_receive(load, sleep_ns(load, phase));
	}
}

void
load_drain(struct load *load)
{
	uint64_t end_ns = bench_now_ns() + load->options.timeout_ns;

	load->retry = false;
	while (load->in_flight > 0 && load->now_ns < end_ns)
		wait_and_receive(load, IDLE_NS);
	for (uint32_t i = 0; i < load->options.channels; i++)
		load_channel_lose(load, &load->channels[i]);
}
