#include "cli/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "core/exact.h"

#define FIRST_NS NS_PER_SECOND
#define EVERY_NS (NS_PER_SECOND / 4)

int64_t progress_clock_ns(void) {
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NS_PER_SECOND + t.tv_nsec;
}

void progress_start(struct progress *p, bool wanted) {
	p->on = wanted && isatty(STDERR_FILENO);
	p->start_ns = progress_clock_ns();
	p->next_ns = p->start_ns + FIRST_NS;
	p->shown = false;
}

/* True for one of several concurrent threads. */
static bool my_turn(struct progress *p, int64_t now) {
	int64_t due = p->next_ns;

	return now >= due && atomic_compare_exchange_strong(&p->next_ns, &due, now + EVERY_NS);
}

static const char *bytes_text(double bytes, char out[32]) {
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	size_t u = 0;

	for (; bytes >= 1000 && u + 1 < sizeof units / sizeof *units; u++) {
		bytes /= 1000;
	}
	snprintf(out, 32, u == 0 ? "%.0f %s" : "%.1f %s", bytes, units[u]);
	return out;
}

void progress_bytes(void *progress, int64_t done, int64_t total) {
	struct progress *p = progress;
	int64_t now;

	if (!p->on || !my_turn(p, now = progress_clock_ns())) {
		return;
	}
	char read[32], all[32], rate[32], line[160];
	double seconds = (double)(now - p->start_ns) / (double)NS_PER_SECOND, speed = (double)done / seconds;
	int len = snprintf(line, sizeof line, "\r\033[K%s", bytes_text((double)done, read));
	if (total > 0 && done <= total) {
		len += snprintf(line + len, sizeof line - (size_t)len, " of %s (%d %%)",
				bytes_text((double)total, all), (int)((double)done * 100 / (double)total));
	}
	len += snprintf(line + len, sizeof line - (size_t)len, ", %s/s", bytes_text(speed, rate));
	if (total > 0 && done <= total && speed > 0) {
		int64_t left = (int64_t)((double)(total - done) / speed + 0.5);
		snprintf(line + len, sizeof line - (size_t)len, ", %d:%02d left", (int)(left / 60), (int)(left % 60));
	}
	p->shown = true;
	fputs(line, stderr);
}

void progress_stage(struct progress *p, const char *what) {
	if (p->on && progress_clock_ns() - p->start_ns >= FIRST_NS) {
		p->shown = true;
		fprintf(stderr, "\r\033[K%s", what);
	}
}

void progress_end(struct progress *p) {
	p->next_ns = INT64_MAX;
	if (p->shown) {
		fputs("\r\033[K", stderr);
		p->shown = false;
	}
}
