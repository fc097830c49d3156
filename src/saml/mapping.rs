//! Which attributes say who a person is. Products disagree about the names, and administrators
//! choose their own, so that each fact has a list of names, tried in order.
//!
//! An attribute is known by its Name alone. Its NameFormat says how the name is to be read, and
//! products send the same name with different formats. Its FriendlyName is for people to read and
//! "must not be used as a basis for formally identifying SAML attributes" (SAML core section
//! 2.7.3.1): nothing keeps two attributes from having the same one.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Stands in the names of [`Fact::Email`] for the NameID, where that is an address.
pub const NAME_ID: &str = "NameID";
/// The claims that Entra and AD FS call by their URI.
pub const CLAIMS: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/";
/// What Entra sends instead of the groups of somebody who is in more than 150: where to ask.
pub const GROUPS_LINK: &str = "http://schemas.microsoft.com/claims/groups.link";
/// Most names for one fact.
pub const MOST_NAMES: usize = 10;
/// Longest name, in characters.
pub const LONGEST_NAME: usize = 256;

/// Something to know about a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The address, which decides whom the provider may speak for.
    Email,
    /// The given name.
    FirstName,
    /// The family name.
    LastName,
    /// The name on screen; without one it is made of the two above.
    DisplayName,
    /// The groups that the person is in. No names: groups are not taken from attributes.
    Groups,
}

impl Fact {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Email,
        Self::FirstName,
        Self::LastName,
        Self::DisplayName,
        Self::Groups,
    ];

    /// The word on the command line, in the API and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::FirstName => "firstName",
            Self::LastName => "lastName",
            Self::DisplayName => "displayName",
            Self::Groups => "groups",
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Fact {
    type Err = MappingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|fact| fact.word() == text);
        found.ok_or(MappingError::Fact)
    }
}

/// What can't be a mapping.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum MappingError {
    /// Not one of [`Fact::ALL`].
    #[error("expected email, firstName, lastName, displayName or groups")]
    Fact,
    /// More than [`MOST_NAMES`].
    #[error("expected at most {MOST_NAMES} attribute names")]
    TooMany,
    /// Empty, too long, or of characters that no name has.
    #[error(
        "expected an attribute's Name as the identity provider sends it: 1 to {LONGEST_NAME} \
         characters, without space around it"
    )]
    Name,
    /// Twice the same.
    #[error("expected each attribute name once")]
    Twice,
    /// [`NAME_ID`] where it says nothing.
    #[error("NameID can stand for email only")]
    NameId,
}

/// The names of the attributes for each fact, in the order in which they are tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    names: [Vec<String>; 5],
}

impl Mapping {
    /// Of nothing.
    pub fn empty() -> Self {
        Self {
            names: Default::default(),
        }
    }

    /// With the names in the order of [`Fact::ALL`], which are known to be good.
    pub(crate) fn of(names: [&[&str]; 5]) -> Self {
        Self {
            names: names.map(|each| each.iter().map(|name| (*name).to_owned()).collect()),
        }
    }

    /// The same with these names for a fact.
    ///
    /// # Errors
    /// For names that no attribute can have, too many, or one twice.
    pub fn with<N: AsRef<str>>(mut self, fact: Fact, names: &[N]) -> Result<Self, MappingError> {
        if names.len() > MOST_NAMES {
            return Err(MappingError::TooMany);
        }
        let mut kept: Vec<String> = Vec::with_capacity(names.len());
        for name in names.iter().map(AsRef::as_ref) {
            let fits = !name.is_empty() && name.chars().count() <= LONGEST_NAME;
            if !fits || name.trim() != name || name.chars().any(char::is_control) {
                return Err(MappingError::Name);
            }
            if name == NAME_ID && fact != Fact::Email {
                return Err(MappingError::NameId);
            }
            if kept.iter().any(|known| known == name) {
                return Err(MappingError::Twice);
            }
            kept.push(name.to_owned());
        }
        if let Some(place) = self.names.get_mut(fact as usize) {
            *place = kept;
        }
        Ok(self)
    }

    /// The names for a fact, the first first.
    pub fn names(&self, fact: Fact) -> &[String] {
        self.names.get(fact as usize).map_or(&[], Vec::as_slice)
    }
}

impl Default for Mapping {
    /// The names of Okta's setup guide, and the claims that Entra and AD FS have from the start.
    fn default() -> Self {
        let claim = |name: &str| format!("{CLAIMS}{name}");
        Self::of([
            &["email", &claim("emailaddress"), NAME_ID],
            &["firstName", &claim("givenname")],
            &["lastName", &claim("surname")],
            &["displayName"],
            &[],
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_looked_at() {
        let with = |fact, names: &[&str]| Mapping::empty().with(fact, names).map(|_| ());
        assert_eq!(with(Fact::Email, &["mail", NAME_ID]), Ok(()));
        assert_eq!(with(Fact::Groups, &[]), Ok(()));
        assert_eq!(with(Fact::LastName, &[NAME_ID]), Err(MappingError::NameId));
        assert_eq!(with(Fact::Email, &["a", "a"]), Err(MappingError::Twice));
        let long = "x".repeat(LONGEST_NAME);
        assert_eq!(with(Fact::Email, &[&long]), Ok(()));
        for bad in ["", " mail", "mail\n", "a\u{0}b", &format!("{long}x")] {
            assert_eq!(with(Fact::Email, &[bad]), Err(MappingError::Name), "{bad}");
        }
        let many: Vec<String> = (0..=MOST_NAMES).map(|n| n.to_string()).collect();
        let full = Mapping::empty().with(Fact::Email, &many[1..]).unwrap();
        assert_eq!(full.names(Fact::Email).len(), MOST_NAMES);
        assert_eq!(
            full.with(Fact::Email, &many).unwrap_err(),
            MappingError::TooMany
        );
        for fact in Fact::ALL {
            assert_eq!(fact.word().parse(), Ok(fact));
        }
        assert_eq!("Email".parse::<Fact>(), Err(MappingError::Fact));
    }

    #[test]
    fn each_fact_has_a_place_of_its_own() {
        let mut mapping = Mapping::empty();
        for fact in Fact::ALL {
            mapping = mapping.with(fact, &[fact.word()]).unwrap();
        }
        for fact in Fact::ALL {
            assert_eq!(mapping.names(fact), [fact.word()]);
        }
    }
}
