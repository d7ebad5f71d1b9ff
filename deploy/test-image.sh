#!/bin/bash
# Builds the image with buildah and runs it with podman: health check green and one call through to an API on this
# machine, on the host's network and again through published ports. `make tools` installs what this needs.
#
# Where the base image can't be pulled, the binary is built here: PROFILE=dev takes a quarter of a release build's time.
set -euo pipefail
cd "$(dirname "$0")/.."

root() { # what only root may do
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}
PATH="$PATH:/usr/sbin:/sbin"
for tool in buildah podman runc curl python3; do
    command -v "$tool" >/dev/null || { echo "$tool is missing; \`make tools\` installs it" >&2; exit 1; }
done

name=keyferry-test-$$
image=localhost/$name
work=$(mktemp --directory)
upstream=
# podman says much about the systemd it misses; that is shown when something fails.
podman_says="$work/podman.log"
: >"$podman_says"
tidy() {
    local outcome=$?
    [ "$outcome" -eq 0 ] || cat "$podman_says" >&2
    [ -z "$upstream" ] || kill "$upstream" 2>/dev/null || true
    root podman rm --force --time 0 "$name" >/dev/null 2>&1 || true
    root podman volume rm --force "$name" >/dev/null 2>&1 || true
    root podman rmi --force "$image" >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap tidy EXIT

build_in_container() {
    root buildah build --isolation chroot --format docker --tag "$image" --file deploy/Containerfile .
}

# The last stage of the same file, over a binary built here.
build_from_here() {
    local target folder=${PROFILE:-release}
    target=$(rustc -vV | sed -n 's/^host: //p')
    RUSTFLAGS="-C target-feature=+crt-static" cargo build --profile "$folder" --locked --target "$target"
    [ "$folder" != dev ] || folder=debug
    mkdir --parents "$work/out/etc/ssl/certs" "$work/empty"
    cp "${CARGO_TARGET_DIR:-target}/$target/$folder/keyferry" "$work/out/"
    cp /etc/ssl/certs/ca-certificates.crt "$work/out/etc/ssl/certs/"
    sed -n '/^FROM scratch/,$p' deploy/Containerfile | sed 's|--from=build ||; s|/build/||' >"$work/Containerfile"
    root buildah build --isolation chroot --format docker --tag "$image" --file "$work/Containerfile" "$work"
}

base=$(sed -n 's/^FROM \([^ ]*\) AS build$/\1/p' deploy/Containerfile)
if root buildah pull --quiet "$base" 2>"$work/pull.log"; then
    build_in_container
else
    echo "$base can't be pulled here; building FROM scratch with a binary linked statically on this machine."
    sed 's/^/  /' "$work/pull.log" | tail -n 1
    build_from_here
fi

# An API that tells which key it was sent. On every address, because containers come over the bridge.
cat >"$work/upstream.py" <<'PYTHON'
import http.server

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"{self.path} {self.headers['X-Api-Key']}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

server = http.server.HTTPServer(("0.0.0.0", 0), Answer)
print(server.server_port, flush=True)
server.serve_forever()
PYTHON
python3 "$work/upstream.py" >"$work/port" 2>/dev/null &
upstream=$!

# Runs a question until it is answered well.
until_well() {
    local what=$1 end=$((SECONDS + 60))
    shift
    until "$@" >"$work/last" 2>&1; do
        if [ "$SECONDS" -ge "$end" ]; then
            echo "$what: not within a minute" >&2
            cat "$work/last" >&2
            root podman logs "$name" >&2 || true
            exit 1
        fi
        sleep 0.1
    done
}

# podman as root asks for more files and processes than a sandbox may have.
limits=(--ulimit nofile=1024:1024 --ulimit nproc=1024:1024)
run=(root podman --runtime runc run --name "$name" "${limits[@]}" --read-only --cap-drop ALL --volume "$name:/data")

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

until_well "the API on this machine" test -s "$work/port"
upstream_port=$(cat "$work/port")

"${run[@]}" --rm "$image" init >"$work/init" 2>>"$podman_says"
key=$(grep --only-matching 'kf_[A-Za-z0-9]*' "$work/init" | head -n 1)
echo "init printed a key and left its files on the volume, as user 65532"

# Asks the gateway: ask METHOD URL [BODY]
ask() {
    curl --silent --show-error --fail-with-body --max-time 20 --request "$1" "$2" --header "Authorization: Bearer $key" \
        ${3:+--header "Content-Type: application/json" --data "$3"}
}

# walk WHAT UPSTREAM-HOST GATEWAY-PORT CONTROL-PORT ADMIN-PORT PODMAN-ARGUMENTS..
walk() {
    local what=$1 host=$2 gateway="http://127.0.0.1:$3" control="http://127.0.0.1:$4" admin="http://127.0.0.1:$5"
    shift 5
    mkdir --parents "$work/apps"
    cat >"$work/apps/echo.toml" <<TOML
name = "echo"
display_name = "Echo"
base = "http://$host:$upstream_port"
no_probe = "it has no accounts"
[[auth]]
method = "API_KEY"
fields = [{ name = "api_key", label = "API key", secret = true }]
inject = [{ header = "X-Api-Key", value = "\${api_key}" }]
TOML
    chmod --recursive a+rX "$work"
    "${run[@]}" --detach --volume "$work/apps:/apps:ro" --env KEYFERRY_CATALOG__DIR=/apps \
        --env KEYFERRY_EGRESS__PLAIN_HTTP=true --env KEYFERRY_EGRESS__ALLOW=127.0.0.0/8,10.0.0.0/8 \
        "$@" "$image" >/dev/null 2>>"$podman_says"
    until_well "health check" root podman healthcheck run "$name"
    until_well "probe from outside" curl --silent --show-error --fail "$admin/readyz"
    local connection='{"app":"echo","method":"API_KEY","credentials":{"api_key":"from-the-vault"}}'
    until_well "connecting" ask POST "$control/connections" "$connection"
    local answer
    answer=$(ask GET "$gateway/echo/v1/hello?a=%2F")
    [ "$answer" = "/v1/hello?a=%2F from-the-vault" ] || { echo "$what: the API answered: $answer" >&2; exit 1; }
    local size
    size=$(root podman image inspect --format '{{.Size}}' "$image")
    echo "$what: healthy, and a call went through ($((size / 1024 / 1024)) MiB image)"
    root podman rm --force --time 5 "$name" >/dev/null 2>>"$podman_says"
}

a=$(free_port) b=$(free_port) c=$(free_port)
walk "host network" 127.0.0.1 "$a" "$b" "$c" --network host \
    --env "KEYFERRY_GATEWAY__LISTEN=127.0.0.1:$a" --env "KEYFERRY_CONTROL__LISTEN=127.0.0.1:$b" \
    --env "KEYFERRY_ADMIN__LISTEN=127.0.0.1:$c"
walk "published ports" host.containers.internal "$a" "$b" "$c" \
    --publish "127.0.0.1:$a:8080" --publish "127.0.0.1:$b:8081" --publish "127.0.0.1:$c:9090"
echo "image ok"
