/* SPDX-License-Identifier: ISC
 *
 * loop_test.c - see loop_test.h.
 *
 * A test is recognised by its label: a fixed text, which an operator can search for in a log, and
 * a number that cannot be guessed. The number leads to a slot, where the worker that gets the test
 * back stores its sender. If a test ends early, its slot is kept for a while, since it may still
 * come back. Under a flood of tests one may take another's slot; the other is then not recognised.
 */
#include "loop_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <split53/rand.h>

#include "loop.h"
#include "loop_path.h"
#include "resolver_private.h"

#define LABEL_TEXT "split53-loop-"
#define LABEL_TEXT_LEN (sizeof(LABEL_TEXT) - 1)
#define LABEL_LEN (LABEL_TEXT_LEN + 16)
#define PATIENCE_MS 2000
#define DRAWS 8 /* attempts to find a free slot */

struct s53_loop_test {
	struct s53_fetch *fetch;
	struct s53_exchange *exchange;
	uint64_t number;
	uint16_t len;
	uint8_t octets[S53_UPSTREAM_QUERY_MAX];
};

static struct s53_loop_slot *
slot_of(struct s53_resolver *resolver, uint64_t number)
{
	return &resolver->shared->loop_slots[number % S53_LOOP_SLOTS];
}

/*
 * The key in the slot while the test is in flight; it includes the view, so that another view's
 * does not match.
 */
static uint64_t
key_of(uint64_t number, const struct s53_view *view)
{
	return number ^ (uint64_t)view->id << 32 ^ view->id;
}

/*
 * How many bytes of leading labels to drop so that ours fits: a name beside it takes the same path.
 */
static unsigned
octets_to_drop(const struct s53_name *name)
{
	unsigned at = 0;

	while (name->len - at + 1 + LABEL_LEN > S53_NAME_MAX)
		at += 1u + name->octets[at];
	return at;
}

/* The test is the attempt's query, except for the name. */
static void
write_test(struct s53_loop_test *test, const struct s53_attempt *attempt)
{
	const struct s53_name *name = &test->fetch->question.name;
	unsigned from = S53_HEADER_LEN + octets_to_drop(name);
	unsigned rest = attempt->ask_len - from;
	char label[LABEL_LEN + 1];

	snprintf(label, sizeof(label), LABEL_TEXT "%016llx", (unsigned long long)test->number);
	memcpy(test->octets, attempt->ask, S53_HEADER_LEN);
	test->octets[S53_HEADER_LEN] = LABEL_LEN;
	memcpy(test->octets + S53_HEADER_LEN + 1, label, LABEL_LEN);
	memcpy(test->octets + S53_HEADER_LEN + 1 + LABEL_LEN, attempt->ask + from, rest);
	test->len = (uint16_t)(S53_HEADER_LEN + 1 + LABEL_LEN + rest);
}

/* A response without the question: FORMERR alone may be so (see validate.c). */
static bool
is_bare_formerr(const uint8_t *octets)
{
	return s53_header_count(octets, S53_QUESTION) == 0 &&
	    s53_header_rcode(octets) == S53_RCODE_FORMERR;
}

static bool
echoes_question(const struct s53_loop_test *test, const uint8_t *octets, size_t len)
{
	struct s53_reader asked = s53_reader_of(test->octets, test->len);
	struct s53_reader reader = s53_reader_of(octets, len);
	struct s53_name name;

	if (s53_header_count(octets, S53_QUESTION) != 1)
		return false;
	s53_read(&asked, S53_HEADER_LEN);
	s53_read(&reader, S53_HEADER_LEN);
	return s53_name_read(&asked, &name) && s53_name_read_equal(&reader, &name) &&
	    s53_read_u16(&reader) == s53_read_u16(&asked) && /* type */
	    s53_read_u16(&reader) == s53_read_u16(&asked) && !reader.bad;
}

/*
 * The server's response to it, which says nothing of a loop: where the test itself came in decides.
 * But it says that the server responds, so it has to be one: garbage is no sign of life.
 */
static enum s53_validity
check(void *arg, struct s53_exchange *exchange, const uint8_t *octets, size_t len)
{
	const struct s53_loop_test *test = arg;

	(void)exchange;
	if (len < S53_HEADER_LEN || (s53_header_flags(octets) & S53_QR) == 0)
		return S53_VALIDITY_REJECTED;
	return is_bare_formerr(octets) || echoes_question(test, octets, len)
	    ? S53_VALIDITY_ACCEPTED
	    : S53_VALIDITY_REJECTED;
}

static void
free_slot(const struct s53_loop_test *test)
{
	struct s53_loop_slot *slot = slot_of(test->fetch->resolver, test->number);
	uint64_t key = key_of(test->number, test->fetch->view);

	atomic_compare_exchange_strong_explicit(
	    &slot->key, &key, 0, memory_order_relaxed, memory_order_relaxed);
}

static void
on_done(void *arg, struct s53_exchange *exchange, enum s53_exchange_end end, uint8_t *octets,
    size_t len)
{
	struct s53_loop_test *test = arg;
	struct s53_fetch *fetch = test->fetch;
	struct s53_resolver *resolver = fetch->resolver;
	uint32_t sender = s53_loop_test_result(fetch);

	(void)exchange;
	(void)octets;
	(void)len;
	if (end == S53_EXCHANGE_ANSWERED)
		free_slot(test);
	fetch->loop.test = NULL;
	free(test);
	if (sender != 0) {
		fetch->now_ms = s53_exchanger_now_ms(resolver->exchanger);
		s53_loop_end(fetch, sender);
	}
	s53_resolver_drain(resolver);
}

