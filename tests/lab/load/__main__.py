"""The long form: `python -m lab.load`, 200 clients for 60 seconds."""

import argparse

import click

from lab.load.run import load

_MOST_GROWTH = 32.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m lab.load", description=__doc__)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("lab", nargs="*", help="more arguments for `dynaseal lab serve`, after --")
    arguments = parser.parse_args()
    outcome = load(clients=arguments.clients, seconds=arguments.seconds, arguments=tuple(arguments.lab))
    click.echo(
        f"{outcome.calls} calls in {outcome.seconds:.0f} s, {outcome.calls / outcome.seconds:.0f} per second"
    )
    click.echo(f"median {outcome.median * 1e3:.1f} ms per call with {arguments.clients} clients at once")
    click.echo(f"memory {outcome.memory[0]:.0f} MB at first, {max(outcome.memory):.0f} at most, ", nl=False)
    click.echo(f"{outcome.growth:+.0f} in the second half")
    click.echo(f"{outcome.wrong} wrong replies or errors, {outcome.idle} clients without a reply")
    for example in outcome.examples:
        click.echo(f"  {example}")
    raise SystemExit(1 if outcome.wrong or outcome.idle or outcome.growth > _MOST_GROWTH else 0)


if __name__ == "__main__":
    main()
