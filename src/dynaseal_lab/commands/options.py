"""Options that several commands share."""

import click

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
ENDPOINT = click.option(
    "--endpoint",
    envvar="AWS_ENDPOINT_URL",
    required=True,
    show_envvar=True,
    help="The lab's endpoint, as `dynaseal lab serve` printed it.",
)
