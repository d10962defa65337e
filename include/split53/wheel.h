/* SPDX-License-Identifier: ISC
 *
 * wheel.h - many timers in one: a hashed timer wheel.
 *
 * Layer    base
 * Threads  the owner's
 * Memory   timers are embedded by their owners; a wheel is a plain object of about 33 KiB
 * Units    ms of s53_clock; a tick is S53_WHEEL_TICK_MS
 *
 * Each query sets a timer and most queries cancel it, so both must be cheap: a timer is linked into
 * the slot of its tick in O(1) and unlinked in O(1). The wheel uses one libevent timer, armed for
 * the next slot that has a timer and disarmed while none does. Cancelling leaves it armed: at worst
 * it fires once without need.
 *
 * After the process did not run for a while (it was stopped, the machine was suspended, or a turn
 * of the loop took very long), all timers come due at once, although the replies that they wait for
 * may already be in the socket buffers. The wheel detects this when its libevent timer is overdue
 * by S53_WHEEL_SUSPEND_MS, or by the suspend clock. Then the sockets get some turns of the loop
 * before any timer fires, and resumed_ms tells the owner which of its work was under way meanwhile.
 */
#pragma once

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

#include <split53/status.h>

#define S53_WHEEL_TICK_MS 4
#define S53_WHEEL_SLOTS 4096 /* one turn is 16 s; timers may be longer, though none here is */
#define S53_WHEEL_SUSPEND_MS 500 /* overdue by more than this: the process did not run */

/* Embedded by its owner, which sets `fire`; the rest starts as zero and is the wheel's. */
struct s53_timer {
	struct s53_timer *next;
	struct s53_timer **back; /* the pointer to this timer; NULL: it does not wait */
	uint64_t due_tick;
	void (*fire)(struct s53_timer *timer);
};

struct s53_wheel {
	struct s53_timer *slots[S53_WHEEL_SLOTS];
	uint64_t filled[S53_WHEEL_SLOTS / 64]; /* one bit per slot */
	uint64_t done_tick; /* all timers up to this tick have fired */
	uint64_t armed_tick; /* of the libevent timer; 0: it is not armed */
	uint64_t overdue_ms; /* a clock past this means a suspend; UINT64_MAX: not armed or known */
	uint64_t now_ms; /* the clock at the event that is being handled */
	uint64_t resumed_ms; /* when the last suspend ended; 0: there was none */
	int64_t suspended_ms; /* the suspend clock when last read */
	unsigned grace_turns; /* turns of the loop left for the sockets before timers fire */
	unsigned count; /* timers that are waiting */
	struct event event;
};

/* false: libevent refuses. */
S53_MUST_USE bool s53_wheel_init(struct s53_wheel *wheel, struct event_base *base);
void s53_wheel_fini(struct s53_wheel *wheel); /* timers that still wait never fire */

/* A suspend ends now. Called once for each; it does not concern work that begins after this. */
void s53_wheel_resumed(struct s53_wheel *wheel);

/* Set now_ms to a new reading of the clock, which may reveal a suspend. */
static inline void
s53_wheel_see(struct s53_wheel *wheel, uint64_t now_ms)
{
	wheel->now_ms = now_ms;
	if (now_ms > wheel->overdue_ms)
		s53_wheel_resumed(wheel);
}

/*
 * Call timer->fire at `due_ms` or up to two ticks later, never earlier. A timer that already waits
 * is moved.
 */
void s53_wheel_add(
    struct s53_wheel *wheel, struct s53_timer *timer, uint64_t due_ms, uint64_t now_ms);

/* No effect on a timer that does not wait. */
void s53_wheel_cancel(struct s53_wheel *wheel, struct s53_timer *timer);

/*
 * Fire the timers that are due at `now_ms`. Their functions may add and cancel any timer, their own
 * too. The libevent timer calls this; tests do so with a time of their own.
 */
void s53_wheel_run(struct s53_wheel *wheel, uint64_t now_ms);
