/* fleet_description.c: the descriptions of models that a fleet file names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attribute/fleet/fleet.h"
#include "core/files/files.h"

/*
 * Below the folder, so that the files that a fleet file names can be copied with it, into a book or to another
 * machine.
 */
static bool is_below(struct text name) {
	struct text rest = name, part;
	bool more = true;

	if (name.len == 0 || name.at[0] == '/' || memchr(name.at, '\\', name.len) || memchr(name.at, '\0', name.len)) {
		return false;
	}
	while (more) {
		more = text_until(&rest, T("/"), &part);
		part = more ? part : rest;
		if (part.len == 0 || text_eq(part, T("..")) || text_eq(part, T("."))) {
			return false;
		}
	}
	return true;
}

int fleet_open_description(void *fleet_path, const char *name, struct text *bytes, struct fault *why) {
	const char *path = fleet_path, *slash = strrchr(path, '/');
	int folder = slash ? (int)(slash - path) + 1 : 0;
	size_t room = (size_t)folder + strlen(name) + 1;
	char *beside = must_alloc(room);

	snprintf(beside, room, "%.*s%s", folder, path, name);
	int err = file_read(beside, MODELSPEC_FILE_MAX, bytes, why);
	free(beside);
	return err;
}

static void description_free(struct description *d) {
	free(d->name);
	free((void *)(uintptr_t)d->bytes.at);
	free(d);
}

static int description_read(struct description *d, fleet_opener *open, void *context, struct fault *why) {
	int err = open(context, d->name, &d->bytes, why);

	if (err) {
		return err;
	}
	digest_of(d->bytes, d->sha256);
	return modelspec_parse(&d->spec, d->name, d->bytes, why);
}

static void add_hash(struct fleet *f, const char *hash) {
	size_t len = f->description_hashes ? strlen(f->description_hashes) : 0;

	f->description_hashes = must_realloc(f->description_hashes, len + DIGEST_HEX_MAX + 1);
	snprintf(f->description_hashes + len, DIGEST_HEX_MAX + 1, "%s%s", len > 0 ? " " : "", hash);
}

int fleet_describe(struct fleet *f, struct text name, fleet_opener *open, void *context, const struct description **out,
                   struct fault *why) {
	if (!is_below(name)) {
		return fault_set(why, ERROR_CONFIG, "expected a file in the fleet file's folder, or below it");
	}
	for (size_t i = 0; i < f->description_count; i++) {
		if (text_eq(name, text_of(f->descriptions[i]->name))) {
			*out = f->descriptions[i];
			return 0;
		}
	}
	struct description *new = must_calloc(1, sizeof *new);
	new->name = text_copy(name);
	int err = description_read(new, open, context, why);
	if (err) {
		description_free(new);
		return err;
	}
	f->descriptions = must_realloc(f->descriptions, (f->description_count + 1) * sizeof *f->descriptions);
	f->descriptions[f->description_count++] = new;
	add_hash(f, new->sha256);
	*out = new;
	return 0;
}

void fleet_forget_descriptions(struct fleet *f) {
	for (size_t i = 0; i < f->description_count; i++) {
		description_free(f->descriptions[i]);
	}
	free(f->descriptions);
	free(f->description_hashes);
}

size_t fleet_description_count(const struct fleet *f) {
	return f->description_count;
}

const char *fleet_description_name(const struct fleet *f, size_t i) {
	return f->descriptions[i]->name;
}

struct text fleet_description_bytes(const struct fleet *f, size_t i) {
	return f->descriptions[i]->bytes;
}

const char *fleet_description_sha256(const struct fleet *f, size_t i) {
	return f->descriptions[i]->sha256;
}

const char *fleet_descriptions_sha256(const struct fleet *f) {
	return f->description_hashes ? f->description_hashes : "";
}

const struct modelspec *fleet_description_of(const struct fleet *f, name_id model, name_id gpu, int64_t gpus) {
	const struct description *found = NULL;

	for (size_t i = 0; i < f->pool_count; i++) {
		const struct pool *p = &f->pools[i];
		if (!p->description || p->gpu != gpu || p->gpus_per_replica != gpus) {
			continue;
		}
		if (model != 0 && p->model == model) {
			return &p->description->spec;
		}
		found = !found && p->model == 0 ? p->description : found;
	}
	return found ? &found->spec : NULL;
}

int64_t fleet_gpus_of(const struct fleet *f, struct names *names, struct text replica, struct text model) {
	const struct pool *pool = f ? fleet_pool_of(f, names, names_id(names, replica), model.len > 0 ? names_id(names, model) : 0) : NULL;

	return pool ? pool->gpus_per_replica : 0;
}
