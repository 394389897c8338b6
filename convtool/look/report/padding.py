"""Write the lines of PyTorch that add what a layer does not add itself."""

from convtool.layers.layer import Layer
from convtool.padding import Mode
from convtool.sizes import Pads


def padding_lines(layer: Layer) -> list[str]:
    """Return the lines that add what a layer does not add itself, axis by axis where they differ.

    They take the samples as floats, of which 1 is white, or full scale.
    """
    pads = layer.pads or ()
    if len(set(layer.modes)) == 1 and layer.modes[0].name != "symmetric":
        return [_pad(pads, layer.modes[0])] if pads else []
    lines = []
    for axis, (added, mode) in enumerate(zip(pads, layer.modes, strict=True) if pads else ()):
        if mode.name == "symmetric" and any(added):
            before, after = added
            size = f"x.shape[{axis + 2}]"
            lines.append(f"at = torch.arange(-{before}, {size} + {after}) % (2 * {size})")
            mirrored = f"torch.minimum(at, 2 * {size} - 1 - at)"
            lines.append(f"x = x.index_select({axis + 2}, {mirrored})")
        elif any(added):
            lines.append(_pad([added if axis == n else (0, 0) for n in range(len(pads))], mode))
    return lines


def _pad(pads: Pads, mode: Mode) -> str:
    ends = [n for pair in reversed(list(pads)) for n in pair]
    name = "constant" if mode.fills else mode.name
    value = f", {mode.value!r}" if mode.value else ""
    return f"x = nn.functional.pad(x, {ends}, {name!r}{value})"
