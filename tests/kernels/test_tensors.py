"""Files of tensors: what is read, and what hostile ones are told."""

import json
import os
import pickle
import struct
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from convtool.errors import KernelError
from convtool.kernels.formats.tensors import open_tensors

MANY = 2**20


def test_tensors_of_both_formats_are_read_by_name(tmp_path):
    """Names are in the order of the file, numbers float64, whatever they are stored as."""
    weight, bias = torch.randn(2, 3, 3, 3), torch.randn(2)
    tensors = {"conv.weight": weight.bfloat16(), "conv.bias": bias}
    save_file(tensors, tmp_path / "a.safetensors")
    torch.save({"conv": {"weight": tensors["conv.weight"], "bias": bias}}, tmp_path / "a.pt")
    for name in ("a.safetensors", "a.pt"):
        file = open_tensors(tmp_path / name)
        assert file.shapes == {"conv.weight": (2, 3, 3, 3), "conv.bias": (2,)}
        read = file.read("conv.weight", MANY)
        assert read.dtype == np.float64
        np.testing.assert_array_equal(read, weight.bfloat16().double().numpy())


def test_the_older_format_of_pytorch_is_read(tmp_path):
    """Files from before PyTorch 1.6 are no archives."""
    torch.save({"weight": torch.ones(3)}, tmp_path / "a.pth", _use_new_zipfile_serialization=False)
    assert open_tensors(tmp_path / "a.pth").read("weight", MANY).tolist() == [1, 1, 1]


class RunsCode:
    """An object whose loading runs a command."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (os.system, (f"touch {self.mark}",))


def read_all(path):
    file = open_tensors(path)
    for name in file.shapes:
        file.read(name, MANY)


def refusal(path):
    """Return what is said of a file whose tensors are all read."""
    with pytest.raises(KernelError) as caught:
        read_all(path)
    assert caught.value.message.startswith(f"{path}: ")
    return caught.value.message


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_file_is_refused_and_not_run(tmp_path, zipped):
    """A pickle that calls a function is refused with the function's name."""
    path, mark = tmp_path / "evil.pt", tmp_path / "mark"
    content = {"weight": torch.ones(3), "more": RunsCode(mark)}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    assert "would run code" in (said := refusal(path))
    assert "posix.system" in said or "nt.system" in said
    assert not mark.exists()


def test_a_bare_pickle_and_a_whole_module_are_refused(tmp_path):
    """They hold objects beside tensors."""
    (tmp_path / "a.pt").write_bytes(pickle.dumps(RunsCode(tmp_path / "mark")))
    assert "code" in refusal(tmp_path / "a.pt")
    torch.save(torch.nn.Conv2d(1, 1, 3), tmp_path / "b.pt")
    assert "'torch.nn.modules.conv.Conv2d' beside tensors" in refusal(tmp_path / "b.pt")
    assert not (tmp_path / "mark").exists()


def test_zip_bombs_are_refused(tmp_path):
    """An archive that would unpack to more than its size is refused before it is."""
    torch.save({"weight": torch.zeros(2**22)}, tmp_path / "plain.pt")
    with (
        zipfile.ZipFile(tmp_path / "plain.pt") as plain,
        zipfile.ZipFile(tmp_path / "bomb.pt", "w", zipfile.ZIP_DEFLATED) as bomb,
    ):
        for name in plain.namelist():
            bomb.writestr(name, plain.read(name))
    assert (tmp_path / "bomb.pt").stat().st_size < 2**16
    assert "would unpack to more" in refusal(tmp_path / "bomb.pt")


class Allocates:
    """An object whose loading takes memory, by a function that torch calls."""

    def __reduce__(self):
        return (bytearray, (2**28,))


