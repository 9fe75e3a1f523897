/* SPDX-License-Identifier: ISC */
/*
 * figures.c - a histogram, and /proc.
 */
#include "tests/bench/figures.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- histogram ---- */

/* Each value below HISTOGRAM_SUB has a bucket; above, each power of two has HISTOGRAM_SUB
 * buckets. */
static size_t
bucket_of(uint64_t value)
{
	int shift =
	    value < HISTOGRAM_SUB ? 0 : 63 - __builtin_clzll(value) - __builtin_ctz(HISTOGRAM_SUB);
	size_t bucket = (size_t)shift * HISTOGRAM_SUB + (value >> shift);

	return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

static uint64_t
value_of(size_t bucket)
{
	size_t shift = bucket < 2 * HISTOGRAM_SUB ? 0 : bucket / HISTOGRAM_SUB - 1;

	return (bucket - shift * HISTOGRAM_SUB) << shift;
}

void
histogram_add(struct histogram *h, int64_t value)
{
	uint64_t v = value < 0 ? 0 : (uint64_t)value;

	h->count++;
	h->buckets[bucket_of(v)]++;
	if (v > h->max)
		h->max = v;
}

uint64_t
histogram_at(const struct histogram *h, double share)
{
	uint64_t want = (uint64_t)((double)h->count * share), seen = 0;

	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->buckets[i];
		if (seen > want)
			return value_of(i);
	}
	return h->max;
}

/* ---- /proc ---- */

static FILE *
proc_open(int pid, const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	return fopen(path, "re");
}

static bool
read_stat(int pid, struct process *out)
{
	FILE *f = proc_open(pid, "stat");
	char line[1024];
	const char *p;
	unsigned long long user = 0, sys = 0;
	long per_s = sysconf(_SC_CLK_TCK);

	if (f == NULL)
		return false;
	/* The name in brackets may hold anything: fields are counted from behind its end. */
	if (fgets(line, sizeof(line), f) != NULL && (p = strrchr(line, ')')) != NULL)
		sscanf(
		    p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &sys);
	fclose(f);
	out->user_ms += (int64_t)user * 1000 / per_s;
	out->system_ms += (int64_t)sys * 1000 / per_s;
	return true;
}

/* Adds the number behind each line's name to the field of that name. */
struct row {
	const char *name;
	int64_t *to;
	int64_t unit;
};

static void
read_rows(int pid, const char *file, const struct row *rows, size_t n_rows)
{
	FILE *f = proc_open(pid, file);
	char line[256];

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		for (size_t i = 0; i < n_rows; i++) {
			size_t n = strlen(rows[i].name);
			if (strncmp(line, rows[i].name, n) == 0)
				*rows[i].to += strtoll(line + n, NULL, 10) * rows[i].unit;
		}
	}
	if (f != NULL)
		fclose(f);
}

static void
read_switches(int pid, struct process *out)
{
	const struct row rows[] = {{"voluntary_ctxt_switches:", &out->switches, 1},
	    {"nonvoluntary_ctxt_switches:", &out->switches, 1}};
	char path[64], file[64];
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir != NULL && (d = readdir(dir)) != NULL) {
		snprintf(file, sizeof(file), "task/%.16s/status", d->d_name);
		if (d->d_name[0] != '.')
			read_rows(pid, file, rows, 2);
	}
	if (dir != NULL)
		closedir(dir);
}

bool
process_add(int pid, struct process *out)
{
	const struct row rows[] = {
	    {"Anonymous:", &out->anonymous, 1024},
	    {"Private_Dirty:", &out->private_dirty, 1024},
	    {"Rss:", &out->rss, 1024},
	};
	struct timespec ts = {0};
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &ts) != 0 ||
	    !read_stat(pid, out))
		return false;
	out->cpu_ns += (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
	read_rows(pid, "smaps_rollup", rows, sizeof(rows) / sizeof(rows[0]));
	read_switches(pid, out);
	return true;
}
