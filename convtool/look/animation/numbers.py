"""Numbers as they are written into cells: whole ones as they are, others to three digits."""

import math

DIGITS = 3  # significant ones
LARGEST = 1e6  # whole numbers from here on are shortened as well
MINUS = "−"


def short(number: float) -> str:
    """Return a number in few characters.

    >>> short(12), short(-0.03125), short(1234567), short(-0.0)
    ('12', '−0.0312', '1.23e6', '0')
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
    """Return a number as the second factor of a product.

    >>> factor(2), factor(-2)
    ('2', '(−2)')
    """
    text = short(number)
    return f"({text})" if text.startswith(MINUS) else text


def _plain(number: float) -> str:
    if number == int(number) and abs(number) < LARGEST:
        return str(int(number))
    digits, _, exponent = f"{number:.{DIGITS}g}".partition("e")
    return f"{digits}e{int(exponent)}" if exponent else digits
