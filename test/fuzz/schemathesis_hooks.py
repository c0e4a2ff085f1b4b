"""What Schemathesis cannot know: whom to call as, and which keys there are.

The keys of admins and of others come in the environment. A request may end the key that it calls with,
or rotate it, so that the next admin takes over when one is refused.
"""

import json
import os
import random
import re
import uuid

import schemathesis

admins = json.loads(os.environ["LATCHKEY_ADMIN_KEYS"])
names = json.loads(os.environ["LATCHKEY_KEY_IDS"])
chosen = random.Random(int(os.environ["LATCHKEY_SEED"]))


@schemathesis.auth(refresh_interval=None)
class Admin:
    def get(self, case, context):
        return admins[0]

    def set(self, case, data, context):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {admins[0]}"}


@schemathesis.hook
def after_call(context, case, response):
    sent = response.request.headers.get("Authorization")
    others = [name for name in response.request.headers if name.lower().endswith("api-key")]
    if response.status_code == 401 and sent == f"Bearer {admins[0]}" and not others:
        if len(admins) > 1:
            admins.pop(0)


def known(value):
    """Another name, half of the time: one that leads to a key."""
    if isinstance(value, str) and value and chosen.random() < 0.5:
        return chosen.choice(names)
    return value


numbers = [
    "spend",
    "max_budget",
    "soft_budget",
    "tpm_limit",
    "rpm_limit",
    "tpd_limit",
    "max_parallel_requests",
    "default_estimated_output_tokens",
    "temp_budget_increase",
]
truths = [
    "blocked",
    "auto_rotate",
    "disable_global_guardrails",
    "enable_prompt_caching",
    "throttle_on_budget_exceeded",
    "send_invite_email",
    "store_secret",
    "enabled",
]


def sterner(body):
    """As LiteLLM does, the service takes more for a number or a truth value than should be sent."""
    for name in numbers:
        if body.get(name) == "" or isinstance(body.get(name), bool):
            body[name] = "no number"
    for name in truths:
        if body.get(name) in (0, 1) and not isinstance(body.get(name), bool):
            body[name] = "no truth value"
    for one, other, value in [
        ("temp_budget_increase", "temp_budget_expiry", "2030-01-01T00:00:00Z"),
        ("temp_budget_expiry", "temp_budget_increase", 1),
    ]:
        if body.get(one) is not None and body.get(other) is None:
            body[other] = value
    return body


def with_names(body):
    body = sterner(dict(body))
    if "key" in body:
        body["key"] = known(body["key"])
    if isinstance(body.get("keys"), list):
        body["keys"] = [
            sterner({**each, "key": known(each["key"])})
            if isinstance(each, dict) and "key" in each
            else known(each)
            for each in body["keys"]
        ]
    return body


@schemathesis.hook
def before_call(context, case, kwargs):
    """What is valid stays valid, and what is not stays that."""
    if isinstance(case.body, dict):
        case.body = with_names(case.body)
    path = case.path_parameters
    if path and "key" in path:
        path["key"] = known(path["key"])
    if path and "id" in path and known(path["id"]) in names:
        path["id"] = f"{chosen.choice(names)}_1"
    query = case.query
    if query:
        # An empty parameter counts as left out, and an order is read where there is something to order by.
        for name, value in query.items():
            if value == "" and name != "cursor":
                query[name] = "x"
        if "sort_order" in query:
            query.setdefault("sort_by", "updated_at")
    # Else a repeat with another body would be refused, as it must be.
    repeated = case.headers and case.headers.get("Idempotency-Key")
    if isinstance(repeated, str) and re.fullmatch("[!-~]{1,255}", repeated):
        case.headers["Idempotency-Key"] = str(uuid.UUID(int=chosen.getrandbits(128)))
