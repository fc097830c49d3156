//! The cross-origin rule: a request that changes something and comes from a browser must come
//! from our own pages.
//!
//! Every current browser says where a request comes from, in `Sec-Fetch-Site` and, on anything but
//! GET, in `Origin`. A request with neither was made by a program, which carries no cookies it
//! wasn't given. So no token has to travel through the pages. (The same rule as Go's
//! CrossOriginProtection.)

use crate::edge::Request;

/// Whether the request may change something as far as its origin goes.
pub(super) fn is_own(request: &Request, origin: &str) -> bool {
    match request.header("sec-fetch-site") {
        Some("same-origin" | "none") => return true,
        Some(_) => return false,
        None => {}
    }
    match request.header("origin") {
        None => true,
        Some(from) => from.eq_ignore_ascii_case(origin) || is_same_host(from, request),
    }
}

/// The public URL may have another name than the one the browser used (an address, say); the page
/// came from the host that the form goes to.
fn is_same_host(origin: &str, request: &Request) -> bool {
    let host = origin.split_once("://").map(|(_, host)| host);
    match (host, request.header("host")) {
        (Some(from), Some(to)) => from.eq_ignore_ascii_case(to),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::{Client, Method};

    fn own(fields: &[(&str, &str)]) -> bool {
        let client = Client {
            address: [127, 0, 0, 1].into(),
            secure: true,
        };
        let mut request = Request::new(Method::Post, "/x", client).with_header("host", "own:1");
        for (name, value) in fields {
            request = request.with_header(name, value);
        }
        is_own(&request, "https://public")
    }

    #[test]
    fn own_pages_and_programs() {
        assert!(own(&[]));
        assert!(own(&[("sec-fetch-site", "same-origin")]));
        assert!(own(&[("origin", "https://public")]));
        assert!(own(&[("origin", "https://own:1")]));
        assert!(!own(&[
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://public")
        ]));
        assert!(!own(&[("sec-fetch-site", "same-site")]));
        assert!(!own(&[("origin", "https://evil")]));
        assert!(!own(&[("origin", "null")]));
    }
}
