/* SPDX-License-Identifier: ISC
 *
 * inquiry.c - see inquiry.h.
 *
 * c-ares gets a time-out that is longer than ours, and never two tries. What it calls back only
 * leaves a mark; the end is told when c-ares has returned to the loop.
 */
#include "inquiry.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

#include <split53/clock.h>
#include <split53/cursor.h>
#include <split53/rand.h>
#include <split53/transport.h>

#include "channel.h"
#include "probe_socket.h"

#define SUSPEND_MS 500 /* this much too late, the loop was not there to see an answer */
#define ARES_SPARE_MS 2000 /* that our time-out comes first */

struct s53_inquiry {
	struct s53_inquiry_ask ask;
	struct s53_health_check check;
	struct s53_channel channel;
	struct s53_probe_socket sock;
	struct event timer; /* to ask for life, then the end */
	uint64_t start_ms;
	int64_t suspended_ms; /* s53_clock_suspended_ms() at the start */
	bool asked_life, lives;
	bool ended; /* and is to be told */
	enum s53_probe_end end;
	uint32_t rtt_ms;
};

static uint64_t
deadline_ms(const struct s53_inquiry *inquiry)
{
	return inquiry->start_ms + inquiry->ask.probe.timeout_ms;
}

static void
end_with(struct s53_inquiry *inquiry, enum s53_probe_end end)
{
	if (inquiry->ended)
		return;
	inquiry->ended = true;
	inquiry->end = end;
	inquiry->rtt_ms = (uint32_t)(s53_clock_ms() - inquiry->start_ms);
}

static void
time_is_up(struct s53_inquiry *inquiry)
{
	end_with(inquiry, inquiry->lives ? S53_PROBE_NOT_READY : S53_PROBE_LOST);
}

/* The inquiry is gone after this. */
static void
tell(struct s53_inquiry *inquiry)
{
	enum s53_probe_end end = inquiry->end;

	if (s53_clock_ms() > deadline_ms(inquiry) + SUSPEND_MS ||
	    s53_clock_suspended_ms() > inquiry->suspended_ms + SUSPEND_MS)
		end = S53_PROBE_SKIPPED;
	inquiry->ask.done(inquiry->ask.arg, inquiry, end, inquiry->rtt_ms);
}

/* To c-ares it is all ARES_ECONNREFUSED. No error: the connection was closed. */
static enum s53_probe_end
end_of(const struct s53_inquiry *inquiry)
{
	int error = inquiry->sock.error != 0 ? inquiry->sock.error : ECONNRESET;

	switch (s53_transport_end_of(error)) {
	case S53_EXCHANGE_REFUSED:
		return S53_PROBE_REFUSED;
	case S53_EXCHANGE_TIMEOUT:
		return S53_PROBE_LOST;
	case S53_EXCHANGE_NO_RESOURCES:
		return S53_PROBE_SKIPPED;
	default:
		return S53_PROBE_UNREACHABLE;
	}
}

static void
failed(struct s53_inquiry *inquiry, int ares_status)
{
	switch (ares_status) {
	case ARES_EDESTRUCTION: /* given up */
		break;
	case ARES_ETIMEOUT:
		time_is_up(inquiry);
		break;
	case ARES_ECONNREFUSED:
		end_with(inquiry, end_of(inquiry));
		break;
	case ARES_EBADRESP: /* of 1.34, which reads it: 1.18 waits for something better */
		end_with(inquiry, S53_PROBE_LOST);
		break;
	default: /* no memory, or a question that c-ares does not like */
		end_with(inquiry, S53_PROBE_SKIPPED);
		break;
	}
}

static void
on_work(void *arg, int ares_status, int timeouts, unsigned char *octets, int len)
{
	struct s53_inquiry *inquiry = arg;
	unsigned rcode;

	(void)timeouts;
	(void)len; /* at least a header: c-ares has looked at it */
	if (ares_status != ARES_SUCCESS) {
		failed(inquiry, ares_status);
		return;
	}
	rcode = s53_header_rcode(octets);
	if ((inquiry->check.accept & UINT32_C(1) << rcode) != 0)
		end_with(inquiry, S53_PROBE_ANSWERED);
	else
		end_with(
		    inquiry, rcode == S53_RCODE_SERVFAIL ? S53_PROBE_UNFIT : S53_PROBE_DECLINED);
}

/* The question for life, by itself or beside the one for work. */
static void
on_life(void *arg, int ares_status, int timeouts, unsigned char *octets, int len)
{
	struct s53_inquiry *inquiry = arg;

	(void)timeouts;
	(void)octets;
	(void)len;
	if (ares_status != ARES_SUCCESS)
		failed(inquiry, ares_status);
	else if (inquiry->ask.probe.kind == S53_PROBE_LIVENESS)
		end_with(inquiry, S53_PROBE_ANSWERED);
	else if (!inquiry->ended)
		inquiry->lives = true;
}

/* No EDNS and no case tricks: any server understands it. RD, since forwarders only forward with. */
static void
ask(struct s53_inquiry *inquiry, const struct s53_name *name, uint16_t type, uint16_t class,
    ares_callback answered)
{
	uint8_t octets[S53_HEADER_LEN + S53_NAME_MAX + 4];
	struct s53_writer writer = s53_writer_of(octets, sizeof(octets));

	s53_write_u16(&writer, s53_rand_u16());
	s53_write_u16(&writer, S53_RD);
	s53_write_u16(&writer, 1);
	s53_write_u16(&writer, 0);
	s53_write_u16(&writer, 0);
	s53_write_u16(&writer, 0);
	s53_write(&writer, name->octets, name->len);
	s53_write_u16(&writer, type);
	s53_write_u16(&writer, class);
	ares_send(inquiry->channel.ares, octets, (int)writer.at, answered, inquiry);
	s53_channel_arm(&inquiry->channel);
}

