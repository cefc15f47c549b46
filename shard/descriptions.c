/* descriptions.c: copies into a plan of the descriptions of models that its fleet file names. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "shard/shard.h"
#include "core/files/files.h"

void shard_write_descriptions(const struct fleet *f, FILE *out) {
	size_t count = f ? fleet_description_count(f) : 0;

	for (size_t i = 0; i < count; i++) {
		fprintf(out, "%s\"%s\"", i > 0 ? "," : ",\"descriptions_sha256\":[", fleet_description_sha256(f, i));
	}
	fputs(count > 0 ? "]" : "", out);
}

/* Creates the folders of `path` from `from` on. */
static int make_folders(const char *path, size_t from, struct fault *why) {
	char folder[4200];

	for (const char *slash = path + from; (slash = strchr(slash, '/')); slash++) {
		snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
		if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
			return fault_set(why, ERROR_IO, "%s: cannot make the folder: %s", folder, strerror(errno));
		}
	}
	return 0;
}

int shard_copy_descriptions(const struct fleet *f, const char *plan, struct fault *why) {
	char path[4200];
	int rc = 0;

	for (size_t i = 0; f && i < fleet_description_count(f) && rc == 0; i++) {
		int len = snprintf(path, sizeof path, "%s/given/%s", plan, fleet_description_name(f, i));
		if (len < 0 || (size_t)len >= sizeof path) {
			return fault_set(why, ERROR_CONFIG, "%.200s: too long a path", fleet_description_name(f, i));
		}
		rc = make_folders(path, strlen(plan) + strlen("/given/"), why);
		rc = rc < 0 ? rc : outfile_write(path, fleet_description_bytes(f, i), why);
	}
	return rc;
}