static bool
send_test(struct s53_loop_test *test, const struct s53_attempt *attempt)
{
	struct s53_fetch *fetch = test->fetch;
	struct s53_exchange_spec ask = { .octets = test->octets,
		.len = test->len,
		.tcp = attempt->plan.tcp,
		.timeout_ms = PATIENCE_MS,
		.now_ms = fetch->now_ms,
		.arg = test,
		.check = check,
		.done = on_done };

	test->exchange =
	    s53_exchange_start(fetch->resolver->exchanger, s53_attempt_server(attempt), &ask);
	return test->exchange != NULL;
}

static void
draw_number(struct s53_loop_test *test)
{
	struct s53_fetch *fetch = test->fetch;

	for (unsigned i = 0; i < DRAWS; i++) {
		struct s53_loop_slot *slot;

		test->number = s53_rand_u64();
		slot = slot_of(fetch->resolver, test->number);
		if (atomic_load_explicit(&slot->key, memory_order_relaxed) == 0 ||
		    atomic_load_explicit(&slot->until_ms, memory_order_relaxed) < fetch->now_ms)
			return;
	}
}

static void
take_slot(const struct s53_loop_test *test, const struct s53_upstream *server)
{
	const struct s53_fetch *fetch = test->fetch;
	struct s53_loop_slot *slot = slot_of(fetch->resolver, test->number);

	atomic_store_explicit(&slot->sender, 0, memory_order_relaxed);
	atomic_store_explicit(&slot->until_ms, fetch->now_ms + PATIENCE_MS, memory_order_relaxed);
	atomic_store_explicit(&slot->server, (uintptr_t)server, memory_order_relaxed);
	atomic_store_explicit(&slot->key, key_of(test->number, fetch->view), memory_order_release);
}

void
s53_loop_test(struct s53_attempt *attempt, bool at_once)
{
	struct s53_fetch *fetch = attempt->fetch;
	uint32_t server = UINT32_C(1) << attempt->plan.server;
	struct s53_loop_test *test;

	if (fetch->loop.test != NULL || (fetch->loop.tested & server) != 0 ||
	    attempt->exchange == NULL || !(at_once || s53_loop_is_due(attempt)) ||
	    (test = malloc(sizeof(*test))) == NULL)
		return;
	test->fetch = fetch;
	draw_number(test);
	write_test(test, attempt);
	take_slot(test, s53_attempt_server(attempt));
	if (!send_test(test, attempt)) {
		free(test);
		return;
	}
	s53_count(fetch->resolver->counters, S53_C_JOIN_LOOP_TEST);
	fetch->loop.test = test;
	fetch->loop.tested |= server;
}

/* Stored beside the sender, to recognize that another test has taken the slot. */
static uint32_t
half_of(uint64_t number)
{
	return (uint32_t)(number >> 32);
}

uint32_t
s53_loop_test_result(const struct s53_fetch *fetch)
{
	const struct s53_loop_test *test = fetch->loop.test;
	uint64_t left;

	if (test == NULL)
		return 0;
	left = atomic_load_explicit(
	    &slot_of(fetch->resolver, test->number)->sender, memory_order_relaxed);
	return (uint32_t)left == half_of(test->number) ? (uint32_t)(left >> 32) : 0;
}

void
s53_loop_test_end(struct s53_fetch *fetch)
{
	struct s53_loop_test *test = fetch->loop.test;

	if (test == NULL)
		return;
	fetch->loop.test = NULL;
	s53_exchange_cancel(fetch->resolver->exchanger, test->exchange);
	free(test);
}

/* The number in the first label of the name; false: the label is not ours. */
static bool
read_label(const struct s53_name *lower, uint64_t *number)
{
	char digits[17] = "";
	char *end;

	if (lower->octets[0] != LABEL_LEN ||
	    memcmp(lower->octets + 1, LABEL_TEXT, LABEL_TEXT_LEN) != 0)
		return false;
	memcpy(digits, lower->octets + 1 + LABEL_TEXT_LEN, 16);
	*number = strtoull(digits, &end, 16);
	return end == digits + 16;
}

bool
s53_loop_is_test(const struct s53_query *query)
{
	uint64_t number;

	if (query->chase_of != NULL || !read_label(&query->request.question.lower, &number))
		return false;
	return atomic_load_explicit(&slot_of(query->resolver, number)->key, memory_order_acquire) ==
	    key_of(number, query->view);
}

/* The server of this route that was sent the test; NULL: the routes have changed since. */
static struct s53_upstream *
server_of(const struct s53_query *query, const struct s53_loop_slot *slot)
{
	const struct s53_group *group = query->route->group;
	uintptr_t server = atomic_load_explicit(&slot->server, memory_order_relaxed);

	for (unsigned i = 0; i < s53_group_size(group); i++)
		if ((uintptr_t)s53_group_server(group, i) == server)
			return s53_group_server(group, i);
	return NULL;
}

enum s53_verdict
s53_loop_found(struct s53_query *query)
{
	uint32_t sender = s53_loop_sender(query);
	struct s53_loop_slot *slot;
	struct s53_upstream *server;
	uint64_t number = 0, none = 0;
	bool first;

	read_label(&query->request.question.lower, &number);
	slot = slot_of(query->resolver, number);
	/*
	 * Only the first: after a refusal the sender's query may lack AD and OPT, unlike what it
	 * forwards.
	 */
	first = atomic_compare_exchange_strong_explicit(&slot->sender, &none,
	    (uint64_t)sender << 32 | half_of(number), memory_order_relaxed, memory_order_relaxed);
	server = server_of(query, slot);
	if (first && server != NULL)
		s53_loop_prove(query, server, sender);
	return s53_loop_refuse(query);
}
