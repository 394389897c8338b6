"""What files are made of, as far as decoders do not say it: joined parts, pages, frames.

They read and write bytes only, and know no library.
"""
