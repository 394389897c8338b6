"""The steps from products to a stored sample, as formulas with their numbers put in.

Words only: `element` has the numbers.
"""

import math
from typing import NamedTuple

from convtool.look.element import Element, Fold, Response
from convtool.look.equality import printed, sign
from convtool.results.normalize import Mapping
from convtool.sizes import counted

MOST_TERMS = 12  # of a sum that are written out
MOST_VALUES = 4  # of a fold that are written out
DIGITS = 6
MINUS = "−"  # a real minus


class Step(NamedTuple):
    """One step.

    Attributes:
        name: what is done.
        formula: with its numbers.
        value: what comes of it.
    """

    name: str
    formula: str
    value: float


def number(value: float, digits: int = DIGITS) -> str:
    """Return a number as people read it: whole ones in full, others rounded to some digits.

    >>> number(2147483647.0), number(0.123456789), number(1e-9)
    ('2147483647', '0.123457', '1e−09')
    """
    if value == int(value) and abs(value) < 1e15:
        return str(int(value)).replace("-", MINUS)
    return f"{value:.{digits}g}".replace("-", MINUS)


def _factor(value: float) -> str:
    """Return a number as a factor: in parentheses where it is negative."""
    return f"({number(value)})" if value < 0 else number(value)


def arithmetic(response: Response) -> str:
    """Return the sum of products in one line: 255·(−1) + 12·0 + ….

    Of a long sum, only the terms of most weight are written out; products of zero are left out.
    Where digits that are not shown count, ≈ stands for =.
    """
    samples, weights = response.window.flatten().tolist(), response.weights.flatten().tolist()
    terms = list(zip(samples, weights, strict=True))
    if len(terms) > MOST_TERMS:
        terms = [(sample, weight) for sample, weight in terms if sample * weight]
    rest = 0
    if len(terms) > MOST_TERMS:
        order = sorted(range(len(terms)), key=lambda n: -abs(terms[n][0] * terms[n][1]))
        rest = len(terms) - MOST_TERMS
        terms = [terms[n] for n in sorted(order[:MOST_TERMS])]
    texts = [f"{_factor(sample)}·{_factor(weight)}" for sample, weight in terms]
    if terms and terms[0][0] < 0:
        texts[0] = f"{number(terms[0][0])}·{_factor(terms[0][1])}"
    text = " + ".join(texts) or "0"
    stated = sum(printed(number(sample)) * printed(number(weight)) for sample, weight in terms)
    if rest:
        left = _factor(response.total - sum(sample * weight for sample, weight in terms))
        text += f" + {left} of {counted(rest, 'smaller product')}"
        stated += printed(left)
    total = number(response.total)
    return f"{text} {sign(stated, total)} {total}"


def steps(element: Element) -> list[Step]:
    """Return the steps from the sums of products to the stored sample."""
    found = [_response(response) for response in element.responses]
    found += [_fold(fold) for fold in element.folds]
    if element.weight is not None:
        value = element.folds[-1].value if element.folds else element.responses[0].value
        opacity = element.weight.value
        found.append(Step("opacity", f"{number(value)} / {number(opacity)}", element.raw))
    found += _mapped(element.mapping, element.raw)
    return [*found, _stored(element, found[-1].value)]


def _response(response: Response) -> Step:
    text = number(response.total)
    if response.unit != 1:
        text += f" / {number(response.unit)}"
    if response.bias:
        text += f" + {_factor(response.bias)}"
    return Step("response", text, response.value)


def _fold(fold: Fold) -> Step:
    values = [number(value) if value >= 0 else f"({number(value)})" for value in fold.values]
    if len(values) > MOST_VALUES:
        values = [*values[: MOST_VALUES - 1], "…", values[-1]]
    formulas = {
        "magnitude": f"√({' + '.join(v if v == '…' else f'{v}²' for v in values)})",
        "max": f"max({', '.join(values)})",
        "sum": " + ".join(values),
        "mean": f"({' + '.join(values)}) / {len(fold.values)}",
    }
    return Step(fold.how, formulas[fold.how], fold.value)


def _mapped(mapping: Mapping, raw: float) -> list[Step]:
    """Return how a response is mapped to the range of samples."""
    value = number(raw)
    if mapping.rule == "none":
        return []
    if mapping.rule == "clamp":
        return [_clamped("clamp", value, raw, mapping)]
    if mapping.rule == "abs":
        return [_clamped("abs", f"|{value}|", abs(raw), mapping)]
    if mapping.rule == "sigmoid":
        return [_sigmoid(value, raw, centred=mapping.centred)]
    return [_stretched(mapping, value, raw)]


def _clamped(name: str, text: str, value: float, mapping: Mapping) -> Step:
    low = -1.0 if mapping.centred else 0.0
    kept = min(max(value, low), 1.0)
    return Step(name, f"{text}, within {number(low)}…1", kept)


def _sigmoid(text: str, raw: float, *, centred: bool) -> Step:
    if centred:
        return Step("sigmoid", f"tanh({text} / 2)", math.tanh(raw / 2))
    value = 1 / (1 + math.exp(-raw)) if raw > -700 else 0.0
    return Step("sigmoid", f"1 / (1 + exp({number(-raw)}))", value)


def _stretched(mapping: Mapping, text: str, raw: float) -> Step:
    """Return the mapping of a range: low…high to 0…1, or the peak to 1."""
    assert mapping.low is not None
    assert mapping.high is not None
    low, high, ends = mapping.low, mapping.high, (0.0, 1.0)
    if mapping.centred:
        low, high, ends = 0.0, max(abs(low), abs(high)), (-1.0, 1.0)
    if high == low:
        value = 0.0 if mapping.centred else 0.5
        return Step(mapping.rule, "every response is the same: the middle", value)
    value = (raw - low) / (high - low)
    kept = min(max(value, ends[0]), ends[1])
    formula, width = f"{text} / {number(high)}", printed(number(high))
    if not mapping.centred:
        formula = f"({text} − {_factor(low)}) / ({number(high)} − {_factor(low)})"
        width -= printed(number(low))
    if kept != value:
        above = printed(text) - printed(number(low))
        equals = sign(above / width, number(value)) if width else "≈"
        formula += f" {equals} {number(value)}, within {number(ends[0])}…{number(ends[1])}"
    return Step(mapping.rule, formula, kept)


def _stored(element: Element, mapped: float) -> Step:
    levels = element.levels
    if levels.floats:
        return Step("stored", f"as {levels}", element.stored)
    text, scale = number(element.number), number(levels.scale)
    equals = sign(printed(number(mapped)) * printed(scale), text)
    how = "rounded"
    if not levels.low - 0.5 <= element.number <= levels.high + 0.5:
        how = f"clipped to {number(levels.low)}…{number(levels.high)}"
    return Step("stored", f"· {scale} {equals} {text}, {how}", element.stored)


def disagreement(element: Element) -> str:
    """Return why the stored sample is not what float64 gives; empty where it is."""
    if not element.differs:
        return ""
    return (
        f"the run computes in less than float64, and stores {number(element.stored)}; float64 "
        f"gives {number(element.number)}, which would be stored as {number(element.expected)}"
    )
