#include "ingest/naming.h"

#include <stdio.h>

/* ---- paths ---- */

static struct text last_component(struct text *path) {
	struct text last = text_base(*path);

	*path = text_cut(*path, 0, path->len > last.len ? path->len - last.len - 1 : 0);
	return last;
}

static bool all_of(struct text t, const char *allowed) {
	for (size_t i = 0; i < t.len; i++) {
		if (!strchr(allowed, t.at[i]) || t.at[i] == '\0') {
			return false;
		}
	}
	return t.len > 0;
}

static bool is_number(struct text t) {
	return all_of(t, "0123456789");
}

static bool is_hex(struct text t, size_t least) {
	return t.len >= least && all_of(t, "0123456789abcdef");
}

/* "llm_vllm-0_2b9d4e77-8a10-4c3d-b6f5-5e1f90d2a802/vllm/0.log" */
static bool take_pod_folders(struct text path, struct origin *o) {
	struct text file = last_component(&path), container = last_component(&path), folder = last_component(&path);
	struct text namespace, pod;

	if (!text_until(&folder, T("_"), &namespace) || !text_until(&folder, T("_"), &pod) || pod.len == 0 ||
	    !all_of(folder, "0123456789abcdef-") || container.len == 0 || text_find(file, T(".log")) == SIZE_MAX) {
		return false;
	}
	origin_set(o, ORIGIN_NAMESPACE, namespace);
	origin_set(o, ORIGIN_POD, pod);
	origin_set(o, ORIGIN_CONTAINER, container);
	return true;
}

/* "vllm-0_llm_vllm-3f…64 digits.log" */
static bool take_container_link(struct text path, struct origin *o) {
	struct text file = last_component(&path), pod, namespace, container;
	size_t dash;

	if (!text_until(&file, T("_"), &pod) || !text_until(&file, T("_"), &namespace) || !text_until(&file, T(".log"), &container)) {
		return false;
	}
	for (dash = container.len; dash > 0 && container.at[dash - 1] != '-'; dash--) {
	}
	if (dash < 2 || pod.len == 0 || !is_hex(text_cut(container, dash, container.len), 12)) {
		return false;
	}
	origin_set(o, ORIGIN_POD, pod);
	origin_set(o, ORIGIN_NAMESPACE, namespace);
	origin_set(o, ORIGIN_CONTAINER, text_cut(container, 0, dash - 1));
	return true;
}

/* "containers/ID/ID-json.log": its short form is what docker ps lists. */
static bool take_docker(struct text path, struct origin *o) {
	struct text file = last_component(&path), id = last_component(&path);

	if (!is_hex(id, 12) || !text_starts(file, id) || !text_starts(text_cut(file, id.len, file.len), T("-json.log"))) {
		return false;
	}
	origin_set(o, ORIGIN_CONTAINER, text_cut(id, 0, 12));
	return true;
}

void naming_from_path(struct text t, struct origin *o) {
	if (!take_pod_folders(t, o) && !take_container_link(t, o)) {
		take_docker(t, o);
	}
}

/* ".log" and the suffixes of a rotation. */
static size_t log_extension(struct text name) {
	for (size_t at = name.len; at-- > 1;) {
		struct text t = text_cut(name, at, name.len);
		if (text_skip(&t, T(".log")) && (t.len == 0 || t.at[0] == '.' || t.at[0] == '-' || t.at[0] == '_')) {
			return at;
		}
	}
	return SIZE_MAX;
}

static bool drop_extension(struct text *name) {
	static const struct text known[] = {{".gz", 3}, {".zst", 4}, {".jsonl", 6}, {".json", 5},
	                                    {".ndjson", 7}, {".csv", 4}, {".txt", 4}};
	struct text t = *name;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (t.len > known[i].len && text_ends(t, known[i])) {
			name->len -= known[i].len;
			return true;
		}
	}
	while (t.len > 1 && t.at[t.len - 1] >= '0' && t.at[t.len - 1] <= '9') {
		t.len--;
	}
	if (t.len < name->len && t.len > 1 && t.at[t.len - 1] == '.') { /* the number of a rotation */
		name->len = t.len - 1;
		return true;
	}
	return false;
}

/* Is each byte what the shape has, with d for any digit? */
static bool has_shape(struct text t, const char *shape) {
	for (size_t i = 0; i < t.len; i++) {
		bool digit = t.at[i] >= '0' && t.at[i] <= '9';
		if (shape[i] == 'd' ? !digit : t.at[i] != shape[i]) {
			return false;
		}
	}
	return t.len == strlen(shape);
}

/* "-20260810", "_2026-08-10", ".2026081023" at the end: the day or hour that the file covers. */
static void drop_date(struct text *name) {
	static const char *const shapes[] = {"20dddddd", "20dddddddd", "20dd-dd-dd", "20dddddd-dd", "20dd-dd-dd-dd", "20dddddd-dddddd"};

	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		size_t len = strlen(shapes[i]), from = name->len > len ? name->len - len : 0;
		if (from > 1 && strchr("-_.", name->at[from - 1]) != NULL && has_shape(text_cut(*name, from, name->len), shapes[i])) {
			name->len = from - 1;
			return;
		}
	}
}

static struct text stem_of(struct text base) {
	size_t log = log_extension(base);

