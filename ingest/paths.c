#include "ingest/paths.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/error.h"
#include "core/files/platform.h"
#include "core/sorted.h"
#include "ingest/head.h"
#include "ingest/naming.h"
#include "ingest/plain_name.h"

/* The directories from the top one down to the current one. */
struct above {
	const struct above *up;
	dev_t device;
	ino_t inode;
};

static void add_file(struct paths *p, const char *name, const struct ingest_found *found, const struct ingest_source *source) {
	p->at = must_grow(p->at, p->count, &p->room, sizeof *p->at, 16);
	size_t len = strlen(name) + 1;
	char *copy = must_alloc(len);
	memcpy(copy, name, len);
	p->at[p->count++] = (struct path){.name = copy, .bytes = found->bytes, .found = *found, .source = source};
}

static struct ingest_found found_of(const struct stat *st) {
	return (struct ingest_found){.bytes = st->st_size, .regular = true, .device = (int64_t)st->st_dev, .inode = (int64_t)st->st_ino,
	                             .changed_ns = platform_changed_ns(st)};
}

static void cannot(struct quality *quality, const char *name, const char *what) {
	char reason[160];

	snprintf(reason, sizeof reason, "%s: %s", what, strerror(errno));
	quality_damage(quality, name, reason, 0);
}

static bool is_listed(const struct dirent *d, bool one_file, size_t *files) {
	*files += d->d_type == DT_REG;
	return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0 && !(one_file && d->d_type == DT_REG && *files > 1);
}

/* The names in a directory, sorted, each with its type (d_type) after its end; NULL if it cannot be read. `one_file`: of its files one. */
static char **list_names(const char *name, bool one_file, size_t *count) {
	DIR *dir = opendir(name);
	char **names = NULL;
	size_t room = 0, files = 0;

	*count = 0;
	if (!dir) {
		return NULL;
	}
	for (struct dirent *d; (d = readdir(dir));) {
		if (!is_listed(d, one_file, &files)) {
			continue;
		}
		names = must_grow(names, *count, &room, sizeof *names, 64);
		size_t len = strlen(d->d_name) + 1;
		names[*count] = memcpy(must_alloc(len + 1), d->d_name, len);
		names[*count][len] = (char)d->d_type;
		(*count)++;
	}
	closedir(dir);
	sort_items(names, *count, sizeof *names, text_order_strings);
	return names ? names : must_alloc(1);
}

static bool leads_up(const struct above *above, const struct stat *st) {
	for (; above; above = above->up) {
		if (above->device == st->st_dev && above->inode == st->st_ino) {
			return true;
		}
	}
	return false;
}

static void add_directory(struct paths *p, const char *name, const struct above *above,
                          const struct ingest_source *source, struct quality *quality);

/*
 * A link may lead to a file of /proc or /sys, which looks like a regular one, and may block or never end. Such files have
 * no size, or that of a page.
 */
static bool is_systems(const char *name, const struct stat *st) {
	return (st->st_size == 0 || st->st_size == 4096) && platform_path_is_made_up(name);
}

/* Files in a directory: pipes, sockets and devices are not logs, and reading them might never end. */
static void add_below(struct paths *p, const char *name, unsigned char type, const struct above *above,
                      const struct ingest_source *source, struct quality *quality) {
	struct stat st;

	if (p->folders_only && type == DT_REG) {
		add_file(p, name, &(struct ingest_found){.regular = true}, source);
	} else if (stat(name, &st) != 0) {
		cannot(quality, name, "cannot be opened");
	} else if (S_ISDIR(st.st_mode)) {
		if (!leads_up(above, &st) && !platform_path_is_made_up(name)) { /* from /proc, links lead to all files again and again */
			add_directory(p, name, &(struct above){above, st.st_dev, st.st_ino}, source, quality);
		}
	} else if (S_ISREG(st.st_mode) && !is_systems(name, &st)) {
		struct ingest_found found = found_of(&st);
		found.linked = type == DT_LNK || (type == DT_UNKNOWN && lstat(name, &st) == 0 && S_ISLNK(st.st_mode));
		add_file(p, name, &found, source);
	}
}

