"""TLS between clients and servers: what gRPC needs, made of PEM files."""

from __future__ import annotations

from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sitekeep_shared.config import ClientTls, ServerTls


class TlsError(Exception):
    """A file is not the certificate or the key that it has to be; the message names it."""


def server_credentials(security: ServerTls) -> grpc.ServerCredentials:
    """What a server proves itself with; with an authority, callers need certificates of it.

    Reads files, so it belongs in a thread.

    Raises:
        TlsError: a file cannot be read, or is not what it has to be.
    """
    authority = security.client_authority
    return grpc.ssl_server_credentials(
        [_pair(security.key, security.certificate)],
        root_certificates=None if authority is None else _certificates(authority),
        require_client_auth=authority is not None,
    )


def channel_credentials(security: ClientTls) -> grpc.ChannelCredentials:
    """Whom a client trusts and what it proves itself with.

    Raises:
        TlsError: a file cannot be read, or is not what it has to be.
    """
    key, certificate = None, None
    if security.key is not None and security.certificate is not None:
        key, certificate = _pair(security.key, security.certificate)
    return grpc.ssl_channel_credentials(_certificates(security.authority), key, certificate)


def _pair(key_path: Path, certificate_path: Path) -> tuple[bytes, bytes]:
    key, certificates = _read(key_path), _certificates(certificate_path)
    try:
        private = load_pem_private_key(key, password=None)
    except (ValueError, TypeError) as error:
        raise TlsError(
            f"{key_path} holds no private key in PEM form without a password."
        ) from error
    # gRPC would say of a wrong pair no more than that it cannot listen.
    if private.public_key() != x509.load_pem_x509_certificates(certificates)[0].public_key():
        raise TlsError(f"{key_path} is not the key of the certificate in {certificate_path}.")
    return key, certificates


def _certificates(path: Path) -> bytes:
    content = _read(path)
    try:
        x509.load_pem_x509_certificates(content)
    except ValueError as error:
        raise TlsError(f"{path} holds no certificate in PEM form.") from error
    return content


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TlsError(f"{path} cannot be read: {error.strerror}.") from error
