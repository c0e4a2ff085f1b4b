"""The custom-auth file with LiteLLM's own types, against the service in LATCHKEY_URL, whose admin key is LATCHKEY_ADMIN_KEY.

Each test states what an operator of a proxy can rely on. `npm run test:clients` runs it.
"""

import asyncio
import hashlib
import json
import os
import time
import unittest
from unittest import mock

import httpx
from litellm.exceptions import BudgetExceededError
from litellm.proxy._types import LitellmUserRoles, ProxyException, UserAPIKeyAuth
from starlette.requests import Request

ADMIN = {"authorization": f"Bearer {os.environ['LATCHKEY_ADMIN_KEY']}"}


def latchkey(path: str, **body: object) -> dict:
    answer = httpx.post(os.environ["LATCHKEY_URL"] + path, headers=ADMIN, json=body, timeout=30)
    return answer.raise_for_status().json()


PROXY_KEY = latchkey("/key/generate", key_type="read_only")["key"]
os.environ["LATCHKEY_KEY"] = PROXY_KEY
os.environ.pop("LATCHKEY_CACHE_SECONDS", None)

import latchkey_auth  # noqa: E402  It reads its settings once.

LOOP = asyncio.new_event_loop()


def let_in(key: str | None, body: object = None, form: bytes | None = None, **path_params: str) -> UserAPIKeyAuth:
    sent = form or (b"" if body is None else json.dumps(body).encode())
    content_type = b"application/json" if form is None else b"application/x-www-form-urlencoded"

    async def receive() -> dict:
        return {"type": "http.request", "body": sent}

    scope = {"type": "http", "method": "POST", "path": "/v1/chat/completions", "query_string": b"", "path_params": path_params}
    request = Request({**scope, "headers": [(b"content-type", content_type)]}, receive)
    return LOOP.run_until_complete(latchkey_auth.user_api_key_auth(request, key))


class Case(unittest.TestCase):
    def refused(self, code: int, key: str, body: object = None, **others: object) -> ProxyException:
        """LiteLLM answers this exception with its code, where others become a 401."""
        with self.assertRaises(ProxyException) as caught:
            let_in(key, body, **others)
        self.assertEqual(caught.exception.code, str(code))
        self.assertNotIn(key, caught.exception.message)
        return caught.exception


class AKeyThatIsGood(Case):
    def test_comes_with_owner_limits_and_metadata(self):
        asked = {
            "user_id": "ada",
            "team_id": "shop",
            "models": ["gpt-4o"],
            "aliases": {"fast": "gpt-4o"},
            "max_budget": 5.5,
            "spend": 1.5,
            "tpm_limit": 1000,
            "rpm_limit": 10,
            "max_parallel_requests": 3,
            "allowed_routes": ["llm_api_routes"],
            "model_max_budget": {"gpt-4o": {"budget_limit": 1, "time_period": "1d"}},
        }
        alias = f"litellm/{os.urandom(4).hex()}"
        key = latchkey(
            "/key/generate",
            **asked,
            key_alias=alias,
            duration="1h",
            organization_id="acme",
            object_permission={"mcp_servers": ["files"]},
            model_rpm_limit={"gpt-4o": 2},
            metadata={"stage": "test", "logging": [{"callback_name": "x", "callback_vars": {"secret": "s"}}]},
        )
        found = let_in(key["key"])
        self.assertEqual({name: getattr(found, name) for name in asked}, asked)
        self.assertEqual(found.key_alias, alias)
        self.assertEqual(found.org_id, "acme")
        self.assertEqual(found.expires, key["expires"])
        self.assertEqual(found.object_permission.mcp_servers, ["files"])
        self.assertEqual(found.metadata, {"stage": "test", "model_rpm_limit": {"gpt-4o": 2}})
        self.assertEqual(found.token, hashlib.sha256(key["key"].encode()).hexdigest())
        self.assertEqual(found.api_key, found.token)

    def test_is_no_admin_of_the_proxy(self):
        key = latchkey("/key/generate", user_role="proxy_admin")["key"]
        self.assertEqual(let_in(key).user_role, LitellmUserRoles.INTERNAL_USER)

    def test_comes_without_what_would_open_models_to_it(self):
        fallbacks = [{"small": ["large"]}]
        key = latchkey("/key/generate", models=["small"], config={"a": 1}, router_settings={"fallbacks": fallbacks})["key"]
        found = let_in(key)
        self.assertEqual((found.config, found.router_settings), ({}, None))

    def test_has_one_count_for_both_values_of_a_grace_period(self):
        former = latchkey("/key/generate")
        current = latchkey("/key/regenerate", key=former["key"], grace_period="1h")
        for value in (former["key"], current["key"]):
            self.assertEqual(let_in(value).api_key, current["token"])


class AKeyThatIsNot(Case):
    def test_is_refused_with_the_reason(self):
        blocked = latchkey("/key/generate")["key"]
        latchkey("/key/block", key=blocked)
        deleted = latchkey("/key/generate")["key"]
        latchkey("/key/delete", keys=[deleted])
        rotated = latchkey("/key/generate")["key"]
        latchkey("/key/regenerate", key=rotated)
        expired = latchkey("/key/generate", duration="0s")["key"]
        reasons = {blocked: "blocked", deleted: "deleted", expired: "expired", rotated: "not_found", "sk-none": "not_found"}
        for key, reason in reasons.items():
            self.assertIn(reason, self.refused(401, key).message)

    def test_is_refused_where_none_was_sent(self):
        for key in (None, ""):
            with self.assertRaises(ProxyException) as caught:
                let_in(key)
            self.assertEqual(caught.exception.code, "401")

    def test_is_refused_where_it_is_for_latchkey_alone_whatever_its_routes(self):
        for key_type in ("management", "read_only"):
            for fields in ({}, {"allowed_routes": ["llm_api_routes"]}):
                key = latchkey("/key/generate", key_type=key_type, **fields)["key"]
                self.assertIn(key_type, self.refused(403, key).message)

    def test_is_refused_by_the_next_request_after_a_block(self):
        key = latchkey("/key/generate")["key"]
        let_in(key)
        latchkey("/key/block", key=key)
        self.refused(401, key)


