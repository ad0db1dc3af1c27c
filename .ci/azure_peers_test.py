"""Microsoft's own clients read what the ports wrote into Azurite: the ledger's entities, checkpoints and a dead letter.

Run by .ci/with-azurite after the tests whose names contain `on_azurite`."""

import json
import os
import re
import urllib.parse

from azure.data.tables import TableClient
from azure.storage.blob import ContainerClient

from azurite_setup import Credential, service

TRUST = {"connection_verify": os.environ["SSL_CERT_FILE"]}
STATES = {"claimed", "delivered", "set_aside"}
KEY = re.compile(r"(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})+")


def check_entity(table, entity):
    partition, row = entity["PartitionKey"], entity["RowKey"]
    assert KEY.fullmatch(partition) and KEY.fullmatch(row), (partition, row)
    assert entity["State"] in STATES, entity
    expires_at = entity["ExpiresAt"]
    assert expires_at.edm_type == "Edm.Int64" and expires_at.value > 1_700_000_000, entity
    is_claim = entity["State"] == "claimed"
    assert ("Owner" in entity, "LeaseEnds" in entity) == (is_claim, is_claim), entity
    if not re.fullmatch("[0-9a-f]{64}", row):
        begin = urllib.parse.unquote(row)[:11]
        assert urllib.parse.unquote(partition).endswith("-" + begin), (partition, row)
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
    rows = {urllib.parse.unquote(entity["RowKey"]) for entity in entities}
    assert {"a/b", "a#b?c", "é€😀", "a%2Fb"} <= rows, rows
    return len(entities)


def check_container():
    container = ContainerClient.from_container_url(
        os.environ["AZURITE_CONTAINER_ENDPOINT"], credential=Credential(), **TRUST
    )
    blobs = list(container.list_blobs())
    assert len(blobs) >= 1, "no letter stays"
    for blob in blobs:
        pattern = r"azure-eventgrid-subscriber/2026/11/21/100000-[0-9a-f]{32}\.json"
        assert re.fullmatch(pattern, blob.name), blob.name
        assert blob.content_settings.content_type == "application/json", blob.content_settings
        letter = json.loads(container.download_blob(blob.name).readall())
        members = {"reason", "at", "function", "sink", "tenant", "log_id", "event"}
        assert set(letter) == members and letter["event"]["log_id"] == letter["log_id"], letter
    return len(blobs)


if __name__ == "__main__":
    print(f"Microsoft's clients read {check_table()} entities and {check_container()} letters")
