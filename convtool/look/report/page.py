"""Put a page together: sections, styles, script and data in one HTML file.

Names and other texts of files are text everywhere: the template escapes them, and data cannot end
its element. The page's own policy forbids it any request, and any script but its own.
"""

import base64
import hashlib
import json
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup  # of jinja2

from convtool.look.report.run_data import run_data
from convtool.look.report.scripts import script
from convtool.look.report.sections import SECTIONS
from convtool.look.report.shown import Shown

STYLES = ("page", "stage", "sections", "media", "index")


def page(shown: Shown, index: str = "") -> bytes:
    """Return the page about a run, as HTML.

    Args:
        shown: what it is about.
        index: the address of the index of all inputs; empty where there is none.
    """
    found = [(section, section.facts(shown)) for section in SECTIONS]
    facts = {section.name: facts for section, facts in found if facts is not None}
    sections = [section for section in SECTIONS if section.name in facts]
    return render(
        "page.html",
        shown.title,
        sections=sections,
        facts=facts,
        run=run_data(shown),
        shown=shown,
        index=index,
    )


def render(template: str, title: str, script_name: str = "main", **values: Any) -> bytes:
    """Return a page made of a template, with the styles and the script inside.

    Args:
        template: its name.
        title: of the page.
        script_name: the module that starts its script.
        values: for the template.
    """
    style, code = _styles(), script(script_name)
    policy = (
        f"default-src 'none'; script-src 'sha256-{_digest(code)}'; "
        f"style-src 'sha256-{_digest(style)}'; img-src data: blob:; media-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
    html = _environment().get_template(template)
    inside = {"style": Markup(style), "script": Markup(code), "policy": policy}  # noqa: S704
    return html.render(title=title, **inside, **values).encode("utf-8", "replace")


def embedded(data: Any) -> Markup:
    r"""Return data as JSON that can stand in a script element: no text in it can end that.

    >>> embedded("</script>")
    Markup('"\\u003c/script>"')
    """
    return Markup(json.dumps(data, separators=(",", ":")).replace("<", "\\u003c"))  # noqa: S704


def minus(number: float) -> str:
    """Return a number with a real minus.

    >>> minus(-90)
    '−90'
    """
    return str(number).replace("-", "\N{MINUS SIGN}")


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("convtool.look.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["embedded"] = embedded
    environment.filters["minus"] = minus
    return environment


def _styles() -> str:
    folder = files("convtool.look.report") / "styles"
    return "\n".join((folder / f"{name}.css").read_text(encoding="utf-8") for name in STYLES)


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
