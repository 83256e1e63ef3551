#!/bin/sh
# tflint and checkov over every configuration in this folder, each in an environment of its own: checkov alone brings
# more packages than the project has. Exceptions stand with their reasons beside what they are about, as
# "#checkov:skip=CHECK:reason".
set -eu
cd "$(dirname "$0")"

TFLINT=0.64.0
CHECKOV=3.3.30

lacking() {
  echo "terraform/lint.sh: $1" >&2
  [ "${CI:-}" != true ] || exit 1
}

echo "tflint $TFLINT"
if command -v go >/dev/null; then
  go run "github.com/terraform-linters/tflint@v$TFLINT" --recursive --config "$PWD/.tflint.hcl"
else
  lacking "tflint is skipped: it is built with Go, which is not installed"
fi

echo "checkov $CHECKOV"
set -- --directory . --framework terraform --compact --quiet --skip-download
if command -v uvx >/dev/null; then
  uvx --quiet "checkov@$CHECKOV" "$@"
elif command -v pipx >/dev/null; then
  pipx run "checkov==$CHECKOV" "$@"
else
  lacking "checkov is skipped: neither uvx nor pipx is installed"
fi
