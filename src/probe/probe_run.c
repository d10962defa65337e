/* SPDX-License-Identifier: ISC
 *
 * probe_run.c - see probe_run.h.
 *
 * c-ares gets one try and a timeout that is longer than the probe's. Its callbacks only store the
 * result; done() is called when c-ares has returned to the loop.
 */
#include "probe_run.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

#include <split53/clock.h>
#include <split53/cursor.h>
#include <split53/rand.h>
#include <split53/transport.h>

#include "channel.h"
#include "probe_socket.h"

#define SUSPEND_MS 500 /* if later than this, the process was suspended, and may miss a reply */
#define ARES_SPARE_MS 2000 /* so that the timeout kept here is over first */

struct s53_probe_run {
	struct s53_probe_run_spec spec;
	struct s53_health_check check;
	struct s53_channel channel;
	struct s53_probe_socket sock;
	struct event timer; /* the liveness query, then the timeout */
	uint64_t start_ms;
	int64_t suspended_ms; /* value of s53_clock_suspended_ms() at the start */
	bool liveness_sent, alive;
	bool ended; /* done() must still be called */
	enum s53_probe_end end;
	uint32_t rtt_ms;
};

static uint64_t
deadline_ms(const struct s53_probe_run *run)
{
	return run->start_ms + run->spec.probe.timeout_ms;
}

static void
end_with(struct s53_probe_run *run, enum s53_probe_end end)
{
	if (run->ended)
		return;
	run->ended = true;
	run->end = end;
	run->rtt_ms = (uint32_t)(s53_clock_ms() - run->start_ms);
}

static void
time_out(struct s53_probe_run *run)
{
	end_with(run, run->alive ? S53_PROBE_NOT_READY : S53_PROBE_LOST);
}

/* The run is freed when this returns. */
static void
report_end(struct s53_probe_run *run)
{
	enum s53_probe_end end = run->end;

	if (s53_clock_ms() > deadline_ms(run) + SUSPEND_MS ||
	    s53_clock_suspended_ms() > run->suspended_ms + SUSPEND_MS)
		end = S53_PROBE_SKIPPED;
	run->spec.done(run->spec.arg, run, end, run->rtt_ms);
}

/*
 * c-ares reports each error of a socket as ARES_ECONNREFUSED. Without an error, the server
 * closed the connection.
 */
static enum s53_probe_end
end_of_error(const struct s53_probe_run *run)
{
	int error = run->sock.error != 0 ? run->sock.error : ECONNRESET;

	switch (s53_transport_end_of(run->spec.upstream, error)) {
	case S53_EXCHANGE_REFUSED:
		return S53_PROBE_REFUSED;
	case S53_EXCHANGE_TIMEOUT:
		return S53_PROBE_LOST;
	case S53_EXCHANGE_NO_SOURCE:
	case S53_EXCHANGE_NO_RESOURCES:
		return S53_PROBE_SKIPPED;
	default:
		return S53_PROBE_UNREACHABLE;
	}
}

static void
on_error(struct s53_probe_run *run, int ares_status)
{
	switch (ares_status) {
	case ARES_EDESTRUCTION: /* the run is freed */
		break;
	case ARES_ETIMEOUT:
		time_out(run);
		break;
	case ARES_ECONNREFUSED:
		end_with(run, end_of_error(run));
		break;
	case ARES_EBADRESP: /* from 1.34, which parses the reply; 1.18 waits for a better one */
		end_with(run, S53_PROBE_LOST);
		break;
	default: /* out of memory, or c-ares rejects the query */
		end_with(run, S53_PROBE_SKIPPED);
		break;
	}
}

static void
on_readiness_reply(void *arg, int ares_status, int timeouts, unsigned char *octets, int len)
{
	struct s53_probe_run *run = arg;
	unsigned rcode;

	(void)timeouts;
	(void)len; /* at least a header: c-ares has checked that */
	if (ares_status != ARES_SUCCESS) {
		on_error(run, ares_status);
		return;
	}
	rcode = s53_header_rcode(octets);
	if ((run->check.accept & UINT32_C(1) << rcode) != 0)
		end_with(run, S53_PROBE_ANSWERED);
	else
		end_with(run, rcode == S53_RCODE_SERVFAIL ? S53_PROBE_UNFIT : S53_PROBE_DECLINED);
}

/* The liveness query, alone or beside the readiness query. */
static void
on_liveness_reply(void *arg, int ares_status, int timeouts, unsigned char *octets, int len)
{
	struct s53_probe_run *run = arg;

	(void)timeouts;
	(void)octets;
	(void)len;
	if (ares_status != ARES_SUCCESS)
		on_error(run, ares_status);
	else if (run->spec.probe.kind == S53_PROBE_LIVENESS)
		end_with(run, S53_PROBE_ANSWERED);
	else if (!run->ended)
		run->alive = true;
}

