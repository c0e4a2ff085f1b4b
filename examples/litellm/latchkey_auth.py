"""Lets the keys of a Latchkey into a LiteLLM proxy, as `custom_auth: latchkey_auth.user_api_key_auth`; see README.md.

Each request asks `POST /key/verify`. A key that is no good is a 401 that says why. Where Latchkey gives no answer nobody is
let in, and it is a 503, never a 401: clients take a 401 for the last word on their key.
"""

import hashlib
import os
import time
from typing import Any, Final

import httpx
from litellm.proxy._types import LitellmUserRoles, ProxyException, UserAPIKeyAuth

HEADERS: Final = {"authorization": f"Bearer {os.environ['LATCHKEY_KEY']}"}  # The proxy's own key, of type `read_only`.
client: Final = httpx.AsyncClient(base_url=os.environ["LATCHKEY_URL"], headers=HEADERS, timeout=5)
# What a cache costs: a key that is blocked, deleted, rotated away or expired is let in for so much longer.
CACHE_SECONDS: Final = float(os.environ.get("LATCHKEY_CACHE_SECONDS", "0"))
cache: Final[dict[tuple[str, str | None], tuple[float, httpx.Response]]] = {}
FIELDS: Final = UserAPIKeyAuth.model_fields.keys() - {"user_role"} | {"organization_id"}  # An admin of keys is none here.


async def user_api_key_auth(request: Any, api_key: str) -> UserAPIKeyAuth:
    """The key with its owner, limits and metadata. Raises what the proxy answers as 401, 403 or 503."""
    now, model = time.monotonic(), await model_in(request)
    kept = cache.get(asked := (hashlib.sha256(api_key.encode()).hexdigest(), model))
    try:
        if kept is None or kept[0] <= now:
            response = await client.post("/key/verify", json={"key": api_key, "model": model})
            kept = (now + CACHE_SECONDS, response.raise_for_status())  # A 401 is about the proxy's own key: no answer.
        key = kept[1].json()
        reason, found = key["reason"], identity(key) if key["valid"] is True else None
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise ProxyException("Keys cannot be checked now.", "service_unavailable", None, 503, {"Retry-After": "1"}) from error
    if reason == "model_not_allowed":
        raise ProxyException(f"This key may not use the model {model}.", "key_model_access_denied", "model", 403)
    if found is None:
        raise ProxyException(f"This key is not let in: {reason}.", "auth_error", "key", 401)
    if len(cache) >= 10_000:
        cache.clear()
    if CACHE_SECONDS > 0:
        cache[asked] = kept
    return found


def identity(key: dict[str, Any]) -> UserAPIKeyAuth:
    told = {name: key[name] for name in FIELDS & key.keys() if key[name] is not None}
    told["metadata"].pop("logging", None)  # Its credentials are masked, so of no use.
    if key["object_permission"] is not None:
        told["object_permission"] = {"object_permission_id": key["key_id"], **key["object_permission"]}
    found = UserAPIKeyAuth(**told, user_role=LitellmUserRoles.INTERNAL_USER)
    found.api_key = found.token  # The hash of its current value: in a grace period both values have one count.
    return found


async def model_in(request: Any) -> str | None:
    try:  # Where it is elsewhere (path, form), LiteLLM's own check finds it.
        return model if isinstance(model := (await request.json())["model"], str) else None
    except (ValueError, KeyError, TypeError, RuntimeError):
        return None
