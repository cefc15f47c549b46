#include "ingest/envelopes/origin.h"

#include "ingest/naming.h"

/* Keys as written, levels joined by dots, in the order of precedence. */
static const struct known_key {
	struct text key;
	enum origin_part part;
} known_keys[] = {
	{{"kubernetes.pod_name", 19}, ORIGIN_POD},                 /* Fluent Bit, Vector */
	{{"kubernetes.pod.name", 19}, ORIGIN_POD},                 /* Filebeat, Elastic */
	{{"k8s.pod.name", 12}, ORIGIN_POD},                        /* OpenTelemetry */
	{{"resource.labels.pod_name", 24}, ORIGIN_POD},            /* Google Cloud Logging */
	{{"resource.k8s.pod.name", 21}, ORIGIN_POD},
	{{"labels.pod", 10}, ORIGIN_POD},                          /* Loki */
	{{"labels.pod_name", 15}, ORIGIN_POD},
	{{"stream.pod", 10}, ORIGIN_POD},
	{{"stream.pod_name", 15}, ORIGIN_POD},
	{{"metric.pod", 10}, ORIGIN_POD},
	{{"pod_name", 8}, ORIGIN_POD},
	{{"podName", 7}, ORIGIN_POD},
	{{"PodName", 7}, ORIGIN_POD},                              /* Azure */
	{{"pod", 3}, ORIGIN_POD},
	{{"fields.pod", 10}, ORIGIN_POD},                          /* Splunk, Grafana */
	{{"fields.pod_name", 15}, ORIGIN_POD},
	{{"kubernetes_pod_name", 19}, ORIGIN_POD},                 /* Fluent Bit, flattened */
	{{"_pod_name", 9}, ORIGIN_POD},                            /* GELF */
	{{"_kubernetes_pod_name", 20}, ORIGIN_POD},
	{{"k8s_pod_name", 12}, ORIGIN_POD},
	{{"labels.k8s_pod_name", 19}, ORIGIN_POD},
	{{"stream.k8s_pod_name", 19}, ORIGIN_POD},
	{{"ContainerGroupName_s", 20}, ORIGIN_POD},                /* Azure Container Apps: a replica */
	{{"ContainerGroupName", 18}, ORIGIN_POD},
	{{"kubernetes.namespace_name", 25}, ORIGIN_NAMESPACE},
	{{"kubernetes.pod_namespace", 24}, ORIGIN_NAMESPACE},
	{{"kubernetes.namespace", 20}, ORIGIN_NAMESPACE},
	{{"k8s.namespace.name", 18}, ORIGIN_NAMESPACE},
	{{"resource.labels.namespace_name", 30}, ORIGIN_NAMESPACE},
	{{"labels.namespace", 16}, ORIGIN_NAMESPACE},
	{{"stream.namespace", 16}, ORIGIN_NAMESPACE},
	{{"namespace_name", 14}, ORIGIN_NAMESPACE},
	{{"PodNamespace", 12}, ORIGIN_NAMESPACE},
	{{"namespace", 9}, ORIGIN_NAMESPACE},
	{{"fields.namespace", 16}, ORIGIN_NAMESPACE},
	{{"kubernetes_namespace_name", 25}, ORIGIN_NAMESPACE},
	{{"_namespace_name", 15}, ORIGIN_NAMESPACE},
	{{"labels.k8s_namespace_name", 25}, ORIGIN_NAMESPACE},
	{{"stream.k8s_namespace_name", 25}, ORIGIN_NAMESPACE},
	{{"service.instance.id", 19}, ORIGIN_INSTANCE},
	{{"labels.instance", 15}, ORIGIN_INSTANCE},
	{{"ecs_task_arn", 12}, ORIGIN_INSTANCE},                   /* FireLens */
	{{"stream.instance", 15}, ORIGIN_INSTANCE},
	{{"labels.service_instance_id", 26}, ORIGIN_INSTANCE},
	{{"stream.service_instance_id", 26}, ORIGIN_INSTANCE},
	{{"labels.instanceId", 17}, ORIGIN_INSTANCE},              /* Google Cloud Run */
	{{"faas.instance", 13}, ORIGIN_INSTANCE},
	{{"aws.ecs.task.arn", 16}, ORIGIN_INSTANCE},               /* OpenTelemetry */
	{{"nomad.alloc_id", 14}, ORIGIN_INSTANCE},
	{{"alloc_id", 8}, ORIGIN_INSTANCE},                        /* Nomad */
	{{"logStreamName", 13}, ORIGIN_INSTANCE},                  /* CloudWatch */
	{{"logStream", 9}, ORIGIN_INSTANCE},
	{{"@logStream", 10}, ORIGIN_INSTANCE},
	{{"kubernetes.container_name", 25}, ORIGIN_CONTAINER},
	{{"kubernetes.container.name", 25}, ORIGIN_CONTAINER},
	{{"k8s.container.name", 18}, ORIGIN_CONTAINER},
	{{"container.name", 14}, ORIGIN_CONTAINER},                /* Filebeat, OpenTelemetry */
	{{"resource.labels.container_name", 30}, ORIGIN_CONTAINER},
	{{"labels.container", 16}, ORIGIN_CONTAINER},
	{{"labels.container_name", 21}, ORIGIN_CONTAINER},
	{{"stream.container", 16}, ORIGIN_CONTAINER},
	{{"stream.container_name", 21}, ORIGIN_CONTAINER},
	{{"container_name", 14}, ORIGIN_CONTAINER},                /* docker's fluentd driver, Vector */
	{{"ContainerName", 13}, ORIGIN_CONTAINER},
	{{"containerName", 13}, ORIGIN_CONTAINER},                 /* stern */
	{{"CONTAINER_NAME", 14}, ORIGIN_CONTAINER},                /* docker's journald driver */
	{{"attrs.tag", 9}, ORIGIN_CONTAINER},                      /* docker's json-file, --log-opt tag */
	{{"container", 9}, ORIGIN_CONTAINER},
	{{"_HOSTNAME", 9}, ORIGIN_HOST},                           /* the journal */
	{{"host.name", 9}, ORIGIN_HOST},
	{{"host.hostname", 13}, ORIGIN_HOST},
	{{"resource.labels.instance_id", 27}, ORIGIN_HOST},        /* a virtual machine at Google */
	{{"labels.host", 11}, ORIGIN_HOST},
	{{"labels.hostname", 15}, ORIGIN_HOST},
	{{"stream.host", 11}, ORIGIN_HOST},
	{{"stream.hostname", 15}, ORIGIN_HOST},
	{{"hostname", 8}, ORIGIN_HOST},
	{{"host", 4}, ORIGIN_HOST},
	{{"Host", 4}, ORIGIN_HOST},
	{{"labels.nodename", 15}, ORIGIN_HOST},
	{{"stream.nodename", 15}, ORIGIN_HOST},
	{{"_sourcehost", 11}, ORIGIN_HOST},                        /* Sumo Logic */
	{{"_SYSTEMD_USER_UNIT", 18}, ORIGIN_UNIT},                 /* within user@1000.service */
	{{"_SYSTEMD_UNIT", 13}, ORIGIN_UNIT},
	{{"systemd.unit", 12}, ORIGIN_UNIT},                       /* Journalbeat */
	{{"labels.unit", 11}, ORIGIN_UNIT},
	{{"stream.unit", 11}, ORIGIN_UNIT},
	{{"SYSLOG_IDENTIFIER", 17}, ORIGIN_UNIT},                  /* lines of a program that is no unit */
	{{"labels.syslog_identifier", 24}, ORIGIN_UNIT},
	{{"stream.syslog_identifier", 24}, ORIGIN_UNIT},
};

