"""The warm process, which keeps torch imported, and its client.

It knows nothing about commands: what runs a call is given to the server.

    client      asks the warm process; imported by every call, so it must stay light
    automatic   start it where calls follow each other; surroundings: not everywhere
    launch      start it with nothing of the process that starts it
    server      the loop that forks a worker per call; sockets: where it listens
    pages       its memory, arranged for forks
    requests    what a client sends
    worker      what a worker does before and after its call
"""

IDLE = 600  # seconds without a call after which the warm process ends
