"""Publishes two log events by Microsoft's own client: publish_events.py ENDPOINT KEY cloud-events|event-grid."""

import sys
from datetime import datetime, timezone

from azure.core.credentials import AzureKeyCredential
from azure.core.messaging import CloudEvent
from azure.eventgrid import EventGridEvent, EventGridPublisherClient

TYPE = "com.auth0.Log"
RECORDS = [
    {"log_id": "90020261121-1", "type": "s", "date": "2026-11-21T10:00:00.000Z", "description": "Łucja Example"},
    {"log_id": "90020261121-2", "type": "fp", "date": "2026-11-21T10:00:01.000Z"},
]


def cloud_event(record):
    return CloudEvent(
        source="auth0.com/acme/auth0.logs",
        type=TYPE,
        data=record,
        id=record["log_id"],
        subject=record["type"],
        extensions={"redacted": "ip,user_name"},
    )


def event_grid_event(record):
    time = datetime(2026, 11, 21, 10, tzinfo=timezone.utc)
    return EventGridEvent(subject="acme", event_type=TYPE, data=record, data_version="1.0", event_time=time)


endpoint, key, schema = sys.argv[1:]
make = {"cloud-events": cloud_event, "event-grid": event_grid_event}[schema]
client = EventGridPublisherClient(endpoint, AzureKeyCredential(key))
client.send([make(record) for record in RECORDS])
# One alone is sent in another form.
client.send(make(RECORDS[0]))
