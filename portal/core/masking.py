"""What no log may hold: passwords and keys go, documents and addresses become unreadable.

LGPD, art. 46: a log is copied, kept and read by more people than the database is.
"""

import re

HIDDEN = "***"

# password = "x", 'senha': 'x', token=x, Authorization: Bearer x
_NAMED = re.compile(
    r"(?i)\b((?:[a-z_]*(?:password|passwd|senha|secret|token|api_?key|secret_key|encryption_keys?)"
    r"|(?:proxy-)?authorization|cookie)[\"']?\s*[=:]\s*)"
    r"(?:(?:bearer|basic)\s+)?(\"[^\"]*\"|'[^']*'|[^\s,;&)}\]]+)"
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}")
_URL_PASSWORD = re.compile(r"(://[^/\s:@]*):[^/\s]*@")
_KEY = re.compile(r"(?<![\w-])[A-Za-z0-9_-]{43}=")  # 32 bytes in base64, as our keys are written
_EMAIL = re.compile(r"([^\s@<>\"'(),:;=\[\]])[^\s@<>\"'(),:;=\[\]]{0,63}@([\w-]+(?:\.[\w-]+)*)")
_CPF = re.compile(r"(?<![\w.])\d{3}\.?\d{3}\.?\d{3}-?(\d{2})(?!\w)")
# Upper-case letters may stand in its first twelve places (IN RFB 2.229/2024).
_CNPJ = re.compile(r"(?<![\w.])[0-9A-Z]{2}\.?[0-9A-Z]{3}\.?[0-9A-Z]{3}/?[0-9A-Z]{4}-?(\d{2})(?!\w)")


def mask(text: str) -> str:
    """`text` without secrets; of a document the last two digits stay, of an address the domain."""
    text = _URL_PASSWORD.sub(rf"\1:{HIDDEN}@", text)
    text = _NAMED.sub(rf"\1{HIDDEN}", text)
    text = _BEARER.sub(rf"\1 {HIDDEN}", text)
    text = _KEY.sub(HIDDEN, text)
    if "@" in text:
        text = _EMAIL.sub(_masked_address, text)
    text = _CPF.sub(rf"{HIDDEN}\1", text)
    return _CNPJ.sub(rf"{HIDDEN}\1", text)


def _masked_address(match: re.Match[str]) -> str:
    return match[0] if match[1] == "*" else f"{match[1]}{HIDDEN}@{match[2]}"
