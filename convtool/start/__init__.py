"""What a command does before it works: torch, imported sooner, and nothing else.

importing  `import_torch`, which puts off the parts that filters do not use, and `complete`
deferral   modules that are loaded when something looks at them

Only the command line calls it. Who imports convtool from Python gets torch as torch comes.
"""
