/* SPDX-License-Identifier: ISC
 *
 * top.c - see top.h.
 *
 * A screen is drawn from two replies to the command `top`: the rates are the differences of their
 * counters. The first screen appears after one second, whatever the delay.
 */
#include "top.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <json-c/json.h>

#include <split53/ctl.h>

#define DELAY_S 2
#define FIRST_S 1
#define ROWS_PLAIN 10 /* of each table, if the output is not a terminal */
#define ROWS_MAX 20
#define HEAD_ROWS 10 /* lines other than the rows of the tables */

static volatile sig_atomic_t is_over;

static bool
read_value(const char *flag, const char *text, unsigned *out)
{
	char *end;
	unsigned long value = text != NULL ? strtoul(text, &end, 10) : 0;

	if (text == NULL || text[0] < '0' || text[0] > '9' || *end != '\0' || value < 1 ||
	    value > 86400) {
		fprintf(stderr,
		    "split53ctl: top: %s must be followed by a number from 1 to 86400\n", flag);
		return false;
	}
	*out = (unsigned)value;
	return true;
}

bool
ctl_top_options(struct ctl_options *options, char *const words[])
{
	options->count = 0;
	options->delay_s = DELAY_S;
	for (unsigned i = 1; words[i] != NULL; i += 2) {
		unsigned *out = strcmp(words[i], "-n") == 0 ? &options->count
		    : strcmp(words[i], "-d") == 0           ? &options->delay_s
							    : NULL;

		if (out == NULL) {
			fprintf(stderr,
			    "split53ctl: top: unknown option '%s'; it takes -n COUNT and -d "
			    "SECONDS\n",
			    words[i]);
			return false;
		}
		if (!read_value(words[i], words[i + 1], out))
			return false;
	}
	return true;
}

/* Request and parse one reply. NULL: a message is on stderr. */
static struct json_object *
look(struct ctl_session *session)
{
	struct json_object *json;
	struct ctl_reply reply;
	enum json_tokener_error error;
	struct json_tokener *tokener;

	if (!ctl_ask(session, "top", true, &reply))
		return NULL;
	if (reply.result != 0) {
		fprintf(stderr, "split53ctl: 'top' failed: %.*s\n%.*s\n", (int)reply.error.len,
		    (const char *)reply.error.at, (int)reply.text.len, (const char *)reply.text.at);
		ctl_reply_fini(&reply);
		return NULL;
	}
	tokener = json_tokener_new();
	json = tokener != NULL
	    ? json_tokener_parse_ex(tokener, (const char *)reply.text.at, (int)reply.text.len)
	    : NULL;
	error = tokener != NULL ? json_tokener_get_error(tokener) : json_tokener_success;
	if (json == NULL)
		fprintf(stderr, "split53ctl: top: the reply cannot be read: %s\n",
		    json_tokener_error_desc(error));
	json_tokener_free(tokener);
	ctl_reply_fini(&reply);
	return json;
}

static int64_t
number(struct json_object *json, const char *name)
{
	struct json_object *value;

	return json_object_object_get_ex(json, name, &value) ? json_object_get_int64(value) : 0;
}

static const char *
text(struct json_object *json, const char *name)
{
	struct json_object *value;

	return json_object_object_get_ex(json, name, &value) ? json_object_get_string(value) : "-";
}

static struct json_object *
member(struct json_object *json, const char *name)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(json, name, &value);
	return value;
}

/* The data of one screen. */
struct picture {
	struct json_object *before, *now;
	double seconds; /* between the two replies */
	unsigned rows; /* of each table */

	bool on_terminal;
};

/* The increase of a counter. */
static int64_t
grown(const struct picture *picture, const char *name)
{
	int64_t was = number(member(picture->before, "counters"), name);
	int64_t is = number(member(picture->now, "counters"), name);

	return is >= was ? is - was : is; /* after a reset-stats in between */
}

static double
rate(const struct picture *picture, const char *name)
{
	return (double)grown(picture, name) / picture->seconds;
}

static void
end_line(const struct picture *picture)
{
	fputs(picture->on_terminal ? "\033[K\n" : "\n", stdout);
}

