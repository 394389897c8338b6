"""An explanation as plain values, for JSON: every number as it is, nothing rounded."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from convtool.look.element import Element, Response
from convtool.look.explain import Explained
from convtool.look.steps import arithmetic, disagreement
from convtool.padding import text_of


def record(explained: Explained, notes: Sequence[str]) -> dict[str, Any]:
    """Return an explanation as one line of JSON.

    Args:
        explained: the explanation.
        notes: what a user should know beside it.
    """
    element, work = explained.element, explained.view.work
    mapping, levels = element.mapping, element.levels
    window, floats = explained.shape.window, work.seen.levels.floats
    found: dict[str, Any] = {
        "channel": explained.number,
        "name": explained.name,
        "at": element.place,
        "seconds": explained.seconds,
        "input": [len(work.part.channels), *explained.size],
        "output": [explained.layer.channels, *window.output(explained.size)],
        "length_by_header": not explained.read,
        "formulas": list(window.formulas(explained.size)),
        "sources": [axis.tolist() for axis in element.sources],
        "outside": [axis.tolist() for axis in element.outside],
        "padding_mode": text_of(window.modes),
        "responses": [_response(response, floats=floats) for response in _all(element)],
        "folds": [fold.__dict__ for fold in element.folds],
        "response": element.raw,
        "normalization": mapping.__dict__,
        "number": element.number,
        "stored": element.stored,
        "stored_as": {"type": str(levels), "low": levels.low, "high": levels.high},
        "float64": element.expected,
        "result": None if explained.result is None else explained.result.tolist(),
        "notes": [note for note in (*notes, disagreement(element)) if note],
    }
    return {key: value for key, value in found.items() if value is not None}


def _all(element: Element) -> list[Response]:
    """Return all responses, that of the opacity last."""
    return [*element.responses, *([] if element.weight is None else [element.weight])]


def _response(response: Response, *, floats: bool) -> dict[str, Any]:
    return {
        "channel": response.channel,
        "inputs": response.inputs,
        "window": _samples(response.window, floats=floats),
        "weights": response.weights.tolist(),
        "products": response.products.tolist(),
        "sum": response.total,
        "unit": response.unit,
        "bias": response.bias,
        "response": response.value,
        "arithmetic": arithmetic(response),
    }


def _samples(window: Tensor, *, floats: bool) -> Any:
    return window.tolist() if floats else window.long().tolist()
