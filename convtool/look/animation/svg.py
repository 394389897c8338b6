"""Write a film as SVG: one file without references, animated by CSS.

Where CSS does not animate, or the reader has asked for less motion, the first step stands still. It
pauses under the mouse.
"""

import hashlib
import itertools
import operator
from collections.abc import Iterable
from xml.sax.saxutils import escape

from convtool.look.animation.scene import Film, Item, Sprite, Text

FONTS = "'Helvetica Neue',Helvetica,Arial,'DejaVu Sans',sans-serif"


def svg(film: Film) -> str:
    """Return a film as the text of an SVG file."""
    return _Writer(film).document()


class _Writer:
    """One document. Its names begin with a prefix, since pages may hold several documents."""

    def __init__(self, film: Film) -> None:
        self._film = film
        self._prefix = "c" + hashlib.sha256(repr(film).encode()).hexdigest()[:4]
        self._styles: dict[str, str] = {}
        self._times: dict[tuple[int, int], str] = {}
        self._shared: dict[tuple[Item, ...], str] = {}

    def document(self) -> str:
        film = self._film
        shared = self._definitions()
        body = "\n".join(self._sprite(sprite) for sprite in film.sprites)
        p = self._prefix
        return (
            f'<svg id="{p}" xmlns="http://www.w3.org/2000/svg" '
            f'viewBox="0 0 {film.width} {film.height}" '
            f'width="{film.width}" height="{film.height}" style="max-width:100%;height:auto" '
            f'role="img" aria-labelledby="{p}t {p}d">\n'
            f'<title id="{p}t">{escape(film.title)}</title>\n'
            f'<desc id="{p}d">{escape(film.description)}</desc>\n'
            f"<style>{self._css()}</style>\n"
            f"<defs>{shared}</defs>\n"
            f'<rect width="{film.width}" height="{film.height}" rx="12" '
            f'fill="{film.background}"/>\n'
            f"{body}\n</svg>\n"
        )

    def _definitions(self) -> str:
        """Return the drawings that several sprites share."""
        counts: dict[tuple[Item, ...], int] = {}
        for sprite in self._film.sprites:
            counts[sprite.items] = counts.get(sprite.items, 0) + 1
        for items, count in counts.items():
            if count > 1:
                self._shared[items] = f"{self._prefix}g{len(self._shared)}"
        return "".join(
            f'<g id="{name}">{self._items(items)}</g>' for items, name in self._shared.items()
        )

    def _sprite(self, sprite: Sprite) -> str:
        timed = self._timed(sprite)
        if sprite.items in self._shared:
            name = self._shared[sprite.items]
            return f'<use href="#{name}" x="{_n(sprite.x)}" y="{_n(sprite.y)}"{timed}/>'
        moved = f' transform="translate({_n(sprite.x)} {_n(sprite.y)})"'
        moved = moved if sprite.x or sprite.y else ""
        return f"<g{moved}{timed}>{self._items(sprite.items)}</g>"

    def _timed(self, sprite: Sprite) -> str:
        if sprite.first is None or sprite.last is None:
            return ""
        key = sprite.first, sprite.last
        name = self._times.setdefault(key, f"{self._prefix}a{len(self._times)}")
        return f' class="{self._prefix} {name}"'

    def _items(self, items: Iterable[Item]) -> str:
        """Return items one after the other, those of one style in one group."""
        drawn = ((_style(item), _element(item)) for item in items)
        return "".join(
            f'<g class="{self._class(style)}">{"".join(element for _, element in group)}</g>'
            for style, group in itertools.groupby(drawn, operator.itemgetter(0))
        )

    def _class(self, style: str) -> str:
        return self._styles.setdefault(style, f"{self._prefix}s{len(self._styles)}")

    def _css(self) -> str:
        p, film = self._prefix, self._film
        total = sum(film.durations)
        rules = [f".{name}{{{style}}}" for style, name in self._styles.items()]
        rules.append(f".{p}{{visibility:hidden;animation:{total:g}s step-end infinite}}")
        for (first, last), name in self._times.items():
            frames = _keyframes(first * film.seconds / total, (last + 1) * film.seconds / total)
            if first == 0:
                rules.append(f".{name}{{visibility:visible}}")
            if last >= film.steps - 1:
                frames = _keyframes(first * film.seconds / total, 1)
            rules.append(f".{name}{{animation-name:{name}}}@keyframes {name}{{{frames}}}")
        rules.append(f"#{p}:hover .{p}{{animation-play-state:paused}}")
        rules.append(f"@media (prefers-reduced-motion:reduce){{.{p}{{animation-name:none}}}}")
        return "".join(rules)


def _style(item: Item) -> str:
    if isinstance(item, Text):
        weight = "700 " if item.bold else ""
        anchor = "" if item.anchor == "start" else f";text-anchor:{item.anchor}"
        return f"font:{weight}{_n(item.size)}px {FONTS};fill:{item.colour}{anchor}"
    style = f"fill:{item.fill or 'none'}"
    if item.line:
        style += f";stroke:{item.line};stroke-width:{_n(item.stroke)}"
    if item.dash:
        style += f";stroke-dasharray:{_n(item.dash)};stroke-dashoffset:{_n(item.dash / 2)}"
    return style


def _element(item: Item) -> str:
    at = f'x="{_n(item.x)}" y="{_n(item.y)}"'
    if isinstance(item, Text):
        return f"<text {at}>{escape(item.text)}</text>"
    return f'<rect {at} width="{_n(item.width)}" height="{_n(item.height)}"/>'


def _keyframes(start: float, end: float) -> str:
    """Return the frames of something that is seen from one part of the film to another, 0…1."""
    hidden, visible = "{visibility:hidden}", "{visibility:visible}"
    frames = f"0%{visible}" if start == 0 else f"0%{hidden}{_percent(start)}{visible}"
    return frames if end == 1 else f"{frames}{_percent(end)}{hidden}"


def _percent(part: float) -> str:
    return f"{100 * part:.4f}".rstrip("0").rstrip(".") + "%"


def _n(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
