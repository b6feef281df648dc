# Read by the other scripts: goes to the clone's root and makes virtual environments there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
VENV=${TOOLKIT_VENV:-$PWD/.venv}
APT_VENV="apt-get install -y python3-venv"

# find_python VERSION...: the first interpreter on PATH that is 3.11 or later and can make a virtual environment.
find_python() {
  local version candidate
  for version in "$@"; do
    for candidate in $(type -aP "python$version"); do
      if "$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        echo "$candidate" && return
      fi
    done
  done
  return 1
}

# any_python: the newest interpreter; on Debian, root installs what is missing.
any_python() {
  find_python 3.14 3.13 3.12 3.11 3 && return
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    { apt-get update && DEBIAN_FRONTEND=noninteractive $APT_VENV; } >/dev/null && find_python 3 && return
  fi
  echo "Python 3.11 or later with venv is needed; on Debian: $APT_VENV" >&2 && return 1
}

# environment DIR LOCK [PYTHON]: a virtual environment with what LOCK names, and this project; again only if either changed.
environment() {
  local stamp="$1/$(basename "$2").stamp" wanted python
  wanted=$(cat "$2" pyproject.toml | cksum; pwd)
  if ! "$1/bin/python" -c "" 2>/dev/null; then
    python=${3:-$(any_python)}
    "$python" -m venv --clear "$1"
  fi
  [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && return
  "$1/bin/python" -m pip install -qq --disable-pip-version-check --require-hashes -r "$2"
  PATH="$1/bin:$PATH" "$1/bin/python" -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
  echo "$wanted" >"$stamp"
}
