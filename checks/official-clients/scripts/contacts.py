"""Every call on contacts, and tokens, made with HubSpot's client for Python."""

import json
import os
import time
from urllib.parse import parse_qs, urlsplit

import hubspot
from hubspot.crm import contacts
from hubspot.crm.contacts.exceptions import ApiException

URL = os.environ["SANDBOX_URL"]


def client(token):
    return hubspot.Client.create(access_token=token)


def at_sandbox(discovered):
    """The client's configuration names HubSpot's host for each API anew, so it is replaced in each."""
    discovered.api_client.configuration.host = URL
    return discovered


def ids(results):
    return sorted(result.id for result in results)


def refused(status, category, call):
    """The client's own exception for a refusal, with HubSpot's body in it."""
    try:
        call()
    except ApiException as refusal:
        body = json.loads(refusal.body)
        assert refusal.status == status, refusal
        assert body["category"] == category, body
        assert body["message"] and body["correlationId"], body
        return body
    raise AssertionError(f"{status} expected")


crm = client("sandbox-token").crm.contacts
basic, batches, search = (at_sandbox(api) for api in (crm.basic_api, crm.batch_api, crm.search_api))


def new(**properties):
    return contacts.SimplePublicObjectInputForCreate(properties=properties, associations=[])


def values(**properties):
    return contacts.SimplePublicObjectInput(properties=properties)


# One contact.
created = basic.create(new(email="Ada@example.com", firstname="Ada"))
assert created.properties["email"] == "ada@example.com"
assert created.created_at.tzinfo is not None
bob = basic.create(contacts.SimplePublicObjectInputForCreate(properties={"email": "bob@example.com"}))
read = basic.get_by_id(created.id, properties=["firstname", "phone"], properties_with_history=["firstname"])
assert (read.properties["firstname"], read.properties["phone"]) == ("Ada", None)
assert read.properties_with_history["firstname"][0].value == "Ada"
assert basic.get_by_id("ada@example.com", id_property="email", archived=False).id == created.id
assert basic.update(created.id, values(lastname="Lovelace")).id == created.id
basic.update("ada@example.com", values(phone="1"), id_property="email")
refused(404, "OBJECT_NOT_FOUND", lambda: basic.get_by_id("999999"))
conflict = refused(409, "CONFLICT", lambda: basic.create(new(email="ada@example.com")))
assert conflict["message"].endswith(f"Existing ID: {created.id}")
invalid = refused(400, "VALIDATION_ERROR", lambda: basic.update(bob.id, values(email="nope")))
assert invalid["errors"][0]["code"] == "INVALID_EMAIL"

# Lists, page by page, also of archived contacts. The client writes booleans as Python does.
listed, after = [], None
while True:
    place = {} if after is None else {"after": after}
    page = basic.get_page(limit=1, properties=["email"], archived=False, **place)
    listed += page.results
    if page.paging is None:
        break
    after = page.paging.next.after
    assert parse_qs(urlsplit(page.paging.next.link).query)["after"] == [after]
assert created.id in ids(listed) and len(set(ids(listed))) == len(listed)
basic.archive(bob.id)
refused(404, "OBJECT_NOT_FOUND", lambda: basic.get_by_id(bob.id))
archived = basic.get_page(limit=10, archived=True).results
assert ids(archived) == [bob.id] and archived[0].archived_at is not None
assert basic.get_by_id(bob.id, archived=True).id == bob.id

# Batches.
inputs = [contacts.SimplePublicObjectBatchInputForCreate(properties={"email": f"{name}@example.com"}) for name in "cd"]
created_two = batches.create(contacts.BatchInputSimplePublicObjectBatchInputForCreate(inputs=inputs))
assert created_two.status == "COMPLETE"
c, d = (next(one for one in created_two.results if one.properties["email"] == f"{name}@example.com") for name in "cd")


def named(*names):
    return [contacts.SimplePublicObjectId(id=name) for name in names]


def to_read(*names, **more):
    inputs = named(*names)
    return contacts.BatchReadInputSimplePublicObjectId(inputs=inputs, properties=[], properties_with_history=[], **more)


