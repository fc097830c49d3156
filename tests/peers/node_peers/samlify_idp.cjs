// An identity provider made of samlify alone: its reader, its signer, its encryption, its metadata.
// Every message is validated against the SAML schemas before it is read.
//
//     node samlify_idp.cjs SETTINGS
//
// The settings are read anew at each request: how to sign and encrypt, and whose metadata to trust.
'use strict';

const fs = require('fs');
const http = require('http');
const samlify = require('samlify');

samlify.setSchemaValidator(require('@authenio/samlify-node-xmllint'));

const file = process.argv[2];
const read = () => JSON.parse(fs.readFileSync(file, 'utf8'));
const { host, port } = read();
const base = `http://${host}:${port}`;
const { Redirect, POST } = {
  Redirect: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect',
  POST: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST',
};
const at = (path) => [Redirect, POST].map((Binding) => ({ Binding, Location: `${base}${path}` }));
const EMAIL = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress';
const BASIC = 'urn:oasis:names:tc:SAML:2.0:attrname-format:basic';

// Who is signed in, and what was asked of the service provider.
let session = null;
let asked = null;

function identityProvider(settings) {
  const { Constants } = samlify;
  return samlify.IdentityProvider({
    entityID: settings.entityId,
    privateKey: settings.key,
    signingCert: settings.certificate,
    nameIDFormat: [EMAIL],
    singleSignOnService: at('/sso'),
    singleLogoutService: at('/slo'),
    wantAuthnRequestsSigned: true,
    wantLogoutRequestSigned: true,
    wantLogoutResponseSigned: true,
    isAssertionEncrypted: settings.encrypted,
    dataEncryptionAlgorithm: Constants.algorithms.encryption.data.AES_128_GCM,
    keyEncryptionAlgorithm: Constants.algorithms.encryption.key.RSA_OAEP_MGF1P,
    requestSignatureAlgorithm: Constants.algorithms.signature.RSA_SHA256,
    loginResponseTemplate: {
      context: samlify.SamlLib.defaultLoginResponseTemplate.context,
      attributes: ['email', 'firstName', 'lastName'].map((name) => ({
        name,
        valueTag: name,
        nameFormat: BASIC,
        valueXsiType: 'xs:string',
      })),
    },
  });
}

// samlify signs assertions where the metadata wants that, and has no setting beside it.
function serviceProvider(settings) {
  const wants = `WantAssertionsSigned="${settings.assertion}"`;
  return samlify.ServiceProvider({
    metadata: settings.trusted.replace(/WantAssertionsSigned="\w+"/, wants),
    wantMessageSigned: settings.response,
    wantLogoutRequestSigned: true,
    wantLogoutResponseSigned: true,
  });
}

function page(action, fields) {
  const inputs = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `<input type="hidden" name="${name}" value="${escaped(value)}">`);
  return `<form method="post" action="${escaped(action)}">${inputs.join('')}<button>Go on</button></form>`;
}

const escaped = (text) => text.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;');

// The octets that a redirect's signature is over (SAML bindings 3.4.4.1), as they came.
function octets(query) {
  const raw = new Map(query.split('&').map((pair) => [pair.split('=')[0], pair]));
  return ['SAMLRequest', 'SAMLResponse', 'RelayState', 'SigAlg']
    .map((name) => raw.get(name))
    .filter(Boolean)
    .join('&');
}

function message(request, url, body) {
  if (request.method === 'POST') {
    return ['post', Object.fromEntries(new URLSearchParams(body))];
  }
  return ['redirect', Object.fromEntries(url.searchParams)];
}

function parameters(binding, fields, url) {
  if (binding === 'post') return { body: fields };
  return { query: fields, octetString: octets(url.search.slice(1)) };
}

// By either binding: an address to go to, or a page that posts.
function send(binding, made, field, relayState) {
  if (binding === 'redirect') return { location: made.context };
  return { page: page(made.entityEndpoint, { [field]: made.context, RelayState: relayState }) };
}

