"""TLS to the brokers: certificates and keys from PEM files, checked before any client has them."""

from __future__ import annotations

import ssl
from pathlib import Path


class UnusableFile(ValueError):
    """A file is not what TLS needs; the message names the setting and never a secret."""


def client_context(
    authorities: Path | None, certificate: Path | None, key: Path | None, password: str | None
) -> ssl.SSLContext:
    """Return the context of a client: whom it trusts, and with what it shows itself.

    ``authorities`` None trusts those of the system. ``key`` None: the certificate's file holds it.

    Raises:
        UnusableFile: a file cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=authorities)
    except (ssl.SSLError, OSError) as problem:
        msg = f"KAFKA_SSL_CA_LOCATION: {authorities} has no certificate in PEM form: {_said(problem)}"
        raise UnusableFile(msg) from problem
    if certificate is None:
        if key is not None:
            msg = "KAFKA_SSL_CERTIFICATE_LOCATION is needed with KAFKA_SSL_KEY_LOCATION"
            raise UnusableFile(msg)
        return context
    try:
        # Without a password OpenSSL would ask the terminal for that of an encrypted key, and wait.
        context.load_cert_chain(certificate, key, password or "")
    except (ssl.SSLError, OSError) as problem:
        msg = (
            "KAFKA_SSL_CERTIFICATE_LOCATION, KAFKA_SSL_KEY_LOCATION, KAFKA_SSL_KEY_PASSWORD:"
            f" {certificate} and {key or certificate} are no certificate and its key in PEM form, or the"
            f" password is another one: {_said(problem)}"
        )
        raise UnusableFile(msg) from problem
    return context


def _said(problem: OSError) -> str:
    reason = getattr(problem, "reason", None) or problem.strerror or str(problem)
    return str(reason)