/* Neither EDNS nor random letter case: any server understands the query. */
static void
send_query(struct s53_probe_run *run, const struct s53_name *name, uint16_t type, uint16_t flags,
    ares_callback answered)
{
	uint8_t octets[S53_HEADER_LEN + S53_NAME_MAX + 4];
	struct s53_writer writer = s53_writer_of(octets, sizeof(octets));

	s53_write_u16(&writer, s53_rand_u16());
	s53_write_u16(&writer, flags);
	s53_write_u16(&writer, 1);
	s53_write_u16(&writer, 0);
	s53_write_u16(&writer, 0);
	s53_write_u16(&writer, 0);
	s53_write(&writer, name->octets, name->len);
	s53_write_u16(&writer, type);
	s53_write_u16(&writer, S53_CLASS_IN);
	ares_send(run->channel.ares, octets, (int)writer.at, answered, run);
	s53_channel_arm(&run->channel);
}

/* RD is set, since forwarders ignore queries without it. */
static void
send_readiness(struct s53_probe_run *run)
{
	send_query(run, &run->check.name, run->check.type, S53_RD, on_readiness_reply);
}

static void
send_liveness(struct s53_probe_run *run)
{
	run->liveness_sent = true;
	send_query(run, &run->check.liveness, S53_TYPE_A, 0, on_liveness_reply);
}

static bool
liveness_is_pending(const struct s53_probe_run *run)
{
	const struct s53_probe *probe = &run->spec.probe;

	return !run->liveness_sent && probe->liveness_after_ms > 0 &&
	    probe->liveness_after_ms < probe->timeout_ms;
}

static void
arm(struct s53_probe_run *run, uint64_t now_ms)
{
	uint64_t next_ms = liveness_is_pending(run)
	    ? run->start_ms + run->spec.probe.liveness_after_ms
	    : deadline_ms(run);
	uint64_t wait_ms = next_ms > now_ms && !run->ended ? next_ms - now_ms : 0;
	struct timeval wait = { (time_t)(wait_ms / 1000), (suseconds_t)(wait_ms % 1000 * 1000) };

	(void)event_add(&run->timer, &wait);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct s53_probe_run *run = arg;
	uint64_t now_ms = s53_clock_ms();

	(void)fd;
	(void)what;
	if (now_ms >= deadline_ms(run))
		time_out(run);
	else if (liveness_is_pending(run) &&
	    now_ms >= run->start_ms + run->spec.probe.liveness_after_ms)
		send_liveness(run);
	if (run->ended)
		report_end(run);
	else
		arm(run, now_ms);
}

static void
on_processed(void *arg)
{
	struct s53_probe_run *run = arg;

	if (run->ended)
		report_end(run);
}

/*
 * A channel without the system's settings: `use-vc` in resolv.conf would send probes over TCP.
 * Everything that c-ares 1.18 would look up in files is given here, so it opens none; 1.34 opens
 * them anyway.
 */
static bool
open_channel(struct s53_probe_run *run)
{
	char lookups[] = "b", no_file[] = "/dev/null";
	struct ares_options options = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP |
		    ARES_FLAG_IGNTC,
		.tries = 1,
		.timeout = (int)(run->spec.probe.timeout_ms + ARES_SPARE_MS),
		.ndots = 1,
		.lookups = lookups,
		.resolvconf_path = no_file,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TRIES | ARES_OPT_TIMEOUTMS | ARES_OPT_NDOTS |
	    ARES_OPT_LOOKUPS | ARES_OPT_DOMAINS | ARES_OPT_SERVERS | ARES_OPT_SORTLIST |
	    ARES_OPT_RESOLVCONF;

	if (run->spec.probe.over == S53_OVER_TCP)
		options.flags |= ARES_FLAG_USEVC;
#ifdef ARES_OPT_MAXTIMEOUTMS /* without it 1.34 stops at 5 s */
	options.maxtimeout = options.timeout;
	mask |= ARES_OPT_MAXTIMEOUTMS;
#endif
	if (!s53_channel_open(&run->channel, &options, mask))
		return false;
	if (s53_probe_socket_install(&run->channel, &run->sock))
		return true;
	s53_channel_close(&run->channel);
	return false;
}

struct s53_probe_run *
s53_probe_run_start(const struct s53_probe_run_spec *spec)
{
	struct s53_probe_run *run = calloc(1, sizeof(*run));

	if (run == NULL)
		return NULL;
	run->spec = *spec;
	run->channel.base = spec->base;
	run->channel.processed = on_processed;
	run->channel.arg = run;
	run->sock.upstream = spec->upstream;
	evtimer_assign(&run->timer, spec->base, on_timer, run);
	if (!open_channel(run)) {
		free(run);
		return NULL;
	}
	(void)s53_upstream_keep(spec->upstream);
	s53_probe_copy_check(spec->upstream, &run->check);
	run->start_ms = s53_clock_ms();
	run->suspended_ms = s53_clock_suspended_ms();
	if (spec->probe.kind == S53_PROBE_LIVENESS)
		send_liveness(run);
	else
		send_readiness(run);
	arm(run, run->start_ms);
	return run;
}

void
s53_probe_run_free(struct s53_probe_run *run)
{
	s53_channel_close(&run->channel);
	(void)event_del(&run->timer);
	s53_upstream_drop(run->spec.upstream);
	free(run);
}

const struct s53_probe_run_spec *
s53_probe_run_spec(const struct s53_probe_run *run)
{
	return &run->spec;
}
