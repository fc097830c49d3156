//! Sessions, passwords, tokens, throttles, break-glass accounts.