static void add_directory(struct paths *p, const char *name, const struct above *above,
                          const struct ingest_source *source, struct quality *quality) {
	size_t count;
	char **names = list_names(name, p->folders_only, &count);

	if (!names) {
		cannot(quality, name, "cannot be listed");
		return;
	}
	size_t len = strlen(name), longest = 0;
	for (size_t i = 0; i < count; i++) {
		size_t bytes = strlen(names[i]);
		longest = bytes > longest ? bytes : longest;
	}
	char *inner = must_alloc(len + longest + 2);
	memcpy(inner, name, len);
	inner[len] = '/';
	len += name[len - 1] != '/';
	for (size_t i = 0; i < count; i++) {
		size_t bytes = strlen(names[i]) + 1;
		memcpy(inner + len, names[i], bytes);
		add_below(p, inner, (unsigned char)names[i][bytes], above, source, quality);
		free(names[i]);
	}
	free(inner);
	free(names);
}

void paths_add(struct paths *p, const struct ingest_source *source, struct quality *quality) {
	struct stat st;

	if (strcmp(source->path, "-") == 0 || stat(source->path, &st) != 0) {
		add_file(p, source->path, &(struct ingest_found){0}, source); /* if it does not exist, opening it reports why */
	} else if (S_ISDIR(st.st_mode)) {
		add_directory(p, source->path, &(struct above){NULL, st.st_dev, st.st_ino}, source, quality);
	} else {
		const struct ingest_found found = S_ISREG(st.st_mode) ? found_of(&st) : (struct ingest_found){0};
		add_file(p, source->path, &found, source);
	}
}

void paths_release(struct paths *p) {
	for (size_t i = 0; i < p->count; i++) {
		free(p->at[i].name);
		free(p->at[i].place.apart);
	}
	free(p->at);
	*p = (struct paths){0};
}

/* ---- files with one name in the folders of several servers ---- */

/* Files of a container that are opened to find out whether an engine logs there. */
#define CONTAINER_FILES_MOST 8

struct file {
	struct ingest_place *place;
	struct text name, folder; /* the name that the path alone gives; the folder of its file */
	struct origin origin;
};

static struct text folder_of(struct text path) {
	size_t base = text_base(path).len;

	return text_cut(path, 0, path.len > base ? path.len - base - 1 : 0);
}

static int by_server_name(const void *a, const void *b) {
	const struct file *x = a, *y = b;
	int order = text_compare(x->name, y->name);

	for (int i = ORIGIN_NAMESPACE; i <= ORIGIN_CONTAINER && order == 0; i++) {
		order = text_compare(x->origin.part[i], y->origin.part[i]);
	}
	return order != 0 ? order : strcmp(x->place->path, y->place->path);
}

/* The length of the part that both texts begin with, up to a whole folder. */
static size_t common_start(struct text a, struct text b) {
	size_t whole = 0;

	for (size_t i = 0;; i++) {
		bool end_a = i == a.len || a.at[i] == '/', end_b = i == b.len || b.at[i] == '/';
		whole = end_a && end_b ? i : whole;
		if (i == a.len || i == b.len || a.at[i] != b.at[i]) {
			return whole;
		}
	}
}

static size_t common_end(struct text a, struct text b) {
	size_t whole = 0;

	for (size_t i = 0;; i++) {
		bool start_a = i == a.len || a.at[a.len - 1 - i] == '/', start_b = i == b.len || b.at[b.len - 1 - i] == '/';
		whole = start_a && start_b ? i : whole;
		if (i == a.len || i == b.len || a.at[a.len - 1 - i] != b.at[b.len - 1 - i]) {
			return whole;
		}
	}
}

/* A folder that states when, or that its files are old, and not whose they are. */
static bool states_no_server(struct text t) {
	static const char *const words[] = {"old", "archive", "archived", "backup", "backups", "rotated", "previous", "history"};
	size_t letters = 0;

	for (size_t i = 0; i < t.len; i++) {
		letters += strchr("0123456789-_.:T", t.at[i]) == NULL;
	}
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (text_eq(t, text_of(words[i]))) {
			return true;
		}
	}
	return letters == 0;
}

