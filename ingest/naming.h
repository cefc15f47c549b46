/* naming.h: what a server is called that its records do not name. */
#ifndef INGEST_NAMING_H
#define INGEST_NAMING_H

#include "ingest/envelopes/origin.h"

/* Longer names are cut. */
#define SERVER_NAME_MAX 256

/*
 * What a path states of a server by the layouts of Kubernetes and docker: "NAMESPACE_POD_UID/CONTAINER/0.log",
 * "POD_NAMESPACE_CONTAINER-ID.log", "containers/ID/ID-json.log". Parts that are stated already stay.
 */
void naming_from_path(const char *path, struct origin *o);

/*
 * "vllm.r0" of "/logs/vllm.r0.log.1.gz", "vllm" of "vllm-20260810.log": the file's name without rotation suffixes; the
 * folder's where that is generic ("r0/server.log", "r0/0.log"). It points into the path.
 */
struct text naming_of_file(const char *path);

/*
 * The name that an origin gives: by its rule, its pod, instance, container, host and unit, the first that is stated.
 * `wider` puts its namespace or host in front, for names that there are twice. 0 if nothing is stated.
 */
size_t naming_of_origin(const struct origin *o, bool wider, char out[SERVER_NAME_MAX]);

/* "vllm-0" of "http://vllm-0.vllm.prod.svc.cluster.local:8000/metrics"; addresses keep their port. It points into t. */
struct text naming_of_address(struct text t);

#endif
