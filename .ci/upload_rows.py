"""Uploads rows by Microsoft's own client: upload_rows.py ENDPOINT RULE STREAM TOKEN, the rows as JSON on stdin."""

import json
import sys
import time

from azure.core.credentials import AccessToken, AccessTokenInfo
from azure.monitor.ingestion import LogsIngestionClient


class Credential:
    def __init__(self, token):
        self.token = token

    def get_token(self, *_, **__):
        return AccessToken(self.token, int(time.time()) + 3600)

    def get_token_info(self, *_, **__):
        return AccessTokenInfo(self.token, int(time.time()) + 3600)


if __name__ == "__main__":
    endpoint, rule, stream, token = sys.argv[1:]
    client = LogsIngestionClient(endpoint, Credential(token))
    # The local endpoint speaks http.
    client.upload(rule, stream, json.load(sys.stdin), enforce_https=False)
