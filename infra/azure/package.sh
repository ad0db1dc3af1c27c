#!/usr/bin/env bash
# Builds the Azure functions and packs each one for zip deployment: target/azure/<function>.zip, or in the folder named.
#
#     infra/azure/package.sh [FOLDER]
#
# Needs rustup, a C compiler and python3. The binaries are linked to musl, so that no version of glibc matters, and run on
# any x86_64 Linux. A file's mode is in the zip: without the executable bit the host says "Permission denied".
set -euo pipefail
folder=${1:-}
case $folder in
/* | '') ;;
*) folder=$PWD/$folder ;;
esac
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
folder=${folder:-target/azure}
target=x86_64-unknown-linux-musl

if ! rustup target list --installed | grep --quiet --line-regexp "$target"; then
    rustup target add "$target"
fi
# ring has some C. Any gcc will do where musl's own is missing: the code calls nothing of the C library but what both have,
# as long as gcc does not put in calls of glibc's checked functions.
export CC_x86_64_unknown_linux_musl=${CC_x86_64_unknown_linux_musl:-$(command -v musl-gcc || command -v cc)}
export CFLAGS_x86_64_unknown_linux_musl=${CFLAGS_x86_64_unknown_linux_musl:--U_FORTIFY_SOURCE}

mkdir -p "$folder"
for manifest in functions/azure-*/Cargo.toml; do
    function=$(basename "$(dirname "$manifest")")
    # One package at a time, so that none has a feature that only another one asks for.
    cargo build --locked --release --target "$target" --package "$function"
    binary=${CARGO_TARGET_DIR:-target}/$target/release/$function
    python3 - "functions/$function" "$binary" "$folder/$function.zip" <<'PYTHON'
import pathlib
import sys
import zipfile

source, binary, package = (pathlib.Path(argument) for argument in sys.argv[1:])
files = [source / "host.json", *sorted(source.glob("*/function.json"))]


def add(archive, name, content, mode):
    # The same input gives the same zip, whenever it is packed.
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.create_system = 3  # Unix, whose modes these are
    entry.external_attr = (0o100000 | mode) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)


with zipfile.ZipFile(package, "w") as archive:
    for file in files:
        add(archive, file.relative_to(source).as_posix(), file.read_bytes(), 0o644)
    add(archive, binary.name, binary.read_bytes(), 0o755)
print(f"{package}  {package.stat().st_size / 1e6:.2f} MB, binary {binary.stat().st_size / 1e6:.2f} MB")
PYTHON
done
