"""Options that several commands have."""

import click

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
ENDPOINT = click.option(
    "--endpoint",
    envvar="AWS_ENDPOINT_URL",
    required=True,
    show_envvar=True,
    help="Where the lab is, as `dynaseal lab serve` printed it.",
)
