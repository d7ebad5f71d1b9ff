#!/bin/sh
# What people paste into a terminal for the hosted original, with nothing changed but the base URLs.
set -eu

field() { # field NAME: its value in the JSON that comes in
    python3 -c 'import json, sys; print(json.load(sys.stdin)["connection"][sys.argv[1]])' "$1"
}

created=$(curl -sS --fail-with-body -X POST "$KEYFERRY_CONTROL/connections" \
    -H "Content-Type: application/json" \
    -H "Authorization: Bearer $KEYFERRY_KEY" \
    -d '{"app": "stripe"}')
id=$(echo "$created" | field connection_id)
case $(echo "$created" | field url) in
"$KEYFERRY_CONTROL/connect?session_token="*) ;;
*) echo "no link to open: $created" >&2; exit 1 ;;
esac

got=$(curl -sS --fail-with-body "$KEYFERRY_CONTROL/connections/$id" -H "Authorization: Bearer $KEYFERRY_KEY")
[ "$(echo "$got" | field status)" = PENDING ]

curl -sS --fail-with-body "$KEYFERRY_CONTROL/connections?app=stripe&status=PENDING" \
    -H "Authorization: Bearer $KEYFERRY_KEY" | grep -q "$id"

deleted=$(curl -sS --fail-with-body -X DELETE "$KEYFERRY_CONTROL/connections/$id" -H "Authorization: Bearer $KEYFERRY_KEY")
[ "$deleted" = '{}' ]
[ "$(curl -sS -o /dev/null -w '%{http_code}' "$KEYFERRY_CONTROL/connections/$id" -H "Authorization: Bearer $KEYFERRY_KEY")" = 404 ]

curl -sS --fail-with-body -g "$KEYFERRY_GATEWAY/stripe/v1/customers?limit=1" \
    -H "Authorization: Bearer $KEYFERRY_KEY" | grep -q '"object": "list"'

chosen=$(curl -sS --fail-with-body -o /dev/null -D - "$KEYFERRY_GATEWAY/stripe/v1/customers" \
    -H "Authorization: Bearer $KEYFERRY_KEY" \
    -H "Maton-Connection: $KEYFERRY_SECOND")
echo "$chosen" | grep -qi "^maton-connection: $KEYFERRY_SECOND"

made=$(curl -sS --fail-with-body -X POST "$KEYFERRY_GATEWAY/stripe/v1/customers" \
    -H "Authorization: Bearer $KEYFERRY_KEY" \
    -H "Content-Type: application/x-www-form-urlencoded" \
    -d "email=curl@example.com&name=From+curl&metadata[source]=terminal")
echo "$made" | grep -q '"source": "terminal"'

echo "curl ok"
