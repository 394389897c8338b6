"""How long the threads of torch wait for each other before they give way."""

import os

# Turns of a loop that waits, some 40 µs. With libgomp's own 300,000, two threads that share their
# cores with other work take ten times as long; with none, a photo alone takes a fifth longer.
SPINS = 3000
CHOSEN = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"}


def wait_briefly() -> None:
    """Let them wait briefly, unless the environment says otherwise; before torch is imported."""
    if CHOSEN.isdisjoint(os.environ):
        os.environ["GOMP_SPINCOUNT"] = str(SPINS)
