"""Invokes both functions through cargo-lambda's emulator: .ci/with-moto python .ci/lambda_emulator_test.py BINARIES

BINARIES is the folder of built functions, target/debug. `cargo lambda watch` plays Lambda, its Runtime API and function
URLs; it builds nothing here, because it would build each function with features of its own, minutes beside the tests'
build. The functions are started by hand and ask it for invocations. Bus and queues are moto's, at MOTO_URL.
"""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3

TOKEN = "a-token-of-the-emulator-test"
MOTO = os.environ["MOTO_URL"]
AWS = {
    "AWS_ENDPOINT_URL": MOTO,
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
}


def log_event(number):
    log_id = f"9002026112009{number:05}"
    return {"log_id": log_id, "data": {"type": "s", "date": "2026-11-20T09:00:00.000Z", "log_id": log_id}}


def expect(what, found, wanted):
    if found != wanted:
        sys.exit(f"{what}: {found!r}, not {wanted!r}")
    print(f"{what}: {found}")


def until(what, probe, seconds=120):
    """Asks again until there is an answer; without one the test has failed."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = probe()
        if found:
            return found
        time.sleep(0.1)
    sys.exit(f"waited {seconds} s in vain for {what}")


class Collector(BaseHTTPRequestHandler):
    """Takes what the http sink posts."""

    protocol_version = "HTTP/1.1"
    lines = []

    def log_message(self, *_):
        """Says nothing."""

    def do_POST(self):
        self.lines.extend(self.rfile.read(int(self.headers["Content-Length"])).splitlines())
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextlib.contextmanager
def running(name, command, folder, environment=None):
    """A process; its output is shown when the test fails."""
    path = folder / f"{name}.log"
    with path.open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield process
    except BaseException:
        print(f"-- {name}\n{path.read_text(errors='replace')[-3000:]}", file=sys.stderr)
        raise
    finally:
        process.terminate()
        process.wait(timeout=30)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_listening(process, port):
    if process.poll() is not None:
        sys.exit(f"the emulator ended with code {process.returncode}")
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def started(name, port, binaries, folder, settings):
    """A function that asks the emulator for invocations, as it does Lambda."""
    environment = AWS | settings | {
        "AWS_LAMBDA_RUNTIME_API": f"http://127.0.0.1:{port}/.rt/{name}",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "TENANT_NAME": "example-tenant",
    }
    return running(name, [binaries / name], folder, environment)


def post(port, body, token):
    """A request to the function's URL, as Auth0 sends it."""
    url = f"http://127.0.0.1:{port}/lambda-url/aws-webhook-ingest/"
    request = urllib.request.Request(url, data=body, method="POST")
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", token)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, None


def invoke(port, name, payload, folder):
    """`cargo lambda invoke` with a file; what the function answers."""
    path = folder / "payload.json"
    path.write_text(json.dumps(payload), encoding="utf-8")
    command = ["cargo", "lambda", "invoke", "-A", "127.0.0.1", "-P", str(port), name, "--data-file", path]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=120)
    return json.loads(done.stdout)


def sqs_batch(bodies):
    def record(number, body):
        return {"messageId": f"m-{number}", "receiptHandle": "r", "body": body, "attributes": {},
                "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "us-east-1",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:deliver"}

    return {"Records": [record(number, body) for number, body in enumerate(bodies)]}


def received(sqs, url, count):
    """Takes so many messages off a queue; their bodies."""
    bodies = []

    def take():
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        bodies.extend(message["Body"] for message in messages)
        return len(bodies) >= count

    until(f"{count} messages in {url}", take)
    return bodies


def make_queue(sqs, name):
    """A queue that shows a message once, however slow this machine is; its URL."""
    return sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "43200"})["QueueUrl"]


def make_bus(sqs):
    """A bus whose rule sends to a queue; the queue's URL."""
    events = boto3.client("events", endpoint_url=MOTO)
    url = make_queue(sqs, "emulator-deliver")
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.create_event_bus(Name="emulator-logs")
    pattern = {"source": [{"prefix": "auth0.com/"}], "detail-type": ["Auth0 log"]}
    events.put_rule(Name="logs", EventBusName="emulator-logs", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="logs", EventBusName="emulator-logs", Targets=[{"Id": "deliver", "Arn": arn}])
    return url


def run(binaries, folder):
    os.environ |= AWS
    sqs = boto3.client("sqs", endpoint_url=MOTO)
    deliver_url = make_bus(sqs)
    queue_url = make_queue(sqs, "emulator-queue")
    set_aside_url = make_queue(sqs, "emulator-set-aside")
    collector = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    port = free_port()
    watch = ["cargo", "lambda", "watch", "--only-lambda-apis", "-A", "127.0.0.1", "-P", str(port)]
    common = {"DEAD_LETTER_QUEUE_URL": set_aside_url}
    of_ingest = common | {"WEBHOOK_TOKENS": TOKEN, "EVENT_BUS_NAME": "emulator-logs", "EVENT_QUEUE_URL": queue_url,
                          "SINKS": "event-queue,event-bus"}
    of_target = common | {"SINKS": "http", "HTTP_SINK_URL": f"http://127.0.0.1:{collector.server_port}/"}
    with contextlib.ExitStack() as processes:
        emulator = processes.enter_context(running("emulator", watch, folder))
        until("the emulator", lambda: is_listening(emulator, port))
        for name, settings in [("aws-webhook-ingest", of_ingest), ("aws-eventbridge-target", of_target)]:
            processes.enter_context(started(name, port, binaries, folder, settings))

        sent = [log_event(number) for number in range(25)]
        body = json.dumps(sent).encode()
        expect("without a token", post(port, body, None)[0], 401)
        counts = {"received": 25, "delivered": 25, "filtered": 0, "set_aside": 0}
        expect("with the token", post(port, body, TOKEN), (200, counts))
        expect("a body that is no JSON", post(port, b"[{", TOKEN)[0], 400)

        bodies = received(sqs, deliver_url, 25)
        expect("from the rule", len(bodies), 25)
        answer = invoke(port, "aws-eventbridge-target", sqs_batch(bodies + ["poison"]), folder)
        expect("of a batch", answer, {"batchItemFailures": []})
        bodies_of_queue = received(sqs, queue_url, 1)
        expect("from the queue", len(json.loads(bodies_of_queue[0])), 25)
        again = invoke(port, "aws-eventbridge-target", sqs_batch(bodies + bodies_of_queue), folder)
        expect("of the same batch again", again, {"batchItemFailures": []})
        expect("of an event from a rule", invoke(port, "aws-eventbridge-target", json.loads(bodies[0]), folder), {})
        arrived = sorted(json.loads(line)["log_id"] for line in Collector.lines)
        expect("arrived, each once", arrived == [event["log_id"] for event in sent], True)
        dead_letters = [json.loads(text)["function"] for text in received(sqs, set_aside_url, 2)]
        expect("dead letters", sorted(dead_letters), ["aws-eventbridge-target", "aws-webhook-ingest"])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        run(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(temporary))
