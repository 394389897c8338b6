"""Import torch for a command that filters: what its layers do not use is put off.

A third of the import of torch is for compilers, exporters, quantization and tensors without
samples. They are deferred by name, in the versions of torch that this was tested with; any other
version, and whatever is not as expected, is imported as usual.
"""

import importlib.machinery
import os
import re
import sys
from pathlib import Path

from convtool.start.deferral import Deferral

WHOLE = "CONVTOOL_WHOLE_TORCH"  # set in the environment, to anything: nothing is put off
TESTED = {"2.13", "2.14", "2.15"}
PARTS = {
    "torch._higher_order_ops",
    "torch._meta_registrations",  # with _decomp, _prims and _refs, half of what is saved
    "torch._native",
    "torch.compiler",
    "torch.cuda.graph_annotations",
    "torch.distributed._meta_registrations",
    "torch.distributions",
    "torch.export",
    "torch.func",
    "torch.masked",
    "torch.nn.intrinsic",
    "torch.nn.qat",
    "torch.nn.quantizable",
    "torch.nn.quantized",
    "torch.optim",
    "torch.profiler",
    "torch.quantization",
    "torch.utils.data",
    "torchgen.model",
}
PROMISED = {"torch.func": {"vmap"}, "torch._higher_order_ops": {"cond", "while_loop"}}
_VERSION = re.compile(r"^__version__ = ['\"](\d+\.\d+)\.", re.MULTILINE)

_deferral: Deferral | None = None


def import_torch(*, whole: bool = False) -> None:
    """Import torch, if it has not been imported.

    Args:
        whole: put nothing off, as for a compiler, which uses all of it.
    """
    global _deferral  # noqa: PLW0603  # as there is one torch in a process
    if "torch" in sys.modules:
        return
    if not (whole or os.environ.get(WHOLE)) and _is_tested():
        _deferral = Deferral("torch", PARTS, PROMISED)
        sys.meta_path.insert(0, _deferral)
    import torch  # noqa: F401, PLC0415  # what all this is for

    if _deferral is not None:
        _deferral.end_of_import()


def complete() -> None:
    """Import what was put off; GPUs take some of their operators from there."""
    if _deferral is not None:
        _deferral.load()


def waiting() -> list[str]:
    """Return the names of the modules of torch that are put off."""
    return [] if _deferral is None else _deferral.waiting


def _is_tested() -> bool:
    """Return whether the version of torch is one of those that this was tested with."""
    spec = importlib.machinery.PathFinder.find_spec("torch")
    if spec is None or spec.origin is None or sys.implementation.name != "cpython":
        return False
    try:
        text = Path(spec.origin).with_name("version.py").read_text()
    except OSError:
        return False
    found = _VERSION.search(text)
    return found is not None and found[1] in TESTED
