"""Deploys the template with `sam deploy`, sends log events through it, takes it down: deploy_test.py BUILD_FOLDER

The cloud is LocalStack on this machine (.ci/localstack_host.py), so no account is needed. Left out by parameters is
what it lacks: the ledger's table and the archive. The build must be for this machine's processor.
"""

import contextlib
import gzip
import json
import os
import pathlib
import re
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

ROOT = pathlib.Path(__file__).resolve().parent.parent
STACK = "auth0-log-relay-test"
TOKEN = "a-token-of-the-deployment-test"
TENANT = "example-tenant"
REGION = "us-east-1"


def log_event(number, event_type):
    log_id = f"9002026112009{number:05}"
    date = f"2026-11-20T09:00:{number:02}.000Z"
    data = {"date": date, "type": event_type, "client_id": "Dx0TmVb3KqYs6RzP", "ip": "192.0.2.7", "log_id": log_id}
    return {"log_id": log_id, "data": data}


class Collector(ThreadingHTTPServer):
    """Takes what the http sink posts."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), CollectorRequest)
        self.lines = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def log_ids(self):
        return sorted(json.loads(line)["log_id"] for line in self.lines)


class CollectorRequest(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Says nothing."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.lines += body.splitlines()
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


def until(what, seconds, probe):
    """Asks again until there is an answer; without one the test has failed."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = probe()
        if found:
            return found
        time.sleep(0.5)
    sys.exit(f"waited {seconds} s in vain for {what}")


def expect(what, found, wanted):
    if found != wanted:
        sys.exit(f"{what}: {found!r}, not {wanted!r}")
    print(f"{what}: {found}")


@contextlib.contextmanager
def localstack(folder):
    """LocalStack on a free port; its log is shown when the test fails."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "LOCALSTACK_VOLUME_DIR": str(folder),
        "DNS_ADDRESS": "0",
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES": "1",
    }
    log_path = folder / "localstack.log"
    python = ROOT / "target/ci-tools/localstack/bin/python"
    with log_path.open("wb") as log:
        command = [python, ROOT / ".ci/localstack_host.py"]
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
    endpoint = f"http://127.0.0.1:{port}"

    def is_up():
        if process.poll() is not None:
            sys.exit(f"LocalStack ended with code {process.returncode}")
        try:
            with urllib.request.urlopen(f"{endpoint}/_localstack/health", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    try:
        until("LocalStack", 60, is_up)
        yield endpoint
    except BaseException:
        print(log_path.read_text(errors="replace")[-6000:], file=sys.stderr)
        for function_log in folder.rglob("*aws-*.log"):
            print(f"-- {function_log.name}\n{function_log.read_text(errors='replace')[-2000:]}", file=sys.stderr)
        raise
    finally:
        process.terminate()
        process.wait(timeout=30)


def deploy(build_folder, parameters):
    overrides = [f"{name}={value}" for name, value in parameters.items()]
    command = ["sam", "deploy", "--template-file", build_folder / "template.yaml", "--stack-name", STACK]
    command += ["--resolve-s3", "--region", REGION, "--no-confirm-changeset", "--no-progressbar"]
    command += ["--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND", "--parameter-overrides", *overrides]
    subprocess.run(command, check=True, cwd=ROOT)


def post(url, gateway, body, token):
    """Posts to a function URL: LocalStack tells functions apart by the host's name."""
    host = re.sub("^https?://", "", url).rstrip("/")
    request = urllib.request.Request(gateway, data=json.dumps(body).encode(), method="POST")
    request.add_header("Host", host)
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", token)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, None


