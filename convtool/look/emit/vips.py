"""Print a run for libvips's command: `vips conv` with a matrix in a file.

It correlates and repeats the edges; other modes are added by `vips embed` and cut off again.
"""

import shlex

from convtool.kernels.formats.text import written_number, written_rows
from convtool.look.emit.given import Emitted, Given
from convtool.look.emit.taps import plain, plane_of, taps_of

MODES = {"replicate": "copy", "zeros": "black", "circular": "repeat"}
CASTS = {255: "uchar", 65535: "ushort", 1: "float"}


def emit(given: Given) -> Emitted:
    """Return the lines for a shell.

    Raises:
        UsageError: libvips cannot do it.
    """
    if given.medium.dims != 2:
        raise given.refusal(f"{given.title} is for images")
    taps = plane_of(given, taps_of(given, MODES))
    if given.stored.scale not in CASTS:
        raise given.refusal(f"{given.title} has no samples of {given.stored}")
    name, output = plain(given, "[]")
    height, width = taps.weights.shape
    offset = written_number(taps.bias * given.part.levels.scale)
    matrix = [f"{width} {height} 1 {offset}", *written_rows(taps.weights)]
    (top, _), (left, _) = taps.pads
    rows, columns = given.part.size
    file = f"{output}.mat"
    steps = [["autorot"], ["conv", file, "--precision", "float"]]
    if taps.mode not in (None, "replicate"):
        size = [left, top, columns + 2 * left, rows + 2 * top]
        steps.insert(1, ["embed", *map(str, size), "--extend", MODES[str(taps.mode)]])
        steps.append(["crop", *map(str, [left, top, columns, rows])])
    if not given.stored.floats:
        steps.append(["round", "rint"])
    steps.append(["cast", CASTS[given.stored.scale]])
    between = [f"{output}.{number}.v" for number in range(1, len(steps))]
    names = [name, *between, output]
    lines = [
        ["vips", step, names[number], names[number + 1], *more]
        for number, (step, *more) in enumerate(steps)
    ]
    shell = [shlex.join(line) for line in [*lines, ["rm", *between, file]]]
    text = "\n".join([f"cat > {shlex.quote(file)} <<'END'", *matrix, "END", *shell])
    return Emitted(text, given.notes)
