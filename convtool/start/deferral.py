"""Put imports of modules off until something looks at what is in them.

Nothing is left out and nothing is imitated: a deferred module is the module itself, not executed
yet. The first look into any of them executes all, in the order in which they were asked for, so
that they find each other as they would have. `importlib.util.LazyLoader` would execute each when it
is looked at; packages whose modules import each other in circles do not survive another order.
"""

import copy
import importlib.machinery
import sys
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

PLACEHOLDER = object()  # stands for a promised name while the package is imported
# What the import system itself sets and asks for; it is there before a module is executed.
_KNOWN = frozenset(
    f"__{name}__"
    for name in ("cached", "class", "file", "loader", "name", "package", "path", "spec")
)
_IMPORT_SYSTEM = {"_frozen_importlib", "importlib._bootstrap"}


class Deferral(MetaPathFinder):
    """The finder that puts modules off while a package is imported.

    Args:
        package: the name of the package.
        modules: the full names of the modules that are put off.
        promised: the names that the package itself takes over from some of them by
            `from module import name`, by the name of the module. It gets a placeholder, and after
            its import such a name is looked up when it is asked for.
    """

    def __init__(
        self, package: str, modules: Collection[str], promised: Mapping[str, Collection[str]]
    ) -> None:
        self._package, self._modules, self._promised = package, modules, promised
        self._class = _class_of_modules(self)
        self._waiting: dict[str, tuple[ModuleType, Loader]] = {}
        self._owners: dict[str, str] = {}  # the modules of promised names that were taken over
        self._looked_up: Callable[[str], object] | None = None  # the package's own `__getattr__`
        self._lock = threading.RLock()
        self._imported = self._loading = False

    @property
    def waiting(self) -> list[str]:
        """The names of modules that are put off, in the order in which they were asked for."""
        return list(self._waiting)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how to put a module off; for others None, after what they may build upon."""
        if name in self._modules and not self._loading:
            spec = importlib.machinery.PathFinder.find_spec(name, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = _Deferring(self, spec.loader)
            return spec
        parent = name.rpartition(".")[0]
        if parent in self._waiting or (self._imported and name.startswith(f"{self._package}.")):
            self.load(parent)
            if name in sys.modules:  # what was executed has imported it: a second one would differ
                return _kept(sys.modules[name])
        return None

    def put_off(self, module: ModuleType, loader: Loader) -> None:
        """Let a module wait until something looks at it.

        Args:
            module: it has been made, but not executed.
            loader: executes it.
        """
        module.__class__ = self._class
        self._waiting[module.__name__] = (module, loader)

    def promise(self, module: str, name: str) -> bool:
        """Return whether a placeholder does for now; called by the attribute lookup of a module.

        Args:
            module: the name of the deferred module that is looked at.
            name: what is looked for.
        """
        if self._imported or self._loading or name not in self._promised.get(module, ()):
            return False
        asking = sys._getframe(2).f_globals.get("__name__")  # noqa: SLF001
        if asking == self._package:
            self._owners[name] = module
        return asking == self._package or asking in _IMPORT_SYSTEM  # which only asks if it is there

    def end_of_import(self) -> None:
        """Make promised names of the package, which has been imported, load what they stand for."""
        with self._lock:
            self._imported = True
            if not self._waiting:
                return
            names = vars(sys.modules[self._package])
            for name in self._owners:
                del names[name]
            self._looked_up = names.get("__getattr__")
            names["__getattr__"] = self._look_up

    def _look_up(self, name: str) -> object:
        """Return what the package does not have: a promised name, or what it looks up itself."""
        if name in self._owners:
            self.load()
            return getattr(sys.modules[self._package], name)
        if self._looked_up is None:
            raise AttributeError(f"module '{self._package}' has no attribute '{name}'")
        return self._looked_up(name)

    def load(self, name: str = "") -> None:
        """Execute all that was put off; the import system is then as it was.

        Args:
            name: of the module that is looked at. Where a module that is being executed looks at
                one that waits, that one comes first, as it would with imports that are not put off.
        """
        with self._lock:
            if self._loading:
                self._execute(name)
                return
            self._loading = True
            for waiting in self.waiting:
                self._execute(waiting)
            sys.meta_path.remove(self)
            names = vars(sys.modules[self._package])
            for promised, module in self._owners.items():
                names[promised] = getattr(sys.modules[module], promised)
            if self._imported:
                del names["__getattr__"]
            if self._looked_up is not None:
                names["__getattr__"] = self._looked_up

    def _execute(self, name: str) -> None:
        """Execute a module, unless it has been or is being executed."""
        if name not in self._waiting:
            return
        module, loader = self._waiting.pop(name)
        assert module.__spec__ is not None
        module.__spec__.loader = module.__loader__ = loader
        loader.exec_module(module)
        module.__class__ = ModuleType


class _Deferring(Loader):
    """Makes a module as another loader does, and lets it wait."""

    def __init__(self, deferral: Deferral, loader: Loader) -> None:
        self._deferral, self._loader = deferral, loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._deferral.put_off(module, self._loader)


class _There(Loader):
    """Gives a module that is there already."""

    def __init__(self, module: ModuleType) -> None:
        self._module, self._spec = module, module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        del spec
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec


def _kept(module: ModuleType) -> ModuleSpec:
    """Return how the import system gets a module that has been imported while it looked for it.

    It would take the module's own spec then, and make the module again: it is given another one.
    """
    spec = copy.copy(module.__spec__)
    assert spec is not None
    spec.loader = _There(module)
    module.__spec__ = spec
    return spec


def _class_of_modules(deferral: Deferral) -> type[ModuleType]:
    """Return the class of modules that wait: any look at what they will hold executes them."""

    class Deferred(ModuleType):
        def __getattribute__(self, name: str) -> object:
            if name not in _KNOWN:
                if deferral.promise(self.__name__, name):
                    return PLACEHOLDER
                deferral.load(self.__name__)
            return ModuleType.__getattribute__(self, name)  # of the class it has by now

        def __setattr__(self, name: str, value: object) -> None:
            if name not in _KNOWN and not isinstance(value, ModuleType):
                deferral.load(self.__name__)  # which would set it again
            ModuleType.__setattr__(self, name, value)

    return Deferred
