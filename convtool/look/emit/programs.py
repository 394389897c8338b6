"""The programs that a run is printed for, and how."""

from collections.abc import Callable, Mapping

from convtool.look.emit import ffmpeg, imagemagick, script, sox, vips
from convtool.look.emit.given import Emitted, Given, given_of
from convtool.media.contract import Part
from convtool.options.run import Program
from convtool.outputs.job import Job
from convtool.run.state import Run, Work

PROGRAMS: Mapping[Program, Callable[[Given], Emitted]] = {
    "pytorch": script.pytorch,
    "vips": vips.emit,
    "imagemagick": imagemagick.emit,
    "ffmpeg": ffmpeg.emit,
    "sox": sox.emit,
    "onnx": script.onnx,
}


def emitted(program: Program, job: Job, part: Part, work: Work, shared: Run) -> Emitted:
    """Return the same run for another program.

    Args:
        program: its name.
        job: the job.
        part: the input.
        work: its work; only the header of the input was read.
        shared: the filter of the run.

    Raises:
        UsageError: the program cannot do it, with the reason.
    """
    return PROGRAMS[program](given_of(program, job, part, work, shared))