static void
draw_rates(const struct picture *picture)
{
	int64_t hits = grown(picture, "find-hit"), misses = grown(picture, "find-miss");
	double queries = rate(picture, "listen-udp") + rate(picture, "listen-tcp");

	printf("queries %.0f/s (TCP %.0f/s)   cache hits %.1f%% of %.0f/s   stale %.0f/s", queries,
	    rate(picture, "listen-tcp"),
	    hits + misses > 0 ? 100.0 * (double)hits / (double)(hits + misses) : 0.0,
	    (double)(hits + misses) / picture->seconds, rate(picture, "answer-stale"));
	end_line(picture);
	printf("answers NOERROR %.0f/s  NXDOMAIN %.0f/s  SERVFAIL %.0f/s  REFUSED %.0f/s",
	    rate(picture, "answer-noerror"), rate(picture, "answer-nxdomain"),
	    rate(picture, "answer-servfail"), rate(picture, "answer-refused"));
	end_line(picture);
	printf("upstream UDP %.0f/s  TCP %.0f/s  timeouts %.0f/s  refused %.0f/s  hedged %.0f/s",
	    rate(picture, "exchange-udp"), rate(picture, "exchange-tcp"),
	    rate(picture, "exchange-timeout"), rate(picture, "exchange-refused"),
	    rate(picture, "choose-hedged"));
	end_line(picture);
}

static void
draw_head(const struct picture *picture)
{
	time_t now = time(NULL);
	struct tm parts;
	char clock[16] = "";

	if (localtime_r(&now, &parts) != NULL)
		strftime(clock, sizeof(clock), "%H:%M:%S", &parts);
	printf("split53 %s  %s  waiting queries %" PRId64 "  TCP clients %" PRId64
	       "  servers %" PRId64 " of %" PRId64 " up",
	    text(picture->now, "version"), clock, number(picture->now, "recursive-clients"),
	    number(picture->now, "tcp-clients"), number(picture->now, "upstreams-up"),
	    number(picture->now, "upstream-count"));
	end_line(picture);
}

/* Queries to that server in the earlier reply. */
static int64_t
queries_before(const struct picture *picture, const char *server)
{
	struct json_object *list = member(picture->before, "upstreams");
	size_t count = list != NULL ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < count; i++) {
		struct json_object *one = json_object_array_get_idx(list, i);

		if (strcmp(text(one, "server"), server) == 0)
			return number(one, "queries");
	}
	return 0;
}

/* Queries between the two replies. */
static int64_t
queries_since(const struct picture *picture, struct json_object *one)
{
	int64_t more = number(one, "queries") - queries_before(picture, text(one, "server"));

	return more > 0 ? more : 0;
}

static void
draw_upstream(const struct picture *picture, struct json_object *one)
{
	struct json_object *udp = member(one, "udp");
	const char *server = text(one, "server"), *set = text(one, "set");
	int64_t more = queries_since(picture, one);

	printf("%-28.28s %-10s ", server, strcmp(set, "auto") == 0 ? text(udp, "state") : set);
	if (member(udp, "rtt-ms") != NULL)
		printf("%6" PRId64 " ms", number(udp, "rtt-ms"));
	else
		printf("%9s", "-");
	printf(" %9.0f/s %8" PRId64, (double)more / picture->seconds, number(one, "in-flight"));
	end_line(picture);
}

static void
draw_upstreams(const struct picture *picture)
{
	struct json_object *list = member(picture->now, "upstreams");
	size_t count = list != NULL ? json_object_array_length(list) : 0;

	end_line(picture);
	printf("%-28s %-10s %9s %11s %8s", "SERVER", "STATE", "RTT", "QUERIES", "FLIGHT");
	end_line(picture);
	for (size_t row = 0; row < count && row < picture->rows; row++) {
		struct json_object *busiest = NULL;

		for (size_t i = 0; i < count; i++) {
			struct json_object *one = json_object_array_get_idx(list, i);

			if (member(one, "drawn") == NULL &&
			    (busiest == NULL ||
				queries_since(picture, one) > queries_since(picture, busiest)))
				busiest = one;
		}
		draw_upstream(picture, busiest);
		json_object_object_add(busiest, "drawn", json_object_new_boolean(true));
	}
}

static void
draw_name(struct json_object *names, size_t index)
{
	struct json_object *one = names != NULL ? json_object_array_get_idx(names, index) : NULL;

	if (one != NULL)
		printf("%7" PRId64 "  %-5.5s %-28.28s", number(one, "samples"), text(one, "type"),
		    text(one, "name"));
	else
		printf("%43s", "");
}

