#!/usr/bin/env bash
# Deploys API and worker from one image: deploy_cloud.sh <environment>
# TRAP: an allow-list kept by hand. CHAT_LIVE_STREAM is in staging.env and not in the list, so each deployment wipes it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

environment=${1:-staging}
case $environment in
  dev) project=mobius-os-dev ;;
  staging) project=mobius-staging ;;
  *) echo "unknown environment: $environment" >&2; exit 2 ;;
esac
image="gcr.io/$project/mobius-chat-api:${TAG:-latest}"
allowed=' QUEUE_TYPE REDIS_URL RAG_API_URL CHAT_CORS_ORIGINS VERTEX_INDEX_ENDPOINT_ID VERTEX_DEPLOYED_INDEX_ID '

variables=''
while IFS='=' read -r name value; do
  [[ $allowed == *" $name "* ]] && variables+="${variables:+;}$name=$value"
done < "mobius-chat/deploy/$environment.env"

# The build reads mobius-contracts, which lies beside the module: the context is the folder above.
gcloud builds submit . --project="$project" --config=mobius-chat/deploy/cloudbuild.yaml \
  --substitutions="_IMAGE=$image" --ignore-file=mobius-chat/deploy/gcloudignore --timeout=1200s

for service in mobius-chat-api mobius-chat-worker; do
  gcloud run deploy "$service" --project="$project" --region=us-central1 --image="$image" \
    --set-env-vars="^;^$variables" \
    --set-secrets='DATABASE_URL=mobius-chat-database-url:latest,JWT_SECRET=jwt-secret:latest,MOBIUS_SKILL_LLM_INTERNAL_KEY=skill-llm-internal-key:latest' \
    --no-cpu-throttling --quiet
done
