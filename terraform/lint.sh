#!/bin/sh
# Runs tflint and checkov on every configuration in this folder, each in its own environment, because checkov depends on
# more packages than the project has. An exception and its reason are in a comment in the resource that it is about:
# "#checkov:skip=CHECK:reason".
set -eu
cd "$(dirname "$0")"

TFLINT=0.64.0
CHECKOV=3.3.30

report_missing() {
  echo "terraform/lint.sh: $1" >&2
  [ "${CI:-}" != true ] || exit 1
}

echo "tflint $TFLINT"
if command -v go >/dev/null; then
  go run "github.com/terraform-linters/tflint@v$TFLINT" --recursive --config "$PWD/.tflint.hcl"
else
  report_missing "tflint was skipped, because it is built with Go, which is not installed"
fi

echo "checkov $CHECKOV"
set -- --directory . --framework terraform --compact --quiet --skip-download
if command -v uvx >/dev/null; then
  uvx --quiet "checkov@$CHECKOV" "$@"
elif command -v pipx >/dev/null; then
  pipx run "checkov==$CHECKOV" "$@"
else
  report_missing "checkov was skipped, because neither uvx nor pipx is installed"
fi
