"""The webhook ingest as a careful person would write it in Python: boto3, ten entries a call, refused entries read.

Speaks the Lambda Runtime API itself, as awslambdaric does: one connection, one invocation at a time. Only the bench
starts it.
"""

import base64
import gzip
import hmac
import http.client
import json
import os
import sys
import traceback
from datetime import datetime, timezone

import boto3

BUS = os.environ["EVENT_BUS_NAME"]
SOURCE = f"auth0.com/{os.environ['TENANT_NAME']}/auth0.logs"
TOKENS = [token.strip() for token in os.environ["WEBHOOK_TOKENS"].split(",")]
EVENTS = boto3.client("events")


def entry(event):
    data = event["data"]
    time = data.get("date")
    return {
        "EventBusName": BUS,
        "Source": SOURCE,
        "DetailType": "Auth0 log",
        "Detail": json.dumps(event, separators=(",", ":"), ensure_ascii=False),
        "Time": datetime.fromisoformat(time.replace("Z", "+00:00")) if time else datetime.now(timezone.utc),
    }


def read(request):
    body = request.get("body") or ""
    raw = base64.b64decode(body) if request.get("isBase64Encoded") else body.encode()
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    return json.loads(raw)


def handle(request):
    given = request["headers"].get("authorization", "").removeprefix("Bearer ").strip()
    if not any(hmac.compare_digest(given, token) for token in TOKENS):
        return {"statusCode": 401, "body": "{}"}
    events = read(request)
    refused = 0
    for begin in range(0, len(events), 10):
        answer = EVENTS.put_events(Entries=[entry(event) for event in events[begin : begin + 10]])
        refused += answer["FailedEntryCount"]
    if refused:
        return {"statusCode": 503, "body": "{}"}
    return {"statusCode": 200, "body": json.dumps({"delivered": len(events)})}


def main():
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    base = "/2018-06-01/runtime/invocation"
    while True:
        api.request("GET", f"{base}/next")
        invocation = api.getresponse()
        identifier = invocation.headers["Lambda-Runtime-Aws-Request-Id"]
        request = json.loads(invocation.read())
        try:
            outcome, answer = "response", handle(request)
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            outcome, answer = "error", {"errorType": type(error).__name__, "errorMessage": str(error)}
        api.request("POST", f"{base}/{identifier}/{outcome}", json.dumps(answer).encode())
        api.getresponse().read()


main()
