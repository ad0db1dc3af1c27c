"""Microsoft's own clients read what the ports wrote into Azurite: the ledger's entities, checkpoints and a dead letter.

Run by .ci/with-azurite after the tests whose names contain `on_azurite`."""

import json
import os
import re

from azure.data.tables import TableClient
from azure.storage.blob import ContainerClient

from azurite_setup import Credential, service

TRUST = {"connection_verify": os.environ["SSL_CERT_FILE"]}
PARTITION = re.compile(r"(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})+%40(?:[0-9]{16}|[0-9a-f]{64})")
ROW = re.compile("[0-9]{10}")


def check_entity(table, entity):
    partition, row = entity["PartitionKey"], entity["RowKey"]
    assert PARTITION.fullmatch(partition) and ROW.fullmatch(row), (partition, row)
    for name in ("lease_ends", "expires_at"):
        number = entity[name]
        assert number.edm_type == "Edm.Int64" and number.value > 1_700_000_000, entity
    assert 0 <= int(entity["owner"]) < 2**64, entity
    ids, outcome = entity.get("ids", b""), entity.get("outcome")
    assert isinstance(ids, bytes) and len(ids) % 16 == 0, entity
    assert outcome is None or set(outcome) <= {"d", "s"} and len(outcome) in (1, len(ids) // 16), entity
    again = table.get_entity(partition, row)
    assert dict(again) == dict(entity), (again, entity)


def check_table():
    account, name = service(os.environ["AZURITE_TABLE_ENDPOINT"])
    table = TableClient(account, name, credential=Credential(), **TRUST)
    entities = list(table.list_entities())
    assert len(entities) >= 30, len(entities)
    checkpoints = [entity for entity in entities if entity["PartitionKey"] == "checkpoint"]
    assert len(checkpoints) >= 1, "no checkpoint stays"
    for checkpoint in checkpoints:
        assert set(checkpoint) == {"PartitionKey", "RowKey", "Value"}, checkpoint
        assert checkpoint["Value"] == "log-2", checkpoint
    for entity in entities:
        if entity not in checkpoints:
            check_entity(table, entity)
    outcomes = {entity.get("outcome") for entity in entities}
    assert {None, "d", "s"} <= outcomes, outcomes
    return len(entities)


def check_container():
    container = ContainerClient.from_container_url(
        os.environ["AZURITE_CONTAINER_ENDPOINT"], credential=Credential(), **TRUST
    )
    blobs = list(container.list_blobs())
    assert len(blobs) >= 1, "no dead letter stays"
    for blob in blobs:
        pattern = r"azure-eventgrid-subscriber/2026/11/21/100000-[0-9a-f]{32}\.json"
        assert re.fullmatch(pattern, blob.name), blob.name
        assert blob.content_settings.content_type == "application/json", blob.content_settings
        dead_letter = json.loads(container.download_blob(blob.name).readall())
        members = {"reason", "at", "function", "sink", "tenant", "log_id", "event"}
        assert set(dead_letter) == members and dead_letter["event"]["log_id"] == dead_letter["log_id"], dead_letter
    return len(blobs)


if __name__ == "__main__":
    print(f"Microsoft's clients read {check_table()} entities and {check_container()} dead letters")
