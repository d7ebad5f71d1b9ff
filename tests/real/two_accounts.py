"""Connects two Stripe accounts and prints the id of the second."""

from place import connect

connect("stripe", api_key="sk_test_first")
print(connect("stripe", api_key="sk_test_second"))
