/* SPDX-License-Identifier: ISC
 *
 * exchange.h - one upstream query to one server: its response, or the reason why there is none.
 *
 * Layer    transport. Replay tests link a fake in its place: these functions are all that resolve
 *          uses of the sockets to upstream servers.
 * Threads  an exchanger belongs to one worker; every call and callback is in its thread
 * Memory   exchanges come from the exchanger's pool and return to it when they end: with done()
 *          or s53_exchange_cancel()
 * Units    ms, bytes
 * Sources  RFC 5452 (ID, port, address), RFC 7766 (TCP), RFC 1035 s4.2
 *
 * UDP goes through a rotating pool of connected sockets with random ports, TCP through a persistent
 * connection with pipelined queries. A response with TC set makes the exchange repeat its query
 * over TCP. Over UDP any host may have sent a message that check() rejects, and the wait goes on;
 * over TCP only the server can have, and the exchange ends. An ICMP error ends all exchanges on
 * that socket at once. An exchange that was under way while this process did not run (it was
 * stopped, or the machine was suspended) says nothing about its server: nothing is recorded of it.
 * overdue() and timeouts come from timers of the exchanger; while no exchange is under way no timer
 * is armed.
 */
#pragma once

#include <split53/counter.h>
#include <split53/upstream.h>
#include <split53/wheel.h>

struct event_base;
struct s53_exchanger;
struct s53_exchange;

enum s53_exchange_end {
	S53_EXCHANGE_ANSWERED,
	S53_EXCHANGE_TIMEOUT,
	S53_EXCHANGE_REFUSED, /* ICMP port unreachable, connection refused or reset */
	S53_EXCHANGE_UNREACHABLE, /* no route to the host or network */
	S53_EXCHANGE_NO_SOURCE, /* the query-source is no address of this host */
	/* no descriptors, memory or IDs left on this host: not the server's fault */
	S53_EXCHANGE_NO_RESOURCES,
	S53_EXCHANGE_GARBLED, /* over TCP: what the server sent is no response to the query */
};

/* What check() says about a message. */
enum s53_validity {
	S53_VALIDITY_REJECTED, /* it is no response to the query */
	S53_VALIDITY_ACCEPTED, /* the response; with TC over UDP it need not be well formed */
	/*
	 * Over UDP: it says that TCP would help, but its question section is not the query's, so
	 * it is easily forged. The exchange goes on, and overdue() is called at once, besides the
	 * call that is due. Nothing is recorded about the server: neither this message nor a
	 * timeout.
	 */
	S53_VALIDITY_UNPROVEN,
};

struct s53_exchange_spec {
	/*
	 * The complete query, at least a header. The exchange chooses its ID. The bytes stay the
	 * caller's and must not change until the end.
	 */
	const uint8_t *octets;
	uint16_t len;
	bool tcp; /* use TCP from the start; a server with tcp_only gets TCP anyway */
	bool lone; /* over TCP: on a new connection, which no other query shares */
	/*
	 * The server did not answer this query over UDP either and may still be working on it:
	 * OVERDUE and TIMEOUT are not recorded.
	 */
	bool may_be_held;
	bool fresh_port; /* UDP from a port that no query has used yet, while one can be opened */
	uint32_t overdue_ms; /* after this long call overdue(); 0: never */
	uint32_t timeout_ms; /* of the whole exchange, UDP and TCP together */
	/* the start of both intervals, if the clock was read lately; 0: read the clock */
	uint64_t now_ms;
	void *arg;

	/*
	 * Is this message the response? Address, port, ID and (over UDP) QR have been checked;
	 * check() decides on question section, letter case and sections. Must not start or cancel
	 * an exchange.
	 */
	enum s53_validity (*check)(
	    void *arg, struct s53_exchange *exchange, const uint8_t *octets, size_t len);

	/*
	 * No response yet: the caller may hedge. S53_OBSERVED_OVERDUE has been recorded. After a
	 * truncated response, nothing is recorded; the call comes at once if TCP to this server is
	 * known to be down, otherwise after the time of a handshake and a response. The exchange
	 * goes on. May start and cancel others, and cancel this one. May be NULL when overdue_ms is
	 * 0.
	 */
	void (*overdue)(void *arg, struct s53_exchange *exchange);

	/*
	 * The end, called once. `octets`: the response that check() accepted, `len` bytes,
	 * writable, valid during the call; NULL unless ANSWERED. May start and cancel other
	 * exchanges. This one is over: its pointer may be compared but not used, and no other
	 * exchange gets it before this call returns.
	 */
	void (*done)(void *arg, struct s53_exchange *exchange, enum s53_exchange_end end,
	    uint8_t *octets, size_t len);
};

/* `counters`: the worker's. NULL: no memory. */
struct s53_exchanger *s53_exchanger_new(struct event_base *base, struct s53_counters *counters);
/* No exchange may be under way. Idle sockets and connections are closed. NULL is fine. */
void s53_exchanger_free(struct s53_exchanger *exchanger);

/*
 * Start an exchange with `upstream`. `ask` is copied, its bytes are not. The exchanger keeps a
 * count of `upstream` as long as it needs one. NULL: no memory, and nothing is called back.
 * Failures that are known at once are reported through done() as well, later, never from inside
 * this call.
 */
struct s53_exchange *s53_exchange_start(struct s53_exchanger *exchanger,
    struct s53_upstream *upstream, const struct s53_exchange_spec *ask);

/*
 * Has it waited for longer than a response over TCP takes (s53_upstream_path_retransmit_ms()), on a
 * TCP connection that has carried other queries too? Some servers answer one query per connection,
 * or drop those that arrive together: then another exchange with `lone` gets the response.
 */
bool s53_exchange_is_stuck(const struct s53_exchange *exchange, uint64_t now_ms);

/*
 * Call overdue() `overdue_ms` from now: once more, or instead of the call that is due. If that is
 * sooner than the call that was due, that call does not record S53_OBSERVED_OVERDUE.
 */
void s53_exchange_overdue_in(
    struct s53_exchanger *exchanger, struct s53_exchange *exchange, uint32_t overdue_ms);

/*
 * End the exchange without a callback; the bytes of the query are not read any more. If the query
 * was sent, the exchanger waits for a late reply until S53_LATE_REPLY_MS after that, so that the
 * server's record gets the round-trip time, or the loss: also when another server answered before
 * this one was overdue.
 */
#define S53_LATE_REPLY_MS 2000
#define S53_LATE_REPLY_MAX_MS \
	5000 /* by then a timeout was recorded, but a very slow server may still reply */
void s53_exchange_cancel(struct s53_exchanger *exchanger, struct s53_exchange *exchange);

/*
 * Call timer->fire at `due_ms` or a few ms later, from the loop. A timer that is armed already
 * moves. fire() may start and cancel anything, also its own timer.
 */
void s53_exchanger_timer(
    struct s53_exchanger *exchanger, struct s53_timer *timer, uint64_t due_ms, uint64_t now_ms);
void s53_exchanger_timer_cancel(struct s53_exchanger *exchanger, struct s53_timer *timer);

/* Inside a callback: the time of the event that led to it, read once per batch. */
uint64_t s53_exchanger_now_ms(const struct s53_exchanger *exchanger);
