"""Parse the text of `-k`, once: everything else is asked of the KernelSpec.

It must not read files: a loader claims a text by its form alone.
"""

from convtool.errors import KernelError
from convtool.kernels.equalizer import EqualizerLoader
from convtool.kernels.file import FileLoader
from convtool.kernels.formats.loader import FormatLoader
from convtool.kernels.grid import GridLoader
from convtool.kernels.impulse import ImpulseLoader
from convtool.kernels.loader import KernelSpec, Loader
from convtool.kernels.networks.loader import NetworkLoader
from convtool.kernels.preset import PresetLoader
from convtool.places.names import masked, scheme_of

# In this order; a text that no other loader claims is taken for the name of a preset.
LOADERS: tuple[Loader, ...] = (
    EqualizerLoader(),
    FileLoader(),
    NetworkLoader(),
    FormatLoader(),
    ImpulseLoader(),
    GridLoader(),
    PresetLoader(),
)


def parse(text: str) -> KernelSpec:
    """Return the spec of a kernel's text.

    Raises:
        KernelError: the text is empty, or its syntax is wrong.

    >>> spec = parse("gaussian:sigma=3")
    >>> spec.head, spec.parameters
    ('gaussian', (('sigma', '3'),))
    """
    if not text.strip():
        raise KernelError("empty kernel: expected a name, a YAML file or a grid of numbers")
    if scheme_of(text) is not None:
        raise KernelError(f"kernel '{masked(text)}': kernels are read from local files only")
    loader = next(loader for loader in LOADERS if loader.claims(text))
    return loader.parse(text)
