"""Writes log events around the edges of the detections, a line each, with the EventBridge rules that match it.

Needs moto, for its event patterns: target/ci-tools/moto/bin/python .ci/kql_events.py > events.ndjson
The events come from the rules themselves: every type code of the catalogue, and every method, path and body that a rule
names or just misses. .ci/kql_run_test.py holds the KQL detections against them.
"""

import itertools
import json
import re

import templates_test
from moto.events.models import EventPattern

METHODS = ["get", "head", "post", "POST", "put", "patch", "delete", "DELETE", "deleted"]
BODIES = [{}, {"enabled": False}, {"enabled": True}, {"enabled": None}, {"enabled": "no"}]


def around(path):
    """Paths that a pattern matches, and paths that it just misses."""
    if isinstance(path, dict) and "prefix" in path:
        text = path["prefix"]
        return [text, f"{text}x", f"{text}/x", text[:-1], text.upper(), f"/x{text}"]
    text = path["wildcard"] if isinstance(path, dict) else path
    filled = [text.replace("*", star) for star in ["auth0%7C64f0c2a91b7e", "", "a/b"]]
    return [*filled, f"{filled[0]}/x", f"{filled[0]}x", filled[0][:-1], filled[0].upper(), f"/x{filled[0]}"]


def is_ours(event):
    return event["detail-type"] == "Auth0 log" and "auth0.com/" in event["source"]


def events(rules):
    catalogue = sorted((templates_test.ROOT / "shared/tenant-logs/src/event_type/catalogue").glob("*.rs"))
    for part in catalogue:
        for code in re.findall(r'known\(\s*"(\w+)"', part.read_text(encoding="utf-8")):
            yield templates_test.event(code)
    tried = {text for rule in rules.values() for path in templates_test.values(rule["EventPattern"], "path") for text in around(path)}
    for path, method in itertools.product(sorted(tried | {"/api/v2/users"}), METHODS):
        # Only one rule looks at bodies; no other must.
        for body in BODIES if "factors" in path.lower() else BODIES[:2]:
            yield templates_test.event("sapi", method, path, body)
    # Another code with a request that a rule asks for.
    for code in ["fapi", "mgmt_api_read"]:
        yield templates_test.event(code, "post", "/api/v2/log-streams")
    for cases in [*templates_test.FIRING.values(), *templates_test.SILENT.values()]:
        # A row has nothing of the envelope that it came in.
        yield from (case for case in cases if is_ours(case))


def main():
    resources = templates_test.load("detections.yaml")["Resources"]
    rules = {name: body["Properties"] for name, body in resources.items() if body["Type"] == "AWS::Events::Rule"}
    patterns = {name: EventPattern.load(json.dumps(rule["EventPattern"])) for name, rule in rules.items()}
    for number, event in enumerate(events(rules), 1):
        matched = [name for name, pattern in patterns.items() if pattern.matches_event(event)]
        log_id = f"9002026112009{number:09}"
        detail = {**event["detail"], "log_id": log_id}
        detail["data"] = {**detail["data"], "log_id": log_id}
        print(json.dumps({"rules": matched, "detail": detail}))


if __name__ == "__main__":
    main()
