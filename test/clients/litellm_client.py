"""LiteLLM's own Python client, unchanged, against the service in LATCHKEY_URL.

Each test states what a program that uses the client can rely on.
"""

import hashlib
import os
import unittest
import uuid

import requests
from litellm.proxy.client.exceptions import UnauthorizedError
from litellm.proxy.client.keys import KeysManagementClient

URL = os.environ["LATCHKEY_URL"]
ADMIN_KEY = os.environ["LATCHKEY_ADMIN_KEY"]

# Keys of other scripts on the same service do not count here.
RUN = uuid.uuid4().hex[:8]


def client(key: str | None = ADMIN_KEY) -> KeysManagementClient:
    return KeysManagementClient(base_url=URL, api_key=key)


def named(alias: str) -> str:
    return f"python/{RUN}/{alias}"


class Generate(unittest.TestCase):
    def test_takes_every_parameter_and_answers_with_the_value(self):
        asked = {
            "models": ["gpt-4o", "mistral"],
            "aliases": {"fast": "gpt-4o-mini"},
            "spend": 1.5,
            "key_alias": named("everything"),
            "team_id": "team-a",
            "user_id": "ada@example.com",
            "budget_id": "budget-a",
            "config": {"region": "eu"},
        }
        answer = client().generate(**asked, duration="24h")
        self.assertEqual({name: answer[name] for name in asked}, asked)
        self.assertEqual(answer["token"], hashlib.sha256(answer["key"].encode()).hexdigest())
        self.assertTrue(answer["expires"])
        info = client().info(answer["token"])["info"]
        self.assertEqual({name: info[name] for name in asked}, asked)

    def test_takes_no_parameter_at_all(self):
        self.assertTrue(client().generate()["key"].startswith("sk-"))

    def test_raises_http_error_400_for_a_taken_alias(self):
        client().generate(key_alias=named("taken"))
        with self.assertRaises(requests.exceptions.HTTPError) as raised:
            client().generate(key_alias=named("taken"))
        response = raised.exception.response
        self.assertEqual(response.status_code, 400)
        self.assertEqual(response.json()["error"]["param"], "key_alias")