/* "2026-08-10"; "2026", and "08" after it. */
static bool is_date_part(struct text t, bool in_date) {
	size_t digits = 0;

	for (size_t i = 0; i < t.len; i++) {
		if (!strchr("0123456789-_.:T", t.at[i])) {
			return false;
		}
		digits += t.at[i] >= '0' && t.at[i] <= '9';
	}
	return t.len > 0 && ((digits >= 4 && text_starts(t, T("20"))) || (in_date && digits <= 2));
}

/* What distinguishes a folder from the others of a group, without dates; 0 if it states no server. */
static size_t middle_of(const struct file *f, size_t start, size_t end, char *out) {
	struct text t = f->folder, part;
	bool in_date = false;
	size_t len = 0;

	t = start + end < t.len ? text_cut(t, start, t.len - end) : text_cut(t, 0, 0);
	for (bool more = true; more;) {
		more = text_until(&t, T("/"), &part);
		part = more ? part : t;
		in_date = is_date_part(part, in_date);
		if (part.len > 0 && !in_date && (!states_no_server(part) || strchr("0123456789", part.at[0]))) {
			if (len > 0) {
				out[len++] = '/';
			}
			memcpy(out + len, part.at, part.len);
			len += part.len;
		}
	}
	return states_no_server((struct text){out, len}) ? 0 : len;
}

/* All of a group, or none. */
static void name_group(struct file *at, size_t count) {
	size_t start = SIZE_MAX, end = SIZE_MAX;
	bool all = true;

	for (size_t i = 1; i < count; i++) {
		size_t s = common_start(at[0].folder, at[i].folder), e = common_end(at[0].folder, at[i].folder);
		start = s < start ? s : start;
		end = e < end ? e : end;
	}
	for (size_t i = 0; i < count; i++) {
		char *name = must_alloc(at[i].folder.len + 2);
		size_t len = middle_of(&at[i], start, end, name);
		name[len] = '\0';
		all &= len > 0;
		at[i].place->apart = name;
	}
	for (size_t i = 0; i < count && !all; i++) {
		free(at[i].place->apart);
		at[i].place->apart = NULL;
	}
}

static bool same_part(const struct file *a, const struct file *b, enum origin_part part) {
	return text_eq(a->origin.part[part], b->origin.part[part]);
}

static bool is_of_engine(const struct ingest_place *p, bool may_open) {
	return p->engine != INGEST_ENGINE_UNKNOWN ? p->engine == INGEST_ENGINE : may_open && head_is_of_engine(p->path);
}

/* Files of a pod, by container: several containers with engines are several servers. */
static void compare_containers(struct file *at, size_t count) {
	size_t engines = 0;

	for (size_t i = 0, k; i < count && !same_part(&at[0], &at[count - 1], ORIGIN_CONTAINER); i = k) {
		bool engine = false;
		for (k = i; k < count && same_part(&at[k], &at[i], ORIGIN_CONTAINER); k++) {
			engine = engine || is_of_engine(at[k].place, k - i < CONTAINER_FILES_MOST);
		}
		engines += engine;
	}
	for (size_t i = 0; i < count && engines > 1; i++) {
		at[i].place->detail |= NAMING_CONTAINER;
	}
}

static void compare_pods(struct file *at, size_t count) {
	bool several = false;

	for (size_t i = 0, k; i < count; i = k) {
		for (k = i; k < count && same_part(&at[k], &at[i], ORIGIN_NAMESPACE); k++) {
		}
		several |= k - i < count;
		compare_containers(at + i, k - i);
	}
	for (size_t i = 0; i < count; i++) {
		at[i].place->detail |= several ? NAMING_ABOVE : 0;
	}
}