static void
draw_busiest(const struct picture *picture)
{
	struct json_object *names = member(picture->now, "names");
	struct json_object *clients = member(picture->now, "clients");
	size_t name_count = names != NULL ? json_object_array_length(names) : 0;
	size_t client_count = clients != NULL ? json_object_array_length(clients) : 0;

	end_line(picture);
	printf("%7s  %-5s %-28s %7s  %s", "SAMPLES", "TYPE", "BUSIEST NAMES", "SAMPLES",
	    "BUSIEST CLIENTS");
	end_line(picture);
	printf("  (one query in %" PRId64 " is a sample)", number(picture->now, "sample"));
	end_line(picture);
	for (size_t i = 0; i < picture->rows && (i < name_count || i < client_count); i++) {
		draw_name(names, i);
		if (i < client_count) {
			struct json_object *one = json_object_array_get_idx(clients, i);

			printf(" %7" PRId64 "  %s", number(one, "samples"), text(one, "client"));
		}
		end_line(picture);
	}
}

static void
draw(const struct picture *picture)
{
	if (picture->on_terminal)
		fputs("\033[H", stdout);
	draw_head(picture);
	draw_rates(picture);
	draw_upstreams(picture);
	draw_busiest(picture);
	if (picture->on_terminal)
		fputs("\033[J", stdout);
	fflush(stdout);
}

static void
on_interrupt(int signal_number)
{
	(void)signal_number;
	is_over = 1;
}

/* false: `q` was pressed, or a signal has come. */
static bool
pause_for(unsigned seconds, bool on_terminal)
{
	struct pollfd keys = { .fd = on_terminal ? STDIN_FILENO : -1, .events = POLLIN };
	char key;

	if (poll(&keys, 1, (int)seconds * 1000) > 0)
		return read(STDIN_FILENO, &key, 1) == 1 && key != 'q' && key != 'Q' && !is_over;
	return !is_over;
}

static void
fit_screen(struct picture *picture)
{
	struct winsize size;

	picture->rows = ROWS_PLAIN;
	if (!picture->on_terminal || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 ||
	    size.ws_row == 0)
		return;
	picture->rows = size.ws_row > HEAD_ROWS + 1 ? (size.ws_row - HEAD_ROWS) / 2u : 1;
	if (picture->rows > ROWS_MAX)
		picture->rows = ROWS_MAX;
}

/* Read keys without Enter and without echo; *before is for restoring. false: not a terminal. */
static bool
take_terminal(struct termios *before)
{
	struct termios raw;
	struct sigaction action = { .sa_handler = on_interrupt };

	if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, before) != 0)
		return false;
	raw = *before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	fputs("\033[?25l\033[?7l\033[2J", stdout); /* no cursor; long lines are cut */
	return true;
}

static int
draw_all(const struct ctl_options *options, struct ctl_session *session, struct picture *picture)
{
	unsigned count = options->count;
	unsigned delay_s = picture->on_terminal ? FIRST_S : options->delay_s;

	if (count == 0 && !picture->on_terminal)
		count = 1;
	for (unsigned drawn = 0; (count == 0 || drawn < count); drawn++) {
		if (!pause_for(delay_s, picture->on_terminal))
			return S53_CTL_OK;
		delay_s = options->delay_s;
		if ((picture->now = look(session)) == NULL)
			return S53_CTL_UNREACHABLE;
		picture->seconds =
		    (double)(number(picture->now, "now-ms") - number(picture->before, "now-ms")) /
		    1000;
		if (picture->seconds <= 0)
			picture->seconds = 1;
		fit_screen(picture);
		draw(picture);
		json_object_put(picture->before);
		picture->before = picture->now;
		picture->now = NULL;
	}
	return S53_CTL_OK;
}

int
ctl_top(const struct ctl_options *options, const struct ctl_server *server)
{
	struct picture picture = { .before = NULL };
	struct ctl_session session;
	struct termios before;
	int code;

	if (!ctl_open(&session, server))
		return S53_CTL_UNREACHABLE;
	if ((picture.before = look(&session)) == NULL) {
		ctl_close(&session);
		return S53_CTL_UNREACHABLE;
	}
	picture.on_terminal = take_terminal(&before);
	code = draw_all(options, &session, &picture);
	if (picture.on_terminal) {
		fputs("\033[?7h\033[?25h", stdout);
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
	}
	json_object_put(picture.before);
	ctl_close(&session);
	return fflush(stdout) == 0 ? code : S53_CTL_FAILED;
}
