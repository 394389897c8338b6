"""The networks of torchvision, with weights that are here already: nothing is downloaded.

A network is made without memory for its weights; only those of the layers asked for are read.
"""

import difflib
import inspect
import os
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import torch
from torch import nn
from torchvision import models
from torchvision.transforms._presets import OpticalFlow

from convtool.errors import KernelError
from convtool.kernels.bounds import MAX_BIASES, MAX_LAYER_WEIGHTS
from convtool.kernels.formats.tensors import TensorFile, open_tensors
from convtool.kernels.networks import prefix
from convtool.kernels.networks.names import is_network, plain
from convtool.kernels.networks.network import Described, Numbers, Trained, check_layer, unknown
from convtool.kernels.own import Own, Preprocess

FOLDER = "CONVTOOL_MODELS"  # names a folder that is searched before torch.hub's
FOLLOWS = "+"  # before a batch normalization whose scale and shift are put into the weights
CONVS = nn.Conv1d | nn.Conv2d | nn.Conv3d
TRANSPOSED = nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d
NORMS = nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d
# Arguments by which networks neither load weights nor draw them.
WITHOUT = {"weights": None, "weights_backbone": None, "init_weights": False}


class Zoo:
    """A network of torchvision.

    Args:
        name: of the network, in any case, with - or _.

    Raises:
        KernelError: torchvision has no such network.
    """

    def __init__(self, name: str) -> None:
        self.name, own = name, plain(name)
        known = [known for known in models.list_models() if is_network(known)]
        if own not in known:
            near = difflib.get_close_matches(own, known, n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else None
            raise KernelError(f"torchvision has no network '{name}'", hint=hint)
        self._choices = list(models.get_model_weights(own))
        default = models.get_model_weights(own).DEFAULT if self._choices else None
        self._choices.sort(key=lambda choice: choice is not default)
        self.model = _made(models.get_model_builder(own))
        self._file: tuple[TensorFile, Any] | None = None

    def layers(self) -> list[Described]:
        """Return its convolutions, in the order in which it lists them."""
        return [
            Described(
                name,
                type(module).__name__,
                tuple(module.weight.shape),
                own_of(module) if isinstance(module, CONVS) else None,
                module.bias is not None,
            )
            for name, module in self._convolutions()
        ]

    def _convolutions(self) -> Iterator[tuple[str, Any]]:
        for name, module in self.model.named_modules():
            if isinstance(module, CONVS | TRANSPOSED):
                yield name, module

    def layer(self, name: str) -> Trained:
        """Return one of its convolutions; behind a `+`, the batch normalization that follows it."""
        name, _, norm = name.partition(FOLLOWS)
        module = self._module(name)
        if not isinstance(module, CONVS):
            raise self._no_convolution(name, module)
        weights = self._read(f"{name}.weight", MAX_LAYER_WEIGHTS)
        bias = None if module.bias is None else self._read(f"{name}.bias", MAX_BIASES)
        if norm:
            weights, bias = self._normalized(name, norm, weights, bias)
        check_layer(f"{self.name}:{name}", weights, bias)
        own = replace(own_of(module), bias=bias is not None)
        return Trained(weights, bias, own, self._preprocess(name, module), self._notes())

    def _module(self, name: str) -> nn.Module:
        try:
            return self.model.get_submodule(name)
        except AttributeError as exc:
            names = (known for known, _ in self._convolutions())
            raise unknown(self.name, name, names) from exc

    def _no_convolution(self, name: str, module: nn.Module) -> KernelError:
        inside = [each for each, _ in self._convolutions() if each.startswith(f"{name}.")]
        hint = f"it contains {inside[0]}" if inside else None
        return KernelError(
            f"{self.name}: '{name}' is {_article(type(module).__name__)}, expected a convolution",
            hint=hint,
        )

    def _normalized(
        self, name: str, norm: str, weights: Numbers, bias: Numbers | None
    ) -> tuple[Numbers, Numbers]:
        """Return weights and bias with the batch normalization that follows put into them."""
        module = self._module(norm)
        if not isinstance(module, NORMS) or module.num_features != len(weights):
            raise KernelError(f"{self.name}: '{norm}' is no batch normalization of {name}")
        fields = ("weight", "bias", "running_mean", "running_var")
        read = [self._read(f"{norm}.{field}", MAX_BIASES) for field in fields]
        gamma, beta, mean, variance = read
        scale = gamma / np.sqrt(variance + module.eps)
        shifted = (0 if bias is None else bias) - mean
        return weights * scale.reshape(-1, *(1,) * (weights.ndim - 1)), shifted * scale + beta

    def _read(self, name: str, most: int) -> Numbers:
        """Return a tensor of the file of weights; older files of DenseNet spell some with dots."""
        tensors, _ = self._weights()
        spelled = {key.replace(".", ""): key for key in tensors.shapes}
        found = name if name in tensors.shapes else spelled.get(name.replace(".", ""))
        if found is None:
            raise KernelError(f"{tensors.path}: no tensor '{name}', which {self.name} has")
        expected = tuple(self.model.state_dict()[name].shape)
        if tensors.shapes[found] != expected:
            sizes = ("×".join(map(str, size)) for size in (tensors.shapes[found], expected))
            size, right = sizes
            raise KernelError(f"{tensors.path}: tensor '{found}' is {size}, expected {right}")
        return tensors.read(found, most)

    def _weights(self) -> tuple[TensorFile, Any]:
        """Return the file of its weights, and which of torchvision's they are."""
        if self._file is None:
            self._file = self._found()
        return self._file

    def _found(self) -> tuple[TensorFile, Any]:
        folders = weight_folders()
        for choice in self._choices:
            for folder in folders:
                path = folder / file_name(choice)
                if path.is_file():
                    return open_tensors(path), choice
        if not self._choices:
            raise KernelError(f"{self.name}: torchvision has no trained weights of it")
        usual = self._choices[0]
        raise KernelError(
            f"{self.name}: its weights are not on this machine: no {file_name(usual)} in "
            f"{' or '.join(map(str, folders))}",
            hint=f"put it there, from {usual.url}, or fetch it: python -c "
            f"\"import torch; torch.hub.load_state_dict_from_url('{usual.url}')\"",
        )

    def _notes(self) -> tuple[str, ...]:
        """Return which weights are used where they are not torchvision's first choice."""
        tensors, choice = self._weights()
        if choice is self._choices[0]:
            return ()
        return (f"{self.name} with {choice} from {tensors.path}",)

    def _preprocess(self, name: str, module: Any) -> Preprocess | None:
        """Return what an image goes through before the first convolution; None before others."""
        first = next(known for known, _ in self._convolutions())
        if name != first:
            return None
        given = self._weights()[1].transforms()
        # Weights of Inception and GoogLeNet switch the former on; RAFT's do the same.
        if hasattr(self.model, "transform_input") or isinstance(given, OpticalFlow):
            return Preprocess((0.5,) * 3, (0.5,) * 3)
        inner = getattr(self.model, "transform", None)  # of networks that detect
        mean = getattr(inner, "image_mean", None) or getattr(given, "mean", None)
        std = getattr(inner, "image_std", None) or getattr(given, "std", None)
        if mean is None or std is None or len(mean) != module.weight.shape[1]:
            return None
        return Preprocess(tuple(map(float, mean)), tuple(map(float, std)))

    def steps(self, first: str, last: str) -> tuple[str, ...]:
        """Return the steps of a chain from one layer to another."""
        return prefix.steps(self.name, self.model, first, last)

    def files(self) -> list[Path]:
        """Return the file of its weights."""
        return [self._weights()[0].path]


def _made(builder: Any) -> nn.Module:
    """Return a network, without memory for its weights where it can be made so."""
    taken = inspect.signature(builder).parameters
    arguments = {name: value for name, value in WITHOUT.items() if name in taken}
    model: nn.Module
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with torch.device("meta"):
                model = builder(**arguments)
        except NotImplementedError:  # RegNet computes its sizes by tensors
            model = builder(**arguments)
    return model.eval()


def own_of(module: Any) -> Own:
    """Return how a convolution of PyTorch moves."""
    pads: Any = module.padding
    if pads == "valid":
        pads = (0,) * len(module.kernel_size)
    if not isinstance(pads, str):
        pads = tuple((each, each) for each in pads)
    return Own(
        module.stride,
        pads,
        module.dilation,
        module.groups,
        module.padding_mode,
        module.bias is not None,
    )


def weight_folders() -> list[Path]:
    """Return the folders where weights are looked for: of CONVTOOL_MODELS, and torch.hub's."""
    given = os.environ.get(FOLDER)
    return [*([Path(given)] if given else []), Path(torch.hub.get_dir()) / "checkpoints"]


def file_name(choice: Any) -> str:
    """Return the name that torch.hub gives the file of weights."""
    return PurePosixPath(urlsplit(choice.url).path).name


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"