static void
ask_for_work(struct s53_inquiry *inquiry)
{
	ask(inquiry, &inquiry->check.name, inquiry->check.type, S53_CLASS_IN, on_work);
}

static void
ask_for_life(struct s53_inquiry *inquiry)
{
	static const struct s53_name name = { 14, "\007version\004bind" };

	inquiry->asked_life = true;
	ask(inquiry, &name, S53_TYPE_TXT, S53_CLASS_CH, on_life);
}

static bool
has_life_ahead(const struct s53_inquiry *inquiry)
{
	const struct s53_probe *probe = &inquiry->ask.probe;

	return !inquiry->asked_life && probe->liveness_after_ms > 0 &&
	    probe->liveness_after_ms < probe->timeout_ms;
}

static void
arm(struct s53_inquiry *inquiry, uint64_t now_ms)
{
	uint64_t next_ms = has_life_ahead(inquiry)
	    ? inquiry->start_ms + inquiry->ask.probe.liveness_after_ms
	    : deadline_ms(inquiry);
	uint64_t wait_ms = next_ms > now_ms && !inquiry->ended ? next_ms - now_ms : 0;
	struct timeval wait = { (time_t)(wait_ms / 1000), (suseconds_t)(wait_ms % 1000 * 1000) };

	(void)event_add(&inquiry->timer, &wait);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct s53_inquiry *inquiry = arg;
	uint64_t now_ms = s53_clock_ms();

	(void)fd;
	(void)what;
	if (now_ms >= deadline_ms(inquiry))
		time_is_up(inquiry);
	else if (has_life_ahead(inquiry) &&
	    now_ms >= inquiry->start_ms + inquiry->ask.probe.liveness_after_ms)
		ask_for_life(inquiry);
	if (inquiry->ended)
		tell(inquiry);
	else
		arm(inquiry, now_ms);
}

static void
on_turned(void *arg)
{
	struct s53_inquiry *inquiry = arg;

	if (inquiry->ended)
		tell(inquiry);
}

/*
 * A channel with nothing of the system's: `use-vc` in resolv.conf would send these over TCP. All
 * that c-ares 1.18 would look for there is given, so that it opens no file of
 * these; 1.34 always does.
 */
static bool
open_channel(struct s53_inquiry *inquiry)
{
	char lookups[] = "b", no_file[] = "/dev/null";
	struct ares_options options = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP |
		    ARES_FLAG_IGNTC,
		.tries = 1,
		.timeout = (int)(inquiry->ask.probe.timeout_ms + ARES_SPARE_MS),
		.ndots = 1,
		.lookups = lookups,
		.resolvconf_path = no_file,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TRIES | ARES_OPT_TIMEOUTMS | ARES_OPT_NDOTS |
	    ARES_OPT_LOOKUPS | ARES_OPT_DOMAINS | ARES_OPT_SERVERS | ARES_OPT_SORTLIST |
	    ARES_OPT_RESOLVCONF;

	if (inquiry->ask.probe.over == S53_OVER_TCP)
		options.flags |= ARES_FLAG_USEVC;
#ifdef ARES_OPT_MAXTIMEOUTMS /* else 1.34 would stop at 5 s */
	options.maxtimeout = options.timeout;
	mask |= ARES_OPT_MAXTIMEOUTMS;
#endif
	if (!s53_channel_open(&inquiry->channel, &options, mask))
		return false;
	if (s53_probe_socket_use(&inquiry->channel, &inquiry->sock))
		return true;
	s53_channel_close(&inquiry->channel);
	return false;
}

struct s53_inquiry *
s53_inquiry_new(const struct s53_inquiry_ask *wanted)
{
	struct s53_inquiry *inquiry = calloc(1, sizeof(*inquiry));

	if (inquiry == NULL)
		return NULL;
	inquiry->ask = *wanted;
	inquiry->channel.base = wanted->base;
	inquiry->channel.turned = on_turned;
	inquiry->channel.arg = inquiry;
	inquiry->sock.upstream = wanted->upstream;
	evtimer_assign(&inquiry->timer, wanted->base, on_timer, inquiry);
	if (!open_channel(inquiry)) {
		free(inquiry);
		return NULL;
	}
	(void)s53_upstream_keep(wanted->upstream);
	s53_probe_check(wanted->upstream, &inquiry->check);
	inquiry->start_ms = s53_clock_ms();
	inquiry->suspended_ms = s53_clock_suspended_ms();
	if (wanted->probe.kind == S53_PROBE_LIVENESS)
		ask_for_life(inquiry);
	else
		ask_for_work(inquiry);
	arm(inquiry, inquiry->start_ms);
	return inquiry;
}

void
s53_inquiry_free(struct s53_inquiry *inquiry)
{
	s53_channel_close(&inquiry->channel);
	(void)event_del(&inquiry->timer);
	s53_upstream_drop(inquiry->ask.upstream);
	free(inquiry);
}

const struct s53_inquiry_ask *
s53_inquiry_ask(const struct s53_inquiry *inquiry)
{
	return &inquiry->ask;
}
