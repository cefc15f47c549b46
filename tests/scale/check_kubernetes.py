"""check_kubernetes.py FILE: checks Jobs and CronJobs against the Kubernetes API.

kubectl and its schemas are not in Debian. What follows is the part of the OpenAPI schema of batch/v1 (Kubernetes 1.31)
that the sample uses, as JSON Schema, closed: a field or value outside it is rejected.
"""
import sys

import jsonschema
import yaml

STRING, NUMBER, FLAG = {"type": "string"}, {"type": "integer", "minimum": 0}, {"type": "boolean"}


def thing(required, **fields):
    return {"type": "object", "additionalProperties": False, "required": required.split(), "properties": fields}


def many(item):
    return {"type": "array", "items": item, "minItems": 1}


def one_of(*words):
    return {"enum": list(words)}


NAME = {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 52}
QUANTITY = {"type": "string", "pattern": "^[0-9]+(m|Ki|Mi|Gi|k|M|G)?$"}
RESOURCES = thing("", cpu=QUANTITY, memory=QUANTITY)
CONTAINER = thing(
    "name image command securityContext",
    securityContext=thing("allowPrivilegeEscalation readOnlyRootFilesystem capabilities", allowPrivilegeEscalation={"const": False},
                          readOnlyRootFilesystem={"const": True}, capabilities=thing("drop", drop=many({"const": "ALL"}))),
    name=NAME, image=STRING, command=many(STRING),
    env=many(thing("name value", name=STRING, value=STRING)),
    resources=thing("", requests=RESOURCES, limits=RESOURCES),
    volumeMounts=many(thing("name mountPath", name=NAME, mountPath=STRING, readOnly=FLAG)))
POD = thing(
    "restartPolicy containers securityContext",
    securityContext=thing("runAsNonRoot seccompProfile", runAsNonRoot={"const": True}, runAsUser=NUMBER, runAsGroup=NUMBER, fsGroup=NUMBER,
                          seccompProfile=thing("type", type={"const": "RuntimeDefault"})), restartPolicy=one_of("Never", "OnFailure"), terminationGracePeriodSeconds=NUMBER,
    containers=many(CONTAINER),
    volumes=many(thing("name persistentVolumeClaim", name=NAME,
                       persistentVolumeClaim=thing("claimName", claimName=NAME, readOnly=FLAG))))
RULE = thing(
    "action", action=one_of("FailJob", "Ignore", "Count", "FailIndex"),
    onExitCodes=thing("operator values", containerName=NAME, operator=one_of("In", "NotIn"), values=many(NUMBER)),
    onPodConditions=many(thing("type", type=STRING, status=STRING)))
JOB = thing(
    "template", completionMode=one_of("Indexed", "NonIndexed"), completions=NUMBER, parallelism=NUMBER,
    backoffLimit=NUMBER, podFailurePolicy=thing("rules", rules=many(RULE)), template=thing("spec", spec=POD))
CRON = thing(
    "schedule jobTemplate", schedule={"type": "string", "pattern": r"^(\S+ ){4}\S+$"}, timeZone=STRING,
    concurrencyPolicy=one_of("Allow", "Forbid", "Replace"), jobTemplate=thing("spec", spec=JOB))


def document(kind, spec):
    return thing("apiVersion kind metadata spec", apiVersion=one_of("batch/v1"), kind=one_of(kind),
                 metadata=thing("name", name=NAME), spec=spec)


def check(path):
    with open(path) as file:
        documents = list(yaml.safe_load_all(file))
    for d in documents:
        jsonschema.validate(d, document("Job", JOB) if d["kind"] == "Job" else document("CronJob", CRON))
        spec = d["spec"]
        pod = (spec if d["kind"] == "Job" else spec["jobTemplate"]["spec"])["template"]["spec"]
        assert pod["restartPolicy"] == "Never", "podFailurePolicy needs restartPolicy Never"
        for mount in pod["containers"][0]["volumeMounts"]:
            assert mount["name"] in [v["name"] for v in pod["volumes"]], "no volume " + mount["name"]
    jobs = [d["metadata"]["name"] for d in documents if d["kind"] == "Job"]
    assert jobs == ["tollbook-map", "tollbook-fit", "tollbook-attribute"], jobs
    broken = dict(documents[0], spec=dict(documents[0]["spec"], completionmode="Indexed"))
    try:
        jsonschema.validate(broken, document("Job", JOB))
    except jsonschema.ValidationError:
        return
    raise AssertionError("a field that there is not passed")


check(sys.argv[1])
