// saml-idp reads AuthnRequests without verifying them and signs out without asking who said so: its
// command line has no option for that, and its library samlp has. This passes samlp those options,
// from a file that is read anew each time, and does nothing else.
'use strict';

const fs = require('fs');
const samlp = require('samlp');

const read = () => JSON.parse(fs.readFileSync(process.env.PEER_SETTINGS, 'utf8'));
const { auth, logout, parseRequest } = samlp;

samlp.parseRequest = (request, callback) =>
  parseRequest(request, { signingCert: read().trusted }, callback);

samlp.auth = (options) => {
  const { response, assertion, encrypted, encryptionCert, encryptionPublicKey } = read();
  const encryption = encrypted
    ? {
        encryptionCert,
        encryptionPublicKey,
        encryptionAlgorithm: 'http://www.w3.org/2009/xmlenc11#aes256-gcm',
      }
    : {};
  return auth({ ...options, ...encryption, signResponse: response, signAssertion: assertion });
};

samlp.logout = (options) => {
  const { trusted, logoutBinding } = read();
  const { _participants: participants } = options.sessionParticipants;
  for (const participant of participants) participant.cert = trusted;
  return logout({
    ...options,
    deflate: logoutBinding === 'redirect',
    protocolBinding: `urn:oasis:names:tc:SAML:2.0:bindings:HTTP-${logoutBinding === 'post' ? 'POST' : 'Redirect'}`,
  });
};
