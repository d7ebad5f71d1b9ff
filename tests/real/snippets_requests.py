"""The same calls as people write them with requests."""

import os

import requests

GATEWAY, CONTROL = os.environ["KEYFERRY_GATEWAY"], os.environ["KEYFERRY_CONTROL"]
headers = {"Authorization": f"Bearer {os.environ['KEYFERRY_KEY']}"}

created = requests.post(f"{CONTROL}/connections", headers=headers, json={"app": "stripe"}).json()
assert created["status"] == "PENDING" and created["connection"]["connection_id"] == created["connection_id"], created

one = f"{CONTROL}/connections/{created['connection_id']}"
assert requests.get(one, headers=headers).json()["connection"]["status"] == "PENDING"

listed = requests.get(f"{CONTROL}/connections", headers=headers, params={"app": "stripe", "status": "PENDING"}).json()
assert created["connection_id"] in [connection["connection_id"] for connection in listed["connections"]], listed

assert requests.delete(one, headers=headers).json() == {}
assert requests.get(one, headers=headers).status_code == 404

response = requests.get(f"{GATEWAY}/stripe/v1/customers", headers=headers, params={"limit": 10})
assert response.ok and response.json()["object"] == "list", response.text

chosen = {**headers, "Maton-Connection": os.environ["KEYFERRY_SECOND"]}
response = requests.get(f"{GATEWAY}/stripe/v1/customers", headers=chosen)
assert response.headers["Maton-Connection"] == os.environ["KEYFERRY_SECOND"], response.headers

form = {"email": "requests@example.com", "metadata[source]": "ünïcode"}
response = requests.post(f"{GATEWAY}/stripe/v1/customers", headers=headers, data=form)
assert response.json()["metadata"] == {"source": "ünïcode"}, response.text

response = requests.get(f"{GATEWAY}/nothing-like-it/v1/customers", headers=headers)
assert response.status_code == 404 and response.json()["reason"] == "app_unknown", response.text

print("requests ok")
