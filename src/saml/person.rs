//! Who the attributes say the person is, and whether the provider may speak for that address.

use crate::saml::assertion::Assertion;
use crate::saml::refusal::{Ledger, Reason, Refusal};

/// Where Entra and ADFS keep their claims.
const CLAIMS: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/";

/// The attributes that the Okta setup names: firstName, lastName, email.
pub(super) struct Person {
    pub(super) emails: Vec<String>,
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
}

impl Person {
    /// Takes them from an assertion.
    pub(super) fn of(assertion: &Assertion) -> Self {
        let values = |name: &str, claim: &str| find(&assertion.attributes, name, claim);
        let first = |values: &[String]| values.first().cloned();
        Self {
            emails: values("email", "emailaddress").to_vec(),
            first_name: first(values("firstName", "givenname")),
            last_name: first(values("lastName", "surname")),
        }
    }

    /// A provider speaks for its domains only: every address in the assertion must be in one,
    /// and there must be an address at all. A NameID with an "@" counts as one whatever its
    /// Format says, because users are matched by it.
    pub(super) fn check_domains(
        &self,
        name_id: &str,
        domains: &[String],
        ledger: &mut Ledger,
    ) -> Result<(), Refusal> {
        let wanted = format!("an address in {}", domains.join(", "));
        let name_id = name_id.contains('@').then_some(name_id);
        let addresses: Vec<&str> = self
            .emails
            .iter()
            .map(String::as_str)
            .chain(name_id)
            .collect();
        if addresses.is_empty() {
            let got = "neither an email attribute nor a NameID that is an address";
            return Err(ledger.refuse(Reason::EmailMissing, wanted, got));
        }
        for address in &addresses {
            if !is_within(address, domains) {
                return Err(ledger.refuse(Reason::EmailDomain, wanted, address));
            }
        }
        ledger.pass("email-domain", wanted, addresses.join(", "));
        Ok(())
    }
}

/// The exact name first, then without case, then the claim URI of Entra and ADFS.
fn find<'a>(attributes: &'a [(String, Vec<String>)], name: &str, claim: &str) -> &'a [String] {
    let by = |wanted: &dyn Fn(&str) -> bool| attributes.iter().find(|(n, _)| wanted(n));
    by(&|n| n == name)
        .or_else(|| by(&|n| n.eq_ignore_ascii_case(name)))
        .or_else(|| by(&|n| n.strip_prefix(CLAIMS) == Some(claim)))
        .map_or(&[], |(_, values)| values.as_slice())
}

/// Whether `address` is one plain address in one of `domains`.
fn is_within(address: &str, domains: &[String]) -> bool {
    let Some((local, domain)) = address.split_once('@') else {
        return false;
    };
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"\"<>(),;:\\@".contains(c);
    !local.is_empty()
        && local.chars().all(plain)
        && domains.iter().any(|d| d.eq_ignore_ascii_case(domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_domains() {
        let domains = ["acme.com".to_owned(), "Acme.example".to_owned()];
        for inside in [
            "ann@acme.com",
            "Ann@ACME.com",
            "a+b@acme.EXAMPLE",
            "o'neil@acme.com",
        ] {
            assert!(is_within(inside, &domains), "{inside}");
        }
        for outside in [
            "ann@evil.com",
            "ann@sub.acme.com",
            "ann@acme.com.evil.com",
            "ann@evilacme.com",
            "ann@evil.com@acme.com",
            "@acme.com",
            "acme.com",
            "ann",
            "",
            "ann@",
            "ann@acme.com.",
            "a b@acme.com",
            "<ann@acme.com",
            "\"a@b\"@acme.com",
            "ann@acme.com\u{0}",
        ] {
            assert!(!is_within(outside, &domains), "{outside}");
        }
    }

    #[test]
    fn attribute_names_in_order_of_preference() {
        let claim = format!("{CLAIMS}emailaddress");
        let all = |names: &[&str]| -> Vec<(String, Vec<String>)> {
            names
                .iter()
                .map(|n| ((*n).to_owned(), vec![(*n).to_owned()]))
                .collect()
        };
        let names = all(&[&claim, "EMAIL", "email"]);
        assert_eq!(find(&names, "email", "emailaddress"), ["email"]);
        assert_eq!(find(&names[..2], "email", "emailaddress"), ["EMAIL"]);
        assert_eq!(find(&names[..1], "email", "emailaddress"), [claim]);
        assert!(find(&names, "firstName", "givenname").is_empty());
    }
}
