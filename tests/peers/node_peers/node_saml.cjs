// node-saml on the other side of a logout. It is a library for service providers, but logout
// messages are the same in both directions: it verifies ours, and signs its own.
//
//     node node_saml.cjs SETTINGS
'use strict';

const fs = require('fs');
const http = require('http');
const { SAML, ValidateInResponseTo } = require('@node-saml/node-saml');

const read = () => JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const { host, port } = read();
const base = `http://${host}:${port}`;

let session = null;
let saml = null;

function peer(settings) {
  saml ??= new SAML({
    issuer: settings.entityId,
    privateKey: settings.key,
    signatureAlgorithm: 'sha256',
    idpCert: settings.trusted,
    idpIssuer: settings.trustedEntityId,
    callbackUrl: `${base}/slo`,
    entryPoint: settings.slo,
    logoutUrl: settings.slo,
    validateInResponseTo: ValidateInResponseTo.always,
  });
  return saml;
}

// By redirect it takes messages without a signature, and its callers have to ask for one.
async function verified(saml, method, fields, query) {
  if (method === 'POST') return saml.validatePostRequestAsync(fields);
  if (!fields.Signature) throw new Error('no signature');
  return saml.validateRedirectAsync(fields, query);
}

async function logout(saml, method, fields, query) {
  const { profile, loggedOut } = await verified(saml, method, fields, query);
  if (!loggedOut) throw new Error('not a logout');
  if (!profile) {
    if (fields.RelayState !== 'its-own-state') throw new Error('RelayState');
    session = null;
    return { page: 'signed out' };
  }
  if (profile.nameID !== session.nameID) throw new Error('NameID');
  if (profile.sessionIndex !== session.sessionIndex) throw new Error('SessionIndex');
  session = null;
  return { location: await saml.getLogoutResponseUrlAsync(profile, fields.RelayState, {}, true) };
}

async function answer(request, body) {
  const url = new URL(request.url, base);
  const posted = request.method === 'POST';
  const fields = Object.fromEntries(posted ? new URLSearchParams(body) : url.searchParams);
  const saml = peer(read());
  if (url.pathname === '/sso') return { page: JSON.stringify(fields) };
  if (url.pathname === '/session') {
    if (posted) session = fields;
    return { page: session ? 'somebody' : 'nobody' };
  }
  if (url.pathname === '/sign-out') {
    return { location: await saml.getLogoutUrlAsync(session, 'its-own-state', {}) };
  }
  if (url.pathname === '/slo') return logout(saml, request.method, fields, url.search.slice(1));
  throw new Error('no such page');
}

http
  .createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    try {
      const { location, page } = await answer(request, body);
      response.writeHead(location ? 302 : 200, location ? { Location: location } : { 'Content-Type': 'text/html' });
      response.end(page);
    } catch (error) {
      console.error(error);
      response.writeHead(403, { 'Content-Type': 'text/plain' });
      response.end(`refused: ${error.message ?? error}`);
    }
  })
  .listen(port, host);
