"""Unpacks the zips of infra/azure/package.sh as the platform does, and starts each binary from there.

python3 azure_packages_test.py FOLDER        ends 0 if every function has a zip that holds
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

ROOT = pathlib.Path(__file__).resolve().parent.parent
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
# What some need beside these.
OWN_SETTINGS = {
    "azure-eventgrid-subscriber": {"SINKS": "stdout"},
    "azure-log-poller": {
        "SINKS": "stdout",
        "AUTH0_DOMAIN": "acme.eu.auth0.com",
        "AUTH0_CLIENT_ID": "Dx0TmVb3KqYs6RzP",
        "AUTH0_CLIENT_SECRET": "made-up",
        "CHECKPOINT_TABLE_ENDPOINT": "http://127.0.0.1:9/checkpoints",
    },
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


def try_poller(port):
    assert call(port, "/poll")[0] == 405


# A function that is missing here is unpacked and started, too, but not called.
ATTEMPTS = {
    "azure-webhook-ingest": try_ingest,
    "azure-eventgrid-subscriber": try_subscriber,
    "azure-log-poller": try_poller,
}


def check_files(root, binary):
    for file in root.rglob("*.json"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o644, file
    assert list(root.glob("*/function.json")), "no function"
    assert stat.S_IMODE(binary.stat().st_mode) == 0o755, "not executable"
    assert is_static(binary), "asks for a dynamic loader"
    assert binary.stat().st_size <= LIMIT_BYTES, f"{binary.stat().st_size} bytes, at most {LIMIT_BYTES}"


def check_without_settings(root, binary):
    """It runs, and says what it misses."""
    done = subprocess.run([binary], cwd=root, env={}, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert (done.returncode, "TENANT_NAME: required" in done.stderr) == (64, True), (done.returncode, done.stderr)


def check_calls(root, binary, function):
    """Seconds until the first answer; then it is called, and ends when it is told to."""
    port = free_port()
    settings = SETTINGS | OWN_SETTINGS.get(function, {}) | {"FUNCTIONS_CUSTOMHANDLER_PORT": str(port)}
    with (root / "output").open("w+") as output:
        process = subprocess.Popen([binary], cwd=root, env=settings, stdout=output, stderr=output)
        try:
            seconds = wait_until_ready(port, process)
            ATTEMPTS[function](port)
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_SECONDS) == 0, f"ended with {process.returncode}"
        finally:
            process.kill()
            process.wait()
        output.seek(0)
        text = output.read()
    assert ("a-log-id" in text) == (function == "azure-eventgrid-subscriber"), text
    return seconds


def check(package):
    function = package.stem
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        unpack(package, root)
        host = json.loads((root / "host.json").read_text())
        binary = root / host["customHandler"]["description"]["defaultExecutablePath"]
        check_files(root, binary)
        check_without_settings(root, binary)
        said = f"{package.name:32} {package.stat().st_size / 1e6:.2f} MB, binary {binary.stat().st_size / 1e6:.2f} MB"
        if function in ATTEMPTS:
            said += f", first answer after {check_calls(root, binary, function) * 1000:.1f} ms"
        print(said)


packages = sorted(pathlib.Path(sys.argv[1]).glob("*.zip"))
functions = {path.parent.name for path in ROOT.glob("functions/azure-*/host.json")}
assert {package.stem for package in packages} == functions, (packages, functions)
for found in packages:
    check(found)
