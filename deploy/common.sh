# Shared by deploy/quickstart and tests/run: lines that say what is being done, packages, the build and its Python. Sourced by bash.

# Debian 12 and 13 name these alike.
build_packages=(build-essential cmake ninja-build pkg-config
  libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc libabsl-dev
  libopenmpi-dev openmpi-bin libhdf5-openmpi-dev libsleef-dev libhwy-dev libopenblas0-pthread
  libspdlog-dev libcli11-dev libtomlplusplus-dev nlohmann-json3-dev libseccomp-dev
  ca-certificates procps python3 python3-venv)
# The Python ones: libraries of others that tests run beside the data, in workers of Debian's Python.
test_packages=(catch2 python3-petsc4py-real python3-mpi4py python3-mpi4py-fft python3-cloudpickle)

started_at=$SECONDS
# step TEXT: one line with the time since the start.
step() { printf '[%4d s] %s\n' $((SECONDS - started_at)) "$*"; }

fail() { printf '\n%s\n' "$*" >&2; exit 1; }

# logged LOG COMMAND...: its output goes to LOG; if it fails, the end of that is shown.
logged() {
  local log=$1 status=0; shift
  mkdir -p "$(dirname "$log")"
  "$@" >"$log" 2>&1 </dev/null || status=$?
  if [ $status -ne 0 ]; then
    printf '\nFailed (%d): %s\nThe end of %s:\n\n' $status "$*" "$log" >&2
    tail -n "${FAILURE_LINES:-60}" "$log" >&2
  fi
  return $status
}

# install_packages NAME...: those that are missing, with apt. Asks nobody and needs no network if all are there.
install_packages() {
  local missing=() name
  for name in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || fail "These packages are missing, and there is no apt-get to install them: ${missing[*]}"
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "These packages are missing. As root, run:
  apt-get install --no-install-recommends ${missing[*]}"
    as_root=(sudo)
  fi
  step "Installing ${#missing[@]} Debian packages (${missing[*]})"
  local log; log=$(mktemp)
  logged "$log" "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update || fail "apt-get update failed."
  logged "$log" "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends "${missing[@]}" || fail "apt-get install failed."
  rm -f "$log"
}

# How many compilations fit: one a core, and 1.5 GB of memory each.
jobs() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemAvailable:/ {print int($2 / 1500000)}' /proc/meminfo)
  echo $((memory < 1 ? 1 : memory < cores ? memory : cores))
}

# build_python [EXTRA [FOLDER NUMPY]]: makes FOLDER (build/venv) from Debian's Python with our client (and the packages of EXTRA, as
# "test") and a NumPy (2), unless it is already made of the same sources.
build_python() {
  local extra=${1:-} folder=${2:-build/venv} numpy=${3:-numpy>=2} now
  local mark=$folder/.made-of name=${folder##*/}
  now=$(find client-py proto -type f -not -path '*/_proto/*' -not -name '*.pyc' -not -path '*.egg-info*' -not -path '*/build/*' -print0 |
    sort -z | xargs -0 sha256sum | sha256sum)
  now="$now $(/usr/bin/python3 --version)"
  case "$(cat "$mark" 2>/dev/null)" in "$now" | "$now [test]") [ -z "$extra" ] || grep -qF "[$extra]" "$mark" && return 0 ;; esac
  step "Making $folder with the Python client and $numpy"
  # Of an older Python, or broken: anew.
  "$folder/bin/python" -c 'import pip' 2>/dev/null || rm -rf "$folder"
  [ -e "$folder" ] || logged "build/log/$name.log" /usr/bin/python3 -m venv "$folder" || return 1
  logged "build/log/$name-pip.log" "$folder/bin/python" -m pip install --disable-pip-version-check \
    "./client-py[worker${extra:+,$extra}]" "$numpy" || return 1
  echo "$now${extra:+ [$extra]}" >"$mark"
}
