"""The envelopes that ingest/envelopes/ reads, written around lines: each line (LINE) or a whole log (DOCUMENT).

`note` is a text that a collector may add in a field of its own, which is not a name of a server.
"""
import csv
import io
import json

BASE_S = 1793418300 # 2026-10-31T03:45:00Z


def stamp(n):
    return "2026-10-31T03:%02d:%02d.%09dZ" % (45 + n // 60 % 15, n % 60, 123456789 + n)


def nanos(n):
    return str((BASE_S + n) * 10**9 + 123456789 + n)


def millis(n):
    return (BASE_S + n) * 1000 + 123


def quoted(text):
    return json.dumps(text, ensure_ascii=False)


LINE = {
    "none": lambda line, note, n: line,
    "docker": lambda line, note, n: json.dumps({"log": line + "\n", "stream": "stderr", "time": stamp(n), "attrs": {"note": note}}),
    "docker -t": lambda line, note, n: stamp(n) + " " + line,
    "compose": lambda line, note, n: "vllm-1  | " + line,
    "desktop": lambda line, note, n: "2026-10-31 03:%02d:%02d.123 | " % (45 + n // 60 % 15, n % 60) + line,
    "cri": lambda line, note, n: stamp(n) + " stderr F " + line,
    "kubectl --prefix": lambda line, note, n: "[pod/vllm-0/vllm] " + line,
    "kubectl --prefix --timestamps": lambda line, note, n: "[pod/vllm-0/vllm] " + stamp(n) + " " + line,
    "stern": lambda line, note, n: "vllm-0 vllm " + line,
    "stern json": lambda line, note, n: json.dumps({"message": line, "nodeName": "n", "namespace": "llm", "podName": "vllm-0", "containerName": "vllm", "note": note}),
    "kail": lambda line, note, n: "llm/vllm-0[vllm]: " + line,
    "kubetail": lambda line, note, n: "[vllm-0] " + line,
    "journal json": lambda line, note, n: json.dumps({"__REALTIME_TIMESTAMP": nanos(n)[:16], "MESSAGE": line, "_CMDLINE": "serve --api-key " + note}),
    "journal bytes": lambda line, note, n: json.dumps({"__REALTIME_TIMESTAMP": nanos(n)[:16], "MESSAGE": list(line.encode("utf-8", "surrogateescape"))}),
    "journal short": lambda line, note, n: "Oct 31 03:%02d:%02d h1 vllm[12]: " % (45 + n // 60 % 15, n % 60) + line,
    "journal iso": lambda line, note, n: "2026-10-31T03:%02d:%02d+00:00 h1 vllm[12]: " % (45 + n // 60 % 15, n % 60) + line,
    "journal full": lambda line, note, n: "Sat 2026-10-31 03:%02d:%02d UTC h1 vllm[12]: " % (45 + n // 60 % 15, n % 60) + line,
    "syslog 3164": lambda line, note, n: "<14>Oct 31 03:%02d:%02d h1 vllm[12]: " % (45 + n // 60 % 15, n % 60) + line,
    "syslog 5424": lambda line, note, n: "<14>1 " + stamp(n)[:26] + 'Z h1 vllm 12 - [x@1 note=%s] ' % quoted(note).replace("]", "\\]") + line,
    "fluent bit": lambda line, note, n: json.dumps({"date": BASE_S + n + 0.5, "log": line, "kubernetes": {"pod_name": "p", "annotations": {"note": note}}}),
    "fluent bit stdout": lambda line, note, n: '[%d] kube.vllm: [[%d.123456789, {}], {"log"=>%s, "stream"=>"stdout", "note"=>%s}]' % (n, BASE_S + n, quoted(line), quoted(note)),
    "fluent bit file": lambda line, note, n: "kube.vllm: [%d.123000000, %s]" % (BASE_S + n, json.dumps({"log": line, "note": note})),
    "fluentd stdout": lambda line, note, n: "2026-10-31 03:%02d:%02d.123456789 +0000 kube.vllm: " % (45 + n // 60 % 15, n % 60) + json.dumps({"log": line, "note": note}),
    "fluentd file": lambda line, note, n: "2026-10-31T03:%02d:%02d+00:00\tkube.vllm\t" % (45 + n // 60 % 15, n % 60) + json.dumps({"log": line, "note": note}),
    "vector": lambda line, note, n: json.dumps({"timestamp": stamp(n), "message": line, "source_type": "file", "file": "/x", "secret": note}),
    "logstash": lambda line, note, n: json.dumps({"@timestamp": stamp(n), "message": line, "tags": [note]}),
    "elastic": lambda line, note, n: json.dumps({"_index": "i", "_id": "1", "_score": None, "_source": {"@timestamp": stamp(n), "message": line, "labels": {"note": note}}}),
    "elastic fields": lambda line, note, n: json.dumps({"_index": "i", "fields": {"@timestamp": [stamp(n)], "message": [line], "note": [note]}}),
    "logcli": lambda line, note, n: json.dumps({"labels": {"pod": "vllm-0"}, "line": line, "timestamp": stamp(n), "note": note}),
    "logcli text": lambda line, note, n: stamp(n) + ' {app="vllm", pod="vllm-0"} ' + line,
    "loki stream": lambda line, note, n: json.dumps({"stream": {"pod": "vllm-0"}, "values": [[nanos(n), line, {"note": note}]]}),
    "google": lambda line, note, n: json.dumps({"insertId": "%d" % n, "textPayload": line, "timestamp": stamp(n), "labels": {"note": note}}),
    "google json": lambda line, note, n: json.dumps({"insertId": "%d" % n, "jsonPayload": {"message": line, "note": note}, "timestamp": stamp(n)}),
    "otlp log": lambda line, note, n: json.dumps({"resourceLogs": [{"resource": {"attributes": [{"key": "note", "value": {"stringValue": note}}]}, "scopeLogs": [
        {"logRecords": [{"timeUnixNano": nanos(n), "body": {"stringValue": line}, "attributes": [{"key": "x", "value": {"stringValue": note}}]}]}]}]}),
    "cloudwatch": lambda line, note, n: json.dumps({"timestamp": millis(n), "message": line, "ingestionTime": millis(n), "note": note}),
    "cloudwatch text": lambda line, note, n: "EVENTS\t%d\t%s\t%d" % (millis(n), line.replace("\t", " "), millis(n)),
    "azure": lambda line, note, n: json.dumps({"TimeGenerated": stamp(n), "LogMessage": line, "PodName": "vllm-0", "KubernetesMetadata": {"note": note}}),
    "container apps": lambda line, note, n: json.dumps({"TimeStamp": stamp(n), "Log": line, "note": note}),
    "victorialogs": lambda line, note, n: json.dumps({"_time": stamp(n), "_msg": line, "_stream": '{pod="vllm-0"}', "note": note}),
    "splunk": lambda line, note, n: json.dumps({"preview": False, "result": {"_raw": line, "_time": stamp(n), "note": note}}),
    "datadog": lambda line, note, n: json.dumps({"timestamp": millis(n), "message": line, "ddsource": "python", "note": note}),
    "graylog": lambda line, note, n: json.dumps({"version": "1.1", "host": "h1", "short_message": line, "timestamp": BASE_S + n + 0.5, "_note": note}),
    "json logger": lambda line, note, n: json.dumps({"asctime": stamp(n)[:19].replace("T", " ") + ",123", "levelname": "INFO", "message": line, "note": note}),
    "loguru json": lambda line, note, n: json.dumps({"text": note, "record": {"message": line, "time": {"timestamp": BASE_S + n + 0.5}, "extra": {"note": note}}}),
    "label": lambda line, note, n: "(APIServer pid=7) " + json.dumps({"asctime": stamp(n)[:19].replace("T", " ") + ",123", "message": line, "note": note}),
    "grep": lambda line, note, n: "vllm.log:%d:" % (n + 1) + line,
    "srun": lambda line, note, n: "0: " + line,
    "mpirun": lambda line, note, n: "[1,0]<stdout>:" + line,
    "djl": lambda line, note, n: "INFO  PyProcess W-142-model-stdout: [1,0]<stdout>:" + line,
    "docker in cri": lambda line, note, n: stamp(n) + " stdout F " + LINE["docker"](line, note, n),
    "vector in google": lambda line, note, n: LINE["google json"](LINE["vector"](line, note, n), note, n),
    "fluent bit in docker": lambda line, note, n: LINE["docker"](LINE["fluent bit"](line, note, n), note, n),
}


def table(names):
    def written(lines, note):
        out = io.StringIO()
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(names)
        for n, line in enumerate(lines):
            rows.writerow([stamp(n)[:23].replace("T", " ") if name.startswith("@time") else stamp(n) if "ime" in name or name == "Date" else line
                           if name in ("@message", "Line", "message", "LogMessage", "_raw", "Message") else note for name in names])
        return out.getvalue()
    return written


def yaml(lines, note):
    return "".join("---\ninsertId: %dx\njsonPayload:\n  note: %s\ntextPayload: %s\ntimestamp: '%s'\n" % (n, quoted(note), quoted(line), stamp(n)) for n, line in enumerate(lines))


def export(lines, note):
    return "".join("__REALTIME_TIMESTAMP=%s\n_CMDLINE=serve %s\nMESSAGE=%s\n\n" % (nanos(n)[:16], note.replace("\n", " "), line) for n, line in enumerate(lines))


def array(of, **how):
    return lambda lines, note: json.dumps([json.loads(of(line, note, n)) for n, line in enumerate(lines)], **how) + "\n"


def pairs(lines):
    return [[nanos(n), line] for n, line in enumerate(lines)]


DOCUMENT = {
    "array": array(LINE["google"]),
    "indented array": array(LINE["google"], indent=2),
    "indented objects": lambda lines, note: "".join(json.dumps(json.loads(LINE["vector"](line, note, n)), indent=2) + "\n" for n, line in enumerate(lines)),
    "array of docker": array(LINE["docker"]),
    "loki answer": lambda lines, note: json.dumps({"status": "success", "data": {"resultType": "streams", "result": [
        {"stream": {"pod": "vllm-0"}, "values": pairs(lines)}], "stats": {"note": note}}}) + "\n",
    "loki push": lambda lines, note: json.dumps({"streams": [{"stream": {"pod": "vllm-0"}, "values": pairs(lines)}]}) + "\n",
    "cloudwatch events": lambda lines, note: json.dumps({"events": [{"timestamp": millis(n), "message": line, "note": note} for n, line in enumerate(lines)]}) + "\n",
    "cloudwatch subscription": lambda lines, note: json.dumps({"messageType": "DATA_MESSAGE", "owner": "1", "logStream": "s", "subscriptionFilters": [note], "logEvents": [
        {"id": str(n), "timestamp": millis(n), "message": line} for n, line in enumerate(lines)]}) + "\n",
    "insights": lambda lines, note: json.dumps({"results": [[{"field": "@timestamp", "value": stamp(n)[:23].replace("T", " ")}, {"field": "@message", "value": line},
                                                            {"field": "note", "value": note}] for n, line in enumerate(lines)]}) + "\n",
    "hits": lambda lines, note: json.dumps({"took": 1, "hits": {"hits": [json.loads(LINE["elastic"](line, note, n)) for n, line in enumerate(lines)]}}) + "\n",
    "datadog answer": lambda lines, note: json.dumps({"data": [{"type": "log", "attributes": {"timestamp": stamp(n), "message": line, "attributes": {"note": note}}}
                                                               for n, line in enumerate(lines)]}) + "\n",
    "azure diagnostics": lambda lines, note: json.dumps({"records": [{"time": stamp(n), "properties": {"Log": line, "note": note}} for n, line in enumerate(lines)]}) + "\n",
    "azure answer": lambda lines, note: json.dumps({"tables": [{"columns": [{"name": "TimeGenerated"}, {"name": "LogMessage"}, {"name": "note"}],
                                                                "rows": [[stamp(n), line, note] for n, line in enumerate(lines)]}]}) + "\n",
    "insights csv": table(["@timestamp", "@message", "note"]),
    "grafana csv": table(["Time", "Line", "note"]),
    "kibana csv": table(["@timestamp", "message", "note"]),
    "azure csv": table(["TimeGenerated", "LogMessage", "note"]),
    "splunk csv": table(["_raw", "_time", "note"]),
    "datadog csv": table(["Date", "note", "Message"]),
    "google yaml": yaml,
    "journal export": export,
}

NAMES = sorted(LINE) + sorted(DOCUMENT)


def wrap(kind, lines, note=""):
    """The text of a log: the lines that are not empty, in the envelope."""
    if kind in LINE:
        return "\n".join(LINE[kind](line, note, n) if line else line for n, line in enumerate(lines)) + "\n"
    return DOCUMENT[kind]([line for line in lines if line], note)
