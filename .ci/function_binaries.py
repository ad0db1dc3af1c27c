"""Prints the size of each built function; fails at a foreign processor or a binary over the limit.

python3 function_binaries.py BUILD_FOLDER x86_64|arm64
"""

import pathlib
import struct
import sys

# A Lambda reads its binary at each start: the design's floor.
LIMIT_BYTES = 8_000_000
MACHINES = {62: "x86_64", 183: "arm64"}  # e_machine of an ELF header

folder, wanted = pathlib.Path(sys.argv[1]), sys.argv[2]
binaries = sorted(folder.rglob("bootstrap"))
problems = [] if binaries else [f"{folder}: no function was built"]

for path in binaries:
    header = path.read_bytes()[:20]
    machine = MACHINES.get(struct.unpack_from("<H", header, 18)[0]) if header[:4] == b"\x7fELF" else None
    size = path.stat().st_size
    print(f"{path.parent.name:24} {size / 1e6:6.2f} MB  {machine}")
    if machine != wanted:
        problems.append(f"{path}: built for {machine}, not {wanted}")
    if size > LIMIT_BYTES:
        problems.append(f"{path}: {size} bytes, at most {LIMIT_BYTES}")

sys.exit("\n".join(problems) or 0)
