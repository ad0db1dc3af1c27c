"""What the tests of infra/azure share: its files as read, how a statement is held, and how all are run."""

import pathlib
import re
import sys

import bicep_reader

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
AZURE = ROOT / "infra/azure"
FILES = sorted(AZURE.glob("**/*.bicep"))
READ = {path.relative_to(AZURE).as_posix(): bicep_reader.read(path) for path in FILES}
TEXT = {path.relative_to(AZURE).as_posix(): path.read_text(encoding="utf-8") for path in FILES}
MAIN, APP = READ["main.bicep"], READ["modules/app.bicep"]
SCRIPT = (AZURE / "deploy.sh").read_text(encoding="utf-8")


def same(got, wanted, what):
    if got != wanted:
        raise AssertionError(f"{what}: {got!r}, not {wanted!r}")


def holds(condition, what):
    if not condition:
        raise AssertionError(what)


def resources(kind):
    """Every resource of a type, wherever it stands, but those that are only referred to."""
    for file, read in READ.items():
        for name, body in read["resources"].items():
            if body["@kind"].split("@")[0] == kind and not body["@existing"]:
                yield f"{file} {name}", body


def only(kind):
    found = list(resources(kind))
    same(len(found), 1, f"resources of type {kind}")
    return found[0][1]


def everywhere(pattern):
    """Where a pattern stands outside of comments and descriptions."""
    for file, text in TEXT.items():
        text = re.sub(r"(?m)^\s*//.*$|^\s*@description.*$|^metadata.*$", "", text)
        for match in re.finditer(pattern, text):
            yield file, match[0]


def run(module, helpers=()):
    """Holds every statement of a module: its functions without arguments. Ends 1 if one does not hold."""
    statements = [
        value
        for value in vars(module).values()
        if getattr(value, "__module__", None) == module.__name__ and value.__code__.co_argcount == 0 and value not in helpers
    ]
    failed = 0
    for statement in statements:
        try:
            statement()
        except AssertionError as error:
            failed += 1
            print(f"FAILED  {statement.__name__.replace('_', ' ')}\n    {error}", file=sys.stderr)
    print(f"{pathlib.Path(module.__file__).name}: {len(statements)} statements, {failed} do not hold")
    sys.exit(1 if failed else 0)
