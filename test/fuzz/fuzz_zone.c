/* SPDX-License-Identifier: ISC
 *
 * fuzz_zone.c - any text as a zone file; if it loads, its own words are queried.
 *
 * The first byte limits the size of replies, the rest is the text of a zone "o". Each reply must
 * pass the message check, must not exceed the limit, and must have an rcode that the header
 * promises.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <split53/zone.h>

#define WORDS_MAX 24

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

/*
 * ldns 1.8 leaks a few bytes for some types (CERT always, IPSECKEY when rejected): once a line
 * while a file is loaded, and we cannot fix it. A record that we forgot would still be reported:
 * its stack begins with ldns_rr_new(). The second line is for when LeakSanitizer sees only the
 * innermost call.
 */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:ldns_str2rdf\n"
	       "leak:ldns_rdf_new_frm_data\n";
}

static void
ask(const struct s53_zone *zone, const struct s53_name *name, uint16_t qtype, size_t cap)
{
	static uint8_t octets[S53_MESSAGE_MAX];
	struct s53_question question = { .name = *name, .qtype = qtype, .qclass = S53_CLASS_IN };
	struct s53_zone_answer answer;
	struct s53_reply reply;
	struct s53_edns edns;
	size_t opt_at, len;

	question.lower = *name;
	s53_name_lower(&question.lower);
	s53_reply_begin(&reply, octets, cap, 1, S53_QR, &question);
	s53_zone_answer(zone, &question, (unsigned)cap & 7, &reply, &answer);
	len = s53_reply_end(&reply, NULL);
	S53_ASSERT(len <= cap);
	S53_ASSERT(s53_message_check(octets, len, &edns, &opt_at));
	S53_ASSERT(answer.rcode == S53_RCODE_NOERROR || answer.rcode == S53_RCODE_NXDOMAIN ||
	    answer.rcode == S53_RCODE_SERVFAIL || answer.rcode == 6);
	S53_ASSERT(answer.cname == (answer.target.len > 0));
	S53_ASSERT(!answer.referral || !answer.cname);
}

/* Each word of the text, as a name in the zone. */
static void
ask_words(const struct s53_zone *zone, const char *text, size_t cap)
{
	static const uint16_t types[] = { S53_TYPE_A, S53_TYPE_ANY, S53_TYPE_CNAME, S53_TYPE_DS,
		S53_TYPE_SRV, S53_TYPE_NS, S53_TYPE_RRSIG };

	for (unsigned i = 0; i < WORDS_MAX && *text != '\0'; i++) {
		size_t word_len = strcspn(text, " \t\r\n();\"");
		char word[300];
		struct s53_name name;

		if (word_len > 0 && word_len < sizeof(word) - 3) {
			memcpy(word, text, word_len);
			memcpy(word + word_len, ".o", 3);
			if (s53_name_parse(word, &name) == S53_OK)
				for (size_t j = 0; j < sizeof(types) / sizeof(*types); j++)
					ask(zone, &name, types[j], cap);
		}
		text += word_len;
		text += strspn(text, " \t\r\n();\"");
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct s53_zone *zone = NULL;
	struct s53_diags diags;
	struct s53_name apex;
	char *text;
	size_t cap;

	if (len == 0 || (text = malloc(len)) == NULL)
		return 0;
	memcpy(text, octets + 1, len - 1);
	text[len - 1] = '\0';
	cap = S53_HEADER_LEN + S53_NAME_MAX + 4 + 64u * octets[0];
	S53_ASSERT(s53_name_parse("o", &apex) == S53_OK);
	s53_diags_init(&diags);
	if (s53_zone_parse("fuzz", text, &apex, &diags, &zone) == S53_OK) {
		S53_ASSERT(diags.error_count == 0);
		ask(zone, &apex, S53_TYPE_ANY, cap);
		ask_words(zone, text, cap);
	} else {
		S53_ASSERT(diags.error_count > 0 && zone == NULL);
	}
	s53_zone_drop(zone);
	s53_diags_fini(&diags);
	free(text);
	return 0;
}
