/* SPDX-License-Identifier: ISC
 *
 * load_slot.c - queries in flight.
 */
#include "load.h"

#include <stdlib.h>
#include <string.h>

#define LEN_OCTETS 2 /* before each message: RFC 1035 s4.2.2 */
#define LINE 64 /* of the processor's cache */
#define TRIES_MAX 20
#define COMPLAINTS_MAX 5

static size_t
slot_total(const struct load *load)
{
	return (size_t)load->options.channels * load->slots_each;
}

static size_t
place_of(const struct load *load, const struct load_slot *slot)
{
	return (size_t)(slot - load->slots);
}

uint8_t *
load_slot_message(const struct load *load, const struct load_slot *slot)
{
	return load->messages + place_of(load, slot) * load->stride;
}

struct load_channel *
load_slot_channel(const struct load *load, const struct load_slot *slot)
{
	return &load->channels[place_of(load, slot) / load->slots_each];
}

void
load_slots_init(struct load *load)
{
	uint8_t message[LEN_OCTETS + BENCH_QUERY_MAX];
	size_t total = slot_total(load);

	load->query_len =
	    bench_names_template(&load->options.names, message + LEN_OCTETS, &load->question_end);
	bench_put16(message, (unsigned)load->query_len);
	load->stride = (LEN_OCTETS + load->query_len + LINE - 1) / LINE * LINE;
	load->slots = calloc(total, sizeof(*load->slots));
	load->free_slots = calloc(total, sizeof(*load->free_slots));
	load->messages = aligned_alloc(LINE, total * load->stride);
	if (load->slots == NULL || load->free_slots == NULL || load->messages == NULL)
		bench_die("memory");
	for (size_t i = 0; i < total; i++) {
		struct load_channel *channel = &load->channels[i / load->slots_each];

		memcpy(load->messages + i * load->stride, message, LEN_OCTETS + load->query_len);
		load->slots[i].id = (uint16_t)(i % load->slots_each);
		load->free_slots[i] = (uint16_t)(load->slots_each - 1 - i % load->slots_each);
		channel->free_count = load->slots_each;
	}
}

void
load_slots_free(struct load *load)
{
	free(load->slots);
	free(load->free_slots);
	free(load->messages);
}

static void
put_free(struct load *load, struct load_slot *slot)
{
	size_t place = place_of(load, slot), base = place / load->slots_each * load->slots_each;
	struct load_channel *channel = &load->channels[place / load->slots_each];

	load->free_slots[base + channel->free_count++] = (uint16_t)(place - base);
	slot->busy = false;
	load->in_flight--;
}

struct load_slot *
load_slot_take(struct load *load, struct load_channel *channel)
{
	size_t base = (size_t)channel->place * load->slots_each;
	struct load_slot *slot;
	uint8_t *message;

	if (channel->free_count == 0 || load->names_over)
		return NULL;
	slot = &load->slots[base + load->free_slots[base + channel->free_count - 1]];
	message = load_slot_message(load, slot) + LEN_OCTETS;
	slot->kind = (uint8_t)bench_names_next(&load->names, message);
	if (slot->kind == BENCH_OTHER) {
		load->names_over = true;
		return NULL;
	}
	channel->free_count--;
	slot->id = (uint16_t)(slot->id + load->slots_each);
	bench_put16(message, slot->id);
	slot->sent_ns = load->now_ns;
	slot->due_ns = load->step_ns != 0 ? load->due_ns : load->now_ns;
	load->due_ns += load->step_ns;
	slot->tries = 1;
	slot->busy = true;
	load->in_flight++;
	load->result.counts.sent++;
	return slot;
}

void
load_slot_untake(struct load *load, struct load_slot *slot)
{
	load->result.counts.sent--;
	load->due_ns -= load->step_ns;
	bench_names_back(&load->names);
	put_free(load, slot);
}

