/* SPDX-License-Identifier: ISC
 *
 * sink.h - a text buffer that grows.
 *
 * Layer    stats, private
 * Threads  main thread
 * Memory   from malloc(), freed by s53_sink_fini(). Without memory `failed` is set and stays set
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

/* Append a duration of `ns` in seconds, with nine decimal places. */
void s53_sink_seconds(struct s53_sink *sink, uint64_t ns);

/*
 * Append the value of a Prometheus label: backslash, quote and line feed are escaped. Octets that
 * are not ASCII become \xNN, since they need not be UTF-8.
 */
void s53_sink_label(struct s53_sink *sink, const char *text);

void s53_sink_fini(struct s53_sink *sink);
