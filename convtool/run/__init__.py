"""One job from start to end, and many at once. It prints nothing."""