/* The reader of a report needs to see what was wrong. */
static void
complain(struct load *load, enum bench_verdict verdict, const uint8_t *reply, size_t len)
{
	if (load->complaints++ >= COMPLAINTS_MAX)
		return;
	fprintf(stderr, "wrong answer (%s), %zu octets:", bench_verdict_word(verdict), len);
	for (size_t i = 0; i < len && i < 160; i++)
		fprintf(stderr, "%s%02x", i % 4 == 0 ? " " : "", reply[i]);
	fputc('\n', stderr);
}

static enum bench_verdict
check(const struct load *load, const struct load_slot *slot, const uint8_t *reply, size_t len)
{
	struct bench_asked asked = {
		.query = load_slot_message(load, slot) + LEN_OCTETS,
		.question_end = load->question_end,
		.kind = slot->kind,
		.type = load->options.names.type,
		.edns = load->options.names.edns,
	};

	return bench_reply_check(&asked, reply, len);
}

static bool
is_overdue(const struct load *load, const struct load_slot *slot)
{
	return load->now_ns > slot->sent_ns &&
	    load->now_ns - slot->sent_ns >= load->options.timeout_ns;
}

void
load_slot_answer(struct load *load, struct load_channel *channel, const uint8_t *reply, size_t len)
{
	struct load_counts *counts = &load->result.counts;
	enum bench_verdict verdict;
	struct load_slot *slot;
	uint16_t id;

	if (len < 2) {
		counts->stray++;
		return;
	}
	id = bench_get16(reply);
	slot =
	    &load->slots[(size_t)channel->place * load->slots_each + (id & (load->slots_each - 1))];
	if (!slot->busy || slot->id != id) {
		if (slot->was_lost && slot->lost_id == id)
			counts->late++;
		else
			counts->stray++;
		return;
	}
	if (is_overdue(load, slot) && !load->retry) {
		load_slot_lose(load, slot); /* it is overdue, but was not checked yet */
		counts->late++;
		return;
	}
	verdict = check(load, slot, reply, len);
	if (load->retry && verdict == BENCH_FAILED && slot->tries < TRIES_MAX)
		return; /* it will be sent again when it is overdue */
	load_record_put(load, slot, verdict, reply);
	counts->answered++;
	counts->verdicts[verdict]++;
	if (verdict <= BENCH_TRUNCATED)
		counts->by_kind[slot->kind]++;
	else
		complain(load, verdict, reply, len);
	bench_histogram_add(
	    &load->result.times, load->now_ns > slot->due_ns ? load->now_ns - slot->due_ns : 0);
	channel->answered++;
	put_free(load, slot);
}

void
load_slot_lose(struct load *load, struct load_slot *slot)
{
	load_record_put(load, slot, BENCH_FAILED, NULL);
	load->result.counts.lost++;
	slot->lost_id = slot->id;
	slot->was_lost = true;
	put_free(load, slot);
}

void
load_channel_lose(struct load *load, struct load_channel *channel)
{
	struct load_slot *slot = load->slots + (size_t)channel->place * load->slots_each;

	for (uint32_t i = 0; i < load->slots_each; i++) {
		if (slot[i].busy)
			load_slot_lose(load, &slot[i]);
	}
}

/* UDP only: a connection keeps what it was given. */
static void
ask_again(struct load *load, struct load_slot *slot)
{
	const struct load_channel *channel = load_slot_channel(load, slot);

	slot->tries++;
	slot->sent_ns = load->now_ns;
	load->result.counts.resent++;
	if (send(channel->fd, load_slot_message(load, slot) + LEN_OCTETS, load->query_len,
		MSG_DONTWAIT) < 0)
		load->result.counts.send_errors++;
}

void
load_slots_scan(struct load *load, size_t count)
{
	size_t total = slot_total(load);

	if (count > total)
		count = total;
	for (; count > 0; count--) {
		struct load_slot *slot = &load->slots[load->scan_at];

		load->scan_at = load->scan_at + 1 < total ? load->scan_at + 1 : 0;
		if (!slot->busy || !is_overdue(load, slot))
			continue;
		if (load->retry && !load->options.tcp && slot->tries < TRIES_MAX)
			ask_again(load, slot);
		else
			load_slot_lose(load, slot);
	}
}
