/* SPDX-License-Identifier: ISC
 *
 * sink.h - text that grows.
 *
 * Layer    stats, private
 * Threads  main thread
 * Memory   from malloc(); s53_sink_fini() frees. Without memory `failed` is set, and stays
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct s53_sink {
	char *octets;
	size_t len, room;
	bool failed;
};

void s53_sink_octets(struct s53_sink *sink, const char *octets, size_t len);
void s53_sink_text(struct s53_sink *sink, const char *text);
void s53_sink_number(struct s53_sink *sink, uint64_t number);

/* A duration of `ns` as seconds, with nine places. */
void s53_sink_seconds(struct s53_sink *sink, uint64_t ns);

/*
 * The value of a label of Prometheus: backslash, quote and line feed escaped. Octets that are not
 * ASCII, which need not be UTF-8, become \xNN.
 */
void s53_sink_label(struct s53_sink *sink, const char *text);

void s53_sink_fini(struct s53_sink *sink);
