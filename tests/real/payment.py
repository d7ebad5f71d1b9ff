"""Runs examples/stripe_payment.py as a reader would, and looks at what it left behind at the upstream."""

import subprocess
import sys

from place import GATEWAY, ask, connect, same

EXAMPLE = sys.argv[1]


def run(*arguments):
    """The example's exit code, receipt and complaints."""
    done = subprocess.run(
        [sys.executable, EXAMPLE, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout, done.stderr


def intents():
    """The states of all payment intents."""
    status, _, answer = ask("GET", "/stripe/v1/payment_intents", base=GATEWAY)
    same(status, 200, "the list of intents")
    return sorted(intent["status"] for intent in answer["data"])


connect("stripe", api_key="sk_test_localstripe")

code, receipt, complaints = run()
assert (code, complaints) == (0, ""), (code, complaints)
assert "19.99 EUR" in receipt and "succeeded" in receipt and "ada@example.com" in receipt, receipt
same(intents(), ["succeeded"], "intents after a payment")

fails, works = "pm_card_chargeCustomerFail", "pm_card_visa"
code, receipt, complaints = run("--method", fails, "--method", works, "--amount", "500", "--email", "bob@example.com")
same((code, complaints), (0, f"{fails}: Your card was declined.\n"), "the second method pays")
assert "5.00 EUR" in receipt and "bob@example.com" in receipt, receipt
same(intents(), ["canceled", "succeeded", "succeeded"], "intents after going back to the intent")

code, receipt, complaints = run("--method", "pm_card_visa_chargeDeclined")
same((code, receipt), (1, ""), "no receipt without a payment")
assert complaints.endswith("not paid: nothing was accepted\n"), complaints
same(len(intents()), 3, "no intent for a method that was never attached")

print("payment ok")
