#!/usr/bin/env bash
# TRAP: it takes no notice of its arguments, and goes to production unless told otherwise by a variable.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../web-scraper"

project=${SCRAPER_PROJECT:-mobiusos-new}
gcloud run deploy mobius-skills-scraper --project="$project" --region=us-central1 \
  --image="gcr.io/$project/mobius-skills-scraper:latest" \
  --set-env-vars='^##^REDIS_URL=redis://redis.prod.internal:6379/0##ALLOWED=a.example,b.example' \
  --set-env-vars='GCS_BUCKET=mobius-rag-uploads-prod' \
  --allow-unauthenticated=false
