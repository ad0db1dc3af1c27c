"""Fails when a source file or page is longer than the limit: python3 line_limit.py LINES.

Bicep files are left out: a template is one list of parameters and parts, and the user's text is not shortened for a limit.
"""

import pathlib
import sys

limit = int(sys.argv[1])
not_ours = {"target", ".git", ".aws-sam", "fixtures", "node_modules"}
suffixes = {".rs", ".yaml", ".py", ".sh", ".md", ".toml"}

too_long = []
for path in sorted(pathlib.Path().rglob("*")):
    if path.suffix in suffixes and not_ours.isdisjoint(path.parts) and path.is_file():
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > limit:
            too_long.append(f"{path}: {lines} lines, at most {limit}")

print("\n".join(too_long) or "none is longer")
sys.exit(bool(too_long))
