// Makes every call on contacts with HubSpot's client for Node.js.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'

const require = createRequire(`${process.env.CLIENT_FOLDER}/`)
const { Client } = require('@hubspot/api-client')

const hubspot = new Client({ accessToken: 'sandbox-token', basePath: process.env.SANDBOX_URL })
const { basicApi, batchApi, searchApi } = hubspot.crm.contacts

/** The client's own error for a refusal, with HubSpot's body in it. */
async function refused(code, category, call) {
    const error = await call.then(() => assert.fail(`${code} expected`), (error) => error)
    assert.equal(error.constructor.name, 'ApiException', String(error))
    assert.equal(error.code, code)
    assert.equal(error.body.category, category)
    assert.ok(error.body.message && error.body.correlationId)
    return error
}

const ids = (results) => results.map((result) => result.id).sort()

// One contact.
const created = await basicApi.create({ properties: { email: 'Ada@example.com', firstname: 'Ada' }, associations: [] })
assert.equal(created.properties.email, 'ada@example.com')
assert.ok(created.createdAt instanceof Date && !Number.isNaN(created.createdAt.getTime()))
const bob = await basicApi.create({ properties: { email: 'bob@example.com', lastname: 'Bob' } })
const read = await basicApi.getById(created.id, ['firstname', 'phone'], ['firstname'])
assert.equal(read.properties.firstname, 'Ada')
assert.equal(read.properties.phone, null)
assert.equal(read.propertiesWithHistory.firstname[0].value, 'Ada')
const byEmail = await basicApi.getById('ada@example.com', undefined, undefined, undefined, false, 'email')
assert.equal(byEmail.id, created.id)
assert.equal((await basicApi.update(created.id, { properties: { lastname: 'Lovelace' } })).id, created.id)
await basicApi.update('ada@example.com', { properties: { phone: '1' } }, 'email')
await refused(404, 'OBJECT_NOT_FOUND', basicApi.getById('999999'))
const conflict = await refused(409, 'CONFLICT', basicApi.create({ properties: { email: 'ada@example.com' } }))
assert.ok(conflict.body.message.endsWith(`Existing ID: ${created.id}`))
const invalid = await refused(400, 'VALIDATION_ERROR', basicApi.update(bob.id, { properties: { email: 'nope' } }))
assert.equal(invalid.body.errors[0].code, 'INVALID_EMAIL')

// Lists, page by page, also of archived contacts.
let pages = 0
const listed = []
let after
do {
    const page = await basicApi.getPage(1, after, ['email'], undefined, undefined, false)
    listed.push(...page.results)
    after = page.paging?.next?.after
    if (after) assert.equal(new URL(page.paging.next.link).searchParams.get('after'), after)
    pages += 1
} while (after)
assert.equal(pages, listed.length)
assert.ok(ids(listed).includes(created.id))
assert.equal((await hubspot.crm.contacts.getAll(2)).length, listed.length)
await basicApi.archive(bob.id)
await refused(404, 'OBJECT_NOT_FOUND', basicApi.getById(bob.id))
const archived = await basicApi.getPage(10, undefined, undefined, undefined, undefined, true)
assert.deepEqual(ids(archived.results), [bob.id])
assert.ok(archived.results[0].archivedAt instanceof Date)

// Batches.
const batch = await batchApi.create({
    inputs: ['c', 'd'].map((name) => ({ properties: { email: `${name}@example.com` }, associations: [] })),
})
assert.equal(batch.status, 'COMPLETE')
assert.ok(batch.results.every((result) => !('_new' in result) || result._new === undefined))
const [c, d] = ['c', 'd'].map((name) => batch.results.find((result) => result.properties.email === `${name}@example.com`))
const found = await batchApi.read({
    inputs: [{ id: 'C@example.com' }, { id: 'd@example.com' }], idProperty: 'email', properties: ['email'], propertiesWithHistory: [],
})
assert.deepEqual(ids(found.results), ids([c, d]))
const partly = await batchApi.read({ inputs: [{ id: c.id }, { id: '999999' }], properties: [], propertiesWithHistory: [] })
assert.equal(partly.numErrors, 1)
assert.deepEqual(partly.errors[0].context.ids, ['999999'])
const gone = await batchApi.read({ inputs: [{ id: bob.id }], properties: [], propertiesWithHistory: [] }, true)
assert.deepEqual(ids(gone.results), [bob.id])
const updated = await batchApi.update({
    inputs: [c, d].map(({ id }) => ({ id, properties: { firstname: `Name ${id}` }, objectWriteTraceId: `t-${id}` })),
})
assert.deepEqual(ids(updated.results), ids([c, d]))
const mixed = await batchApi.update({
    inputs: [
        { id: c.id, properties: { firstname: 'C' }, objectWriteTraceId: 't-1' },
        { id: d.id, properties: { email: 'c@example.com' }, objectWriteTraceId: 't-2' },
    ],
})
assert.deepEqual(ids(mixed.results), [c.id])
assert.deepEqual(mixed.errors[0].context.objectWriteTraceId, ['t-2'])
const upserted = await batchApi.upsert({
    inputs: [
        { id: 'u-1', idProperty: 'app_user_id', properties: { email: 'e@example.com' } },
        { id: 'c@example.com', idProperty: 'email', properties: { app_user_id: 'u-2' } },
    ],
})
const isNew = new Map(upserted.results.map((result) => [result.id, result._new]))
assert.equal(isNew.get(c.id), false)
assert.equal([...isNew.values()].filter(Boolean).length, 1)
await refused(400, 'VALIDATION_ERROR', batchApi.update({ inputs: [c, c].map(({ id }) => ({ id, properties: {} })) }))
await refused(409, 'CONFLICT', batchApi.create({ inputs: [{ properties: { email: 'c@example.com' } }] }))

// Search, with a sort in the form that the client's README shows.
const search = {
    filterGroups: [{ filters: [{ propertyName: 'createdate', operator: 'GT', value: `${Date.now() - 3_600_000}` }] }],
    sorts: [JSON.stringify({ propertyName: 'hs_object_id', direction: 'DESCENDING' })],
    properties: ['email'], limit: 2,
}
const first = await searchApi.doSearch(search)
assert.equal(first.results.length, 2)
assert.ok(Number(first.results[0].id) > Number(first.results[1].id))
const second = await searchApi.doSearch({ ...search, after: first.paging.next.after })
assert.ok(Number(second.results[0].id) < Number(first.results[1].id))
await refused(400, 'VALIDATION_ERROR', searchApi.doSearch({ ...search, limit: 201 }))

// Merge, archive, erase.
const merged = await basicApi.merge({ primaryObjectId: c.id, objectIdToMerge: d.id })
assert.equal((await basicApi.getById(d.id)).id, merged.id)
await batchApi.archive({ inputs: [{ id: merged.id }] })
await basicApi.purge({ objectId: created.id })
await basicApi.purge({ objectId: 'stranger@example.com', idProperty: 'email' })
await refused(404, 'OBJECT_NOT_FOUND', basicApi.getById(created.id))
await refused(400, 'VALIDATION_ERROR', basicApi.create({ properties: { email: 'ada@example.com' } }))

// Calls for which the client has no method.
const details = await (await hubspot.apiRequest({ path: '/account-info/v3/details' })).json()
assert.equal(String(details.portalId), process.env.PORTAL_ID)
const stranger = new Client({ accessToken: 'pat-na1-unknown', basePath: process.env.SANDBOX_URL })
await refused(401, 'INVALID_AUTHENTICATION', stranger.crm.contacts.basicApi.getPage())
