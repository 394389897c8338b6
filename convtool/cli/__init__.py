"""The command line: flags, help, messages and exit codes. The only room that prints, and the only one that exits."""
