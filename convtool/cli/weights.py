"""What commands on kernels share: the values of their options, and where kernels are searched."""

from typing import Annotated

import typer

from convtool.options.reading import AudioReading
from convtool.options.values import Whole

RATE = 44100  # samples per second, where kernels are in Hz and seconds, and nothing else says it
DIMS, RATES = Whole(1, 3), AudioReading.__dataclass_fields__["rate"]

KernelPath = Annotated[
    list[str] | None,
    typer.Option("--kernel-path", metavar="FOLDER", help="Folder of kernel files, searched first."),
]
