"""Join the modules of the script into one, so that a page needs no other file.

Modules import names from each other, as in `import { copy } from "./copy.js";`, and export
functions, constants and classes. Each becomes a function that is called once.
"""

import re
from functools import cache
from importlib.resources import files

IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./(\w+)\.js";\n', re.MULTILINE)
EXPORT = re.compile(r"^export ((?:async )?(?:function|const|class) (\w+))", re.MULTILINE)


@cache
def script(name: str = "main") -> str:
    """Return a module and all that it needs, each after those that it imports."""
    modules: dict[str, str] = {}
    _add(name, modules)
    return "\n".join(modules.values())


def source(name: str) -> str:
    """Return the text of a module of the script."""
    folder = files("convtool.look.report") / "scripts"
    return (folder / f"{name}.js").read_text(encoding="utf-8")


def _add(name: str, modules: dict[str, str]) -> None:
    """Add a module, and before it those that it imports."""
    text = source(name)
    for _, needed in IMPORT.findall(text):
        if needed not in modules:
            _add(needed, modules)
    exported = ", ".join(found for _, found in EXPORT.findall(text))
    body = EXPORT.sub(r"\1", IMPORT.sub(r"const \1 = \2_js;\n", text))
    modules[name] = (
        f"// {name}.js\nconst {name}_js = (() => {{\n{body}return {{ {exported} }};\n}})();\n"
    )
