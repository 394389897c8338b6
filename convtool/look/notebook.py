"""Show in a notebook what a layer does: the door `convtool.show`.

It filters by `run`, as the commands do, and writes no file.
"""

import secrets
import time
from dataclasses import dataclass, replace
from html import escape
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray
from torch import Tensor

from convtool.api import checked, parsed
from convtool.errors import ReadError
from convtool.levels import of
from convtool.look.report.playable import playable
from convtool.look.report.region import exact_region
from convtool.look.report.shown import Shown
from convtool.look.witness import Look
from convtool.media.arrays import ArraySource
from convtool.media.inputs import PIPE
from convtool.media.numbers import medium_of_numbers
from convtool.media.registry import Medium
from convtool.options.options import Options
from convtool.outputs.job import Job
from convtool.places.names import Place, pure
from convtool.run.filter import Filter
from convtool.run.observe import observe, watch
from convtool.run.outcomes import Outcome
from convtool.run.state import Run
from convtool.run.work import planned, succeeded

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = {"image": ".png", "audio": ".wav", "video": ".mkv"}  # as results would be stored
HEIGHT = 900  # pixels of a page within a notebook
DPI = 100


@dataclass(frozen=True, eq=False, repr=False)
class Exhibit:
    """What a layer did, to be looked at: a cell of a notebook that ends in it shows the page.

    Attributes:
        shown: the run, and what was kept of it.
    """

    shown: Shown

    def page(self) -> str:
        """Return the page of `--report`, as HTML that needs no other file."""
        from convtool.look.report.page import page  # noqa: PLC0415  # jinja2

        return page(self.shown).decode()

    def plot(self, dpi: int = DPI) -> "Figure":
        """Return the figure of `--plot`.

        Args:
            dpi: pixels per inch.
        """
        from convtool.look.plots.figures import figure  # noqa: PLC0415  # matplotlib

        return figure(self.shown.look, self.shown.name, self.shown.medium.single, dpi)

    def __repr__(self) -> str:
        return f"<{self.shown.name}: {self.shown.view.work.layer.module}>"

    def _repr_html_(self) -> str:
        """Return the page in a frame, which keeps its styles and scripts apart."""
        title = escape(f"What a layer did: {self.shown.name}")
        return (
            f'<iframe title="{title}" srcdoc="{escape(self.page())}" '
            f'width="100%" height="{HEIGHT}" style="border:0" allow="clipboard-write"></iframe>'
        )


def show(
    source: Tensor | NDArray[Any] | str | PathLike[str],
    kernel: Any = (),
    *,
    normalize: str | None = None,
    medium: str | None = None,
    **options: Any,
) -> Exhibit:
    """Filter a tensor or a file with a convolution layer, and show what was done.

    Args:
        source: as `apply` has it; of a batch, the first is shown.
        kernel: as `apply` has it.
        normalize: the value of `--normalize`; by default that of the command for a file, and the
            raw responses for a tensor.
        medium: as `apply` has it.
        options: those of `apply`. Without a `seed`, one is chosen for random weights.

    Raises:
        UsageError: an option is wrong.
        KernelError: there is no such kernel.
        LayerError: the layer does not fit the input.
        ReadError: the file cannot be read, or the filter cannot be run on it.

    >>> import torch
    >>> show(torch.arange(1.0, 7).reshape(1, 1, 6), "2 2 2", rate=1)
    <tensor (1, 1, 6): Conv1d(1, 1, kernel_size=(3,), stride=(1,), padding=same)>
    """
    raw = not isinstance(source, str | PathLike)
    options["normalize"] = normalize or ("none" if raw else "auto")
    filtered, chosen, asked = parsed(source, kernel, medium, options)
    if asked.kernel.seed is None and not asked.kernel.kernel:
        seeded = replace(asked.kernel, seed=secrets.randbelow(2**31))
        asked = replace(asked, kernel=seeded)
    if isinstance(filtered, Tensor):
        return Exhibit(_of_tensor(checked(filtered, chosen, asked), chosen, asked))
    return Exhibit(_of_file(filtered, chosen, asked))


def _of_file(path: Place, medium: Medium, options: Options) -> Shown:
    look = Look(exact_region, more=playable)
    job = _job(str(path), medium)
    started = time.perf_counter()
    outcome = observe(job, Run(Filter(options, medium), witness=lambda _: look))
    if outcome.error is not None:
        raise ReadError(outcome.error, hint=outcome.hint, named=True)
    return _shown(job, outcome, look, medium, options, started)


def _of_tensor(tensor: Tensor, medium: Medium, options: Options) -> Shown:
    """Filter the first of a batch, in float64."""
    look = Look(exact_region, more=playable)
    held = replace(medium, load=medium_of_numbers(medium.dims).load)
    shared = Run(Filter(options, held), witness=lambda _: look)
    rate = getattr(options.reading, "rate", None)
    job = _job(_name(tensor, medium, rate), medium)
    samples = tensor[0].cpu().double().numpy() / of(tensor.dtype).scale
    started = time.perf_counter()
    work = planned(job, ArraySource(samples, (rate or 1) if medium.timed else None), shared)
    watch(job, work, shared, look)
    plan = shared.filter.convolution(work.seen).plan
    outcome = succeeded(job, work, shared, status="done", algorithm=plan.algorithm)
    return _shown(job, outcome, look, held, options, started)


def _name(tensor: Tensor, medium: Medium, rate: float | None) -> str:
    """Return what a tensor is called: by its shape, and what is assumed of it."""
    name = f"tensor {tuple(tensor.shape)}"
    if len(tensor) > 1:
        name = f"the first of {name}"
    return f"{name}, at 1 {medium.position} per second" if medium.timed and rate is None else name


def _job(name: str, medium: Medium) -> Job:
    """Return a job that writes nothing that is there already."""
    suffix = SUFFIXES.get(medium.name, "")
    return Job(name, Path(), pure(name).stem, suffix, split=False, merged=PIPE)


def _shown(
    job: Job, outcome: Outcome, look: Look, medium: Medium, options: Options, started: float
) -> Shown:
    """Return what a page is about; its command names a file."""
    seconds = round(time.perf_counter() - started, 3)
    done = replace(outcome, outputs=(), seconds=seconds)
    return Shown(replace(job, merged=f"out{job.suffix}"), done, look, medium, options)
