/* SPDX-License-Identifier: ISC
 *
 * wheel.h - many timers in one: a hashed timer wheel.
 *
 * Layer    base, private
 * Threads  the owner's
 * Memory   timers are embedded by their owners; a wheel is a plain object of about 33 KiB
 * Units    ms of base/clock; a tick is S53_WHEEL_TICK_MS
 *
 * Each query sets a timer and nearly each cancels it, so both must cost next to nothing: a timer is
 * linked into the slot of its tick, in O(1), and unlinked in O(1). One libevent timer stands behind
 * the wheel; it is armed for the next slot that holds anything and not at all while none does. A
 * cancelled timer leaves it armed: it then fires once for nothing.
 *
 * When this process did not run (it was stopped, the machine was suspended, or a turn of the loop
 * took very long) all timers come due at once, although what they wait for may already lie in the
 * sockets. The wheel notices this by its libevent timer being S53_WHEEL_SUSPEND_MS overdue, or by
 * the suspend clock. Then the sockets get some turns of the loop before any timer fires, and
 * resumed_ms tells the owner which of its work was under way meanwhile.
 */
#pragma once

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

#include <split53/status.h>

#define S53_WHEEL_TICK_MS 4
#define S53_WHEEL_SLOTS 4096 /* one turn is 16 s: longer than any timer here, though none must be */
#define S53_WHEEL_SUSPEND_MS 500 /* overdue by more than this: we stood still */

/*
 * One timer. Embedded by its owner, which sets `fire`; the rest is zero at first and then the
 * wheel's.
 */
struct s53_timer {
	struct s53_timer *next;
	struct s53_timer **back; /* what points here; NULL: not waiting */
	uint64_t due_tick;
	void (*fire)(struct s53_timer *timer);
};

struct s53_wheel {
	struct s53_timer *slots[S53_WHEEL_SLOTS];
	uint64_t filled[S53_WHEEL_SLOTS / 64]; /* a bit a slot */
	uint64_t done_tick; /* all up to this one have fired */
	uint64_t armed_tick; /* what the libevent timer waits for; 0: it does not */
	uint64_t overdue_ms; /* past this we stood still; UINT64_MAX: not armed, or known */
	uint64_t now_ms; /* the last reading of the clock, of the event that is being handled */
	uint64_t resumed_ms; /* we stood still some time before this; 0: never yet */
	int64_t suspended_ms; /* of the machine since it started, when last looked at */
	unsigned settling; /* turns of the loop that the sockets get before the timers */
	unsigned count; /* timers waiting */
	struct event event;
};

/* false: libevent refuses. */
S53_MUST_USE bool s53_wheel_init(struct s53_wheel *wheel, struct event_base *base);
void s53_wheel_fini(struct s53_wheel *wheel); /* timers that still wait are forgotten */

/* We stood still until now: once for each time, what begins from now on is not concerned. */
void s53_wheel_resumed(struct s53_wheel *wheel);

/* The clock was read. */
static inline void
s53_wheel_see(struct s53_wheel *wheel, uint64_t now_ms)
{
	wheel->now_ms = now_ms;
	if (now_ms > wheel->overdue_ms)
		s53_wheel_resumed(wheel);
}

/*
 * Call timer->fire (set by the owner) at `due_ms` or up to two ticks later, never earlier. A timer
 * that waits already is moved.
 */
void s53_wheel_add(
    struct s53_wheel *wheel, struct s53_timer *timer, uint64_t due_ms, uint64_t now_ms);

/* Harmless for one that does not wait. */
void s53_wheel_cancel(struct s53_wheel *wheel, struct s53_timer *timer);

/*
 * Fire what is due at `now_ms`. The functions may add and cancel any timer, their own too.
 * The libevent timer calls this; tests do so with a time of their own.
 */
void s53_wheel_run(struct s53_wheel *wheel, uint64_t now_ms);
