#!/usr/bin/env bash
# TRAP: it asks whoever started it, and a pipeline has nobody who answers.
set -euo pipefail

read -r -s -p 'Password of the database: ' password
read -r -p 'Deploy to staging? [y/N] ' answer
[[ $answer == y ]] || exit 1
PGPASSWORD=$password psql --host=127.0.0.1 --file=migrations/001_accounts.sql
