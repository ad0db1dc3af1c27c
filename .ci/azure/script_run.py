"""A run of infra/azure/deploy.sh against the stand-ins in bin/: what it is told, what it called and said."""

import json
import os
import pathlib
import re
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
STAND_INS = pathlib.Path(__file__).resolve().parent / "bin"
AUTH0 = "804a11ca-ce9b-4158-8e94-3c8dc7a072ec"
PROVIDERS = [
    f"Microsoft.{name}"
    for name in "Web App EventGrid Insights OperationalInsights SecurityInsights KeyVault ManagedIdentity Storage".split()
]
ARGUMENTS = "--tenant acme --resource-group logs --location westeurope".split()
TOPIC = {"name": "auth0-acme", "partnerRegistrationImmutableId": AUTH0.upper()}
OURS = re.findall(
    r"name: '(\w+)', type: '(\w+)'",
    (ROOT / "infra/azure/modules/columns.bicep").read_text().partition("auth0LogsColumns")[2].partition("\n]")[0],
)
MUTATING = (
    "provider register",
    "group create",
    "deployment group create",
    "keyvault secret set",
    "functionapp deployment",
    "rest --method post --output none --uri",
    "rest --method patch",
)


class Run:
    """One folder of Azure, in which the script can run several times."""

    def __init__(self, folder, **scenario):
        self.folder = pathlib.Path(folder)
        self.root = ROOT
        self.packages = self.folder / "packages"
        self.packages.mkdir()
        for function in (ROOT / "functions").glob("azure-*"):
            (self.packages / f"{function.name}.zip").write_bytes(b"a package")
        self.play(**scenario)

    def play(self, **scenario):
        scenario.setdefault("registered", PROVIDERS)
        (self.folder / "scenario.json").write_text(json.dumps(scenario), encoding="utf-8")

    def add_parameters(self, text):
        """The script of a checkout whose file of the environment test says this, too."""
        self.root = self.folder / "checkout"
        shutil.copytree(ROOT / "infra/azure", self.root / "infra/azure")
        (self.root / "functions").symlink_to(ROOT / "functions")
        with (self.root / "infra/azure/main.test.bicepparam").open("a", encoding="utf-8") as file:
            file.write(text)

    def script(self, *more):
        """Runs it; returns its status, and keeps what it said."""
        for name in ("calls.jsonl", "pauses"):
            (self.folder / name).unlink(missing_ok=True)
        temporary = self.folder / "temporary"
        temporary.mkdir(exist_ok=True)
        environment = {**os.environ, "STAND_IN": str(self.folder), "TMPDIR": str(temporary), "PATH": f"{STAND_INS}{os.pathsep}{os.environ['PATH']}"}
        command = [self.root / "infra/azure/deploy.sh", *ARGUMENTS, "--packages", self.packages, *more]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        self.said = done.stderr + done.stdout
        # The token was there.
        expect(list(temporary.iterdir()) == [], self, "it leaves a folder behind")
        return done.returncode

    def calls(self):
        path = self.folder / "calls.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]

    def lines(self):
        return [" ".join(call["arguments"]) for call in self.calls()]

    def count(self, text):
        return sum(text in line for line in self.lines())

    def environment(self, text):
        """What the last call that has this text was given."""
        return [call["environment"] for call in self.calls() if text in " ".join(call["arguments"])][-1]

    def state(self):
        return json.loads((self.folder / "state.json").read_text(encoding="utf-8"))

    def pauses(self):
        path = self.folder / "pauses"
        return path.read_text(encoding="utf-8").split() if path.exists() else []


def expect(condition, run, what):
    if not condition:
        raise AssertionError(f"{what}\n{run.said}\n" + "\n".join(run.lines()))


def expect_end(run, status, *more):
    got = run.script(*more)
    expect(got == status, run, f"ended {got}, not {status}")


def in_order(run, *texts):
    """Each text is in a call after the one before."""
    left = iter(run.lines())
    for text in texts:
        expect(any(text in line for line in left), run, f"no call after the others: {text}")
