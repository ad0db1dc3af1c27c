"""LocalStack, with Lambda functions as processes of this machine instead of containers.

Only for functions that bring their own runtime (provided.*) and are built for this machine's processor. LocalStack asks
for an executor for each execution environment; ours starts the function's bootstrap beside a Lambda Runtime API.
"""

import dataclasses
import json
import os
import pathlib
import queue
import subprocess
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from localstack import config
from localstack.services.cloudformation.engine.v2.change_set_model_preproc import ChangeSetModelPreproc
from localstack.services.lambda_.invocation import plugins
from localstack.services.lambda_.invocation.lambda_models import InvocationResult
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

LOOPBACK = "127.0.0.1"


@dataclasses.dataclass
class Invocation:
    """One event on its way to the function, and the place where the answer is put."""

    request_id: str
    event: bytes
    function_arn: str
    trace_id: str
    deadline_ms: int
    answer: queue.Queue = dataclasses.field(default_factory=queue.Queue)


class RuntimeApi(ThreadingHTTPServer):
    """The Runtime API of one execution environment."""

    daemon_threads = True

    def __init__(self):
        super().__init__((LOOPBACK, 0), RuntimeApiRequest)
        self.waiting: queue.Queue = queue.Queue()
        self.running: dict[str, Invocation] = {}


class RuntimeApiRequest(BaseHTTPRequestHandler):
    """`GET …/invocation/next`; `POST …/invocation/<id>/response` or `…/error`, `…/init/error`."""

    protocol_version = "HTTP/1.1"
    server: RuntimeApi

    def log_message(self, *_):
        """Says nothing: LocalStack's log is about LocalStack."""

    def do_GET(self):
        invocation = self.server.waiting.get()
        if invocation is None:  # The environment is being stopped.
            self.close_connection = True
            return
        self.server.running[invocation.request_id] = invocation
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Lambda-Runtime-Aws-Request-Id", invocation.request_id)
        self.send_header("Lambda-Runtime-Deadline-Ms", str(invocation.deadline_ms))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", invocation.function_arn)
        self.send_header("Lambda-Runtime-Trace-Id", invocation.trace_id)
        self.send_header("Content-Length", str(len(invocation.event)))
        self.end_headers()
        self.wfile.write(invocation.event)

    def do_POST(self):
        body = self.read_body()
        request_id, outcome = self.path.split("/")[-2:]
        invocation = self.server.running.pop(request_id, None)
        if invocation:
            invocation.answer.put((outcome == "error", body))
        accepted = b'{"status":"OK"}'
        self.send_response(202)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(accepted)))
        self.end_headers()
        self.wfile.write(accepted)

    def read_body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)


class ProcessExecutor(RuntimeExecutor):
    """One execution environment: a Runtime API and the function's process."""

    def start(self, env_vars):
        self.api = RuntimeApi()
        threading.Thread(target=self.api.serve_forever, daemon=True).start()
        folder = pathlib.Path(self.function_version.config.code.get_unzipped_code_location())
        bootstrap = folder / "bootstrap"
        bootstrap.chmod(0o755)
        self.log_path = pathlib.Path(str(config.dirs.tmp)) / f"{self.function_version.id.function_name}-{self.id}.log"
        environment = {name: str(value) for name, value in env_vars.items()}
        environment["AWS_LAMBDA_RUNTIME_API"] = f"{LOOPBACK}:{self.api.server_port}"
        environment["LAMBDA_TASK_ROOT"] = str(folder)
        environment["PATH"] = os.environ["PATH"]
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen([bootstrap], env=environment, cwd=folder, stdout=log, stderr=log)

    def stop(self):
        self.api.waiting.put(None)
        self.process.terminate()
        self.process.wait(timeout=10)
        self.api.shutdown()

    def get_address(self):
        return LOOPBACK

    def get_endpoint_from_executor(self):
        return LOOPBACK

    def get_runtime_endpoint(self):
        return f"http://{LOOPBACK}:{config.GATEWAY_LISTEN[0].port}/_localstack_lambda/{self.id}"

    def invoke(self, payload):
        timeout = self.function_version.config.timeout
        event = payload.get("payload") or "{}"
        invocation = Invocation(
            request_id=payload.get("invoke-id") or str(uuid.uuid4()),
            event=event.encode() if isinstance(event, str) else event,
            function_arn=payload.get("invoked-function-arn") or self.function_version.qualified_arn,
            trace_id=payload.get("trace-id") or "",
            deadline_ms=int((time.time() + timeout) * 1000),
        )
        self.api.waiting.put(invocation)
        failed, body = self.await_answer(invocation, timeout)
        return InvocationResult(
            request_id=invocation.request_id,
            payload=body,
            is_error=failed,
            logs=self.get_logs(),
            executed_version=self.function_version.id.qualifier,
        )

    def await_answer(self, invocation, timeout):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            try:
                return invocation.answer.get(timeout=0.2)
            except queue.Empty:
                if self.process.poll() is not None:
                    said = self.get_logs()[-2000:]
                    return True, failure(f"bootstrap ended with code {self.process.returncode}: {said}")
        self.process.kill()
        return True, failure(f"{invocation.request_id} took longer than {timeout} s")

    def get_logs(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    @classmethod
    def prepare_version(cls, function_version):
        function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version):
        """Keeps the unpacked code: it goes with LocalStack's folder."""


def failure(message):
    return json.dumps({"errorMessage": message, "errorType": "Runtime.ExitError"}).encode()


read_parameter = ChangeSetModelPreproc.visit_node_parameter


def read_parameter_as_list(engine, node):
    """Splits lists of the state before a change too: 4.14 does not, and so cannot delete a stack that joins one."""
    delta = read_parameter(engine, node)
    if isinstance(delta.before, str) and engine.visit(node.type_).before == "CommaDelimitedList":
        delta.before = delta.before.split(",")
    return delta


if __name__ == "__main__":
    from localstack.runtime.main import main

    ChangeSetModelPreproc.visit_node_parameter = read_parameter_as_list
    plugins.DockerRuntimeExecutorPlugin.load = lambda *_args, **_options: ProcessExecutor
    main()
