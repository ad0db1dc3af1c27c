"""Prepares Azurite: `certificate FOLDER` writes cert.pem and key.pem, `create PID` makes the table and the container.

As a module: a credential whose tokens Azurite takes, for Microsoft's own clients."""

import base64
import datetime
import ipaddress
import json
import os
import pathlib
import sys
import time

from azure.core.credentials import AccessToken, AccessTokenInfo

ENTRA_TENANT = "00000000-0000-4000-8000-00000000e12a"


class Credential:
    """Writes tokens as Entra ID does, with a signature that nobody can check: Azurite looks at the claims alone."""

    def get_token(self, *scopes, **_):
        resource = scopes[0].removesuffix("/.default")
        now = int(time.time())
        claims = {
            "aud": resource,
            "iss": f"https://sts.windows.net/{ENTRA_TENANT}/",
            "iat": now,
            "nbf": now - 60,
            "exp": now + 3600,
        }
        parts = [{"typ": "JWT", "alg": "RS256"}, claims]
        encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
        return AccessToken(".".join([*encoded, "c2lnbmF0dXJl"]), now + 3600)

    def get_token_info(self, *scopes, **_):
        token = self.get_token(*scopes)
        return AccessTokenInfo(token.token, token.expires_on)


def write_certificate(folder):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def service(endpoint):
    """The URL of an account, of that of a table or container in it, and the last one's name."""
    account, _, name = endpoint.rpartition("/")
    return account, name


def create(process, deadline):
    from azure.core.exceptions import ResourceExistsError, ServiceRequestError
    from azure.data.tables import TableServiceClient
    from azure.storage.blob import BlobServiceClient

    trust = {"connection_verify": os.environ["SSL_CERT_FILE"], "retry_total": 0}
    account, table = service(os.environ["AZURITE_TABLE_ENDPOINT"])
    blob_account, container = service(os.environ["AZURITE_CONTAINER_ENDPOINT"])
    steps = [
        lambda: TableServiceClient(account, credential=Credential(), **trust).create_table(table),
        lambda: BlobServiceClient(blob_account, credential=Credential(), **trust).create_container(container),
    ]
    for step in steps:
        while True:
            try:
                step()
                break
            except ResourceExistsError:
                break
            except ServiceRequestError:
                if time.monotonic() > deadline:
                    raise
                # Nothing to wait for where the process has ended.
                os.kill(process, 0)
                time.sleep(0.5)


if __name__ == "__main__":
    what, argument = sys.argv[1:]
    if what == "certificate":
        write_certificate(pathlib.Path(argument))
    else:
        create(int(argument), time.monotonic() + 120)
