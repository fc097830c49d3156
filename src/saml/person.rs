//! Who the attributes say the person is, and whether the provider may speak for that address.

use crate::saml::assertion::Assertion;
use crate::saml::mapping::{Fact, GROUPS_LINK, Mapping, NAME_ID};
use crate::saml::refusal::{Ledger, Reason, Refusal};

/// A NameID that is another one at each sign-in (SAML core section 8.3.8).
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";

/// What an assertion says of the groups that the person is in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Groups {
    /// The mapping names no attribute for them.
    #[default]
    NotAsked,
    /// The values, each once, in order. None at all is what is sent for somebody in no group.
    Values(Vec<String>),
    /// A link to ask at instead of the values: Entra's way where there are more than 150.
    Link(String),
}

/// The person as the mapping reads the attributes.
pub(super) struct Person {
    pub(super) emails: Vec<String>,
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
    pub(super) display_name: Option<String>,
    pub(super) groups: Groups,
    /// Whether [`Self::emails`] is the NameID.
    by_name_id: bool,
}

impl Person {
    /// Takes them from an assertion whose subject has this NameID.
    pub(super) fn of(assertion: &Assertion, name_id: &str, mapping: &Mapping) -> Self {
        let attributes = &assertion.attributes;
        let first = |fact| values(attributes, mapping.names(fact)).first().cloned();
        let transient = assertion
            .subject
            .as_ref()
            .is_some_and(|s| s.name_space.format.as_deref() == Some(TRANSIENT));
        let (emails, by_name_id) = emails(attributes, mapping, (!transient).then_some(name_id));
        Self {
            emails,
            first_name: first(Fact::FirstName),
            last_name: first(Fact::LastName),
            display_name: first(Fact::DisplayName),
            groups: groups(attributes, mapping.names(Fact::Groups)),
            by_name_id,
        }
    }

    /// A provider speaks for its domains only: every address in the assertion must be in one,
    /// and there must be an address at all. A NameID with an "@" counts as one whatever its
    /// Format says, because users are matched by it.
    pub(super) fn check_domains(
        &self,
        name_id: &str,
        mapping: &Mapping,
        domains: &[String],
        ledger: &mut Ledger,
    ) -> Result<(), Refusal> {
        let wanted = format!("an address in {}", domains.join(", "));
        let name_id = (name_id.contains('@') && !self.by_name_id).then_some(name_id);
        let addresses: Vec<&str> = self
            .emails
            .iter()
            .map(String::as_str)
            .chain(name_id)
            .collect();
        let names = mapping.names(Fact::Email).join(", ");
        let named = format!("an address, as one of: {names}");
        if addresses.is_empty() {
            let got = "neither an email attribute nor a NameID that is an address";
            return Err(ledger.refuse(Reason::EmailMissing, named, got));
        }
        ledger.pass("email", named, addresses.join(", "));
        for address in &addresses {
            if !is_within(address, domains) {
                return Err(ledger.refuse(Reason::EmailDomain, wanted, address));
            }
        }
        ledger.pass("email-domain", wanted, addresses.join(", "));
        Ok(())
    }
}

type Attribute = (String, Vec<String>);

/// The values of the first of the names that has any.
fn values<'a>(attributes: &'a [Attribute], names: &[String]) -> &'a [String] {
    let found = names.iter().find_map(|name| find(attributes, name));
    found.map_or(&[], Vec::as_slice)
}

/// The exact name first, then without case.
fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Vec<String>> {
    let by = |wanted: &dyn Fn(&str) -> bool| attributes.iter().find(|(n, _)| wanted(n));
    by(&|n| n == name)
        .or_else(|| by(&|n| n.eq_ignore_ascii_case(name)))
        .map(|(_, values)| values)
}

/// The addresses, and whether they are the NameID.
fn emails(
    attributes: &[Attribute],
    mapping: &Mapping,
    name_id: Option<&str>,
) -> (Vec<String>, bool) {
    for name in mapping.names(Fact::Email) {
        if name == NAME_ID {
            if let Some(address) = name_id.filter(|n| n.contains('@')) {
                return (vec![address.to_owned()], true);
            }
        } else if let Some(found) = find(attributes, name) {
            return (found.clone(), false);
        }
    }
    (Vec::new(), false)
}

fn groups(attributes: &[Attribute], names: &[String]) -> Groups {
    if names.is_empty() {
        return Groups::NotAsked;
    }
    if let Some(link) = find(attributes, GROUPS_LINK).and_then(|values| values.first()) {
        return Groups::Link(link.clone());
    }
    let mut each: Vec<String> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for value in values(attributes, names) {
        if seen.insert(value) {
            each.push(value.clone());
        }
    }
    Groups::Values(each)
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

    fn attributes(names: &[&str]) -> Vec<Attribute> {
        names
            .iter()
            .map(|n| ((*n).to_owned(), vec![(*n).to_owned()]))
            .collect()
    }

    #[test]
    fn attribute_names_in_order_of_preference() {
        let all = attributes(&["EMAIL", "mail", "email"]);
        let wanted = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        assert_eq!(values(&all, &wanted(&["email", "mail"])), ["email"]);
        assert_eq!(values(&all, &wanted(&["none", "mail"])), ["mail"]);
        assert_eq!(values(&all[..2], &wanted(&["email", "mail"])), ["EMAIL"]);
        assert!(values(&all, &wanted(&["firstName"])).is_empty());
        assert!(values(&all, &[]).is_empty());
    }

    #[test]
    fn the_name_id_is_an_address_in_its_turn() {
        let all = attributes(&["mail"]);
        let order = |names: &[&str]| Mapping::empty().with(Fact::Email, names).unwrap();
        let found = |names: &[&str], name_id| emails(&all, &order(names), name_id).0;
        assert_eq!(found(&["NameID", "mail"], Some("a@b.c")), ["a@b.c"]);
        assert_eq!(found(&["mail", "NameID"], Some("a@b.c")), ["mail"]);
        assert_eq!(found(&["NameID", "mail"], Some("jdoe")), ["mail"]);
        assert_eq!(found(&["NameID", "mail"], None), ["mail"]);
        assert!(found(&["email"], Some("a@b.c")).is_empty());
    }

    #[test]
    fn groups_where_asked_for() {
        let mut all = attributes(&["memberOf"]);
        all[0].1 = ["b", "a", "b"].map(str::to_owned).to_vec();
        let names = ["memberOf".to_owned()];
        assert_eq!(groups(&all, &[]), Groups::NotAsked);
        assert_eq!(
            groups(&all, &names),
            Groups::Values(vec!["b".to_owned(), "a".to_owned()])
        );
        assert_eq!(groups(&[], &names), Groups::Values(Vec::new()));
        all.extend(attributes(&[GROUPS_LINK]));
        assert_eq!(groups(&all, &names), Groups::Link(GROUPS_LINK.to_owned()));
    }
}