async function signIn(idp, sp, binding, fields, url) {
  const request = await idp.parseLoginRequest(sp, binding, parameters(binding, fields, url));
  const { id } = request.extract.request;
  session = { nameId: 'ada@acme.com', sessionIndex: idp.entitySetting.generateID() };
  const now = new Date();
  const later = new Date(now.getTime() + 300_000).toISOString();
  const acs = sp.entityMeta.getAssertionConsumerService('post');
  const fill = (template) => {
    const statement =
      `<saml:AuthnStatement AuthnInstant="${now.toISOString()}" SessionIndex="${session.sessionIndex}">` +
      '<saml:AuthnContext><saml:AuthnContextClassRef>' +
      'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport' +
      '</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>';
    const context = samlify.SamlLib.replaceTagsByValue(template.replace('{AuthnStatement}', statement), {
      ID: idp.entitySetting.generateID(),
      AssertionID: idp.entitySetting.generateID(),
      Destination: acs,
      Audience: sp.entityMeta.getEntityID(),
      SubjectRecipient: acs,
      Issuer: idp.entityMeta.getEntityID(),
      IssueInstant: now.toISOString(),
      StatusCode: samlify.Constants.StatusCode.Success,
      ConditionsNotBefore: now.toISOString(),
      ConditionsNotOnOrAfter: later,
      SubjectConfirmationDataNotOnOrAfter: later,
      NameIDFormat: EMAIL,
      NameID: session.nameId,
      InResponseTo: id,
      attrEmail: session.nameId,
      attrFirstName: 'Ada',
      attrLastName: 'Lovelace',
    });
    return { id, context };
  };
  const options = { customTagReplacement: fill, encryptThenSign: true, relayState: fields.RelayState };
  const made = await idp.createLoginResponse(sp, request, 'post', { email: session.nameId }, options);
  return send('post', made, 'SAMLResponse', fields.RelayState);
}

async function logout(idp, sp, binding, fields, url) {
  const given = parameters(binding, fields, url);
  if (fields.SAMLResponse) {
    const { extract } = await idp.parseLogoutResponse(sp, binding, given);
    if (extract.response.inResponseTo !== asked) throw new Error('InResponseTo');
    if (fields.RelayState !== 'its-own-state') throw new Error('RelayState');
    session = null;
    return { page: 'signed out' };
  }
  const request = await idp.parseLogoutRequest(sp, binding, given);
  if (!session) throw new Error('nobody is signed in');
  if (request.extract.nameID !== session.nameId) throw new Error('NameID');
  if (request.extract.sessionIndex !== session.sessionIndex) throw new Error('SessionIndex');
  session = null;
  const relayState = fields.RelayState;
  const made = idp.createLogoutResponse(sp, request, binding, { relayState });
  return send(binding, made, 'SAMLResponse', relayState);
}

function signOut(idp, sp, url) {
  const binding = url.searchParams.get('binding');
  const user = { logoutNameID: session.nameId, sessionIndex: session.sessionIndex };
  const made = idp.createLogoutRequest(sp, binding, user, { relayState: 'its-own-state' });
  asked = made.id;
  return send(binding, made, 'SAMLRequest', 'its-own-state');
}

async function answer(request, body) {
  const url = new URL(request.url, base);
  const settings = read();
  const idp = identityProvider(settings);
  if (url.pathname === '/metadata') return { page: idp.getMetadata() };
  if (url.pathname === '/session') return { page: session ? 'somebody' : 'nobody' };
  const sp = serviceProvider(settings);
  if (url.pathname === '/sign-out') return signOut(idp, sp, url);
  const [binding, fields] = message(request, url, body);
  if (url.pathname === '/sso') return signIn(idp, sp, binding, fields, url);
  if (url.pathname === '/slo') return logout(idp, sp, binding, fields, url);
  throw new Error('no such page');
}

http
  .createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    try {
      const { location, page: text } = await answer(request, body);
      if (location) response.writeHead(302, { Location: location });
      else response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
      response.end(text);
    } catch (error) {
      console.error(error);
      response.writeHead(403, { 'Content-Type': 'text/plain' });
      response.end(`refused: ${error.message ?? error}`);
    }
  })
  .listen(port, host);
