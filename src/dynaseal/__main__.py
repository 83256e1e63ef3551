"""`python -m dynaseal`: the command `dynaseal`, of the Python that runs it."""

from dynaseal.cli.main import main

if __name__ == "__main__":
    main()
