"""Check digits of the Brazilian banks: weighted sums over ASCII digits.

Every function takes a string of digits only (the callers have checked that). Source: FEBRABAN,
"Especificações técnicas do boleto", and the banks' manuals, which differ in the weights and in what
they print when the remainder has no single digit.
"""

from __future__ import annotations

from functools import lru_cache
from operator import mul

_ZERO = ord("0")
_MOD10 = (  # a digit times 2, with its own digits added: 9 → 18 → 9
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (0, 2, 4, 6, 8, 1, 3, 5, 7, 9),
)
_TIMES_TWO = bytes.maketrans(b"0123456789", bytes(_ZERO + d for d in _MOD10[1]))


@lru_cache(maxsize=512)
def _weights(length: int, first: int, last: int) -> tuple[tuple[int, ...], int]:
    """Weights from the right, `first`…`last` and again, and what the ASCII zeros add up to."""
    step = 1 if last >= first else -1
    cycle = list(range(first, last + step, step))
    weights = tuple(cycle[i % len(cycle)] for i in range(length))[::-1]
    return weights, _ZERO * sum(weights)


def weighted_sum(digits: str, first: int = 2, last: int = 9) -> int:
    """Sum of digits times weights `first`…`last`, repeated, starting at the right."""
    weights, zeros = _weights(len(digits), first, last)
    total: int = sum(map(mul, digits.encode(), weights))
    return total - zeros


def mod10(digits: str) -> str:
    """Modulo 10 (weights 2 and 1 from the right, products added digit by digit)."""
    data = digits.encode()
    doubled = data[::-2].translate(_TIMES_TWO)
    total = sum(doubled) + sum(data[-2::-2]) - _ZERO * len(data)
    return "0987654321"[total % 10]


def mod11(digits: str, last: int = 9, ten: str = "0", eleven: str = "0") -> str:
    """11 less the remainder (weights 2…`last`); `ten` and `eleven` replace those two results."""
    result = 11 - weighted_sum(digits, 2, last) % 11
    if result == 10:
        return ten
    return eleven if result == 11 else str(result)


def two_digits(digits: str) -> str:
    """The pair of check digits of ASBACE's "duplo dígito" (Banrisul, BRB, Banestes).

    The first is mod 10; the second is mod 11 (weights 2…7) over digits and first. When the second
    has no digit (remainder 1), the first goes up by one, 9 to 0, and the second is tried again.
    """
    first = int(mod10(digits))
    while True:
        rest = weighted_sum(digits + str(first), 2, 7) % 11
        if rest != 1:
            return f"{first}{0 if rest == 0 else 11 - rest}"
        first = (first + 1) % 10
