/* SPDX-License-Identifier: ISC
 *
 * wheel.c - see wheel.h.
 */
#include <split53/wheel.h>

#include <event2/event.h>
#include <string.h>

#include <split53/clock.h>

#define NONE UINT64_MAX

/*
 * Turns of the loop that the sockets get after a suspend before timers fire: libevent handles 32
 * descriptors in the first turn and twice as many in each further one that finds more, and it
 * delivers the data of a TCP connection a turn later.
 */
#define GRACE_TURNS 8

static unsigned
slot_of(uint64_t tick)
{
	return (unsigned)(tick % S53_WHEEL_SLOTS);
}

static void
unlink_timer(struct s53_timer *timer)
{
	*timer->back = timer->next;
	if (timer->next != NULL)
		timer->next->back = timer->back;
	timer->back = NULL;
}

static void
link_timer(struct s53_timer **head, struct s53_timer *timer)
{
	timer->next = *head;
	timer->back = head;
	if (timer->next != NULL)
		timer->next->back = &timer->next;
	*head = timer;
}

/* The first tick after `after`, within one turn, with timers in its slot; NONE: there is none. */
static uint64_t
next_filled(const struct s53_wheel *wheel, uint64_t after)
{
	unsigned words = S53_WHEEL_SLOTS / 64;
	unsigned start = slot_of(after + 1);

	for (unsigned i = 0; i <= words; i++) {
		unsigned word = (start / 64 + i) % words;
		uint64_t bits = wheel->filled[word];

		if (i == 0)
			bits &= ~UINT64_C(0) << (start % 64);
		if (bits != 0) {
			unsigned slot = word * 64 + (unsigned)__builtin_ctzll(bits);

			return after + 1 + (slot - start) % S53_WHEEL_SLOTS;
		}
	}
	return NONE;
}

static void
disarm(struct s53_wheel *wheel)
{
	wheel->armed_tick = 0;
	wheel->overdue_ms = NONE;
}

/* Arm the libevent timer for `tick`, unless it is armed for an earlier one. */
static void
arm(struct s53_wheel *wheel, uint64_t tick)
{
	uint64_t due_ms = tick * S53_WHEEL_TICK_MS;
	uint64_t in_ms = due_ms > wheel->now_ms ? due_ms - wheel->now_ms : 0;
	struct timeval tv = { (time_t)(in_ms / 1000), (suseconds_t)(in_ms % 1000 * 1000) };

	if (wheel->armed_tick != 0 && wheel->armed_tick <= tick)
		return;
	/* It fails only without memory; the next timer that is added tries again. */
	if (event_add(&wheel->event, &tv) != 0) {
		disarm(wheel);
		return;
	}
	wheel->armed_tick = tick;
	wheel->overdue_ms = due_ms + S53_WHEEL_SUSPEND_MS;
}

/* Move the timers in the slot of `tick` that are due to `due`. */
static void
collect(struct s53_wheel *wheel, uint64_t tick, uint64_t now_tick, struct s53_timer **due)
{
	unsigned slot = slot_of(tick);
	struct s53_timer *next;

	for (struct s53_timer *it = wheel->slots[slot]; it != NULL; it = next) {
		next = it->next;
		if (it->due_tick > now_tick)
			continue; /* of a later turn of the wheel */
		unlink_timer(it);
		link_timer(due, it);
	}
	if (wheel->slots[slot] == NULL)
		wheel->filled[slot / 64] &= ~(UINT64_C(1) << (slot % 64));
}

