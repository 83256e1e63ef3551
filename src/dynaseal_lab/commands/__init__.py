"""The commands of `dynaseal lab`, a module each; each is loaded when it is asked for."""