@pytest.mark.parametrize("zipped", [True, False])
def test_memory_that_a_small_file_asks_for_is_not_given(tmp_path, zipped):
    """The call is refused before it is made."""
    content = {"weight": torch.ones(3), "more": Allocates()}
    torch.save(content, tmp_path / "a.pt", _use_new_zipfile_serialization=zipped)
    assert "bytearray' beside tensors" in refusal(tmp_path / "a.pt")


def test_storage_that_a_small_file_claims_is_not_there(tmp_path):
    """A file from before PyTorch 1.6 whose storage has more numbers than the file."""
    path = tmp_path / "a.pt"
    torch.save({"weight": torch.ones(2**20)}, path, _use_new_zipfile_serialization=False)
    claimed = path.read_bytes().replace(
        b"J" + struct.pack("<I", 2**20), b"J" + struct.pack("<I", 2**30)
    )
    path.write_bytes(claimed[:-1000])
    assert "is damaged" in refusal(path)


def test_shapes_beyond_the_limits_are_refused(tmp_path):
    """A view of one number can claim any shape; it is not made real."""
    torch.save({"weight": torch.ones(1).expand(2**30, 2**9)}, tmp_path / "a.pt")
    assert f"has {2**39} numbers (1073741824×512), expected 1 to" in refusal(tmp_path / "a.pt")
    torch.save({"weight": torch.ones(0, 3)}, tmp_path / "b.pt")
    assert "has 0 numbers" in refusal(tmp_path / "b.pt")


def test_a_header_that_lies_is_refused(tmp_path):
    """A shape of safetensors must match the bytes that are there."""
    entry = {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 4]}
    header = json.dumps({"weight": entry}).encode()
    path = tmp_path / "a.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    assert "is damaged" in refusal(path)
    path.write_bytes(struct.pack("<Q", 2**60) + header)
    assert "is damaged" in refusal(path)


@pytest.mark.parametrize(
    ("tensor", "words"),
    [
        (torch.tensor([1.0, float("nan")]), "numbers are finite"),
        (torch.tensor([1e20]), "numbers are finite"),
        (torch.ones(2, dtype=torch.complex64), "is complex"),
        (torch.eye(2).to_sparse(), "sparse"),
        (torch.empty(2, device="meta"), "without content"),
    ],
)
def test_other_tensors_are_refused(tmp_path, tensor, words):
    """Only finite real numbers are weights."""
    torch.save({"weight": tensor}, tmp_path / "a.pt")
    assert words in refusal(tmp_path / "a.pt")


def test_nesting_and_counts_have_limits(tmp_path):
    """Containers that hold themselves many times over are not walked to their end."""
    inner = [torch.ones(1)]
    for _ in range(7):
        inner = [inner] * 10
    torch.save(inner, tmp_path / "a.pt")
    assert "more than 65536 values" in refusal(tmp_path / "a.pt")
    for _ in range(4):
        inner = [inner]
    torch.save(inner, tmp_path / "b.pt")
    assert "nested more than 8 deep" in refusal(tmp_path / "b.pt")


def test_damaged_and_missing_files_are_told(tmp_path):
    """Without a word of torch's."""
    for suffix in ("pt", "safetensors"):
        path = tmp_path / f"a.{suffix}"
        assert "no such file" in refusal(path)
        path.write_bytes(b"hello, world")
        assert "is damaged" in refusal(path)
        path.unlink()
        path.mkdir()
        assert "is not a regular file" in refusal(path)
    torch.save({"weight": torch.ones(3)}, tmp_path / "c.pt")
    content = bytearray((tmp_path / "c.pt").read_bytes())
    content[content.index(b"PK\x06\x07") + 16] = 2  # disks
    (tmp_path / "c.pt").write_bytes(content)
    assert "is damaged" in refusal(tmp_path / "c.pt")
    torch.save({"weight": torch.ones(1000)}, tmp_path / "b.pt")
    (tmp_path / "b.pt").write_bytes((tmp_path / "b.pt").read_bytes()[:2000])
    assert "is damaged" in refusal(tmp_path / "b.pt")
