"""The command line: flags, help, messages, exit codes. Only this package prints and exits."""
