"""Where files are: on this machine, or in a store that is reached by a URL. Nothing is decoded.

names        tell remote names from local ones, and make paths of both
words        what went wrong with a store, in words, without its credentials
stores       the libraries behind each scheme, and what they say of an object
listing      what lies below a remote folder, or matches a pattern
reading      remote objects as files: fetched whole, or read by ranges
uploads      remote objects that appear whole or not at all

No library of a store is imported for local names.
"""
