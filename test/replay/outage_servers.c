/* SPDX-License-Identifier: ISC
 *
 * outage_servers.c - what servers do in each mode, and when they must be in use again.
 *
 * The first letter of a name is the kind of query: `w` needs recursion, `l` is answered locally
 * (stalled servers answer it), `t` has an answer that needs TCP. Readiness probes query `w`,
 * liveness probes `l`.
 */
#include "outage.h"

#define HELD_MS 7200
#define TICK_MS 20 /* granularity of our timers */

/*
 * The guarantee of the prober: the next probe comes after a tenth of the time that the server has
 * been down, at least after the interval, at most after its maximum, a tenth more or less. It may
 * be over either protocol: a reply leads to a readiness probe over UDP at once.
 */
#define INTERVAL_MS (UINT64_C(1000) * S53_PROBE_INTERVAL_S)
#define INTERVAL_MAX_MS (UINT64_C(1000) * S53_PROBE_INTERVAL_MAX_S)
#define FAILURE_MS 1000 /* servfail-ttl: a failure may be remembered */
/*
 * From suspect to up. Suspicion of loss clears after 16 points, or 128 after a relapse; a probe,
 * one a second, counts four.
 */
#define RISE_MS 34000

const char *
mode_name(enum mode mode)
{
	static const char *const names[MODES] = { "up", "slow", "silent", "refused", "lossy",
		"servfail", "refuses", "garbage", "tcp-only", "udp-only", "stalled" };

	return names[mode];
}

bool
is_dead(enum mode mode)
{
	return mode == MODE_SILENT || mode == MODE_REFUSED || mode == MODE_GARBAGE;
}

const struct span *
span_at(const struct server *server, uint64_t now_ms)
{
	unsigned i = server->span_count - 1;

	while (i > 0 && server->spans[i].from_ms > now_ms)
		i--;
	return &server->spans[i];
}

static uint32_t
about(struct schedule *schedule, uint32_t ms)
{
	return ms - ms / 10 + dice(schedule, ms / 5 + 1);
}

/* What a firewall does to the protocol that it blocks. */
static enum saying
filtered(const struct span *span)
{
	return span->loss_percent % 2 == 0 ? SAYS_NOTHING : SAYS_REFUSED;
}

static enum saying
stalled_says(char kind, uint32_t *after_ms)
{
	if (kind == 'l')
		return SAYS_ANSWER;
	*after_ms = HELD_MS;
	return SAYS_SERVFAIL;
}

static enum saying
says_at(struct schedule *schedule, const struct span *span, char kind, enum s53_protocol over,
    uint32_t *after_ms)
{
	enum saying good = kind == 't' && over == S53_OVER_UDP ? SAYS_CUT : SAYS_ANSWER;

	*after_ms = about(schedule, span->rtt_ms);
	if (over == S53_OVER_TCP)
		*after_ms *= 2;
	switch (span->mode) {
	case MODE_SILENT:
		return SAYS_NOTHING;
	case MODE_REFUSED:
		return SAYS_REFUSED;
	case MODE_LOSSY:
		if (dice(schedule, 100) >= span->loss_percent)
			return good;
		if (over == S53_OVER_UDP)
			return SAYS_NOTHING;
		*after_ms += 200; /* the reply over TCP is complete */
		return good;
	case MODE_SERVFAIL:
		return SAYS_SERVFAIL;
	case MODE_REFUSES:
		return SAYS_REFUSES;
	case MODE_GARBAGE:
		return SAYS_GARBAGE;
	case MODE_TCP_ONLY:
		return over == S53_OVER_TCP ? good : filtered(span);
	case MODE_UDP_ONLY:
		return over == S53_OVER_UDP ? good : filtered(span);
	case MODE_STALLED:
		return stalled_says(kind, after_ms);
	default:
		return good;
	}
}

/* A datagram is sent once, TCP retransmits (RFC 6298 s5.5). */
enum saying
server_says(struct schedule *schedule, const struct server *server, char kind,
    enum s53_protocol over, uint32_t *after_ms)
{
	static const uint32_t tries_ms[] = { 0, 1000, 3000 };

	for (unsigned i = 0; i < sizeof(tries_ms) / sizeof(*tries_ms); i++) {
		const struct span *span = span_at(server, schedule->now_ms + tries_ms[i]);
		enum saying saying = says_at(schedule, span, kind, over, after_ms);

		*after_ms += tries_ms[i];
		if (saying != SAYS_NOTHING || over == S53_OVER_UDP)
			return saying;
	}
	return SAYS_NOTHING;
}

static uint64_t
gap_after(uint64_t outage_ms)
{
	uint64_t gap_ms = outage_ms / 10;

	if (gap_ms < INTERVAL_MS)
		gap_ms = INTERVAL_MS;
	if (gap_ms > INTERVAL_MAX_MS)
		gap_ms = INTERVAL_MAX_MS;
	return gap_ms + gap_ms / 10;
}

void
promise(struct server *server)
{
	uint64_t trouble_ms = 0; /* since when */

	for (unsigned i = 0; i < server->span_count; i++) {
		struct span *span = &server->spans[i];
		uint64_t next_ms =
		    i + 1 < server->span_count ? server->spans[i + 1].from_ms : UINT64_MAX;

		if (span->mode != MODE_UP) {
			trouble_ms = trouble_ms == 0 ? span->from_ms : trouble_ms;
			continue;
		}
		span->used_ms = span->known_ms = span->from_ms;
		if (trouble_ms != 0) {
			span->used_ms +=
			    gap_after(span->from_ms - trouble_ms) + FAILURE_MS + TICK_MS;
			span->known_ms = span->used_ms + RISE_MS;
		}
		if (span->known_ms < next_ms) /* else its recovery is not detected */
			trouble_ms = 0;
	}
}
