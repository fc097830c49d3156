//! Who works at the simulated company.

/// The company's e-mail domain, from the range that RFC 2606 keeps for examples.
pub(super) const DOMAIN: &str = "acme.example";

/// The group that is pushed.
pub(super) const GROUP: &str = "Platform Team";

/// Somebody with an account in the simulated Okta.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Person {
    /// Application username, NameID and e-mail address at once, as in most Okta organizations.
    pub(super) login: &'static str,
    pub(super) first_name: &'static str,
    pub(super) last_name: &'static str,
    /// Okta's own identifier, which it sends as externalId.
    pub(super) okta_id: &'static str,
}

pub(super) static ADA: Person = Person {
    login: "ada@acme.example",
    first_name: "Ada",
    last_name: "Byron",
    okta_id: "00u1ada7sim2okta4x50",
};

pub(super) static GRACE: Person = Person {
    login: "grace@acme.example",
    first_name: "Grace",
    last_name: "Murray",
    okta_id: "00u2gra7sim2okta4x51",
};

pub(super) static ALAN: Person = Person {
    login: "alan@acme.example",
    first_name: "Alan",
    last_name: "Mathison",
    okta_id: "00u3ala7sim2okta4x52",
};

pub(super) static MARY: Person = Person {
    login: "mary@acme.example",
    first_name: "Mary",
    last_name: "Fairfax",
    okta_id: "00u4mar7sim2okta4x53",
};

/// Everybody, in the order they are shown and pushed.
pub(super) static PEOPLE: [&Person; 4] = [&ADA, &GRACE, &ALAN, &MARY];

/// The person who signs in with `login`.
pub(super) fn find(login: &str) -> Option<&'static Person> {
    PEOPLE.into_iter().find(|person| person.login == login)
}

impl Person {
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }
}
