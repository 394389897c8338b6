"""The command line: flags, help, messages, exit codes. Only this package prints and exits.

app          the commands, and errors as messages and exit codes; mistakes: typer's in our words
filtering    the commands that filter; kernels, fit, devices, warm: the others
options      flags from declarations, and options from what was typed or a file holds
commands     commands with help of our own; layout: its pages
completion   what a word may become; bash: words with colons
running      the jobs of a command; telling, failures, progress: what people see of them
messages     lines on standard error, and JSON; characters: where an encoding lacks some
serving      the warm process
loading      torch imported; collector: no garbage is looked for; signals: interrupts wait
"""
