// Requests tokens by code and by refresh token, with HubSpot's client for Node.js.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'

const require = createRequire(`${process.env.CLIENT_FOLDER}/`)
const { Client } = require('@hubspot/api-client')

const hubspot = new Client({ basePath: process.env.SANDBOX_URL })
const { tokensApi } = hubspot.oauth
const { CODE: code, REDIRECT_URI: redirect } = process.env
const app = ['sandbox-client', 'sandbox-secret']

async function opensTheAccount(token) {
    hubspot.setAccessToken(token)
    assert.ok((await hubspot.crm.contacts.basicApi.getPage()).results.length > 0)
}

const issued = await tokensApi.create('authorization_code', code, redirect, ...app)
assert.equal(issued.tokenType, 'bearer')
assert.equal(issued.expiresIn, 1800)
await opensTheAccount(issued.accessToken)
const refreshed = await tokensApi.create('refresh_token', undefined, undefined, ...app, issued.refreshToken)
assert.notEqual(refreshed.accessToken, issued.accessToken)
await opensTheAccount(refreshed.accessToken)

// The client's error type leaves out the members of OAuth, so only the status and HubSpot's members are checked.
for (const call of [
    () => tokensApi.create('authorization_code', code, redirect, ...app),
    () => tokensApi.create('refresh_token', undefined, undefined, ...app, 'revoked'),
    () => tokensApi.create('refresh_token', undefined, undefined, 'x', 'y', 'z'),
    () => tokensApi.create('password'),
]) {
    const refusal = await call().then(() => assert.fail('a refusal expected'), (refusal) => refusal)
    assert.equal(refusal.constructor.name, 'ApiException', String(refusal))
    assert.equal(refusal.code, 400)
    assert.ok(refusal.body.message && refusal.body.correlationId)
}
