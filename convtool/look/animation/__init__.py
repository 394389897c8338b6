"""The window of a layer sliding over a small input while the output fills in, as SVG, GIF or MP4.

storyboard   what each step computes: numbers only
drawing      the film of a storyboard: `layout`, `cells`, `terms`, `captions`, `theme`
scene        what a film is made of
svg, raster  the two renderers; `writing` makes files of them
"""

from convtool.look.animation.writing import SUFFIXES, animate, writer_of

__all__ = ["SUFFIXES", "animate", "writer_of"]
