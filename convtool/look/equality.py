"""Whether a line of arithmetic is true of its numbers as they are printed, digits left out and all.

It must not round: numbers are printed elsewhere.
"""

from fractions import Fraction

Printed = Fraction | float  # floats only where they are not finite


def printed(text: str) -> Printed:
    """Return the number that a text states, exactly.

    >>> printed("−0.1") * 3 == printed("−0.3")
    True
    """
    plain = text.replace("−", "-").replace("∞", "inf").strip("()")
    return float(plain) if plain.lstrip("-") in {"inf", "nan"} else Fraction(plain)


def sign(left: Printed, right: str) -> str:
    """Return the sign between what was worked out and a printed number: = only where it is true.

    >>> sign(3 * printed("0.333333"), "1"), sign(3 * printed("0.5"), "1.5")
    ('≈', '=')
    """
    return "=" if left == printed(right) else "≈"
