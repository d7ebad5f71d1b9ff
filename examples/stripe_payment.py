#!/usr/bin/env python3
"""A payment through keyferry with Stripe's own library: customer, payment intent, confirm, check, receipt.

    pip install stripe
    KEYFERRY_KEY=kf_... python3 examples/stripe_payment.py

The library is told another base URL and a keyferry key, and nothing else: Stripe's secret key stays in the gateway.
Connect a Stripe account in test mode first. When a card is declined the flow goes back to the intent
with the next one: --method pm_card_chargeCustomerFail --method pm_card_visa
"""

import argparse
import os
import sys

import stripe


def customer_of(email):
    """The customer of this address, made on the first visit."""
    known = stripe.Customer.list(email=email, limit=1).data
    return known[0] if known else stripe.Customer.create(email=email, description="paid through keyferry")


def attached(method, customer):
    """The payment method as one of the customer's. A page of yours gets it from Stripe; card numbers never come here."""
    return stripe.PaymentMethod.attach(method, customer=customer.id)


def intent_for(customer, method, amount, currency, earlier=None):
    """The intent, ready to be confirmed with this method: the earlier one where it can still be used."""
    if earlier is not None:
        earlier = stripe.PaymentIntent.modify(earlier.id, payment_method=method.id)
        if earlier.status == "requires_confirmation":
            return earlier
        stripe.PaymentIntent.cancel(earlier.id)
    return stripe.PaymentIntent.create(
        amount=amount, currency=currency, customer=customer.id, payment_method=method.id, payment_method_types=["card"]
    )


def pay(customer, methods, amount, currency):
    """Tries one payment method after the other; the intent that succeeded, or nothing."""
    intent = None
    for method in methods:
        try:
            card = attached(method, customer)
            intent = intent_for(customer, card, amount, currency, intent)
            intent = stripe.PaymentIntent.confirm(intent.id)
        except stripe.CardError as refusal:
            print(f"{method}: {refusal.user_message}", file=sys.stderr)
            continue
        if checked(intent.id):
            return intent
        print(f"{method}: {intent.status}", file=sys.stderr)
    return None


def checked(intent_id):
    """Asks again rather than trusting the answer to the confirmation."""
    return stripe.PaymentIntent.retrieve(intent_id).status == "succeeded"


def receipt(customer, intent):
    """What the customer gets to read."""
    charge = intent.latest_charge
    if isinstance(charge, str):
        charge = stripe.Charge.retrieve(charge)
    return "\n".join(
        [
            "Receipt",
            f"  for      {customer.email}",
            f"  amount   {intent.amount / 100:.2f} {intent.currency.upper()}",
            f"  charge   {charge.id}",
            f"  payment  {intent.id}: {charge.status}",
        ]
    )


def main():
    """Reads what to pay, pays it, prints the receipt; 1 when no method was accepted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gateway", default=os.environ.get("KEYFERRY_GATEWAY", "http://localhost:8080"))
    parser.add_argument("--email", default="ada@example.com")
    parser.add_argument("--amount", type=int, default=1999, help="in the currency's smallest unit")
    parser.add_argument("--currency", default="eur")
    parser.add_argument(
        "--method", action="append", help="payment method; more than once: the next when one is declined"
    )
    options = parser.parse_args()

    stripe.api_base = f"{options.gateway}/stripe"
    stripe.api_key = os.environ["KEYFERRY_KEY"]

    customer = customer_of(options.email)
    intent = pay(customer, options.method or ["pm_card_visa"], options.amount, options.currency)
    if intent is None:
        print("not paid: nothing was accepted", file=sys.stderr)
        return 1
    print(receipt(customer, intent))
    return 0


if __name__ == "__main__":
    sys.exit(main())
