"""Fails when a Rust file is longer than the limit: python3 line_limit.py LINES.

Templates, pages and tables are as long as their reader needs.
"""

import pathlib
import sys

limit = int(sys.argv[1])
not_ours = {"target", ".git", ".aws-sam", "fixtures", "node_modules"}
# Tables: one line a type code.
tables = {pathlib.Path("shared/tenant-logs/src/event_type/catalogue.rs")}

too_long = []
for path in sorted(pathlib.Path().rglob("*.rs")):
    if not_ours.isdisjoint(path.parts) and path not in tables and path.is_file():
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > limit:
            too_long.append(f"{path}: {lines} lines, at most {limit}")

print("\n".join(too_long) or "none is longer")
sys.exit(bool(too_long))
