//! The appliance's cookies. All are `__Host-` cookies: Secure, no Domain, Path=/ (RFC 6265bis
//! section 4.1.3.2), so that no other host, not even a sibling, can set or shadow them.

use std::time::Duration;

use crate::edge::Request;

/// A user's session.
pub(super) const SESSION: &str = "__Host-portcullis";
/// An operator's session.
pub(super) const OPERATOR: &str = "__Host-portcullis-operator";
/// Says that its browser gave a right password and still has to give a code.
pub(super) const HALF_WAY: &str = "__Host-portcullis-half-way";
/// Binds a waiting AuthnRequest to the browser that started it.
pub(super) const SIGN_IN: &str = "__Host-portcullis-sign-in";
/// Binds a waiting LogoutRequest to the browser that signed out.
pub(super) const SIGN_OUT: &str = "__Host-portcullis-sign-out";

/// The value of a cookie. Of several with one name the first counts, as it is the one with the
/// most specific path; `__Host-` leaves only one anyway.
pub(super) fn read<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    request
        .headers
        .all("cookie")
        .flat_map(|line| line.split(';'))
        .find_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key == name && !value.is_empty() && value.len() <= 256).then_some(value)
        })
}

/// A session's `Set-Cookie`: sent on top-level navigation from elsewhere (the way back from the
/// identity provider), not on requests that other sites make.
pub(super) fn session(name: &str, value: &str, lifetime: Duration) -> String {
    format!(
        "{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={}",
        lifetime.as_secs()
    )
}

/// The sign-in cookie's `Set-Cookie`: it must survive the identity provider's cross-site POST, so
/// it has SameSite=None, as [`sign_out`]'s and no other. It opens nothing by itself.
pub(super) fn sign_in(value: &str, lifetime: Duration) -> String {
    across_sites(SIGN_IN, value, lifetime)
}

/// The sign-out cookie's `Set-Cookie`: the LogoutResponse comes by a cross-site POST, too. It opens
/// nothing at all.
pub(super) fn sign_out(value: &str, lifetime: Duration) -> String {
    across_sites(SIGN_OUT, value, lifetime)
}

fn across_sites(name: &str, value: &str, lifetime: Duration) -> String {
    format!(
        "{name}={value}; Path=/; Secure; HttpOnly; SameSite=None; Max-Age={}",
        lifetime.as_secs()
    )
}

/// The `Set-Cookie` that removes a cookie.
pub(super) fn remove(name: &str) -> String {
    let same_site = match name {
        SIGN_IN | SIGN_OUT => "None",
        _ => "Lax",
    };
    format!("{name}=; Path=/; Secure; HttpOnly; SameSite={same_site}; Max-Age=0")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::{Client, Method};

    #[test]
    fn the_named_cookie_and_no_other() {
        let client = Client {
            address: [127, 0, 0, 1].into(),
            secure: true,
        };
        let request = Request::new(Method::Get, "/", client)
            .with_header(
                "cookie",
                "a=b; x__Host-portcullis=1; __Host-portcullis=good; c",
            )
            .with_header("cookie", "__Host-portcullis=later");
        assert_eq!(read(&request, SESSION), Some("good"));
        assert_eq!(read(&request, OPERATOR), None);
    }
}
