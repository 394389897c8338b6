"""Files of weights: safetensors, PyTorch. They name tensors, and say no more of their layers."""

from collections.abc import Iterator
from pathlib import Path

from convtool.errors import KernelError
from convtool.kernels.bounds import MAX_BIASES, MAX_LAYER_WEIGHTS
from convtool.kernels.formats.tensors import open_tensors
from convtool.kernels.networks.network import Described, Trained, check_axes, check_layer, unknown
from convtool.kernels.own import Own

# Below which training scripts store weights, and what wrappers put before their names.
WITHIN = ("", "state_dict.", "model.", "model_state_dict.", "module.", "state_dict.module.")
WEIGHT, BIAS = "weight", "bias"
SPLIT = ("weight_g", "weight_v", "original0", "original1")  # parts of weights, by weight_norm


class StateFile:
    """The layers of a file of weights.

    Args:
        path: of the file.

    Raises:
        KernelError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tensors = open_tensors(path)
        self._shapes = self._tensors.shapes

    def layers(self) -> list[Described]:
        """Return its convolutions: tensors of three to five axes that are called weights."""
        return list(self._layers())

    def _layers(self) -> Iterator[Described]:
        several = {name: shape for name, shape in self._shapes.items() if 3 <= len(shape) <= 5}
        called = {name: several[name] for name in several if name.split(".")[-1] == WEIGHT}
        for name, shape in (called or several).items():
            if name.split(".")[-1] not in SPLIT:
                kind, has_bias = f"{len(shape) - 2}-D", _bias_of(name) in self._shapes
                short = name.removesuffix(f".{WEIGHT}").removeprefix("state_dict.")
                yield Described(short, kind, shape, None, has_bias)

    def layer(self, name: str) -> Trained:
        """Return one of its convolutions, by the name of the layer or of its weights."""
        found = self._found(name)
        place = f"{self._path}: '{name}'"
        if found.split(".")[-1] in SPLIT:
            raise KernelError(
                f"{place} is a part of weights that weight_norm splits",
                hint="torch.nn.utils.parametrize.remove_parametrizations joins them before saving",
            )
        check_axes(place, self._shapes[found])
        weights = self._tensors.read(found, MAX_LAYER_WEIGHTS)
        beside = _bias_of(found)
        bias = self._tensors.read(beside, MAX_BIASES) if beside in self._shapes else None
        check_layer(place, weights, bias)
        return Trained(weights, bias, Own.usual(weights.ndim - 2, bias=bias is not None))

    def _found(self, name: str) -> str:
        """Return the name of the tensor of a layer's weights."""
        for within in WITHIN:
            for tensor in (f"{within}{name}", f"{within}{name}.{WEIGHT}"):
                if name and tensor in self._shapes:
                    return tensor
        raise unknown(str(self._path), name, (each.name for each in self._layers()))

    def steps(self, first: str, last: str) -> tuple[str, ...]:
        """Refuse: weights alone do not say how layers follow each other."""
        raise KernelError(
            f"{self._path}: weights alone do not say what lies between {first} and {last}",
            hint="write the steps as a chain: 'FILE:LAYER -> relu -> FILE:LAYER'",
        )

    def files(self) -> list[Path]:
        """Return the file."""
        return [self._path]


def _bias_of(name: str) -> str:
    """Return the name of the bias that belongs to weights.

    >>> _bias_of("conv1.weight"), _bias_of("weight")
    ('conv1.bias', 'bias')
    """
    if name == WEIGHT:
        return BIAS
    return f"{name.removesuffix(f'.{WEIGHT}')}.{BIAS}"
