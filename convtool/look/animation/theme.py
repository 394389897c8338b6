"""The colours of animations: told apart by everybody, on a background that is always light.

After Okabe and Ito, "Color Universal Design" (2008), in tints that black text is read on. What they
tell is told by lines as well: dashes are padding, the thick frame is the window.
"""

BACKGROUND = "#ffffff"
INK = "#1b1f24"
MUTED = "#505a64"
EMPTY = "#ffffff"
INPUT, INPUT_LINE = "#dcebf7", "#5b8db8"
PADDING, PADDING_LINE = "#f7f7f7", "#8a949e"
OUTPUT, OUTPUT_LINE = "#cfebdd", "#2f8f6b"
CURRENT, EDGE = "#ffd98f", "#b34700"  # the window and the element that is made of it
WEIGHT = "#943800"
