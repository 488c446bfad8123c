"""A throw-away certificate authority, and good and bad certificates for a server on loopback."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)
NAMES = ("localhost", "smtp.example.test")


@dataclass(frozen=True)
class Certificate:
    """Files in PEM: the certificate with its key, as ssl.load_cert_chain takes them."""

    cert: Path
    key: Path


@dataclass(frozen=True)
class Certificates:
    """One authority (`ca`: the file to trust) and what it issued."""

    ca: Path
    good: Certificate
    expired: Certificate
    wrong_name: Certificate
    self_signed: Certificate


def make_certificates(folder: Path) -> Certificates:
    """Write everything into `folder`; valid for 127.0.0.1, localhost and smtp.example.test."""
    now = datetime.now(UTC)
    soon = now + 365 * DAY
    key = ec.generate_private_key(ec.SECP256R1())
    authority = _sign("Throw-away CA", key, key, "Throw-away CA", now - DAY, soon, (), ca=True)
    ca = folder / "ca.pem"
    ca.write_bytes(authority.public_bytes(serialization.Encoding.PEM))

    def issue(
        name: str, until: datetime, names: tuple[str, ...], *, own: bool = False
    ) -> Certificate:
        leaf = ec.generate_private_key(ec.SECP256R1())
        signer, issuer = (leaf, name) if own else (key, "Throw-away CA")
        return _write(
            folder, name, leaf, _sign(name, leaf, signer, issuer, until - 400 * DAY, until, names)
        )

    return Certificates(
        ca=ca,
        good=issue("good", soon, NAMES),
        expired=issue("expired", now - DAY, NAMES),
        wrong_name=issue("wrong-name", soon, ("other.example.test",)),
        self_signed=issue("self-signed", soon, NAMES, own=True),
    )


def _sign(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    issuer: str,
    start: datetime,
    until: datetime,
    names: tuple[str, ...],
    *,
    ca: bool = False,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if names:
        hosts: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
        if names == NAMES:
            hosts.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
    return builder.sign(signer, hashes.SHA256())


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _write(
    folder: Path, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate
) -> Certificate:
    files = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    files.cert.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files
