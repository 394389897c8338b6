"""The warm process, which keeps torch imported, and its client.

It knows nothing about commands: what runs a call is given to the server.

    client      asks the warm process; imported by every call, so it must stay light
    server      the loop that forks a worker per call
    requests    what a client sends
    worker      what a worker does before and after its call
"""
