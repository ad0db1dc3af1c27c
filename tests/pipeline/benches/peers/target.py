"""The rule target as a careful person would write it in Python: orjson, one POST of NDJSON a batch, known ids skipped.

Speaks the Lambda Runtime API itself, as awslambdaric does: one connection, one invocation at a time. Only the bench
starts it.
"""

import http.client
import os
import sys
import traceback
from urllib.parse import urlsplit

import orjson

URL = urlsplit(os.environ["HTTP_SINK_URL"])
SINK = http.client.HTTPConnection(URL.netloc)
KNOWN = {}
MAX_KNOWN = 100_000


def handle(batch):
    rows, messages, failed = [], {}, []
    for record in batch["Records"]:
        try:
            detail = orjson.loads(record["body"])["detail"]
            log_id, kind, date = detail["log_id"], detail["data"]["type"], detail["data"].get("date")
        except (ValueError, KeyError):
            failed.append({"itemIdentifier": record["messageId"]})
            continue
        if log_id in KNOWN or log_id in messages or not kind:
            continue
        messages[log_id] = (record["messageId"], date)
        rows.append(orjson.dumps(detail))
    SINK.request("POST", URL.path or "/", b"\n".join(rows) + b"\n", {"Content-Type": "application/x-ndjson"})
    answer = SINK.getresponse()
    answer.read()
    if answer.status >= 300:
        failed += [{"itemIdentifier": message} for message, _ in messages.values()]
    else:
        KNOWN.update(messages)
        while len(KNOWN) > MAX_KNOWN:
            del KNOWN[next(iter(KNOWN))]
    return {"batchItemFailures": failed}


def main():
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    base = "/2018-06-01/runtime/invocation"
    while True:
        api.request("GET", f"{base}/next")
        invocation = api.getresponse()
        identifier = invocation.headers["Lambda-Runtime-Aws-Request-Id"]
        batch = orjson.loads(invocation.read())
        try:
            outcome, answer = "response", handle(batch)
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            outcome, answer = "error", {"errorType": type(error).__name__, "errorMessage": str(error)}
        api.request("POST", f"{base}/{identifier}/{outcome}", orjson.dumps(answer))
        api.getresponse().read()


main()
