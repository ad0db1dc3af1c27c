"""Unpacks the zips of infra/azure/package.sh as the platform does, and starts each binary from there.

python3 azure_packages_test.py FOLDER
"""

import json
import pathlib
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile

PATIENCE_SECONDS = 60
LIMIT_BYTES = 8_000_000
PT_INTERP = 3
# Services that nobody listens at: what is tried here needs none of them.
SETTINGS = {
    "TENANT_NAME": "acme",
    "WEBHOOK_TOKENS": "local-webhook-token",
    "SINKS": "",
    "IDENTITY_ENDPOINT": "http://127.0.0.1:9/msi/token",
    "IDENTITY_HEADER": "made-up",
    "DEAD_LETTER_CONTAINER_ENDPOINT": "http://127.0.0.1:9/letters",
    "EVENT_TOPIC_ENDPOINT": "http://127.0.0.1:9/api/events",
}
EVENT = {"id": "1", "eventType": "com.auth0.Log", "data": {"log_id": "a-log-id", "type": "s"}}
INVOCATION = {"Data": {"events": json.dumps([EVENT])}, "Metadata": {}}


def unpack(package, folder):
    """Modes included, which zipfile itself leaves out."""
    with zipfile.ZipFile(package) as archive:
        for entry in archive.infolist():
            path = pathlib.Path(archive.extract(entry, folder))
            path.chmod(stat.S_IMODE(entry.external_attr >> 16))


def is_static(binary):
    """Whether an ELF file asks for no dynamic loader."""
    header = binary.read_bytes()
    assert header[:5] == b"\x7fELF\x02", "not a 64-bit ELF file"
    offset = struct.unpack_from("<Q", header, 32)[0]
    size, count = struct.unpack_from("<HH", header, 54)
    kinds = (struct.unpack_from("<I", header, offset + size * index)[0] for index in range(count))
    return PT_INTERP not in kinds


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def call(port, path, body=None):
    """The status and the body of an answer; no body makes it a GET."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=body)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def wait_until_ready(port, process):
    """Seconds until the first answer."""
    begun = time.monotonic()
    while True:
        try:
            assert call(port, "/") == (200, b"{}")
            return time.monotonic() - begun
        except urllib.error.URLError:
            assert process.poll() is None, f"ended with {process.returncode}"
            assert time.monotonic() < begun + PATIENCE_SECONDS, "does not listen"
            time.sleep(0.005)


def try_ingest(port):
    assert call(port, "/webhook")[0] == 405
    assert call(port, "/webhook", b"[]")[0] == 401


def try_subscriber(port):
    status, body = call(port, "/deliver", json.dumps(INVOCATION).encode())
    assert (status, isinstance(json.loads(body), dict)) == (200, True), (status, body)


def check(package, attempt):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        unpack(package, root)
        host = json.loads((root / "host.json").read_text())
        for file in root.rglob("*.json"):
            assert stat.S_IMODE(file.stat().st_mode) == 0o644, file
        assert list(root.glob("*/function.json")), "no function"
        binary = root / host["customHandler"]["description"]["defaultExecutablePath"]
        assert stat.S_IMODE(binary.stat().st_mode) == 0o755, "not executable"
        assert is_static(binary), "asks for a dynamic loader"
        assert binary.stat().st_size <= LIMIT_BYTES, f"{binary.stat().st_size} bytes, at most {LIMIT_BYTES}"
        port = free_port()
        settings = SETTINGS | {"FUNCTIONS_CUSTOMHANDLER_PORT": str(port)}
        if "subscriber" in package.stem:
            settings["SINKS"] = "stdout"
        output = (root / "output").open("w+")
        process = subprocess.Popen([binary], cwd=root, env=settings, stdout=output, stderr=output)
        try:
            seconds = wait_until_ready(port, process)
            attempt(port)
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_SECONDS) == 0, f"ended with {process.returncode}"
        finally:
            process.kill()
            process.wait()
        output.seek(0)
        text = output.read()
        assert ("a-log-id" in text) == ("subscriber" in package.stem), text
        size = binary.stat().st_size / 1e6
        print(f"{package.name:32} binary {size:.2f} MB, first answer after {seconds * 1000:.1f} ms")


folder = pathlib.Path(sys.argv[1])
check(folder / "azure-webhook-ingest.zip", try_ingest)
check(folder / "azure-eventgrid-subscriber.zip", try_subscriber)
