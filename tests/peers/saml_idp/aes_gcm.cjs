// saml-idp asks for AES-256-CBC, which the published samlp no longer writes, and has no option for
// another cipher. This asks for AES-256-GCM in its place, and does nothing else.
'use strict';

const samlp = require('samlp');

const auth = samlp.auth;
samlp.auth = (options) =>
  auth({ ...options, encryptionAlgorithm: 'http://www.w3.org/2009/xmlenc11#aes256-gcm' });
