"""Where results go. No media file is opened here.

naming       how outputs are named, and which files of folders are inputs
expansion    INPUT words into files
jobs         inputs and OUTPUT into jobs
targets      the output files of a job, and the channels that each shows
identities   inputs by device and inode: no output replaces one
atomic       files that are either whole or absent
manifest     the record of outputs, by which a run is continued
"""
