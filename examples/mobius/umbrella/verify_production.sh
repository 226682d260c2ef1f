#!/usr/bin/env bash
# Asks the module hub whether every service is up: HUB_URL=… ./verify_production.sh --env <environment>
set -euo pipefail
[[ ${1-} == --env && -n ${2-} ]] || { echo "usage: verify_production.sh --env <environment>" >&2; exit 2; }
: "${HUB_URL:?must be the address of module-hub in $2}"
exec node --input-type=module -e '
  const response = await fetch(`${process.env.HUB_URL}/api/status`, { signal: AbortSignal.timeout(20_000) });
  const { services } = await response.json();
  const names = Object.keys(services);
  const down = names.filter((name) => services[name].status !== "up");
  for (const name of names) console.log(`${services[name].status.padEnd(6)} ${name}`);
  process.exit(names.length > 0 && down.length === 0 ? 0 : 1);
'
