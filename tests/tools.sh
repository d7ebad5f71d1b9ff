#!/bin/sh
# Installs what the tests drive, only where it is missing: servers, browser, container tools, Python and npm packages.
# Needs Debian 12 or later, as root or with sudo. A second run changes nothing and takes a second.
set -eu
cd "$(dirname "$0")/.."

wanted=
want() { # want PACKAGE COMMAND..: the package, unless one of the commands is there
    package=$1
    shift
    for command in "$@"; do
        if [ -x "$command" ] || command -v "$command" >/dev/null 2>&1; then return; fi
    done
    wanted="$wanted $package"
}

PATH="$PATH:/usr/sbin:/sbin"
want build-essential cc
want ca-certificates update-ca-certificates
want curl curl
want postgresql /usr/lib/postgresql/*/bin/initdb
want redis-server redis-server
want wrk wrk
want nginx nginx
want nghttp2-server nghttpd
want chromium /usr/bin/chromium
want chromium-driver /usr/bin/chromedriver
want nodejs node
want npm npm
want python3 python3
want python3-venv pyenv /usr/share/doc/python3-venv
want buildah buildah
want podman podman
want runc runc
want netavark /usr/lib/podman/netavark
want aardvark-dns /usr/lib/podman/aardvark-dns
want iptables iptables

if [ -n "$wanted" ]; then
    root=
    [ "$(id -u)" -eq 0 ] || root=sudo
    echo "installing:$wanted"
    $root apt-get update --quiet --quiet
    # shellcheck disable=SC2086 # a list of packages
    $root env DEBIAN_FRONTEND=noninteractive apt-get install --quiet --quiet --yes --no-install-recommends $wanted >/dev/null
fi

case $(node --version) in
v1[0-9].*) echo "the browser tests need Node 20 or later; this is $(node --version)" >&2; exit 1 ;;
esac

# Done is what this exact list was installed from: a changed list installs again.
if ! cmp -s tests/real/requirements.txt target/real/installed.txt; then
    echo "installing Python packages into target/real"
    python3 -m venv --clear target/real
    target/real/bin/pip install --quiet --disable-pip-version-check --requirement tests/real/requirements.txt
    cp tests/real/requirements.txt target/real/installed.txt
fi
if ! cmp -s tests/real/package-lock.json tests/real/node_modules/installed.json; then
    echo "installing npm packages into tests/real/node_modules"
    npm --prefix tests/real ci --silent --no-audit --no-fund
    cp tests/real/package-lock.json tests/real/node_modules/installed.json
fi