/* Keys of the path of the log that was read. */
static const struct text path_keys[] = {
	{"log.file.path", 13},   /* Filebeat, OpenTelemetry */
	{"file", 4},             /* Vector */
	{"filename", 8},
	{"labels.filename", 15}, /* Loki */
	{"stream.filename", 15},
	{"log_file", 8},
	{"FilePath", 8},         /* Azure */
	{"filepath", 8},
	{"file_path", 9},
	{"path", 4},
	{"source", 6},           /* Splunk */
	{"tailed_path", 11},     /* fluentd, path_key */
};

#define PATH_KEYS (sizeof path_keys / sizeof *path_keys)

#define KNOWN_KEYS (sizeof known_keys / sizeof *known_keys)

void origin_set(struct origin *o, enum origin_part part, struct text value) {
	if (o->part[part].len == 0 && text_find_byte(value, '\\') == SIZE_MAX) {
		o->part[part] = value;
	}
}

/* The text under a key with levels that are objects or joined by dots: {"k8s":{"pod.name":"x"}}. */
static struct text text_under(const struct json *j, json_at object, struct text key) {
	json_at v = json_get(j, object, key);

	if (v != JSON_ABSENT) {
		v = json_type(j, v) == JSON_ARRAY && json_count(j, v) == 1 ? json_first(j, v) : v; /* Elastic's fields */
		enum json_type type = json_type(j, v);
		return type == JSON_STRING || type == JSON_NUMBER ? json_raw(j, v) : T("");
	}
	for (size_t at = text_find_byte(key, '.'); at < key.len; at++) {
		if (key.at[at] != '.' || (v = json_get(j, object, text_cut(key, 0, at))) == JSON_ABSENT ||
		    json_type(j, v) != JSON_OBJECT) {
			continue;
		}
		struct text found = text_under(j, v, text_cut(key, at + 1, key.len));
		if (found.len > 0) {
			return found;
		}
	}
	return T("");
}

