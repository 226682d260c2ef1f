#!/usr/bin/env bash
# Deploys the API and both workers of one image, one after another.
# TRAP: a failure of the second leaves the first on new code and the third on old.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

project=mobius-staging
image="gcr.io/$project/mobius-rag:${TAG:-latest}"
join() { local IFS=,; echo "$*"; }

gcloud builds submit . --project="$project" --tag "$image" --timeout=20m

api=(
  CHAT_INTERNAL_LLM_URL=https://chat.staging.example/internal/skill-llm
  PUBLISH_GATE=false
  GCS_BUCKET=mobius-rag-uploads-staging
  VERTEX_INDEX_ENDPOINT_ID=projects/402837465123/locations/us-central1/indexEndpoints/7264501938472615936
)
secrets=(
  DATABASE_URL=mobius-rag-database-url:latest
  MOBIUS_SKILL_LLM_INTERNAL_KEY=skill-llm-internal-key:latest
  JWT_SECRET=jwt-secret:latest
)
gcloud run deploy mobius-rag --project="$project" --region=us-central1 --image="$image" \
  --set-env-vars="$(join "${api[@]}")" --set-secrets="$(join "${secrets[@]}")" --quiet

for kind in chunking embedding; do
  gcloud run deploy "mobius-rag-$kind-worker" --project="$project" --region=us-central1 --image="$image" \
    --command="node,${kind}_worker.js" --no-cpu-throttling --min-instances=1 \
    --set-env-vars="WORKER_TYPE=$kind" --set-secrets="${secrets[0]}" --quiet
done
