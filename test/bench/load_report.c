/* SPDX-License-Identifier: ISC
 *
 * load_report.c - CPU time, and the result as one JSON object or as text.
 */
#include "load.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static double
seconds_of(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

struct load_cpu
load_cpu_own(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (struct load_cpu){
		.total = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime),
		.user = seconds_of(usage.ru_utime),
		.system = seconds_of(usage.ru_stime),
	};
}

/* All threads of a process, including those that have ended (proc_pid_stat(5)). */
struct load_cpu
load_cpu_of(int pid)
{
	struct load_cpu cpu = { 0, 0, 0 };
	unsigned long user = 0, system = 0;
	char path[64], text[1024] = "";
	const char *after;
	struct timespec total;
	clockid_t clock;
	FILE *file;

	if (clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &total) == 0)
		cpu.total = (double)total.tv_sec + (double)total.tv_nsec / 1e9;
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if ((file = fopen(path, "re")) == NULL)
		return cpu;
	if (fgets(text, sizeof(text), file) != NULL && (after = strrchr(text, ')')) != NULL &&
	    sscanf(after, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
		&system) == 2) {
		cpu.user = (double)user / (double)sysconf(_SC_CLK_TCK);
		cpu.system = (double)system / (double)sysconf(_SC_CLK_TCK);
	}
	fclose(file);
	return cpu;
}

static void
put_cpu(FILE *out, const char *name, const struct load_cpu *cpu)
{
	fprintf(out, "\"%s\": {\"total\": %.6f, \"user\": %.3f, \"system\": %.3f}", name,
	    cpu->total, cpu->user, cpu->system);
}

static void
put_kinds(FILE *out, const struct load_counts *counts)
{
	const char *comma = "";

	fputs("\"by_kind\": {", out);
	for (unsigned i = 0; i < BENCH_KINDS; i++) {
		if (counts->by_kind[i] == 0)
			continue;
		fprintf(out, "%s\"%s\": %llu", comma, bench_kind_word(i),
		    (unsigned long long)counts->by_kind[i]);
		comma = ", ";
	}
	fputs("}", out);
}

static uint64_t
wrong_of(const struct load_counts *counts)
{
	uint64_t wrong = 0;

	for (unsigned i = BENCH_TRUNCATED + 1; i < BENCH_VERDICTS; i++)
		wrong += counts->verdicts[i];
	return wrong;
}

static void
put_wrong(FILE *out, const struct load_counts *counts)
{
	const char *comma = "";

	fputs("\"wrong_by\": {", out);
	for (unsigned i = BENCH_TRUNCATED + 1; i < BENCH_VERDICTS; i++) {
		if (counts->verdicts[i] == 0)
			continue;
		fprintf(out, "%s\"%s\": %llu", comma, bench_verdict_word(i),
		    (unsigned long long)counts->verdicts[i]);
		comma = ", ";
	}
	fputs("}", out);
}

static void
put_times(FILE *out, const struct bench_histogram *times)
{
	double mean = times->count > 0 ? (double)times->sum_ns / (double)times->count / 1e3 : 0;

	fprintf(out,
	    "\"latency_us\": {\"mean\": %.1f, \"p50\": %.1f, \"p90\": %.1f, \"p99\": %.1f, "
	    "\"p99.9\": %.1f, \"max\": %.1f}",
	    mean, (double)bench_histogram_at(times, 0.5) / 1e3,
	    (double)bench_histogram_at(times, 0.9) / 1e3,
	    (double)bench_histogram_at(times, 0.99) / 1e3,
	    (double)bench_histogram_at(times, 0.999) / 1e3, (double)times->max_ns / 1e3);
}

static void
put_counts(FILE *out, const struct load_counts *counts)
{
	const struct {
		const char *name;
		uint64_t value;
	} numbers[] = {
		{ "sent", counts->sent },
		{ "answered", counts->answered },
		{ "wrong", wrong_of(counts) },
		{ "truncated", counts->verdicts[BENCH_TRUNCATED] },
		{ "lost", counts->lost },
		{ "late", counts->late },
		{ "stray", counts->stray },
		{ "send_errors", counts->send_errors },
		{ "connections", counts->connections },
		{ "connection_errors", counts->connection_errors },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		fprintf(
		    out, "\"%s\": %llu, ", numbers[i].name, (unsigned long long)numbers[i].value);
}

static void
report_json(const struct load *load, FILE *out)
{
	const struct load_result *result = &load->result;

	fputc('{', out);
	put_counts(out, &result->counts);
	fprintf(out, "\"answered_in_time\": %llu, \"seconds\": %.4f, \"qps\": %.1f, ",
	    (unsigned long long)result->answered, result->seconds, result->qps);
	put_times(out, &result->times);
	fputs(", ", out);
	put_cpu(out, "cpu", &result->own);
	fputs(", ", out);
	put_kinds(out, &result->counts);
	fputs(", ", out);
	put_wrong(out, &result->counts);
	fputs(", \"watched\": {", out);
	for (size_t i = 0; i < load->options.watch_count; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%d", load->options.watch[i]);
		fputs(i > 0 ? ", " : "", out);
		put_cpu(out, name, &result->watched[i]);
	}
	fprintf(out, "}, \"warm_resent\": %llu}\n", (unsigned long long)load->warm_resent);
}

static void
report_text(const struct load *load, FILE *out)
{
	const struct load_result *result = &load->result;
	const struct load_counts *counts = &result->counts;
	const struct bench_histogram *times = &result->times;

	fprintf(out, "%.0f q/s: %llu sent, %llu answered, %llu wrong, %llu lost, %llu late\n",
	    result->qps, (unsigned long long)counts->sent, (unsigned long long)counts->answered,
	    (unsigned long long)wrong_of(counts), (unsigned long long)counts->lost,
	    (unsigned long long)counts->late);
	fprintf(out,
	    "us: p50 %.0f, p99 %.0f, p99.9 %.0f, max %.0f; own CPU %.2f user %.2f system\n",
	    (double)bench_histogram_at(times, 0.5) / 1e3,
	    (double)bench_histogram_at(times, 0.99) / 1e3,
	    (double)bench_histogram_at(times, 0.999) / 1e3, (double)times->max_ns / 1e3,
	    result->own.user, result->own.system);
	for (size_t i = 0; i < load->options.watch_count; i++)
		fprintf(out, "process %d: %.3f us a query, %.2f s user, %.2f s system\n",
		    load->options.watch[i],
		    result->watched[i].total * 1e6 / (double)result->answered,
		    result->watched[i].user, result->watched[i].system);
}

void
load_report(const struct load *load, FILE *out)
{
	if (load->options.json)
		report_json(load, out);
	else
		report_text(load, out);
}
