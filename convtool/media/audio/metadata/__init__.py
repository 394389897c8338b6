"""What audio files say beside their samples: tags, pictures, chapters and chunks.

`model` is the one value that every reader returns. The other modules read it from, and write it to,
one kind of file each; they know no library. Tags have the names of Vorbis comments, in capitals.
"""
