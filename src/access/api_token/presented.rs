//! The `Authorization` field of a request to the API (RFC 6750 section 2.1).
//!
//! Read strictly, other than that of SCIM, where Okta's form takes whatever is typed: whoever
//! writes a script can write the header.

use super::PREFIX;

/// Base64url characters of a token's secret: 256 bits.
const SECRET: usize = 43;

/// What was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented<'a> {
    /// No bearer token. Another scheme is somebody else's business, such as a proxy's password
    /// before the console.
    Nothing,
    /// Something that has the form of an API token.
    Token(&'a str),
    /// A bearer token that can't be an API token, or more than one.
    Other,
}

/// Reads the values of all `Authorization` fields.
pub fn presented<'a>(mut values: impl Iterator<Item = &'a str>) -> Presented<'a> {
    let Some(first) = values.next() else {
        return Presented::Nothing;
    };
    if values.next().is_some() {
        // Nobody can say which one counts.
        return Presented::Other;
    }
    let (scheme, token) = first.split_once(' ').unwrap_or((first, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Presented::Nothing;
    }
    let token = token.trim_matches(' ');
    if is_plausible(token) {
        Presented::Token(token)
    } else {
        Presented::Other
    }
}

fn is_plausible(token: &str) -> bool {
    token.strip_prefix(PREFIX).is_some_and(|secret| {
        secret.len() == SECRET
            && secret
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::secret::Secret;

    fn one(value: &str) -> Presented<'_> {
        presented(std::iter::once(value))
    }

    #[test]
    fn strictly() {
        let secret = Secret::generate(PREFIX);
        let token = secret.expose();
        for scheme in ["Bearer", "bearer", "BEARER", "Bearer  "] {
            let value = format!("{scheme} {token}");
            assert_eq!(one(&value), Presented::Token(token), "{value}");
        }
        for value in [
            "Basic dXNlcjpwYXNz",
            "Digest x",
            "",
            token,
            "Bearer\tx",
            "Bearerx",
        ] {
            assert_eq!(one(value), Presented::Nothing, "{value}");
        }
        for value in [
            "Bearer".to_owned(),
            "Bearer ".to_owned(),
            "Bearer x".to_owned(),
            format!("Bearer {token}x"),
            format!("Bearer Bearer {token}"),
            format!("Bearer {token},{token}"),
            format!("Bearer {}", &token[..token.len() - 1]),
            format!("Bearer {}", token.replace("api", "scim")),
            format!("Bearer {}", token.replace("ptc", "PTC")),
            format!("Bearer {PREFIX}{}", "é".repeat(21)),
        ] {
            assert_eq!(one(&value), Presented::Other, "{value}");
        }
        let value = format!("Bearer {token}");
        let twice = [value.as_str(), value.as_str()];
        assert_eq!(presented(twice.into_iter()), Presented::Other);
        assert_eq!(presented(std::iter::empty()), Presented::Nothing);
    }
}