/*
 * The path of the log that a collector read: the pod and container of "/var/log/pods/…" and the like, else the file. Other
 * texts (source files, routes) are ignored.
 */
static void origin_from_path(struct origin *o, struct text path) {
	struct origin stated = {.part = {{NULL, 0}}};

	if (!text_starts(path, T("/")) || text_find(path, T(".log")) == SIZE_MAX || text_find_byte(path, '\\') != SIZE_MAX) {
		return;
	}
	naming_from_path(path, &stated);
	for (int i = 0; i < ORIGIN_PARTS; i++) {
		origin_set(o, (enum origin_part)i, stated.part[i]);
	}
	if (stated.part[ORIGIN_POD].len + stated.part[ORIGIN_CONTAINER].len == 0) {
		origin_set(o, ORIGIN_FILE, path);
	}
}

void origin_from_tag(struct origin *o, struct text tag) {
	static const struct text folders[] = {{"var.log.containers.", 19}, {"var.log.pods.", 13}};

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		size_t at = text_find(tag, folders[i]);
		if (at != SIZE_MAX) {
			naming_from_path(text_cut(tag, at + folders[i].len, tag.len), o);
		}
	}
}

/* "pod_name:vllm-0", as Datadog's tags are. */
static void take_tag(struct origin *o, struct text tag) {
	static const struct {
		struct text key;
		enum origin_part part;
	} keys[] = {{{"pod_name:", 9}, ORIGIN_POD}, {{"kube_namespace:", 15}, ORIGIN_NAMESPACE}, {{"kube_container_name:", 20}, ORIGIN_CONTAINER},
	            {{"container_name:", 15}, ORIGIN_CONTAINER}};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (text_starts(tag, keys[i].key)) {
			origin_set(o, keys[i].part, text_cut(tag, keys[i].key.len, tag.len));
		}
	}
}

