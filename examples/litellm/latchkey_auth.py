"""Lets the keys of a Latchkey into a LiteLLM proxy, as `custom_auth: latchkey_auth.user_api_key_auth`; see README.md."""

import os
from datetime import datetime, timezone
from typing import Any, Final

import httpx
from litellm.caching import InMemoryCache
from litellm.exceptions import BudgetExceededError
from litellm.proxy._types import LitellmUserRoles, ProxyException, UserAPIKeyAuth, hash_token
from litellm.proxy.auth.auth_utils import request_fallback_model_names
from litellm.proxy.common_utils.http_parsing_utils import read_request_body

HEADERS: Final = {"authorization": f"Bearer {os.environ['LATCHKEY_KEY']}"}  # The proxy's own key, of type `read_only`.
client: Final = httpx.AsyncClient(base_url=os.environ["LATCHKEY_URL"], headers=HEADERS, timeout=5)
# What a cache costs: a key that is blocked, deleted, rotated away or expired is let in for so much longer.
CACHE_SECONDS: Final = float(os.environ.get("LATCHKEY_CACHE_SECONDS", "0"))
cache: Final = InMemoryCache(max_size_in_memory=10_000)
# An admin of keys is none here. With the other two, which anyone may set, LiteLLM calls models that are not in `models`.
FIELDS: Final = UserAPIKeyAuth.model_fields.keys() - {"user_role", "config", "router_settings"} | {"organization_id"}


async def user_api_key_auth(request: Any, api_key: str | None) -> UserAPIKeyAuth:
    """Asks for each request. Raises a 401 that says why, a 403, a 422 for a spent budget, and without an answer a 503."""
    body = read if isinstance(read := await read_request_body(request), dict) else {}  # LiteLLM serves the path's model.
    model = request.path_params.get("model") or request.path_params.get("model_name") or body.get("model")
    asked = {"key": api_key or "", "model": model if isinstance(model, str) else None}
    name = f"{hash_token(asked['key'])} {asked['model']}"
    try:
        if (key := cache.get_cache(name)) is None:
            answer = await client.post("/key/verify", json=asked)
            key = answer.raise_for_status().json()  # A 401 is about the proxy's own key: no answer.
            if CACHE_SECONDS > 0 and key["valid"] is True:
                cache.set_cache(name, key, ttl=CACHE_SECONDS - answer.elapsed.total_seconds())
        reason, found = key["reason"], identity(key) if key["valid"] is True else None
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise ProxyException("Keys cannot be checked now.", "service_unavailable", None, 503, {"Retry-After": "1"}) from error
    if reason == "model_not_allowed":
        raise ProxyException("This key may not use this model.", "key_model_access_denied", "model", 403)
    if found is None:
        raise ProxyException(f"This key is not let in: {reason}.", "auth_error", "key", 401)
    if found.key_type in ("management", "read_only"):
        raise ProxyException(f"A key of type {found.key_type} is for Latchkey alone.", "auth_error", "key", 403)
    is_raised = found.metadata.get("temp_budget_expiry", "") > datetime.now(timezone.utc).isoformat()
    extra = found.metadata.get("temp_budget_increase", 0) if is_raised else 0
    if found.max_budget is not None and found.spend >= found.max_budget + extra:  # LiteLLM asks this of its own keys alone.
        raise BudgetExceededError(found.spend, found.max_budget + extra)
    by_name = request_fallback_model_names(body)  # LiteLLM checks what an alias makes of these, and calls them as they are.
    found.aliases = {name: model for name, model in found.aliases.items() if name not in by_name}
    return found


def identity(key: dict[str, Any]) -> UserAPIKeyAuth:
    told = {name: key[name] for name in FIELDS & key.keys() if key[name] is not None}
    told["metadata"].pop("logging", None)  # Its credentials are masked, so of no use.
    if key["object_permission"] is not None:
        told["object_permission"] = {"object_permission_id": key["key_id"], **key["object_permission"]}
    found = UserAPIKeyAuth(**told, user_role=LitellmUserRoles.INTERNAL_USER)
    found.api_key = found.token  # The hash of its current value: in a grace period both values have one count.
    return found
