#include "core/record.h"

const struct text duration_kind_names[DURATION_KINDS] = {
	[DURATION_GPU_EVENTS] = {"gpu_events", 10},
	[DURATION_HOST_WALL_FULL] = {"host_wall_full", 14},
	[DURATION_HOST_WALL_WAIT] = {"host_wall_wait", 14},
	[DURATION_LOG_GAP] = {"log_gap", 7},
	[DURATION_WINDOW] = {"window", 6},
};

bool duration_kind_parse(struct text t, enum duration_kind *out) {
	for (unsigned i = 0; i < DURATION_KINDS; i++) {
		if (text_eq(t, duration_kind_names[i])) {
			*out = (enum duration_kind)i;
			return true;
		}
	}
	return false;
}

void window_counts_unknown(struct window *w) {
#define FORGET(name) w->name = UNKNOWN;
	WINDOW_COUNTS(FORGET)
}

bool window_counts_any(const struct window *w) {
#define KNOWN(name) || w->name != UNKNOWN
	return false WINDOW_COUNTS(KNOWN);
}