static void compare_group(struct file *at, size_t count) {
	bool pods = at[0].origin.part[ORIGIN_POD].len > 0, differ = false;

	for (size_t i = 1; i < count; i++) {
		if ((at[i].origin.part[ORIGIN_POD].len > 0) != pods) {
			return;
		}
		differ |= !text_eq(at[i].folder, at[0].folder);
	}
	if (pods) {
		compare_pods(at, count);
	} else if (differ) {
		name_group(at, count);
	}
}

static struct file file_of(struct ingest_place *p) {
	struct text path = text_of(p->path);
	struct file f = {.place = p, .folder = folder_of(path)};

	naming_from_path(path, &f.origin);
	struct text pod = f.origin.part[ORIGIN_POD], container = f.origin.part[ORIGIN_CONTAINER];
	f.name = pod.len > 0 ? pod : container.len > 0 ? container : naming_of_file(path);
	return f;
}

int ingest_place_order(const void *a, const void *b) {
	return strcmp(((const struct ingest_place *)a)->path, ((const struct ingest_place *)b)->path);
}

const struct ingest_place *ingest_place_of(const struct ingest_place *at, size_t count, const char *path) {
	const struct ingest_place key = {.path = path};

	return count > 0 ? bsearch(&key, at, count, sizeof key, ingest_place_order) : NULL;
}

void ingest_find_places(struct ingest_place *places, size_t count) {
	struct file *at = must_alloc((count + 1) * sizeof *at);

	sort_items(places, count, sizeof *places, ingest_place_order);
	for (size_t i = 0; i < count; i++) {
		at[i] = file_of(&places[i]);
	}
	sort_items(at, count, sizeof *at, by_server_name);
	for (size_t i = 0, k; i < count; i = k) {
		for (k = i + 1; k < count && text_eq(at[k].name, at[i].name); k++) {
		}
		if (k - i > 1) {
			compare_group(at + i, k - i);
		}
	}
	free(at);
}

void ingest_places_free(struct ingest_place *at, size_t count) {
	for (size_t i = 0; i < count; i++) {
		free(at[i].apart);
	}
	free(at);
}

static void copy_place(struct path *p, const struct ingest_place *from) {
	if (from) {
		p->place.detail = from->detail;
		p->place.apart = from->apart ? (char *)(uintptr_t)text_copy(text_of(from->apart)) : NULL;
	}
}

void paths_find_places(struct paths *p, const struct ingest_options *o) {
	size_t count = o->places ? o->place_count : o->watch || o->part ? 0 : p->count;
	struct ingest_place *own = o->places ? NULL : must_calloc(count + 1, sizeof *own);
	const struct ingest_place *all = o->places ? o->places : own;

	for (size_t i = 0; i < count && own; i++) {
		own[i].path = p->at[i].name;
	}
	if (own) {
		ingest_find_places(own, count);
	}
	for (size_t i = 0; i < p->count && count > 0; i++) {
		p->at[i].place.path = p->at[i].name;
		copy_place(&p->at[i], ingest_place_of(all, count, p->at[i].name));
	}
	ingest_places_free(own, own ? count : 0);
}

void ingest_name_of_place(const struct ingest_place *p, const struct name_rules *rules, bool *by_rule, char out[INGEST_NAME_MAX]) {
	struct origin o = {0};

	_Static_assert(INGEST_NAME_MAX == SERVER_NAME_MAX, "one length of names");
	char name[INGEST_NAME_MAX], plain[PLAIN_NAME_MAX];

	*by_rule = rules && name_rules_path(rules, p->path, name, sizeof name);
	if (!*by_rule) {
		naming_from_path(text_of(p->path), &o);
	}
	if (!*by_rule && naming_of_origin(&o, p->detail, name) == 0) {
		struct text file = p->apart ? text_of(p->apart) : naming_of_file(text_of(p->path));
		snprintf(name, sizeof name, "%.*s", TEXT_ARG(file));
	}
	struct text t = plain_name(text_of(name), PLAIN_NAME_MAX, plain);
	snprintf(out, INGEST_NAME_MAX, "%.*s", TEXT_ARG(t));
}
