# Sourced by run and full: the checkout as working folder, the tools on the path, sections with the elapsed time.

cd "$(dirname "${BASH_SOURCE[0]}")/.."
tools=$PWD/target/ci-tools
export PATH=$tools/python/bin:$tools/bin:$PATH
export SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 CARGO_TERM_COLOR=never

current=start
trap 'code=$?; [ "$code" = 0 ] || echo "FAILED after ${SECONDS} s in: $current" >&2' EXIT

# Begins a section: section NAME
section() {
    current=$1
    printf '\n== [%5d s] %s\n' "$SECONDS" "$current"
}