class List(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.user = f"lister-{RUN}"
        cls.team = f"team-{RUN}"
        made = [
            client().generate(user_id=cls.user, team_id=cls.team, key_alias=named(f"list-{n:03}"))
            for n in range(103)
        ]
        cls.hashes = [key["token"] for key in reversed(made)]

    def test_lists_ten_hashes_without_arguments(self):
        answer = client().list()
        self.assertEqual(len(answer["keys"]), 10)
        self.assertTrue(all(len(token) == 64 for token in answer["keys"]))
        self.assertGreaterEqual(answer["total_count"], 103)
        self.assertEqual(answer["current_page"], 1)

    def test_takes_a_size(self):
        answer = client().list(size=3, user_id=self.user)
        self.assertEqual(answer["keys"], self.hashes[:3])
        self.assertEqual((answer["total_count"], answer["total_pages"]), (103, 35))

    def test_pages_through_all_in_one_order_without_gap_or_repeat(self):
        listed, page = [], 1
        while True:
            keys = client().list(page=page, size=100, user_id=self.user, return_full_object=True)[
                "keys"
            ]
            listed.extend(key["token"] for key in keys)
            if len(keys) < 100:
                break
            page += 1
        self.assertEqual((page, listed), (2, self.hashes))

    def test_shows_whole_keys_with_what_the_command_line_prints_and_imports(self):
        [key] = client().list(key_alias=named("list-007"), return_full_object=True)["keys"]
        self.assertEqual(key["token"], self.hashes[-8])
        shown = {name: key[name] for name in ("key_alias", "user_id", "team_id", "spend")}
        self.assertEqual(
            shown,
            {
                "key_alias": named("list-007"),
                "user_id": self.user,
                "team_id": self.team,
                "spend": 0,
            },
        )
        self.assertRegex(key["created_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

    def test_filters(self):
        for wanted, filters in (
            (self.hashes[:1], {"key_alias": named("list-102")}),
            (self.hashes[5:6], {"key_hash": self.hashes[5]}),
            (self.hashes[:10], {"team_id": self.team}),
            (self.hashes[:10], {"user_id": self.user, "include_team_keys": True}),
            (self.hashes[:10], {"user_id": self.user, "include_team_keys": False}),
            ([], {"user_id": self.user, "organization_id": "none"}),
            ([], {"key_alias": named("nobody")}),
        ):
            with self.subTest(filters):
                self.assertEqual(client().list(**filters)["keys"], wanted)


class Info(unittest.TestCase):
    def test_takes_a_hash_and_a_value(self):
        key = client().generate(key_alias=named("info"))
        for name in (key["token"], key["key"]):
            answer = client().info(name)
            self.assertEqual(answer["key"], name)
            self.assertEqual(answer["info"]["key_alias"], named("info"))

    def test_raises_http_error_404_for_an_unknown_key(self):
        with self.assertRaises(requests.exceptions.HTTPError) as raised:
            client().info("0" * 64)
        self.assertEqual(raised.exception.response.status_code, 404)
        self.assertEqual(raised.exception.response.json()["error"]["code"], "404")


class Update(unittest.TestCase):
    def test_takes_every_parameter(self):
        key = client().generate(key_alias=named("before"), models=["gpt-4o"])
        changes = {
            "models": ["mistral"],
            "aliases": {"fast": "haiku"},
            "spend": 2,
            "key_alias": named("after"),
            "team_id": "team-b",
            "user_id": "grace@example.com",
        }
        answer = client().update(key["token"], **changes, duration="7d")
        self.assertEqual({name: answer[name] for name in changes}, changes)
        info = client().info(key["token"])["info"]
        self.assertEqual({name: info[name] for name in changes}, changes)
        self.assertTrue(info["expires"])

    def test_leaves_alone_what_it_is_not_given(self):
        key = client().generate(key_alias=named("stays"), models=["gpt-4o"], spend=3)
        client().update(key["key"], user_id="ada")
        info = client().info(key["token"])["info"]
        self.assertEqual((info["models"], info["spend"]), (["gpt-4o"], 3))

    def test_raises_an_exception_with_the_body_where_it_fails(self):
        with self.assertRaises(Exception) as raised:
            client().update("0" * 64, spend=1)
        self.assertIs(type(raised.exception), Exception)
        self.assertRegex(str(raised.exception), r'^Error updating key: \{"error":\{.*"code":"404"')


class Delete(unittest.TestCase):
    def refused(self, key: dict) -> None:
        with self.assertRaises(UnauthorizedError):
            client(key["key"]).list()

    def test_by_values_and_hashes(self):
        one, two = client().generate(user_id="ada"), client().generate(user_id="ada")
        client(one["key"]).list()
        answer = client().delete(keys=[one["key"], two["token"]])
        self.assertEqual(answer["deleted_keys"], [one["key"], two["token"]])
        self.refused(one)
        self.refused(two)

    def test_by_aliases(self):
        keys = [client().generate(key_alias=named(alias)) for alias in ("gone-1", "gone-2")]
        answer = client().delete(key_aliases=[named("gone-1"), named("gone-2")])
        self.assertEqual(answer["deleted_keys"], [named("gone-1"), named("gone-2")])
        for key in keys:
            self.refused(key)
        # Both are free again at once.
        client().generate(key_alias=named("gone-1"))

    def test_raises_http_error_404_for_unknown_keys(self):
        for asked in ({"keys": ["0" * 64]}, {"key_aliases": [named("never")]}):
            with self.subTest(asked), self.assertRaises(requests.exceptions.HTTPError) as raised:
                client().delete(**asked)
            self.assertEqual(raised.exception.response.status_code, 404)

    def test_raises_an_http_error_where_nothing_is_named(self):
        with self.assertRaises(requests.exceptions.HTTPError) as raised:
            client().delete()
        self.assertIn(raised.exception.response.status_code, (400, 422))


class Unauthorised(unittest.TestCase):
    def test_every_call_but_update_raises_unauthorized_error(self):
        for key in ("sk-wrong", None):
            for call in (
                lambda: client(key).list(),
                lambda: client(key).generate(),
                lambda: client(key).info("0" * 64),
                lambda: client(key).delete(keys=["0" * 64]),
            ):
                with self.assertRaises(UnauthorizedError) as raised:
                    call()
                self.assertEqual(raised.exception.orig_exception.response.status_code, 401)

    def test_update_raises_an_exception_with_the_body(self):
        with self.assertRaisesRegex(Exception, r'Error updating key: .*"code":"401"'):
            client("sk-wrong").update("0" * 64, spend=1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
