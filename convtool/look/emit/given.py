"""What a run is, as far as other programs are told of it, and what none of them can do.

The header of the input is known; nothing was decoded. It does not know the programs.
"""

from dataclasses import dataclass, fields

from torch import nn

from convtool.errors import UsageError
from convtool.layers.layer import Layer
from convtool.levels import Levels
from convtool.media.contract import Part
from convtool.media.inputs import PIPE
from convtool.media.registry import Medium
from convtool.options.declare import flag_of
from convtool.options.options import Options
from convtool.outputs.job import Job
from convtool.places.names import is_remote, shown
from convtool.results.choice import Choice, Share
from convtool.results.rules import RULES
from convtool.run.finish import normalizer_of
from convtool.run.state import Run, Work

Lines = tuple[list[str], list[str], list[str]]  # imports; what reads x; what writes y

CHANGES = ("nan", "rate", "mono", "start", "duration", "frames", "deinterlace")  # what is read
TITLES = {
    "pytorch": "PyTorch",
    "vips": "libvips",
    "imagemagick": "ImageMagick",
    "ffmpeg": "FFmpeg",
    "sox": "SoX",
    "onnx": "ONNX",
}
OWN = ("format", "split", "merge", "overwrite", "sheet", "segments", "subtype")
TOLD = {"ffmpeg": ("codec", "crf", "speed", "pix_fmt")}  # of what an output is, beside that


@dataclass(frozen=True)
class Given:
    """A run of one input into one output.

    Attributes:
        program: that it is printed for.
        medium: of the input.
        options: of the filter.
        input: the name of the input.
        output: the name of the output.
        suffix: which decides the format of the output, in small letters.
        layer: the layer.
        part: the input, of which the header is known.
        stored: how the samples of the result are stored.
        shares: how its channels are mapped.
        every: of so many positions of the leading axis, one is measured where a sample will do.
        notes: what a user should know of the input and the output.
        work: the input and the output themselves.
    """

    program: str
    medium: Medium
    options: Options
    input: str
    output: str
    suffix: str
    layer: Layer
    part: Part
    stored: Levels
    shares: tuple[Share, ...]
    every: int
    notes: tuple[str, ...]
    work: Work

    @property
    def title(self) -> str:
        """The name of the program, for people."""
        return TITLES[self.program]

    def rule(self, share: Share) -> str:
        """Return the name of the rule by which some channels are mapped."""
        return next(name for name, rule in RULES.items() if rule is share.rule)

    def refuse_chain(self) -> None:
        """Check that there is one layer.

        Raises:
            UsageError: there are several steps.
        """
        if self.layer.before:
            count = sum(not step.spreads for step in self.layer.steps)
            chain = f"{count} steps are a chain, expected one"
            reason = chain if count > 1 else "the layer is transposed, expected nn.Conv"
            raise self.refusal(reason, "--emit pytorch runs it")

    def refusal(self, reason: str, hint: str | None = None) -> UsageError:
        """Return the error of what the program cannot do."""
        return UsageError(f"--emit {self.program}: {reason}", hint=hint)


@dataclass(frozen=True)
class Emitted:
    """The lines for a program, and what their user should know."""

    text: str
    notes: tuple[str, ...] = ()


def given_of(program: str, job: Job, part: Part, work: Work, shared: Run) -> Given:
    """Return what is told of a run.

    Args:
        program: that it is printed for.
        job: the job.
        part: the input.
        work: its work.
        shared: the filter of the run.

    Raises:
        UsageError: it does what is printed for no program.
    """
    medium, options = shared.filter.medium, shared.filter.options
    choice = Choice(
        options.result.normalize,
        medium.usual,
        options.result.independent,
        options.result.percentile,
        options.output.sheet,
    )
    floats = work.encoding.levels.floats
    given = Given(
        program,
        medium,
        options,
        shown(job.input),
        str(work.targets[0].path),
        job.suffix.lower(),
        work.layer,
        part,
        work.encoding.levels,
        tuple(choice.share(output, floats=floats) for output in work.layer.outputs),
        normalizer_of(work, shared).every(medium.sampling, work.seen.size[0]),
        _notes(program, work, options),
        work,
    )
    _check_files(given, job, work)
    _check_reading(given)
    if work.base is not part:
        raise given.refusal(
            "the layer does not see the samples of the file alone, but with their transparency"
        )
    if not isinstance(work.layer.conv, nn.Conv1d | nn.Conv2d | nn.Conv3d):
        raise given.refusal(f"the layer is {type(work.layer.conv).__name__}, expected nn.Conv")
    return given


def _notes(program: str, work: Work, options: Options) -> tuple[str, ...]:
    told = (*OWN, *TOLD.get(program, ()))
    set_ = [
        flag_of(each.name)
        for each in fields(options.output)
        if each.name not in told and getattr(options.output, each.name) != each.default
    ]
    also = [f"{', '.join(set_)}: encoders are left at their own settings"] if set_ else []
    return tuple(dict.fromkeys([*work.source.notes, *work.encoding.notes, *also]))


def _check_files(given: Given, job: Job, work: Work) -> None:
    """Check that the run has one input of one part and one output that shows the whole result."""
    if PIPE in (job.input, job.merged) or is_remote(given.input) or is_remote(given.output):
        raise given.refusal("INPUT and OUTPUT are files here")
    if not (given.input + given.output).isprintable():
        raise given.refusal("the names hold characters that cannot be printed")
    turned = [each for each in work.source.notes if each.endswith("converted to RGB")]
    if turned and not turned[0].startswith("palette"):  # which all programs read so
        raise given.refusal(f"the input is not in RGB: {turned[0]} by convtool")
    if getattr(work.source, "animated", False):
        raise given.refusal("the input has several pages or frames")
    whole = tuple(range(work.layer.channels))
    tiles = [tile.channels for tile in work.targets[0].tiles]
    shown_ = sum(tiles, ()) if given.medium.dims == 1 else tiles[0]  # sounds have no grid
    if len(work.targets) > 1 or shown_ != whole or job.split:
        raise given.refusal(
            f"the result is {work.layer.channels} channels in several pictures or files",
            "--merge makes one file of one or three channels",
        )
    if given.options.output.sheet:
        raise given.refusal("--sheet is convtool's own")


def _check_reading(given: Given) -> None:
    """Check that the input is read as it is."""
    for each in fields(given.options.reading):
        value = getattr(given.options.reading, each.name)
        if each.name in CHANGES and value != each.default:
            raise given.refusal(f"{flag_of(each.name)} changes what is read")
