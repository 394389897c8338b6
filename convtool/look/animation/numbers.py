"""Numbers as they are written into cells: whole ones as they are, others with three digits."""

import math

DIGITS = 3  # significant ones
LARGE, LARGEST = 1e3, 1e6  # numbers from here on have no fractions; have exponents
MINUS = "−"


def short(number: float) -> str:
    """Return a number in few characters.

    >>> short(12), short(-0.03125), short(3428.6), short(1234567)
    ('12', '−0.0312', '3429', '1.23e6')
    """
    if not math.isfinite(number):
        return str(number).replace("-", MINUS).replace("inf", "∞")
    return _plain(number).replace("-", MINUS)


def is_rounded(number: float) -> bool:
    """Return whether `short` loses something.

    >>> is_rounded(0.5), is_rounded(1 / 3)
    (False, True)
    """
    return math.isfinite(number) and float(_plain(number)) != number


def factor(number: float) -> str:
    """Return a number that stands behind a sign.

    >>> factor(2), factor(-2)
    ('2', '(−2)')
    """
    text = short(number)
    return f"({text})" if text.startswith(MINUS) else text


def _plain(number: float) -> str:
    if (number == int(number) or abs(number) >= LARGE) and abs(number) < LARGEST:
        return str(round(number))
    digits, _, exponent = f"{number:.{DIGITS}g}".partition("e")
    return f"{digits}e{int(exponent)}" if exponent else digits
