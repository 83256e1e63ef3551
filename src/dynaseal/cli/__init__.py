"""The command line over the public API: arguments, output, exit codes and hints."""
