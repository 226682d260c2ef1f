#!/usr/bin/env bash
# TRAP: no project. It goes to whatever project the person's gcloud is set to.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

gcloud builds submit --config cloudbuild.yaml --substitutions="_TAG=$(date +%Y%m%d)"
gcloud run services describe mobius-os-backend --region=us-central1 --format='value(status.url)'
