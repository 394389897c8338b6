"""`convtool status`: how far the outputs of a folder have come, shard by shard."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from convtool.cli import messages
from convtool.errors import ReadError
from convtool.outputs.atomic import Publisher
from convtool.outputs.lists import write_list
from convtool.places.names import place
from convtool.sizes import counted

if TYPE_CHECKING:
    from convtool.outputs.status import ShardStatus

Output = Annotated[str, typer.Argument(metavar="OUTPUT", help="The folder of the outputs.")]
Json = Annotated[bool, typer.Option("--json", help="Print one line of JSON per shard.")]
FailedTo = Annotated[
    str | None,
    typer.Option(
        "--failed-to",
        metavar="FILE",
        help="Write the names of failed inputs to this file, a NUL after each, for --files0-from.",
    ),
]


def status(output: Output, *, failed_to: FailedTo = None, as_json: Json = False) -> None:
    """Tell how far runs into a folder have come: what is done, what failed, what to run again.

    Exits with 1 where anything is left to do.
    """
    from convtool.outputs.status import status as read  # noqa: PLC0415  # NumPy

    shards = read(place(output))
    if not shards:
        raise ReadError(
            f"{output}: no run has left a record here",
            hint="runs of several inputs, with --skip-existing or --shard leave one",
        )
    if failed_to is not None:
        names = [name for shard in shards for name in shard.failures]
        write_list(place(failed_to), names, Publisher())
    if as_json:
        for shard in shards:
            messages.data(asdict(shard) | {"shard": shard.shard and str(shard.shard)})
    else:
        _print(shards, failed_to)
    if any(map(_is_open, shards)):
        raise typer.Exit(1)


def _is_open(shard: "ShardStatus") -> bool:
    """Return whether anything of a shard is left to do."""
    return shard.state != "complete" or bool(shard.failures)


def _print(shards: "list[ShardStatus]", failed_to: str | None) -> None:
    """Print what people want to know: the sum, then each shard with something left."""
    for shard in filter(_is_open, shards):
        name = "the run" if shard.shard is None else f"shard {shard.shard}"
        print(f"{name}: {_state(shard)}")
        for input_, reason in shard.failures.items():
            told = reason if input_ in reason else f"{input_}: {reason}"
            print(f"  {messages.printable(told)}")
    done, failed = sum(one.done for one in shards), sum(len(one.failures) for one in shards)
    inputs = max((one.inputs for one in shards if one.inputs is not None), default=None)
    print(f"{done} of {counted(inputs, 'input') if inputs else 'the inputs'} done, {failed} failed")
    if shards[0].shard is not None:
        complete = sum(one.state == "complete" for one in shards)
        print(f"{complete} of {counted(len(shards), 'shard')} complete")
    _print_what_next(shards, failed_to)


def _state(shard: "ShardStatus") -> str:
    if shard.state == "missing":
        return "not begun"
    state = "complete" if shard.state == "complete" else "running or interrupted"
    return f"{state}, {shard.done} done, {len(shard.failures)} failed"


def _print_what_next(shards: "list[ShardStatus]", failed_to: str | None) -> None:
    again = [one for one in shards if one.state != "complete"]
    if again and again[0].shard is not None:
        numbers = _ranges([one.shard.number for one in again if one.shard is not None])
        print(f"run again with --skip-existing: shards {numbers} of {len(shards)}")
    elif again:
        print("run again with --skip-existing")
    if any(one.failures for one in shards):
        where = f"--files0-from {failed_to}" if failed_to else "--failed-to FILE lists them"
        print(f"failed inputs: {where}")


def _ranges(numbers: list[int]) -> str:
    """Return numbers as schedulers take them.

    >>> _ranges([1, 3, 4, 5, 9])
    '1,3-5,9'
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], number]
        else:
            runs.append([number])
    return ",".join("-".join(map(str, run)) for run in runs)
