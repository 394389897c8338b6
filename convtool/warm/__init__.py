"""The process that keeps torch imported, and the way to ask it."""
