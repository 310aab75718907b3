"""Certificates for the tests: an authority of their own, and what it certifies."""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

_VALID = timedelta(days=1)


class Authority:
    """A certificate authority whose files stand in a folder: ``ca.pem``, and what was issued."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(f"test authority {name}")
        certificate = self._signed(self._name, self._key, [], authority=True)
        self.file = self._write(f"{name}.pem", certificate.public_bytes(Encoding.PEM))

    def issue(self, name: str, *hosts: str) -> Path:
        """Return a file with a key and the certificate for some hosts; none: a client's."""
        key = ec.generate_private_key(ec.SECP256R1())
        return self._write(f"{name}.pem", _pem(key) + self._certify(key, name, hosts))

    def issue_apart(self, name: str, password: str) -> tuple[Path, Path]:
        """Return the files of a client's certificate and of its encrypted key."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._write(f"{name}.crt.pem", self._certify(key, name, ()))
        encrypted = _pem(key, BestAvailableEncryption(password.encode()))
        return certificate, self._write(f"{name}.key.pem", encrypted)

    def _certify(self, key: ec.EllipticCurvePrivateKey, name: str, hosts: tuple[str, ...]) -> bytes:
        alternatives = [_alternative(host) for host in hosts]
        return self._signed(_named(name), key, alternatives).public_bytes(Encoding.PEM)

    def _signed(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        alternatives: list[x509.GeneralName],
        *,
        authority: bool = False,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _VALID)
            .not_valid_after(now + _VALID)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def _write(self, name: str, content: bytes) -> Path:
        file = self._folder / name
        file.write_bytes(content)
        return file


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: ec.EllipticCurvePrivateKey, encryption: KeySerializationEncryption | None = None) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())
