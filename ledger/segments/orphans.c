/* orphans.c: files among the segments that the ledger does not know. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/sorted.h"

#include "ledger/book.h"

#define PATH_ROOM 4096

struct known {
	struct ledger *l;
	char **paths;
	size_t count;
};

static int keep_path(void *known, const struct ledger_segment *s) {
	struct known *k = known;
	char path[PATH_ROOM];

	if (!s->gone_run) {
		ledger_segment_path(k->l, s, path, sizeof path);
		k->paths = must_grow_by_count(k->paths, k->count, sizeof *k->paths);
		size_t len = strlen(path) + 1;
		k->paths[k->count++] = memcpy(must_alloc(len), path, len);
	}
	return 0;
}

static void look_in(const struct known *k, const char *folder, int depth, ledger_finding_sink *sink, void *context) {
	DIR *dir = opendir(folder);
	char path[PATH_ROOM];
	const char *key = path;
	struct stat st;

	for (struct dirent *d; dir && (d = readdir(dir));) {
		int len = snprintf(path, sizeof path, "%s/%s", folder, d->d_name);
		if (d->d_name[0] == '.' || len >= (int)sizeof path || lstat(path, &st) != 0) {
			continue;
		}
		if (S_ISDIR(st.st_mode) && depth > 0) {
			look_in(k, path, depth - 1, sink, context);
		} else if (k->count == 0 || !bsearch(&key, k->paths, k->count, sizeof *k->paths, text_order_strings)) {
			sink(context, path);
		}
	}
	if (dir) {
		closedir(dir);
	}
}

int ledger_orphans(struct ledger *l, ledger_finding_sink *sink, void *context, struct fault *why) {
	struct known k = {.l = l};
	char folder[PATH_ROOM];
	int rc = ledger_segments(l, INT64_MIN, INT64_MAX, keep_path, &k, why);

	if (rc >= 0) {
		sort_items(k.paths, k.count, sizeof *k.paths, text_order_strings);
		snprintf(folder, sizeof folder, "%s/records", l->book);
		look_in(&k, folder, 1, sink, context);
	}
	for (size_t i = 0; i < k.count; i++) {
		free(k.paths[i]);
	}
	free(k.paths);
	return rc < 0 ? rc : 0;
}
