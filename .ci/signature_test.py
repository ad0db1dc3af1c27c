"""Whether PutEvents is signed as botocore signs it: our function calls AWS's signer itself, so somebody else looks.

python signature_test.py FOLDER_OF_BINARIES, by a Python that has botocore. Plays the Lambda Runtime API and EventBridge for
one webhook request, and signs anew what arrives.
"""

import json
import pathlib
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

CREDENTIALS = Credentials("AKIDEXAMPLE", "example-secret-access-key", "example-session-token")
REGION, WEBHOOK_TOKEN = "eu-central-1", "a-token-of-the-signature-test"
EVENTS = 25  # three calls, with texts beyond ASCII
PATIENCE_SECONDS = 60

answered = threading.Event()
answers, calls = [], []


def webhook_request():
    record = {"type": "s", "date": "2026-11-20T08:15:30.250Z", "user_name": "zoë@example.com"}
    body = [{"log_id": str(number), "data": record} for number in range(EVENTS)]
    return {
        "headers": {"authorization": WEBHOOK_TOKEN},
        "requestContext": {"http": {"method": "POST"}},
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }


def signed_anew(url, headers, body):
    """The Authorization header that botocore makes for the same call."""
    names = headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    kept = {name: headers[name] for name in names if name != "host"}
    request = AWSRequest(method="POST", url=url, data=body, headers=kept)
    request.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(CREDENTIALS, "events", REGION)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    scope = f"{CREDENTIALS.access_key}/{signer.credential_scope(request)}"
    signature = signer.signature(text, request)
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={';'.join(names)}, Signature={signature}"


class Aws(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Calls are not worth a line."""

    def reply(self, value, **headers):
        body = json.dumps(value).encode()
        self.send_response(200)
        for name, content in headers.items():
            self.send_header(name.replace("_", "-"), content)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.server.is_invoked:
            time.sleep(PATIENCE_SECONDS)
            return
        self.server.is_invoked = True
        deadline = str(int(time.time() * 1000) + PATIENCE_SECONDS * 1000)
        arn = f"arn:aws:lambda:{REGION}:123456789012:function:ingest"
        names = {"lambda_runtime_aws_request_id": "1", "lambda_runtime_deadline_ms": deadline}
        self.reply(webhook_request(), lambda_runtime_invoked_function_arn=arn, **names)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if "/runtime/" in self.path:
            answers.append(json.loads(body))
            self.reply({})
            answered.set()
            return
        url = f"http://{self.headers['host']}{self.path}"
        calls.append((self.headers["authorization"], signed_anew(url, self.headers, body)))
        entries = [{"EventId": "1"} for _ in json.loads(body)["Entries"]]
        self.reply({"FailedEntryCount": 0, "Entries": entries})


def main(folder):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Aws)
    server.daemon_threads = True
    server.is_invoked = False
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"127.0.0.1:{server.server_port}"
    environment = {
        "AWS_LAMBDA_RUNTIME_API": address,
        "AWS_LAMBDA_FUNCTION_NAME": "ingest",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_ENDPOINT_URL": f"http://{address}",
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": CREDENTIALS.access_key,
        "AWS_SECRET_ACCESS_KEY": CREDENTIALS.secret_key,
        "AWS_SESSION_TOKEN": CREDENTIALS.token,
        "DEAD_LETTER_QUEUE_URL": f"http://{address}/123456789012/letters",
        "EVENT_BUS_NAME": "auth0-logs",
        "TENANT_NAME": "acme",
        "WEBHOOK_TOKENS": WEBHOOK_TOKEN,
    }
    function = subprocess.Popen([pathlib.Path(folder) / "aws-webhook-ingest"], env=environment)
    try:
        answered.wait(PATIENCE_SECONDS)
    finally:
        function.kill()
        function.wait()
    assert [answer["statusCode"] for answer in answers] == [200], answers
    assert json.loads(answers[0]["body"])["delivered"] == EVENTS, answers
    assert len(calls) == 3, calls
    for ours, theirs in calls:
        assert ours == theirs, f"signed as {ours}, botocore signs {theirs}"
    print(f"{len(calls)} calls of PutEvents, each signed as botocore signs it")


main(sys.argv[1])
