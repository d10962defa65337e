/* SPDX-License-Identifier: ISC
 *
 * recursing.c - the list of fetches in progress as text, in the form of BIND's named.recursing.
 *
 * BIND lists the clients and then the number of fetches of each domain. Here the second section
 * lists the fetches themselves.
 */
#include <inttypes.h>

#include <split53/mnemonic.h>
#include <split53/operations.h>

static void
print_question(const struct s53_recursing_fetch *fetch, FILE *out)
{
	char name[S53_NAME_TEXT], type[S53_MNEMONIC_TEXT];

	fprintf(
	    out, "%s/%s/", s53_name_print(&fetch->name, name), s53_type_print(fetch->qtype, type));
	if (fetch->qclass == 1)
		fputs("IN", out);
	else
		fprintf(out, "CLASS%u", fetch->qclass);
}

static unsigned
listed(unsigned count, unsigned most)
{
	return count < most ? count : most;
}

static void
print_clients(const struct s53_recursing_fetch *fetch, FILE *out)
{
	unsigned count = listed(fetch->client_count, S53_RECURSING_CLIENTS);
	char addr[S53_ADDR_TEXT];

	for (unsigned i = 0; i < count; i++) {
		const struct s53_recursing_client *client = &fetch->clients[i];

		fprintf(out, "; client %s%s: id %u '", s53_addr_print(&client->addr, addr),
		    client->tcp ? " (TCP)" : "", client->id);
		print_question(fetch, out);
		fprintf(out, "' view %s\n", fetch->view);
	}
	if (fetch->client_count > count)
		fprintf(out, "; and %u more clients that wait for the same fetch\n",
		    fetch->client_count - count);
}

static void
print_fetch(const struct s53_recursing_fetch *fetch, FILE *out)
{
	unsigned count = listed(fetch->attempt_count, S53_RECURSING_ATTEMPTS);
	char zone[S53_NAME_TEXT], addr[S53_ADDR_TEXT];

	fputs("; ", out);
	print_question(fetch, out);
	fprintf(out, " view %s zone %s: for %" PRIu32 " ms, %u client%s, %u server%s tried",
	    fetch->view, s53_name_print(&fetch->zone, zone), fetch->age_ms, fetch->client_count,
	    fetch->client_count == 1 ? "" : "s", fetch->tried, fetch->tried == 1 ? "" : "s");
	for (unsigned i = 0; i < count; i++) {
		const struct s53_recursing_attempt *attempt = &fetch->attempts[i];

		fprintf(out, "%s %s%s for %" PRIu32 " ms", i == 0 ? "; open:" : ",",
		    s53_addr_print(&attempt->server, addr), attempt->tcp ? " (TCP)" : "",
		    attempt->age_ms);
	}
	if (fetch->attempt_count > count)
		fprintf(out, " and %u more", fetch->attempt_count - count);
	fputc('\n', out);
}

void
s53_recursing_print(const struct s53_recursing *list, FILE *out)
{
	fputs(";\n; Recursing Queries\n;\n", out);
	for (unsigned i = 0; i < list->count; i++)
		print_clients(&list->fetches[i], out);
	fputs(";\n; Fetches\n;\n", out);
	for (unsigned i = 0; i < list->count; i++)
		print_fetch(&list->fetches[i], out);
	if (list->left_out > 0)
		fprintf(out, "; and %u more fetches\n", list->left_out);
	fputs("; Dump complete\n", out);
}
