"""Every call on contacts, made with HubSpot's generated SDK for Python, whose paths are those of 2026-03.

It checks each answer against HubSpot's own schema, unless HubSpot is known to answer otherwise: properties without a value
are null, and an entry of errors lacks members.
"""

import os
import time

import hubspot_sdk
from hubspot_sdk import HubSpot


def client(token, strict=True):
    return HubSpot(
        access_token=token, base_url=os.environ["SANDBOX_URL"], max_retries=0, _strict_response_validation=strict
    )


def ids(results):
    return sorted(result.id for result in results)


def refused(kind, category, call):
    """The client's own exception for a refusal, with HubSpot's body in it."""
    try:
        call()
    except kind as refusal:
        assert refusal.body["category"] == category, refusal.body
        return refusal.body
    raise AssertionError(f"{kind} expected")


hubspot = client("sandbox-token")
contacts = hubspot.crm.objects.contacts
lenient = client("sandbox-token", strict=False).crm.objects.contacts

# One contact.
created = contacts.create(properties={"email": "Ada@example.com", "firstname": "Ada"}, associations=[])
bob = contacts.create(properties={"email": "bob@example.com"}, associations=[])
read = lenient.get(created.id, properties=["firstname", "phone"], properties_with_history=["firstname"])
assert (read.properties["firstname"], read.properties["phone"]) == ("Ada", None)
assert read.properties_with_history["firstname"][0].value == "Ada"
assert contacts.get("ada@example.com", properties=["email"], id_property="email", archived=False).id == created.id
assert contacts.update(created.id, properties={"lastname": "Lovelace"}).id == created.id
refused(hubspot_sdk.NotFoundError, "OBJECT_NOT_FOUND", lambda: contacts.get("999999"))
taken = {"email": "ada@example.com"}
refused(hubspot_sdk.ConflictError, "CONFLICT", lambda: contacts.create(properties=taken, associations=[]))
nope = {"email": "nope"}
refused(hubspot_sdk.BadRequestError, "VALIDATION_ERROR", lambda: contacts.update(bob.id, properties=nope))

# Lists: the client requests the next pages by itself.
listed = list(contacts.list(limit=1, properties=["email"]))
assert created.id in ids(listed) and len(set(ids(listed))) == len(listed) > 2
contacts.delete(bob.id)
assert ids(contacts.list(archived=True, properties=["email"])) == [bob.id]

# Batches.
inputs = [{"properties": {"email": f"{name}@example.com"}, "associations": []} for name in "cd"]
two = contacts.batch.create(inputs=inputs).results
c, d = (next(one for one in two if one.properties["email"] == f"{name}@example.com") for name in "cd")


def get(*names, api=contacts, **more):
    return api.batch.get(inputs=[{"id": name} for name in names], properties=["email"], properties_with_history=[], **more)


assert ids(get("C@example.com", "d@example.com", id_property="email").results) == ids([c, d])
assert ids(get(bob.id, archived=True).results) == [bob.id]
partly = get(c.id, "999999", api=lenient)
assert ids(partly.results) == [c.id] and partly.errors[0]["context"]["ids"] == ["999999"]
inputs = [{"id": one.id, "properties": {"firstname": "x"}, "object_write_trace_id": one.id} for one in (c, d)]
assert ids(contacts.batch.update(inputs=inputs).results) == ids([c, d])
inputs = [{"id": "c@example.com", "id_property": "email", "properties": {"firstname": "C"}}]
assert contacts.batch.upsert(inputs=inputs).results[0].new is False

# Search.
recent = {"property_name": "createdate", "operator": "GT", "value": str(int(time.time() - 3_600) * 1_000)}
found = contacts.search(
    filter_groups=[{"filters": [recent]}], sorts=["hs_object_id"], properties=["email"], limit=2, after="0"
)
assert found.paging.next.after == "2" and int(found.results[0].id) < int(found.results[1].id)

# Merge, archive, erase.
merged = lenient.merge(primary_object_id=c.id, object_id_to_merge=d.id)
assert contacts.get(d.id, properties=["email"]).id == merged.id
contacts.batch.delete(inputs=[{"id": merged.id}])
contacts.gdpr_delete(object_id=created.id)
refused(hubspot_sdk.BadRequestError, "VALIDATION_ERROR", lambda: contacts.create(properties=taken, associations=[]))

# The account. This release requests tokens with JSON, which the token endpoint does not accept, so tokens are not tested.
assert str(hubspot.account.get().portal_id) == os.environ["PORTAL_ID"]
stranger = client("pat-na1-unknown").crm.objects.contacts
refused(hubspot_sdk.AuthenticationError, "INVALID_AUTHENTICATION", lambda: list(stranger.list()))
