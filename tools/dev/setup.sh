# Installs what is missing, configures and builds: shared by tools/demo and
# tools/test, which source it and call `setUp TARGET...`.
#
# BUILD_DIR chooses the build folder (default: build). Steps report to stderr;
# what they print goes to BUILD_DIR/logs and is shown where one fails.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${BUILD_DIR:-$root/build}
case $build in /*) ;; *) build=$PWD/$build ;; esac
logs=$build/logs

say() { printf '%s\n' "$*" >&2; }

# step TITLE COMMAND...: runs it with its output in a log; a line when it ends,
# and in between how far ninja is: in place on a terminal, else once a minute.
step() {
  local title=$1 log began status=0 shown=0 line
  shift
  mkdir -p "$logs"
  log=$logs/${title// /-}.log
  began=$SECONDS
  "$@" >"$log" 2>&1 </dev/null &
  local job=$!
  trap 'kill "$job" 2>/dev/null; exit 130' INT TERM
  while kill -0 "$job" 2>/dev/null; do
    sleep 0.2
    line=$(tail -c 300 "$log" | tr '\r' '\n' |
      sed -n 's|^\(\[[0-9]*/[0-9]*\]\).*|\1|p' | tail -n 1)
    if [ -t 2 ]; then
      printf '\r\033[K%s ... %s' "$title" "$line" >&2
    elif ((SECONDS - began >= 60 * (shown + 1))); then
      shown=$(((SECONDS - began) / 60))
      say "$title: $shown min $line"
    fi
  done
  wait "$job" || status=$?
  trap - INT TERM
  if [ -t 2 ]; then printf '\r\033[K' >&2; fi
  if ((status != 0)); then
    say "$title failed after $((SECONDS - began)) s. The end of $log:"
    tail -n 40 "$log" >&2
    exit 1
  fi
  say "$title: $((SECONDS - began)) s"
}

packageList() { grep -v '^#' "$root/tools/dev/packages.txt"; }

missingPackages() {
  local installed
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $(packageList) 2>/dev/null |
    sed -n 's/^installed //p' || true)
  packageList | sort | comm -23 - <(printf '%s\n' "$installed" | sort -u)
}

aptGet() {
  local sudo=()
  [ "$(id -u)" = 0 ] || sudo=(sudo)
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
    -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 "$@"
}

# True where apt has a version of every package that is asked for.
aptKnows() {
  local name
  for name; do
    apt-cache policy "$name" 2>/dev/null | grep '^  Candidate: [0-9]' >/dev/null || return 1
  done
}

installMissing() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "This is no Debian system: install the equivalents of tools/dev/packages.txt."
    say "Going on in the hope that they are here."
    return
  fi
  local missing
  missing=$(missingPackages)
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    say "These packages are missing, and installing them needs root or sudo:"
    say "  apt-get install --no-install-recommends" $missing
    exit 1
  fi
  # Asks for the password here, not from behind a log.
  [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null || sudo -v
  aptKnows $missing || step "update apt" aptGet update
  if ! aptKnows $missing; then
    local name
    for name in $missing; do
      aptKnows "$name" || say "apt knows no package $name."
    done
    say "LLVM 22 is in the security suite of Debian 12: add the suite bookworm-security of"
    say "debian-security to /etc/apt/sources.list, next to your bookworm line, and try again."
    exit 1
  fi
  # Lists may be older than the archive: then they are fetched and it is tried again.
  step "install packages" eval \
    "aptGet install --no-install-recommends $(echo $missing) ||
     { aptGet update && aptGet install --no-install-recommends $(echo $missing); }"
}

# One job per core, and one per GiB of memory that is free.
jobs() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemAvailable/ { print int($2 / 1048576) }' /proc/meminfo)
  if ((memory < cores)); then cores=$memory; fi
  echo $((cores > 0 ? cores : 1))
}

configure() {
  cmake -G Ninja -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release \
    -DLLMC_BUILD_COMPILER=ON -DLLMC_BUILD_TESTS=ON
}

# setUp TARGET...: without targets everything is built.
setUp() {
  installMissing
  # Where there is a build.ninja, ninja itself configures anew when it must.
  [ -f "$build/build.ninja" ] || step "configure" configure
  step "build" ninja -C "$build" -j "$(jobs)" "$@"
}