	if (log != SIZE_MAX) {
		base = text_cut(base, 0, log);
	} else {
		while (drop_extension(&base)) {
		}
	}
	drop_date(&base);
	return base;
}

/* Generic names of files and folders that do not identify a server. */
static bool says_nothing(struct text t, bool folder) {
	static const struct text common[] = {
		{"server", 6}, {"logs", 4}, {"stdout", 6}, {"stderr", 6}, {"output", 6}, {"out", 3}, {"err", 3},
		{"current", 7}, {"console", 7}, {"container", 9}, {"app", 3}, {"main", 4}, {".", 1}, {"..", 2}, {"data", 4},
		{"tmp", 3}, {"var", 3}, {"json", 4},
	};

	for (size_t i = 0; i < sizeof common / sizeof *common; i++) {
		if (text_eq(t, common[i])) {
			return true;
		}
	}
	return t.len == 0 || is_number(t) || (folder && text_eq(t, T("log")));
}

struct text naming_of_file(struct text path) {
	struct text folders = path, base = last_component(&folders), stem = stem_of(base);

	if (text_eq(path, T("-"))) {
		return T("stdin");
	}
	if (!says_nothing(stem, false)) {
		return stem;
	}
	while (folders.len > 0) {
		struct text folder = last_component(&folders);
		if (!says_nothing(folder, true)) {
			return folder;
		}
	}
	return stem;
}

/* ---- origins ---- */

struct text naming_of_address(struct text t) {
	struct text rest = t, before;

	if (text_until(&rest, T("://"), &before)) {
		t = rest;
	}
	if (text_ends(t, T("/metrics"))) {
		t.len -= sizeof "/metrics" - 1;
	}
	t.len -= text_ends(t, T("/")) && t.len > 1;
	size_t colon = text_find_byte(t, ':');
	struct text host = colon == SIZE_MAX ? t : text_cut(t, 0, colon);
	if (all_of(host, "0123456789.") || text_starts(t, T("[")) || (colon != SIZE_MAX && !is_number(text_cut(t, colon + 1, t.len)))) {
		return t; /* an IP address, or not an address */
	}
	size_t dot = text_find_byte(host, '.');
	bool longer = dot != SIZE_MAX && text_find_byte(text_cut(host, dot + 1, host.len), '.') != SIZE_MAX;
	return longer ? text_cut(host, 0, dot) : host;
}

/* Host names that every container may have. */
static struct text own_host(struct text host) {
	static const struct text common[] = {{"localhost", 9}, {"0.0.0.0", 7}, {"127.0.0.1", 9}, {"::1", 3}};

	for (size_t i = 0; i < sizeof common / sizeof *common; i++) {
		if (text_eq(host, common[i])) {
			return T("");
		}
	}
	return host.len > 0 ? naming_of_address(host) : host;
}

static struct text unit_name(struct text unit) {
	if (text_ends(unit, T(".service"))) {
		unit.len -= sizeof ".service" - 1;
	}
	return unit;
}

/* Docker writes the names of containers with a leading slash. */
static struct text container_name(struct text t) {
	text_skip(&t, T("/"));
	return t;
}

uint64_t naming_pod_hash(const struct origin *o) {
	struct text pod = o->part[ORIGIN_POD];

	return pod.len > 0 && o->part[ORIGIN_CONTAINER].len > 0 ? (text_hash(pod) + 31 * text_hash(o->part[ORIGIN_NAMESPACE])) | 1 : 0;
}

size_t naming_of_origin(const struct origin *o, unsigned detail, char out[SERVER_NAME_MAX]) {
	struct text host = own_host(o->part[ORIGIN_HOST]), unit = unit_name(o->part[ORIGIN_UNIT]);
	struct text pod = o->part[ORIGIN_POD], container = container_name(o->part[ORIGIN_CONTAINER]);
	struct text instance = o->part[ORIGIN_INSTANCE], name, above, within = detail & NAMING_CONTAINER && pod.len > 0 ? container : T("");
	bool wider = (detail & NAMING_ABOVE) != 0, templated = text_find_byte(unit, '@') != SIZE_MAX; /* one of several on one host */

	if (o->rule && name_rule_value(o->rule, o->value, out, SERVER_NAME_MAX)) {
		return strlen(out);
	}
	instance = instance.len > 0 ? naming_of_address(instance) : instance;
	name = pod.len > 0 ? pod : instance.len > 0 ? instance : container.len > 0 ? container : host.len > 0 ? host : unit;
	name = name.len > 0 || o->part[ORIGIN_FILE].len == 0 ? name : naming_of_file(o->part[ORIGIN_FILE]);
	above = pod.len > 0 ? o->part[ORIGIN_NAMESPACE] : name.at == host.at ? T("") : host;
	if (name.len > 0 && name.at == host.at && unit.len > 0 && (templated || wider)) {
		above = host;
		name = unit;
		wider = true;
	}
	above = wider ? above : T("");
	int len = snprintf(out, SERVER_NAME_MAX, "%.*s%s%.*s%s%.*s", TEXT_ARG(above), above.len > 0 ? "/" : "", TEXT_ARG(name),
	                   within.len > 0 ? "/" : "", TEXT_ARG(within));
	return len < SERVER_NAME_MAX ? (size_t)len : SERVER_NAME_MAX - 1;
}