void
s53_wheel_run(struct s53_wheel *wheel, uint64_t now_ms)
{
	uint64_t now_tick = now_ms / S53_WHEEL_TICK_MS;
	uint64_t last = wheel->done_tick + S53_WHEEL_SLOTS;
	uint64_t tick = wheel->done_tick;
	struct s53_timer *due = NULL;

	disarm(wheel);
	wheel->grace_turns = 0;
	wheel->now_ms = now_ms;
	if (last > now_tick)
		last = now_tick; /* else the clock jumped: one pass over all slots is enough */
	while ((tick = next_filled(wheel, tick)) <= last)
		collect(wheel, tick, now_tick, &due);
	if (now_tick > wheel->done_tick)
		wheel->done_tick = now_tick;
	while (due != NULL) {
		struct s53_timer *timer = due;

		unlink_timer(timer);
		wheel->count--;
		timer->fire(timer);
	}
	if (wheel->count > 0)
		arm(wheel, next_filled(wheel, wheel->done_tick));
}

void
s53_wheel_resumed(struct s53_wheel *wheel)
{
	wheel->resumed_ms = wheel->now_ms;
	wheel->overdue_ms = NONE;
	wheel->grace_turns = GRACE_TURNS;
}

/* Was the machine suspended since the last call? */
static void
look_for_suspend(struct s53_wheel *wheel)
{
	int64_t slept = s53_clock_suspended_ms();

	if (slept > wheel->suspended_ms + S53_WHEEL_SUSPEND_MS)
		s53_wheel_resumed(wheel);
	wheel->suspended_ms = slept;
}

static void
on_event(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval next_turn = { 0, 0 };
	struct s53_wheel *wheel = arg;
	uint64_t now_ms = s53_clock_ms();

	(void)fd;
	(void)what;
	s53_wheel_see(wheel, now_ms);
	look_for_suspend(wheel);
	if (wheel->grace_turns > 0 && event_add(&wheel->event, &next_turn) == 0) {
		wheel->grace_turns--;
		wheel->armed_tick = now_ms / S53_WHEEL_TICK_MS; /* nothing is due before */
		wheel->overdue_ms = now_ms + S53_WHEEL_SUSPEND_MS;
		return;
	}
	s53_wheel_run(wheel, now_ms);
}

void
s53_wheel_add(struct s53_wheel *wheel, struct s53_timer *timer, uint64_t due_ms, uint64_t now_ms)
{
	uint64_t tick = (due_ms + S53_WHEEL_TICK_MS - 1) / S53_WHEEL_TICK_MS;
	unsigned slot;

	s53_wheel_cancel(wheel, timer);
	if (wheel->count == 0 && now_ms / S53_WHEEL_TICK_MS > wheel->done_tick)
		wheel->done_tick = now_ms / S53_WHEEL_TICK_MS; /* no timer was due meanwhile */
	if (tick <= wheel->done_tick)
		tick = wheel->done_tick + 1;
	s53_wheel_see(wheel, now_ms);
	timer->due_tick = tick;
	slot = slot_of(tick);
	link_timer(&wheel->slots[slot], timer);
	wheel->filled[slot / 64] |= UINT64_C(1) << (slot % 64);
	wheel->count++;
	if (tick - wheel->done_tick > S53_WHEEL_SLOTS)
		tick = wheel->done_tick + S53_WHEEL_SLOTS; /* look at it again after a turn */
	arm(wheel, tick);
}

void
s53_wheel_cancel(struct s53_wheel *wheel, struct s53_timer *timer)
{
	unsigned slot = slot_of(timer->due_tick);

	if (timer->back == NULL)
		return;
	unlink_timer(timer);
	wheel->count--;
	if (wheel->slots[slot] == NULL) /* an empty slot causes no wake-up */
		wheel->filled[slot / 64] &= ~(UINT64_C(1) << (slot % 64));
}

bool
s53_wheel_init(struct s53_wheel *wheel, struct event_base *base)
{
	memset(wheel, 0, sizeof(*wheel));
	wheel->now_ms = s53_clock_ms();
	wheel->overdue_ms = NONE;
	wheel->suspended_ms = s53_clock_suspended_ms();
	wheel->done_tick = wheel->now_ms / S53_WHEEL_TICK_MS;
	return event_assign(&wheel->event, base, -1, 0, on_event, wheel) == 0;
}

void
s53_wheel_fini(struct s53_wheel *wheel)
{
	event_del(&wheel->event);
}
