"""Read tensors by their names from safetensors and PyTorch files, which nobody vouches for.

Nothing in a file is run: those of PyTorch are loaded with `weights_only=True`, never otherwise.
Shapes are known before numbers are read, and each tensor is checked before it is copied. It does
not know what tensors mean.
"""

import pickletools
import re
import stat
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convtool.errors import KernelError
from convtool.kernels.bounds import (
    MAX_NESTING,
    MAX_PICKLE_BYTES,
    MAX_TENSOR_BYTES,
    MAX_TENSORS,
    MAX_WEIGHT,
)
from convtool.sizes import counted

if TYPE_CHECKING:
    from torch import Tensor

SAFETENSORS = (".safetensors",)
PICKLED = (".pt", ".pth")

ARCHIVE = b"PK\x03\x04"  # by which torch tells archives from older files
PICKLES = 5  # at the beginning of files from before PyTorch 1.6
ALLOCATING = {"bytearray", "encode"}  # which torch would call, as often and large as it is asked to

_GLOBAL = re.compile(r"GLOBAL ([\w.]+)")
_INSIDE = "a dictionary of tensors, as torch.save(model.state_dict(), FILE) writes it"


class TensorFile:
    """The tensors of a file, each read when it is asked for.

    Args:
        path: of the file.
        shapes: of its tensors, by their names.
        tensor: returns one of them.

    Attributes:
        path: of the file.
        shapes: of its tensors, by their names, in the order of the file.
    """

    def __init__(
        self, path: Path, shapes: dict[str, tuple[int, ...]], tensor: Callable[[str], "Tensor"]
    ) -> None:
        self.path, self.shapes, self._tensor = path, shapes, tensor

    def read(self, name: str, most: int) -> NDArray[np.float64]:
        """Return the numbers of a tensor.

        Args:
            name: of the tensor, one of `shapes`.
            most: how many numbers it may have.

        Raises:
            KernelError: it has more or none, it is not made of real numbers, or one of them is not
                finite or exceeds `MAX_WEIGHT` in size.
        """
        shape, place = self.shapes[name], f"{self.path}: tensor '{name}'"
        count = 1
        for length in shape:  # of Python's integers, which do not overflow
            count *= length
        if not 0 < count <= most:
            size = "×".join(map(str, shape))
            raise KernelError(f"{place} has {count} numbers ({size}), expected 1 to {most}")
        try:
            tensor = self._tensor(name)
        except Exception as exc:
            raise KernelError(f"{place} is damaged") from exc
        problem = _unusable(tensor)
        if problem:
            raise KernelError(f"{place} is {problem}, expected real numbers")
        array = tensor.detach().double().numpy()
        if not bool((np.abs(array) <= MAX_WEIGHT).all()):  # which NaN is not
            raise KernelError(f"{place}: numbers are finite and at most {MAX_WEIGHT:g} in size")
        return np.array(array)


def open_tensors(path: Path) -> TensorFile:
    """Open a file of tensors: its suffix tells its format.

    Args:
        path: of a file that ends in `.safetensors`, `.pt` or `.pth`.

    Raises:
        KernelError: it cannot be read, is larger than `MAX_TENSOR_BYTES`, is damaged, or holds
            anything beside tensors, numbers and texts.
    """
    try:
        status = path.stat()
    except FileNotFoundError as exc:
        raise KernelError(f"{path}: no such file") from exc
    except (OSError, ValueError) as exc:  # ValueError: a NUL in the name
        reason = getattr(exc, "strerror", None) or "not a file name"
        raise KernelError(f"{path}: cannot be read: {reason}") from exc
    if not stat.S_ISREG(status.st_mode):
        raise KernelError(f"{path}: is not a regular file")
    size = status.st_size
    if size > MAX_TENSOR_BYTES:
        raise KernelError(f"{path}: larger than the limit of {MAX_TENSOR_BYTES // 2**30} GiB")
    if path.suffix.lower() in SAFETENSORS:
        return _open_safetensors(path)
    return _open_pickled(path, size)


def _open_safetensors(path: Path) -> TensorFile:
    from safetensors import SafetensorError, safe_open  # noqa: PLC0415  # with torch

    try:
        file = safe_open(path, framework="pt")
        names = file.keys()
        shapes = {name: tuple(file.get_slice(name).get_shape()) for name in names}
    except PermissionError as exc:
        raise KernelError(f"{path}: cannot be read: {exc.strerror}") from exc
    except (SafetensorError, OSError, ValueError, OverflowError) as exc:
        raise KernelError(f"{path}: is damaged, or no safetensors file") from exc
    if len(shapes) > MAX_TENSORS:
        raise KernelError(f"{path}: {len(shapes)} tensors, the limit is {MAX_TENSORS}")
    return TensorFile(path, shapes, file.get_tensor)


