"""The command line: arguments, text, JSON, exit codes and hints over the public API."""
