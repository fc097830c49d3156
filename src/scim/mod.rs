//! The SCIM 2.0 protocol. Pure: bytes in, values out.
