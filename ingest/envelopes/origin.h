/* origin.h: which server a line is from, as its envelopes state it. */
#ifndef INGEST_ORIGIN_H
#define INGEST_ORIGIN_H

#include "core/json.h"
#include "core/files/name_rules.h"

enum origin_part {
	ORIGIN_NAMESPACE, /* of Kubernetes */
	ORIGIN_POD,
	ORIGIN_INSTANCE,  /* service.instance.id, or Prometheus' instance */
	ORIGIN_CONTAINER, /* its name, or docker compose's service and number */
	ORIGIN_HOST,
	ORIGIN_UNIT,      /* of systemd, or syslog's program */
	ORIGIN_FILE,      /* the path of the log that a collector read, where it does not state a pod or container */
	ORIGIN_PARTS
};

/*
 * Empty texts: not stated. They point into the line or into the envelope's buffers, and are valid until the next
 * line.
 */
struct origin {
	struct text part[ORIGIN_PARTS];
	const struct name_rule *rule; /* the rule of the fleet file with a field that is there; or NULL */
	struct text value;            /* value of that field */
	int64_t pid;                  /* of the process that wrote the line; 0: not stated */
	uint64_t serial;              /* of a log, two origins with the same one are equal; 0: not known */
};

/* The serial of an origin that states nothing. */
#define ORIGIN_OF_NONE UINT64_MAX

/* Sets one part; parts from an outer envelope are kept. */
void origin_set(struct origin *o, enum origin_part part, struct text value);

/*
 * Sets every part that an object states under a key of a known collector or log store ("kubernetes.pod_name",
 * "resource.labels.pod_name", "stream.pod", "labels.pod", …), and the fields that the rules name (NULL: no rules).
 * Call it with the object that contains the line's labels, even if that is an element of a larger document.
 */
void origin_from_json(struct origin *o, const struct name_rules *rules, const struct json *j, json_at object);

/* "kube.var.log.containers.vllm-0_llm_vllm-3f….log": the tag of a file that Fluent Bit or fluentd tails. */
void origin_from_tag(struct origin *o, struct text tag);

/* A key and a value in separate members, as in OpenTelemetry's attributes: "k8s.pod.name", "vllm-0". */
void origin_from_pair(struct origin *o, const struct name_rules *rules, struct text key, struct text value);

#endif
