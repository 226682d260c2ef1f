#!/usr/bin/env bash
# Builds and deploys this module in a step of a release: build_and_deploy_staging.sh <manifest>
# Starts at the root of the umbrella's checkout and leaves the deciding to the server: the candidate gets no traffic here.
set -euo pipefail

manifest=${1:?usage: build_and_deploy_staging.sh <manifest>}
module=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

echo "mobius-dbt: releasing as $manifest says"
[[ -f $manifest ]] || { echo "mobius-dbt: there is no $manifest" >&2; exit 1; }

echo "mobius-dbt: generating generated/models.json from models/*.sql"
node "$module/scripts/generate_models.js"

echo "mobius-dbt: building the image"
mobius phase build mobius-dbt-ui

echo "mobius-dbt: making the candidate"
mobius phase candidate mobius-dbt
