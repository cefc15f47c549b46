/* naming.h: the name of a server that its records do not name. */
#ifndef INGEST_NAMING_H
#define INGEST_NAMING_H

#include "ingest/envelopes/origin.h"

/* Longer names are truncated. */
#define SERVER_NAME_MAX 256

/*
 * What a path states about a server in the layouts of Kubernetes and docker: "NAMESPACE_POD_UID/CONTAINER/0.log",
 * "POD_NAMESPACE_CONTAINER-ID.log", "containers/ID/ID-json.log". Parts that are set already are kept.
 */
void naming_from_path(struct text path, struct origin *o);

/*
 * "vllm.r0" of "/logs/vllm.r0.log.1.gz", "vllm" of "vllm-20260810.log": the file's name without rotation suffixes;
 * the folder's if that is generic ("r0/server.log", "r0/0.log"). It points into the path.
 */
struct text naming_of_file(struct text path);

/* For names that occur twice: the namespace or host goes in front of the name, the container of a pod after it. */
enum { NAMING_ABOVE = 1, NAMING_CONTAINER = 2 };

/*
 * The name from an origin: from its rule, pod, instance, container, host, unit or file, the first that is stated, with
 * `detail`. 0 if nothing is stated.
 */
size_t naming_of_origin(const struct origin *o, unsigned detail, char out[SERVER_NAME_MAX]);

/* A hash of the pod and its namespace; 0: no pod, or no container of it, is stated. */
uint64_t naming_pod_hash(const struct origin *o);

/*
 * "vllm-0" of "http://vllm-0.vllm.prod.svc.cluster.local:8000/metrics"; IP addresses keep their port. It points into
 * t.
 */
struct text naming_of_address(struct text t);

#endif
