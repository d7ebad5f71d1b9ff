"""Stripe's own library, told nothing but another base URL and key: create, page, update, delete, nest, fail."""

import stripe
from place import GATEWAY, KEY, connect, same

connect("stripe", api_key="sk_test_localstripe")
stripe.api_base = f"{GATEWAY}/stripe"
stripe.api_key = KEY
stripe.max_network_retries = 0


def customers():
    """Create, read, update and delete, as one account's life."""
    made = stripe.Customer.create(
        name="Ada Lovelace",
        email="ada@example.com",
        metadata={"plan": "gold & more", "ünïcode": "✓"},
        address={"line1": "12 St James's Square", "city": "London", "country": "GB"},
    )
    same(made.metadata.to_dict(), {"plan": "gold & more", "ünïcode": "✓"}, "nested fields with signs and letters")
    same(stripe.Customer.retrieve(made.id).email, "ada@example.com", "what was stored")
    same(stripe.Customer.modify(made.id, name="Ada King").name, "Ada King", "the new name")
    same(stripe.Customer.retrieve(made.id).address.city, "London", "the nested address after an update")
    same(stripe.Customer.delete(made.id).deleted, True, "the deletion")


def pages():
    """Pages of two through five: the library follows `starting_after` by itself."""
    made = {stripe.Customer.create(description=f"number {n}").id for n in range(5)}
    first = stripe.Customer.list(limit=2)
    same((len(first.data), first.has_more), (2, True), "the first page")
    found = [customer.id for customer in first.auto_paging_iter()]
    same(sorted(found), sorted(made), "all pages together")


def nested():
    """Lists of objects in a form: `items[0][plan]`."""
    plan = stripe.Plan.create(
        id="monthly", amount=1500, currency="eur", interval="month", product={"name": "Keys", "metadata": {"size": "L"}}
    )
    customer = stripe.Customer.create(email="bob@example.com")
    card = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvc": "123"}
    method = stripe.PaymentMethod.create(type="card", card=card)
    stripe.PaymentMethod.attach(method.id, customer=customer.id)
    settings = {"default_payment_method": method.id}
    stripe.Customer.modify(customer.id, invoice_settings=settings)
    subscription = stripe.Subscription.create(
        customer=customer.id, items=[{"plan": plan.id, "quantity": 3}], expand=["latest_invoice.payment_intent"]
    )
    item = subscription["items"].data[0]
    same((item.plan.id, item.quantity), ("monthly", 3), "the first item of a list")
    same(subscription.latest_invoice.total, 4500, "an expanded object")


def errors():
    """The upstream's own refusals arrive as the library's own errors."""
    try:
        stripe.Customer.retrieve("cus_doesnotexist")
    except stripe.InvalidRequestError as refusal:
        same(refusal.http_status, 404, "status of an unknown id")
        assert "keyferry-error" not in {name.lower() for name in refusal.headers}, refusal.headers
    else:
        raise AssertionError("an unknown customer was found")
    stripe.api_key = "kf_" + "0" * 49
    try:
        stripe.Customer.list()
    except stripe.StripeError as refusal:  # the gateway's own refusal is not of Stripe's shape
        same(refusal.http_status, 401, "status of a wrong key")
        assert "keyferry" in str(refusal), refusal
    else:
        raise AssertionError("a wrong key was accepted")


customers()
pages()
nested()
errors()
print("stripe ok")
