//! The SAML 2.0 protocol. Pure: bytes in, values out; time and randomness are arguments.
