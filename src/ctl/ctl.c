/* SPDX-License-Identifier: ISC
 *
 * ctl.c - sends one command and prints the reply.
 */
#include <split53/ctl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "ask.h"
#include "options.h"
#include "top.h"
#include "verbs.h"

#define HEALTH_TIMEOUT_S 5

/* With --json a failure is JSON as well: {"result":"not found","text":"..."}. */
static void
print_json_failure(const struct ctl_reply *reply)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "result",
	    json_object_new_string_len((const char *)reply->error.at, (int)reply->error.len));
	if (reply->text.len > 0)
		json_object_object_add(json, "text",
		    json_object_new_string_len((const char *)reply->text.at, (int)reply->text.len));
	puts(json_object_to_json_string_ext(
	    json, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(json);
}

static int
print_reply(const struct ctl_options *options, const char *verb, const struct ctl_reply *reply)
{
	FILE *out = reply->result == 0 ? stdout : stderr;

	if (reply->result != 0 && options->json) {
		print_json_failure(reply);
		return S53_CTL_FAILED;
	}
	if (reply->result != 0)
		fprintf(stderr, "split53ctl: '%s' failed: %.*s\n", verb, (int)reply->error.len,
		    (const char *)reply->error.at);
	if (reply->text.len > 0 && !(options->quiet && reply->result == 0)) {
		fwrite(reply->text.at, 1, reply->text.len, out);
		if (reply->text.at[reply->text.len - 1] != '\n')
			fputc('\n', out);
	}
	return reply->result == 0 ? S53_CTL_OK : S53_CTL_FAILED;
}

/* Join the words into one line. false: too long. */
static bool
join_words(char *const words[], char line[static S53_RNDC_REQUEST_MAX])
{
	size_t at = 0;

	for (; *words != NULL; words++) {
		size_t len = strlen(*words);

		if (at + len + 2 > S53_RNDC_REQUEST_MAX - 256)
			return false;
		if (at > 0)
			line[at++] = ' ';
		memcpy(line + at, *words, len);
		at += len;
	}
	line[at] = '\0';
	return true;
}

static int
run_verb(const struct ctl_options *options, const struct ctl_server *server, char *const words[])
{
	char line[S53_RNDC_REQUEST_MAX];
	struct ctl_session session;
	struct ctl_reply reply;
	int code;

	if (!join_words(words, line)) {
		fputs("split53ctl: the command is too long\n", stderr);
		return S53_CTL_USAGE;
	}
	if (!ctl_open(&session, server))
		return S53_CTL_UNREACHABLE;
	if (!ctl_ask(&session, line, options->json, &reply))
		return S53_CTL_UNREACHABLE;
	code = print_reply(options, words[0], &reply);
	ctl_reply_fini(&reply);
	ctl_close(&session);
	return fflush(stdout) == 0 ? code : S53_CTL_FAILED;
}

/* --json is accepted after the verb as well: remove it from the words. */
static char **
take_words(struct ctl_options *options, int argc, char *const argv[])
{
	char **words = calloc((size_t)argc + 1, sizeof(*words));
	int count = 0;

	for (int i = options->words; words != NULL && i < argc; i++)
		if (strcmp(argv[i], "--json") == 0)
			options->json = true;
		else
			words[count++] = argv[i];
	return words;
}

static int
run_words(struct ctl_options *options, char *const words[])
{
	struct ctl_server server;

	if (words[0] == NULL) {
		ctl_print_usage(stderr);
		return S53_CTL_USAGE;
	}
	if (strcmp(words[0], "help") == 0) {
		ctl_print_help(stdout);
		return S53_CTL_OK;
	}
	if (!ctl_verb_check(words))
		return S53_CTL_USAGE;
	if (strcmp(words[0], "top") == 0 && !ctl_top_options(options, words))
		return S53_CTL_USAGE;
	if (!ctl_options_server(options, &server))
		return S53_CTL_USAGE;
	if (strcmp(words[0], "health") == 0 || strcmp(words[0], "ready") == 0)
		server.timeout_s = HEALTH_TIMEOUT_S;
	if (strcmp(words[0], "top") == 0 && !options->json)
		return ctl_top(options, &server);
	return run_verb(options, &server,
	    strcmp(words[0], "top") == 0 ? (char *const[]){ words[0], NULL } : words);
}

int
s53_ctl_run(int argc, char *const argv[])
{
	struct ctl_options options;
	char **words;
	int code = S53_CTL_USAGE;

	if (!ctl_options_read(&options, argc, argv)) {
		ctl_print_usage(stderr);
		return S53_CTL_USAGE;
	}
	if (options.words == -'h') {
		ctl_print_help(stdout);
		return S53_CTL_OK;
	}
	if (options.words == -'v') {
		puts("split53ctl " S53_VERSION);
		return S53_CTL_OK;
	}
	words = take_words(&options, argc, argv);
	if (words != NULL)
		code = run_words(&options, words);
	free(words);
	return code;
}

int
s53_ctl_health(const char *path)
{
	const struct ctl_server server = { .path = path, .timeout_s = HEALTH_TIMEOUT_S };
	const struct ctl_options options = { .json = false };
	char verb[] = "health";
	char *const words[] = { verb, NULL };

	return run_verb(&options, &server, words) == S53_CTL_OK ? S53_CTL_OK : S53_CTL_FAILED;
}
