#!/bin/sh
# The host's docker, but that images are pushed to this installation's registry, and pulled from it where it has them: on
# this machine it stands for every registry that a name tells. MOBIUS_REGISTRY is its host and port.
own=$(cd "$(dirname "$0")" && pwd)
PATH=$(printf %s "$PATH" | tr ':' '\n' | grep -Fxv "$own" | paste -sd: -)
registry=$MOBIUS_REGISTRY

# A name with a port is the address of one certain registry; docker.io is what a name without a host means.
in_registry() {
  case $1 in
    *:*/*) return 1 ;;
    localhost/* | *.*/*) printf '%s/%s' "$registry" "$1" ;;
    */*) printf '%s/docker.io/%s' "$registry" "$1" ;;
    *) printf '%s/docker.io/library/%s' "$registry" "$1" ;;
  esac
}

push() {
  to=$(in_registry "$1") || exec docker push "$1"
  docker tag "$1" "$to" || exit
  docker push "$to"
  code=$?
  docker rmi "$to" >/dev/null 2>&1
  [ "$code" = 0 ] || exit "$code"
}

[ -n "$registry" ] || exec docker "$@"
case $1 in
  push)
    shift
    all=
    while [ "${1#-}" != "$1" ]; do
      case $1 in -a | --all-tags) all=yes ;; esac
      shift
    done
    if [ -n "$all" ]; then
      for tag in $(docker images --format '{{.Tag}}' "$1"); do push "$1:$tag"; done
    else
      push "$1"
    fi
    ;;
  pull)
    for name in "$@"; do :; done
    if from=$(in_registry "$name") && docker pull "$from" >/dev/null 2>&1; then
      docker tag "$from" "$name" && docker rmi "$from" >/dev/null && echo "$name"
    else
      exec docker "$@"
    fi
    ;;
  *) exec docker "$@" ;;
esac
