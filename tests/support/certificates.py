"""Certificates for tests: an authority, and what it signs."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key, as PEM files."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates; its own is :attr:`certificate`."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self._name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = folder / f"{name}.pem"
        signed = self._signed(name, self._key, constraint=True)
        self.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    def server(self, *, ends: datetime.timedelta = _DAY) -> Pair:
        """The certificate of a server on this machine, by name and address."""
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        return self._pair("server", x509.SubjectAlternativeName(names), ends)

    def client(self, account_id: str) -> Pair:
        """The certificate of a client that stands for an account."""
        return self._pair(account_id, None, _DAY)

    def _pair(
        self, name: str, names: x509.SubjectAlternativeName | None, ends: datetime.timedelta
    ) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        signed = self._signed(name, key, names=names, ends=ends)
        stem = f"{self._name}-{name}-{ends.days}"
        pair = Pair(self._folder / f"{stem}.pem", self._folder / f"{stem}.key")
        pair.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        pair.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return pair

    def _signed(
        self,
        name: str,
        key: ec.EllipticCurvePrivateKey,
        *,
        constraint: bool = False,
        names: x509.SubjectAlternativeName | None = None,
        ends: datetime.timedelta = _DAY,
    ) -> x509.Certificate:
        # The library of gRPC asks the machine what time it is, not the clock of a test.
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_common_name(name))
            .issuer_name(_common_name(self._name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 10 * _DAY)
            .not_valid_after(now + ends)
            .add_extension(x509.BasicConstraints(ca=constraint, path_length=None), critical=True)
        )
        if names is not None:
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
