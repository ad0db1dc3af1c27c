"""Every call of az that deploy.sh makes or a page tells, given to the parser of the real CLI: commands and arguments are
there, and core.

python arguments_test.py CALLS.json        with azure-cli installed; CALLS from deploy_script_test.py --calls
"""

import io
import json
import pathlib
import re
import shlex
import sys
from contextlib import redirect_stderr

from azure.cli.core import MainCommandsLoader, get_default_cli
from azure.cli.core.extension import get_extensions


def parse(cli, arguments):
    """What the CLI itself does with its arguments before it runs a command."""
    invocation = cli.invocation_cls(
        cli_ctx=cli,
        parser_cls=cli.parser_cls,
        commands_loader_cls=MainCommandsLoader,
        help_cls=cli.help_cls,
    )
    cli.invocation = invocation
    invocation.data["command_string"] = " ".join(arguments)
    invocation.commands_loader.load_command_table(arguments)
    command = next(
        (name for name in invocation.commands_loader.command_table if " ".join([*arguments, ""]).startswith(f"{name} ")),
        None,
    )
    if command is None:
        raise SystemExit(f"no such command: {arguments}")
    invocation.commands_loader.command_name = command
    invocation.commands_loader.load_arguments(command)
    invocation.parser.load_command_table(invocation.commands_loader)
    return invocation.parser.parse_args(arguments)


ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def told():
    """The calls in the pages, those with arguments; a bare command in a page is a name."""
    for page in [ROOT / "README.md", *sorted(ROOT.glob("docs/*azure*.md"))]:
        for command in re.findall(r"`az ([^`]+ -[^`]+)`", page.read_text(encoding="utf-8")):
            yield shlex.split(command.replace("\\|", "|"))


def main():
    calls = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    assert not get_extensions(), "an extension is installed, so a command of it would pass"
    cli = get_default_cli()
    pages = list(told())
    assert len(pages) > 5, pages
    calls += pages
    failed = 0
    for call in calls:
        said = io.StringIO()
        try:
            with redirect_stderr(said):
                parse(cli, call)
        except SystemExit:
            failed += 1
            print(f"FAILED  az {' '.join(call)}\n{said.getvalue()}", file=sys.stderr)
    print(f"{len(calls)} calls of az, {failed} that it does not take")
    sys.exit(1 if failed or len(calls) < 20 else 0)


main()
