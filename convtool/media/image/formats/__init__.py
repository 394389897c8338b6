"""The image formats, one file per family."""
