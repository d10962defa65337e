/* SPDX-License-Identifier: ISC
 *
 * load_record.c - one record a query, to analyse a run by time: when it was due, when its answer
 * arrived, and the result. README.md has the layout.
 */
#include "load.h"

#include <endian.h>

#define RCODE_LOW 3 /* the byte of a message with the rcode in its low bits */

struct record {
	uint64_t due_ns, end_ns; /* little endian; end_ns 0: lost */
	uint32_t late_us; /* due to sent: the delay of the generator itself */
	uint8_t verdict, rcode, unused[2];
};

void
load_record_open(struct load *load)
{
	if (load->options.record == NULL)
		return;
	load->record = fopen(load->options.record, "we");
	if (load->record == NULL)
		bench_die(load->options.record);
}

void
load_record_put(const struct load *load, const struct load_slot *slot, enum bench_verdict verdict,
    const uint8_t *reply)
{
	struct record record = { .due_ns = htole64(slot->due_ns), .verdict = (uint8_t)verdict };

	if (load->record == NULL)
		return;
	if (slot->sent_ns > slot->due_ns)
		record.late_us = htole32((uint32_t)((slot->sent_ns - slot->due_ns) / 1000));
	if (reply != NULL) {
		record.end_ns = htole64(load->now_ns);
		record.rcode =
		    verdict == BENCH_BAD_HEADER ? 0 : reply[RCODE_LOW] & BENCH_RCODE_MASK;
	}
	fwrite(&record, sizeof(record), 1, load->record);
}

void
load_record_close(struct load *load)
{
	if (load->record != NULL && (ferror(load->record) || fclose(load->record) != 0))
		bench_die(load->options.record);
}