found = batches.read(to_read("C@example.com", "d@example.com", id_property="email"))
assert ids(found.results) == ids([c, d])
partly = batches.read(to_read(c.id, "999999"))
assert partly.num_errors == 1 and partly.errors[0].context["ids"] == ["999999"]
assert ids(batches.read(to_read(bob.id), archived=True).results) == [bob.id]


def write(id, trace_id=None, **properties):
    return contacts.SimplePublicObjectBatchInput(id=id, properties=properties, object_write_trace_id=trace_id)


def update(*inputs):
    return batches.update(contacts.BatchInputSimplePublicObjectBatchInput(inputs=list(inputs)))


assert ids(update(write(c.id, "t-1", firstname="C"), write(d.id, "t-2", firstname="D")).results) == ids([c, d])
mixed = update(write(c.id, "t-1", firstname="C"), write(d.id, "t-2", email="c@example.com"))
assert ids(mixed.results) == [c.id] and mixed.errors[0].context["objectWriteTraceId"] == ["t-2"]
refused(400, "VALIDATION_ERROR", lambda: update(write(c.id, firstname="x"), write(c.id, firstname="y")))
Upsert = contacts.SimplePublicObjectBatchInputUpsert
inputs = [
    Upsert(id="u-1", id_property="app_user_id", properties={"email": "e@example.com"}),
    Upsert(id="c@example.com", id_property="email", properties={"app_user_id": "u-2"}),
]
upserted = batches.upsert(contacts.BatchInputSimplePublicObjectBatchInputUpsert(inputs=inputs))
assert {result.id == c.id: result.new for result in upserted.results} == {True: False, False: True}

# Search.
recent = contacts.Filter(property_name="createdate", operator="GT", value=str(int(time.time() - 3_600) * 1_000))


def page_of(**more):
    request = contacts.PublicObjectSearchRequest(
        filter_groups=[contacts.FilterGroup(filters=[recent])],
        sorts=[{"propertyName": "hs_object_id", "direction": "DESCENDING"}],
        properties=["email"],
        **more,
    )
    return search.do_search(request)


first = page_of(limit=2)
second = page_of(limit=2, after=first.paging.next.after)
order = [int(result.id) for result in first.results + second.results]
assert order == sorted(order, reverse=True) and first.total == second.total
refused(400, "VALIDATION_ERROR", lambda: page_of(limit=201))

# Merge, archive, erase.
merged = basic.merge(contacts.PublicMergeInput(primary_object_id=c.id, object_id_to_merge=d.id))
assert basic.get_by_id(d.id).id == merged.id
batches.archive(contacts.BatchInputSimplePublicObjectId(inputs=named(merged.id)))
basic.purge(contacts.PublicGdprDeleteInput(object_id=created.id))
basic.purge(contacts.PublicGdprDeleteInput(object_id="stranger@example.com", id_property="email"))
refused(404, "OBJECT_NOT_FOUND", lambda: basic.get_by_id(created.id))
refused(400, "VALIDATION_ERROR", lambda: basic.create(new(email="ada@example.com")))
stranger = at_sandbox(client("pat-na1-unknown").crm.contacts.basic_api)
refused(401, "INVALID_AUTHENTICATION", stranger.get_page)

# Tokens.
tokens = at_sandbox(hubspot.Client.create().oauth.tokens_api)
app = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
exchange = {"grant_type": "authorization_code", "code": os.environ["CODE"], "redirect_uri": os.environ["REDIRECT_URI"]}
issued = tokens.create(**app, **exchange)
assert (issued.token_type, issued.expires_in) == ("bearer", 1_800)
refreshed = tokens.create(grant_type="refresh_token", refresh_token=issued.refresh_token, **app)
assert at_sandbox(client(refreshed.access_token).crm.contacts.basic_api).get_page().results
for refusable, status in [
    ({**app, **exchange}, "BAD_AUTH_CODE"),
    ({**app, "grant_type": "refresh_token", "refresh_token": "revoked"}, "BAD_REFRESH_TOKEN"),
    ({"grant_type": "password"}, "BAD_GRANT_TYPE"),
]:
    try:
        tokens.create(**refusable)
    except hubspot.oauth.exceptions.ApiException as refusal:
        body = json.loads(refusal.body)
        assert refusal.status == 400 and body["status"] == status and body["error"], body
    else:
        raise AssertionError(f"{status} expected")