def subscribe(client, name):
    """A queue behind the topic of alarms and detections; what is said there, as it comes."""
    sns, sqs = client("sns"), client("sqs")
    topics = [topic["TopicArn"] for topic in sns.list_topics()["Topics"]]
    expect("topics", len(topics), 1)
    queue_url = sqs.create_queue(QueueName=name)["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topics[0], Protocol="sqs", Endpoint=queue_arn)

    def said():
        messages = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"])["Message"] for message in messages]

    return said


def our_stacks(formation):
    return [stack for stack in formation.describe_stacks()["Stacks"] if stack["StackName"].startswith(STACK)]


def take_down(client):
    # `sam delete` first reads the nested templates' addresses, and takes none but Amazon's.
    formation = client("cloudformation")
    formation.delete_stack(StackName=STACK)
    formation.get_waiter("stack_delete_complete").wait(StackName=STACK, WaiterConfig={"Delay": 2, "MaxAttempts": 60})
    states = {stack["StackStatus"] for stack in our_stacks(formation)} - {"DELETE_COMPLETE"}
    expect("stacks after the deletion", states, set())
    expect("functions after the deletion", client("lambda").list_functions()["Functions"], [])
    expect("topics after the deletion", client("sns").list_topics()["Topics"], [])


def in_bucket(client, bucket):
    """The log_ids in every file of a bucket."""
    s3 = client("s3")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
    bodies = [s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys]
    texts = [gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body for body in bodies]
    return sorted(json.loads(line)["log_id"] for text in texts for line in text.splitlines())


def try_scenario(client, endpoint, build_folder, secret_arn, choices):
    """One life of the stack, with these parameters."""
    print(f"\n-- {choices}", flush=True)
    collector = Collector()
    common = {
        "TenantName": TENANT,
        "WebhookTokensSecretArn": secret_arn,
        "HttpSinkUrl": f"http://127.0.0.1:{collector.server_port}/",
        "Architecture": "x86_64",
        "UseLedger": "false",
        "ArchiveDays": "0",
    }
    deploy(build_folder, common | choices)
    ours = [stack for stack in our_stacks(client("cloudformation")) if stack["StackStatus"] != "DELETE_COMPLETE"]
    print(f"{len(ours)} stacks")
    expect("their states", sorted({stack["StackStatus"] for stack in ours}), ["CREATE_COMPLETE"])
    root = next(stack for stack in ours if stack["StackName"] == STACK)
    outputs = {output["OutputKey"]: output["OutputValue"] for output in root["Outputs"]}

    said = subscribe(client, f"said-by-the-topic-{choices['Delivery']}")
    sent = [log_event(number, event_type) for number, event_type in enumerate(["s", "fp", "pwd_leak"])]
    wanted = sorted(event["log_id"] for event in sent)
    url = outputs["ReceiveLogsUrl"]
    expect("without a token", post(url, endpoint, sent, None)[0], 401)
    counts = {"received": 3, "delivered": 3, "filtered": 0, "set_aside": 0}
    expect("with the token", post(url, endpoint, sent, TOKEN), (200, counts))
    until("the events at the collector", 120, lambda: len(collector.lines) >= len(sent))
    expect("at the collector", collector.log_ids(), wanted)
    if "LogFilesBucketName" in outputs:
        bucket = outputs["LogFilesBucketName"]
        until("the events in the bucket", 120, lambda: len(in_bucket(client, bucket)) >= len(sent))
        expect("in the bucket", in_bucket(client, bucket), wanted)
    about_the_breach = until("the detection", 60, lambda: [text for text in said() if "breach" in text])
    expect("detections", len(about_the_breach), 1)
    expect("the detection names the event", wanted[2] in about_the_breach[0], True)
    print(about_the_breach[0])
    take_down(client)


SCENARIOS = [
    {"Delivery": "Queued", "Sinks": "http"},
    {"Delivery": "Direct", "Sinks": "http,firehose", "UseFirehose": "true"},
]


def run(build_folder):
    with tempfile.TemporaryDirectory() as folder, localstack(pathlib.Path(folder)) as endpoint:
        os.environ |= {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
        }
        session = boto3.Session(region_name=REGION)
        clients = {}

        def client(name):
            return clients.setdefault(name, session.client(name, endpoint_url=endpoint))

        secret = client("secretsmanager").create_secret(Name="webhook-token", SecretString=TOKEN)
        for choices in SCENARIOS:
            try_scenario(client, endpoint, build_folder, secret["ARN"], choices)


if __name__ == "__main__":
    run(pathlib.Path(sys.argv[1]).resolve())