def _open_pickled(path: Path, size: int) -> TensorFile:
    import torch  # noqa: PLC0415  # takes seconds to import

    try:
        with path.open("rb") as file:
            zipped = file.read(len(ARCHIVE)) == ARCHIVE
    except OSError as exc:
        raise KernelError(f"{path}: cannot be read: {exc.strerror}") from exc
    if zipped:
        _check_archive(path, size)
    _check_calls(path, zipped=zipped)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content = torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    except Exception as exc:
        raise _refused(path, str(exc)) from exc
    tensors: dict[str, Tensor] = {}
    for number, (name, value) in enumerate(_walk(path, content, (), torch.Tensor)):
        if number >= MAX_TENSORS:
            raise KernelError(f"{path}: more than {MAX_TENSORS} values")
        if isinstance(value, torch.Tensor):
            tensors[name] = value
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    return TensorFile(path, shapes, tensors.__getitem__)


def _check_archive(path: Path, size: int) -> None:
    """Check that an archive holds no more than its file: what torch.save writes is not packed."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as exc:
        raise KernelError(f"{path}: the archive is damaged") from exc
    if sum(entry.file_size for entry in entries) > size:
        raise KernelError(
            f"{path}: its entries would unpack to more than the file's {counted(size, 'byte')}, "
            "which torch.save never writes"
        )
    pickles = (entry.file_size for entry in entries if entry.filename.endswith(".pkl"))
    if sum(pickles) > MAX_PICKLE_BYTES:
        raise KernelError(
            f"{path}: its list of tensors is larger than the limit of {MAX_PICKLE_BYTES // 2**20} "
            "MiB"
        )


def _check_calls(path: Path, *, zipped: bool) -> None:
    """Check that no pickle asks for more memory than its file has; torch would grant it."""
    for name in _globals(path, zipped=zipped):
        if name.split(".")[-1] in ALLOCATING:
            raise _refused(path, f"weights_only GLOBAL {name}")


def _globals(path: Path, *, zipped: bool) -> Iterator[str]:
    """Yield the functions that pickles name; what cannot be followed is left to torch."""
    with suppress(OSError, ValueError, zipfile.BadZipFile), ExitStack() as files:
        file = files.enter_context(path.open("rb"))
        pickles: list[IO[bytes]] = [file] * PICKLES
        if zipped:
            archive = files.enter_context(zipfile.ZipFile(file))
            names = (name for name in archive.namelist() if name.endswith(".pkl"))
            pickles = [files.enter_context(archive.open(name)) for name in names]
        for each in pickles:
            operations = pickletools.genops(each)
            yield from (
                str(value).replace(" ", ".") for op, value, _ in operations if op.name == "GLOBAL"
            )


def _refused(path: Path, problem: str) -> KernelError:
    """Return the error of a file that torch refuses, in our words."""
    if "TorchScript" in problem:
        return KernelError(
            f"{path}: is a TorchScript archive, which holds code; expected {_INSIDE}"
        )
    named = _GLOBAL.search(problem)
    if named or "weights_only" in problem.lower():
        what = f"'{named[1]}'" if named else "objects"
        return KernelError(
            f"{path}: holds {what} beside tensors, and loading that would run code of the file; "
            f"expected {_INSIDE}",
            hint="only tensors are read (weights_only=True)",
        )
    return KernelError(f"{path}: is damaged, or was not written by torch.save")


def _walk(
    path: Path, value: Any, steps: tuple[str, ...], tensor: type
) -> Iterator[tuple[str, Any]]:
    """Yield every value in nested dictionaries and lists, with its name: `features.0.weight`."""
    if len(steps) > MAX_NESTING:
        raise KernelError(f"{path}: nested more than {MAX_NESTING} deep")
    if isinstance(value, dict):
        pairs = ((str(key), inner) for key, inner in value.items())
    elif isinstance(value, list | tuple) and not isinstance(value, tensor):
        pairs = ((str(number), inner) for number, inner in enumerate(value))
    else:
        yield ".".join(steps) or "weight", value
        return
    for key, inner in pairs:
        yield from _walk(path, inner, (*steps, key), tensor)


def _unusable(tensor: "Tensor") -> str | None:
    """Return what a tensor is that has no plain numbers; None for one that has."""
    import torch  # noqa: PLC0415  # it is there already

    if tensor.is_quantized or tensor.layout != torch.strided or tensor.device.type != "cpu":
        return "quantized, sparse or without content"
    return "complex" if tensor.is_complex() else None
