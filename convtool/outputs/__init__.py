"""Where results go. No media file is opened here.

naming       how outputs are named, and which files of folders are inputs
lists        the names that a list has
digests      a number that stands for a name
shards       which inputs belong to which of several machines
expansion    INPUT words into files, as they are found
job          one input, and where its results go
jobs         inputs and OUTPUT into jobs
owners       whose outputs have which names: no two inputs share one
targets      the output files of a job, and the channels that each shows
identities   inputs by device and inode: no output replaces one
existing     what outputs would replace, and must not
atomic       files that are either whole or absent; in stores, by `uploads`
manifest     the record of outputs, by which a run is continued; `journal` writes it
states       whether files are still what they were
records      what earlier runs and other shards recorded
status       how far all shards have come
"""
