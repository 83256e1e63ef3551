"""The commands of `dynaseal lab`, one module each, imported when the command is used."""
