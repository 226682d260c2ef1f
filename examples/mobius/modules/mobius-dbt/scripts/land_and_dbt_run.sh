#!/usr/bin/env bash
# Loads the models into the chat's database, named by DATABASE_URL. May run any number of times.
set -euo pipefail
: "${DATABASE_URL:?must be set}"
exec node "$(dirname "${BASH_SOURCE[0]}")/land.js"