class AModel(Case):
    def test_that_is_not_the_keys_is_refused(self):
        key = latchkey("/key/generate", models=["openai/*"])["key"]
        let_in(key, {"model": "openai/gpt-4o"})
        self.assertEqual(self.refused(403, key, {"model": "mistral"}).param, "model")

    def test_in_the_path_is_the_one_that_counts(self):
        key = latchkey("/key/generate", models=["gpt-4o"])["key"]
        for name in ("model", "model_name"):
            self.refused(403, key, {"model": "gpt-4o"}, **{name: "mistral"})
            let_in(key, {"model": "gpt-4o"}, **{name: "gpt-4o"})

    def test_in_a_form_counts_as_well(self):
        key = latchkey("/key/generate", models=["gpt-4o"])["key"]
        let_in(key, form=b"model=gpt-4o")
        self.refused(403, key, form=b"model=mistral")

    def test_to_fall_back_on_is_no_alias(self):
        aliases = {"mistral": "gpt-4o", "fast": "gpt-4o"}
        key = latchkey("/key/generate", models=["gpt-4o"], aliases=aliases)["key"]
        self.assertEqual(let_in(key, {"model": "fast"}).aliases, aliases)
        for fallback in ("mistral", {"fast": ["mistral"]}, {"model": "mistral"}):
            found = let_in(key, {"model": "fast", "fallbacks": [fallback]})
            self.assertEqual(found.aliases, {"fast": "gpt-4o"})

    def test_that_cannot_be_read_is_left_to_the_proxy(self):
        key = latchkey("/key/generate", models=["gpt-4o"])["key"]
        for body in (None, [], {}, "text", {"model": None}, {"model": ["mistral"]}):
            let_in(key, body)


class ABudget(Case):
    def test_that_is_spent_refuses_the_key_until_it_is_raised_or_the_spend_set_back(self):
        key = latchkey("/key/generate", max_budget=5, spend=5)["key"]

        def spent(at: float) -> None:
            with self.assertRaises(BudgetExceededError) as caught:
                let_in(key)
            self.assertEqual((caught.exception.current_cost, caught.exception.max_budget), (5, at))

        spent(5)
        latchkey("/key/update", key=key, temp_budget_increase=1, temp_budget_expiry="2020-01-01T00:00:00Z")
        spent(5)
        latchkey("/key/update", key=key, temp_budget_increase=1, temp_budget_expiry="2099-01-01T00:00:00Z")
        let_in(key)
        latchkey("/key/update", key=key, max_budget=4)
        spent(5)
        latchkey("/key/update", key=key, spend=0)
        let_in(key)


class WithoutAnAnswer(Case):
    def test_nobody_is_let_in_and_no_key_is_called_bad(self):
        def cut(request: httpx.Request) -> httpx.Response:
            raise httpx.ReadTimeout("cut", request=request)

        good = latchkey("/key/verify", key=PROXY_KEY)
        answers = [cut]
        answers += [lambda _, status=status: httpx.Response(status, json=good) for status in (302, 401, 403, 404, 429, 500, 503)]
        answers += [lambda _, text=text: httpx.Response(200, text=text) for text in ("<html>", "[]", "null", "{}")]
        answers += [lambda _: httpx.Response(200, json={"valid": True, "reason": "valid"})]
        for answer in answers:
            client = httpx.AsyncClient(base_url="http://latchkey", transport=httpx.MockTransport(answer))
            with mock.patch.object(latchkey_auth, "client", client):
                self.assertEqual(self.refused(503, "sk-any").headers, {"Retry-After": "1"})

    def test_the_call_ends_in_seconds(self):
        self.assertLessEqual(latchkey_auth.client.timeout.read, 5)
        self.assertLessEqual(latchkey_auth.client.timeout.connect, 5)

    def test_a_bad_key_of_the_proxys_own_is_no_verdict_on_others(self):
        key = latchkey("/key/generate")["key"]
        latchkey("/key/block", key=PROXY_KEY)
        try:
            self.refused(503, key)
        finally:
            latchkey("/key/unblock", key=PROXY_KEY)


class ACache(Case):
    def test_lets_a_blocked_key_in_for_its_seconds_and_no_longer(self):
        key = latchkey("/key/generate")["key"]
        now = time.time()
        with mock.patch.object(latchkey_auth, "CACHE_SECONDS", 10), mock.patch("time.time") as clock:
            clock.return_value = now
            let_in(key)
            latchkey("/key/block", key=key)
            clock.return_value = now + 5
            let_in(key)
            clock.return_value = now + 10
            self.refused(401, key)
            latchkey("/key/unblock", key=key)
            let_in(key)

    def test_keeps_no_key_and_no_answer_for_another_model(self):
        key = latchkey("/key/generate", models=["gpt-4o"])["key"]
        with mock.patch.object(latchkey_auth, "CACHE_SECONDS", 10):
            let_in(key, {"model": "gpt-4o"})
            self.refused(403, key, {"model": "mistral"})
        self.assertNotIn(key, str(vars(latchkey_auth.cache)))


if __name__ == "__main__":
    unittest.main()