/* Datadog: "tags" as an array, "ddtags" in one text. */
static void take_tags(struct origin *o, const struct json *j, json_at object) {
	json_at tags = json_get(j, object, T("tags")), text = json_get(j, object, T("ddtags"));

	if (json_type(j, tags) == JSON_ARRAY) {
		for (json_at v = json_first(j, tags); v != JSON_ABSENT; v = json_next(j, v)) {
			take_tag(o, json_raw(j, v));
		}
	}
	if (json_type(j, text) == JSON_STRING) {
		struct text rest = json_raw(j, text), tag;
		while (text_until(&rest, T(","), &tag)) {
			take_tag(o, tag);
		}
		take_tag(o, rest);
	}
}

/* A container without another name is known by the start of its identity, as docker ps lists it. */
static void take_container_id(struct origin *o, const struct json *j, json_at object) {
	static const struct text keys[] = {{"ContainerID", 11}, {"ContainerId", 11}, {"container_id", 12}, {"container.id", 12}};
	struct text id = T("");

	for (int i = 0; i < ORIGIN_PARTS; i++) {
		if (o->part[i].len > 0) {
			return;
		}
	}
	for (size_t i = 0; i < sizeof keys / sizeof *keys && id.len == 0; i++) {
		id = text_under(j, object, keys[i]);
	}
	origin_set(o, ORIGIN_CONTAINER, text_cut(id, 0, id.len < 12 ? id.len : 12));
}

static void take_rule(struct origin *o, const struct name_rule *rule, struct text value) {
	if (!o->rule && value.len > 0 && text_find_byte(value, '\\') == SIZE_MAX) {
		o->rule = rule;
		o->value = value;
	}
}

/* Most objects contain no label: for these, one check per key is enough. */
static bool may_hold_labels(const struct json *j, json_at object) {
	for (json_at v = json_first(j, object); v != JSON_ABSENT; v = json_next(j, v)) {
		struct text key = json_key(j, v);
		bool plain = text_eq(key, T("log")) || text_eq(key, T("time")) || text_eq(key, T("message")) ||
		             (text_eq(key, T("stream")) && json_type(j, v) != JSON_OBJECT);
		if (!plain) {
			return true;
		}
	}
	return false;
}

void origin_from_json(struct origin *o, const struct name_rules *rules, const struct json *j, json_at object) {
	if (!may_hold_labels(j, object)) {
		return;
	}
	for (size_t i = 0; rules && i < rules->count; i++) {
		if (rules->at[i].is_field) {
			take_rule(o, &rules->at[i], text_under(j, object, text_of(rules->at[i].pattern)));
		}
	}
	for (size_t i = 0; i < PATH_KEYS && o->part[ORIGIN_FILE].len == 0; i++) {
		origin_from_path(o, text_under(j, object, path_keys[i]));
	}
	take_tags(o, j, object);
	text_to_i64(text_under(j, object, T("_PID")), &o->pid);
	uint64_t there = json_key_bytes(j, object); /* most known keys have no such level */
	for (size_t i = 0; i < KNOWN_KEYS; i++) {
		if (json_may_have(there, known_keys[i].key) && o->part[known_keys[i].part].len == 0) {
			origin_set(o, known_keys[i].part, text_under(j, object, known_keys[i].key));
		}
	}
	take_container_id(o, j, object);
}

void origin_from_pair(struct origin *o, const struct name_rules *rules, struct text key, struct text value) {
	for (size_t i = 0; rules && i < rules->count; i++) {
		if (rules->at[i].is_field && text_eq(text_of(rules->at[i].pattern), key)) {
			take_rule(o, &rules->at[i], value);
		}
	}
	if (text_eq(key, T("_PID"))) {
		text_to_i64(value, &o->pid);
	}
	for (size_t i = 0; i < KNOWN_KEYS; i++) {
		if (text_eq(known_keys[i].key, key)) {
			origin_set(o, known_keys[i].part, value);
		}
	}
	for (size_t i = 0; i < PATH_KEYS; i++) {
		if (text_eq(path_keys[i], key)) {
			origin_from_path(o, value);
		}
	}
}
