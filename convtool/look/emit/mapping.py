"""The lines of NumPy that make the result of a layer's responses: folds, and the mapping."""

from collections.abc import Sequence

from convtool.layers.layer import Layer
from convtool.look.emit.given import Given
from convtool.options.kernel import Combine
from convtool.results.choice import Share
from convtool.results.normalize import LEAST_SHARE

FOLDS: dict[Combine, str] = {
    "magnitude": "np.linalg.norm({}, axis=1)",
    "max": "{}.max(axis=1)",
    "sum": "{}.sum(axis=1)",
    "mean": "{}.mean(axis=1)",
}


def fold_lines(layer: Layer) -> list[str]:
    """Return the lines that combine the channels of banks; `y` has shape (1, C, *S)."""
    if not layer.folds_anything:
        return []
    made = [_folded(layer, channel) for channel in range(layer.channels)]
    return ["y = np.stack([", *(f"    {each}," for each in made), "], axis=1)"]


def _folded(layer: Layer, channel: int) -> str:
    parts = [_of(how, channels) for how, channels in layer.members(channel)]
    if len(parts) == 1:
        return parts[0]
    assert layer.combine is not None
    return FOLDS[layer.combine].format(f"np.stack([{', '.join(parts)}], axis=1)")


def _of(how: Combine | None, channels: Sequence[int]) -> str:
    if how is None:
        return f"y[:, {channels[0]}]"
    return FOLDS[how].format(f"y[:, {list(channels)}]")


def mapping_lines(given: Given) -> list[str]:
    """Return the lines that map the responses `y` to 0…1, or -1…1 where the medium is centred."""
    lines: list[str] = []
    for share in given.shares:
        for channels in share.linked:
            whole = len(channels) == given.layer.channels
            lines += _mapped(given, share, channels, "y" if whole else f"y[:, {channels}]")
    return lines


def _mapped(given: Given, share: Share, channels: Sequence[int], name: str) -> list[str]:
    rule = given.rule(share)
    centred = given.medium.centred
    low, high = (limit[list(channels)] for limit in given.layer.output_range(centred=centred))
    least, most = float(low.min()), float(high.max())
    ranged = [f"low, high = {least!r}, {most!r}"]
    if rule == "minmax":
        ranged = [f"low, high = {name}.min(), {name}.max()"]
    if rule == "centred":
        ranged = _sizes(given, name, LEAST_SHARE * (most - least))
    if rule in ("minmax", "bounds", "centred"):
        if centred:
            return [
                *ranged,
                "peak = max(abs(low), abs(high))",
                f"{name} = {name} / (peak or np.inf)",
            ]
        return [
            *ranged,
            f"{name} = ({name} - low) / (high - low) if high > low else np.full_like({name}, 0.5)",
            *([f"{name} = {name}.clip(0, 1)"] if given.stored.floats else []),
        ]
    if rule == "sigmoid":
        return [
            f"{name} = np.tanh({name} / 2)" if centred else f"{name} = 1 / (1 + np.exp(-{name}))"
        ]
    lines = [f"{name} = np.abs({name})"] if rule == "abs" else []
    if given.stored.floats and rule != "none":
        lines.append(f"{name} = {name}.clip({-1 if centred else 0}, 1)")
    return lines


def _sizes(given: Given, name: str, least: float) -> list[str]:
    """Return the lines that measure the sizes of responses, as `--normalize centred` does."""
    thinned = name if given.every == 1 else f"{name}[:, :, ::{given.every}]"
    share = given.options.result.percentile / 100
    return [
        f"sizes = np.sort(np.abs({thinned}), axis=None)",
        f"high = max(sizes[max(1, int(np.ceil({share!r} * sizes.size))) - 1], {least!r})",
        "low = -high",
    ]
