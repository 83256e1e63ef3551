"""Options that several commands share."""

import click


class _Endpoint(click.types.StringParamType):
    """The address of a lab; whoever names none may not have started one yet."""

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None = None) -> str:  # noqa: ARG002 - click's signature
        return "Start a lab with `dynaseal lab serve`, and paste the `export` lines that it prints."


AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
ENDPOINT = click.option(
    "--endpoint",
    type=_Endpoint(),
    envvar="AWS_ENDPOINT_URL",
    required=True,
    show_envvar=True,
    help="The lab's endpoint, as `dynaseal lab serve` printed it.",
)
