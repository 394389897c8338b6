"""Plan the jobs of a command, by its words and options alone: no input is opened."""

import dataclasses
import itertools
import secrets
from collections.abc import Iterator, Sequence

from convtool.errors import UsageError
from convtool.media.inputs import PIPE
from convtool.media.registry import Medium
from convtool.options.options import Options
from convtool.options.run import RunOptions
from convtool.outputs.jobs import Jobs, plan_jobs
from convtool.outputs.lists import read_list
from convtool.outputs.naming import Naming
from convtool.outputs.shards import Shard, read_shard


def planned(
    inputs: Sequence[str],
    output: str,
    medium: Medium,
    options: Options,
    run_options: RunOptions,
) -> Jobs:
    """Return the jobs, after every check that needs no input."""
    naming = _naming(medium, options, run_options)
    jobs = plan_jobs(inputs, output, naming, _listed(run_options), shard_of(run_options))
    for job in jobs.known:
        if job.problem is None:
            medium.backend.check_suffix(job.suffix)
    if run_options.json and output == PIPE:
        raise UsageError("standard output takes either the result or --json")
    return jobs


def shard_of(run_options: RunOptions) -> Shard | None:
    """Return the shard that is asked for, if any."""
    text = run_options.shard
    return None if text is None else read_shard(text, run_options.shard_by)


def seeded(options: Options, run_options: RunOptions) -> Options:
    """Choose the seed of random weights now, so that it can be printed and used again.

    Raises:
        UsageError: each shard would choose another one.
    """
    if options.kernel.kernel or options.kernel.seed is not None:
        return options
    if run_options.shard is not None:
        raise UsageError(
            "each shard would draw other random weights", hint="--seed N draws the same ones"
        )
    kernel = dataclasses.replace(options.kernel, seed=secrets.randbelow(2**31))
    return dataclasses.replace(options, kernel=kernel)


def _listed(run_options: RunOptions) -> Iterator[str] | None:
    """Return the names of all lists; None where there is no list."""
    files = ((run_options.files_from, b"\n"), (run_options.files0_from, b"\0"))
    lists = [read_list(str(file), separator) for file, separator in files if file is not None]
    return itertools.chain.from_iterable(lists) if lists else None


def _naming(medium: Medium, options: Options, run_options: RunOptions) -> Naming:
    backend = medium.backend
    suffix = None
    if options.output.format is not None:
        backend.check_suffix(options.output.format)
        suffix = f".{options.output.format.lower().removeprefix('.')}"
    return Naming(
        readable=backend.readable,
        writable=backend.writable,
        folders=backend.folders,
        medium=medium.name,
        several=medium.several,
        one=medium.one,
        suffix=suffix,
        split=options.output.one_file_per_channel,
        glob=run_options.glob,
        template=run_options.name,
    )
