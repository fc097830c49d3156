//! One function decides who may: [`may`]. Routes name their action; no handler compares levels.

use super::{Level, Levels};
use crate::access::api_token::{Scope, Scopes};

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Nobody who is signed in.
    Nobody,
    /// A signed-in, active user.
    User {
        /// The user's id.
        id: String,
        /// The organization the user belongs to.
        organization_id: String,
        /// All levels that reach the user; what one of them allows is allowed.
        levels: Levels,
    },
    /// A break-glass account, or the appliance itself as the owner of a token.
    Operator {
        /// The account's id.
        id: String,
    },
    /// An organization as the owner of a token; it does what its admins may.
    Organization {
        /// The organization's id.
        id: String,
    },
    /// A program with an API token.
    Token {
        /// Whose token it is, as they are now.
        owner: Box<Actor>,
        /// What it may be used for.
        scopes: Scopes,
    },
}

/// What is asked for. One row of design.md's table of levels each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// See and end the own session.
    OwnSession,
    /// The own profile, password, second factor, sessions and API tokens. In person only.
    OwnAccount,
    /// Read the own SCIM resource.
    OwnProfile,
    /// Read users, groups and providers.
    ReadDirectory,
    /// Invite, change and deactivate users.
    ChangeUsers,
    /// Read traces and the audit log.
    ReadTraces,
    /// Providers, SCIM tokens, levels, deletions.
    Administer,
    /// Make or loosen what lets somebody in and stays: API tokens that are not one's own, break-glass
    /// accounts; and say how long the audit log remembers. In person only: a token that was found
    /// must not be able to make another way in, nor to have its tracks forgotten.
    IssueTokens,
    /// Organizations and the appliance itself.
    Operate,
}

/// What it is asked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// The appliance, or the actor's own self.
    Appliance,
    /// One organization, by id.
    Organization(&'a str),
    /// One user of it.
    User {
        /// The organization, by id.
        organization_id: &'a str,
        /// Whether the user was made here rather than by an identity provider.
        local: bool,
        /// The user's own level.
        level: Option<Level>,
    },
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Go on.
    Allowed,
    /// Sign in first: 401.
    SignInFirst,
    /// Known, but not enough: 403.
    Forbidden,
    /// The existence of the target is not this actor's business: 404.
    Hidden,
}

/// Decides. An organization other than the actor's own is hidden rather than forbidden, so that
/// nobody learns by asking which slugs exist.
pub fn may(actor: &Actor, action: Action, target: Target<'_>) -> Decision {
    match actor {
        Actor::Nobody => Decision::SignInFirst,
        Actor::Operator { .. } => Decision::Allowed,
        Actor::User {
            organization_id,
            levels,
            ..
        } => member_may(organization_id, *levels, action, target),
        Actor::Organization { id } => {
            member_may(id, [Level::Admin].into_iter().collect(), action, target)
        }
        Actor::Token { owner, scopes } => match may(owner, action, target) {
            Decision::Allowed if covers(*scopes, action) && reaches(*scopes, action, target) => {
                Decision::Allowed
            }
            // What the owner may not even know of stays hidden, whatever the scopes.
            refused @ (Decision::Hidden | Decision::SignInFirst) => refused,
            Decision::Allowed | Decision::Forbidden => Decision::Forbidden,
        },
    }
}

fn member_may(
    organization_id: &str,
    levels: Levels,
    action: Action,
    target: Target<'_>,
) -> Decision {
    let asked = match target {
        Target::Appliance => None,
        Target::Organization(asked) => Some(asked),
        Target::User {
            organization_id, ..
        } => Some(organization_id),
    };
    if asked.is_some_and(|asked| asked != organization_id) {
        return Decision::Hidden;
    }
    let admin = levels.contains(Level::Admin);
    let editor = levels.contains(Level::Editor);
    let enough = match action {
        Action::OwnSession | Action::OwnAccount | Action::OwnProfile => true,
        Action::ReadDirectory => admin || editor || levels.contains(Level::Viewer),
        Action::ReadTraces => admin || editor,
        // Whom an identity provider made is its and the admins' business, and no editor
        // switches an admin off.
        Action::ChangeUsers => match target {
            _ if admin => true,
            Target::User { local, level, .. } => editor && local && level < Some(Level::Admin),
            _ => editor,
        },
        Action::Administer | Action::IssueTokens => admin && target != Target::Appliance,
        Action::Operate => false,
    };
    if enough {
        Decision::Allowed
    } else {
        Decision::Forbidden
    }
}

/// What a token needs for an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing but to work: it may ask who it is.
    Nothing,
    /// This scope.
    Scope(Scope),
    /// A person. No token does this.
    Person,
}

impl Action {
    /// What a token needs for it.
    pub const fn need(self) -> Need {
        match self {
            Self::OwnSession => Need::Nothing,
            Self::OwnAccount | Self::IssueTokens => Need::Person,
            Self::OwnProfile | Self::ReadDirectory => Need::Scope(Scope::Read),
            Self::ReadTraces => Need::Scope(Scope::Audit),
            Self::ChangeUsers => Need::Scope(Scope::Users),
            Self::Administer => Need::Scope(Scope::Admin),
            Self::Operate => Need::Scope(Scope::Operate),
        }
    }
}

/// Whoever may reset an admin's password is one. So the scope `users` alone leaves admins be.
fn reaches(scopes: Scopes, action: Action, target: Target<'_>) -> bool {
    let of_admin = matches!(
        target,
        Target::User {
            level: Some(Level::Admin),
            ..
        }
    );
    action != Action::ChangeUsers || !of_admin || scopes.contains(Scope::Admin)
}

fn covers(scopes: Scopes, action: Action) -> bool {
    match action.need() {
        Need::Nothing => true,
        Need::Scope(scope) => scopes.contains(scope),
        Need::Person => false,
    }
}

/// Decides whether the level that is given to one user directly may become `to` (`None` takes it
/// away). Editors give levels up to their own, to the local users they may change; only admins and
/// operators make admins. Nobody gives themselves anything: what a group gave would stay when the
/// group is gone. Lowering oneself is allowed.
pub fn may_grant(actor: &Actor, user_id: &str, target: Target<'_>, to: Option<Level>) -> Decision {
    match may(actor, Action::ChangeUsers, target) {
        Decision::Allowed => {}
        other => return other,
    }
    let (id, levels) = match actor {
        Actor::User { id, levels, .. } => (id, levels),
        // Making an admin takes the scope `admin`, too.
        Actor::Token { owner, scopes } => {
            return match may_grant(owner, user_id, target, to) {
                Decision::Allowed
                    if to == Some(Level::Admin) && !covers(*scopes, Action::Administer) =>
                {
                    Decision::Forbidden
                }
                decision => decision,
            };
        }
        Actor::Nobody | Actor::Operator { .. } | Actor::Organization { .. } => {
            return Decision::Allowed;
        }
    };
    let admin = levels.contains(Level::Admin);
    let own = id == user_id;
    if (to == Some(Level::Admin) && !admin) || (own && to >= levels.highest()) {
        Decision::Forbidden
    } else {
        Decision::Allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actor(id: &str, levels: &[Level]) -> Actor {
        Actor::User {
            id: id.into(),
            organization_id: "own".into(),
            levels: levels.iter().copied().collect(),
        }
    }

    #[test]
    fn rights_add_up_over_all_ways_a_level_comes() {
        let decide = |levels: &[Level], action| {
            may(&actor("u", levels), action, Target::Organization("own"))
        };
        // A group makes a runner; the default made a viewer, who keeps reading.
        let both = [Level::Viewer, Level::Runner];
        assert_eq!(decide(&both, Action::ReadDirectory), Decision::Allowed);
        assert_eq!(decide(&both, Action::ReadTraces), Decision::Forbidden);
        let alone = [Level::Runner];
        assert_eq!(decide(&alone, Action::ReadDirectory), Decision::Forbidden);
        let editor = [Level::Runner, Level::Editor];
        assert_eq!(decide(&editor, Action::ReadDirectory), Decision::Allowed);
        assert_eq!(decide(&editor, Action::ChangeUsers), Decision::Allowed);
        assert_eq!(decide(&editor, Action::Administer), Decision::Forbidden);
    }

    #[test]
    fn who_gives_which_level() {
        use Level::{Admin, Editor, Runner, Viewer};
        let somebody = |local, level| Target::User {
            organization_id: "own",
            local,
            level,
        };
        let local = somebody(true, Some(Viewer));
        let pushed = somebody(false, Some(Viewer));
        let an_admin = somebody(true, Some(Admin));
        let editor = actor("e", &[Editor]);
        let admin = actor("a", &[Admin]);
        let operator = Actor::Operator { id: "o".into() };
        let allowed =
            |who: &Actor, target, to| may_grant(who, "somebody", target, to) == Decision::Allowed;
        for to in [None, Some(Viewer), Some(Runner), Some(Editor)] {
            assert!(allowed(&editor, local, to));
            assert!(!allowed(&editor, pushed, to));
            assert!(!allowed(&editor, an_admin, to));
        }
        assert!(!allowed(&editor, local, Some(Admin)));
        for target in [local, pushed, an_admin] {
            assert!(allowed(&admin, target, Some(Admin)));
            assert!(allowed(&operator, target, Some(Admin)));
            assert!(!allowed(&actor("v", &[Viewer, Runner]), target, None));
        }
        assert_eq!(
            may_grant(&Actor::Nobody, "x", local, None),
            Decision::SignInFirst
        );
        // To oneself only less.
        let own = |who: &Actor, id, level, to| {
            may_grant(who, id, somebody(true, Some(level)), to) == Decision::Allowed
        };
        assert!(own(&admin, "a", Admin, Some(Editor)));
        assert!(own(&admin, "a", Admin, None));
        assert!(!own(&admin, "a", Admin, Some(Admin)));
        assert!(!own(&editor, "e", Editor, Some(Editor)));
        assert!(own(&editor, "e", Editor, Some(Viewer)));
    }

    #[test]
    fn an_editor_changes_local_users_below_admin() {
        let editor = actor("u", &[Level::Editor]);
        let decide = |organization_id, local, level| {
            let target = Target::User {
                organization_id,
                local,
                level,
            };
            may(&editor, Action::ChangeUsers, target)
        };
        assert_eq!(decide("own", true, Some(Level::Editor)), Decision::Allowed);
        assert_eq!(decide("own", true, None), Decision::Allowed);
        assert_eq!(decide("own", true, Some(Level::Admin)), Decision::Forbidden);
        assert_eq!(decide("own", false, None), Decision::Forbidden);
        assert_eq!(decide("other", true, None), Decision::Hidden);
    }

    /// Action x (admin, editor, runner, viewer, no level, operator).
    #[test]
    fn the_table_of_levels() {
        use Action::*;
        let table = [
            (OwnSession, [true, true, true, true, true, true]),
            (OwnAccount, [true, true, true, true, true, true]),
            (OwnProfile, [true, true, true, true, true, true]),
            (ReadDirectory, [true, true, false, true, false, true]),
            (ChangeUsers, [true, true, false, false, false, true]),
            (ReadTraces, [true, true, false, false, false, true]),
            (Administer, [true, false, false, false, false, true]),
            (IssueTokens, [true, false, false, false, false, true]),
            (Operate, [false, false, false, false, false, true]),
        ];
        let levels: [&[Level]; 5] = [
            &[Level::Admin],
            &[Level::Editor],
            &[Level::Runner],
            &[Level::Viewer],
            &[],
        ];
        for (action, allowed) in table {
            for (level, expected) in levels.iter().zip(allowed) {
                let user = actor("u", level);
                let decision = may(&user, action, Target::Organization("own"));
                assert_eq!(
                    decision == Decision::Allowed,
                    expected,
                    "{action:?} {level:?}"
                );
                assert_eq!(
                    may(&user, action, Target::Organization("other")),
                    Decision::Hidden
                );
            }
            let operator = Actor::Operator { id: "o".into() };
            assert_eq!(may(&operator, action, Target::Appliance), Decision::Allowed);
            assert_eq!(
                may(&Actor::Nobody, action, Target::Appliance),
                Decision::SignInFirst
            );
        }
    }

    /// Action x (read, audit, users, admin, operate), by tokens of owners who may do everything.
    #[test]
    fn the_table_of_scopes() {
        use Action::*;
        let table = [
            (OwnSession, [true, true, true, true, true]),
            (OwnAccount, [false; 5]),
            (OwnProfile, [true, false, false, false, false]),
            (ReadDirectory, [true, false, false, false, false]),
            (ReadTraces, [false, true, false, false, false]),
            (ChangeUsers, [false, false, true, false, false]),
            (Administer, [false, false, false, true, false]),
            (IssueTokens, [false; 5]),
            (Operate, [false, false, false, false, true]),
        ];
        for (action, allowed) in table {
            for (scope, expected) in Scope::ALL.into_iter().zip(allowed) {
                let token = token(Actor::Operator { id: "o".into() }, [scope]);
                let decision = may(&token, action, Target::Organization("any"));
                let expected = if expected {
                    Decision::Allowed
                } else {
                    Decision::Forbidden
                };
                assert_eq!(decision, expected, "{action:?} {scope:?}");
            }
        }
    }

    #[test]
    fn a_token_does_no_more_than_its_owner() {
        use Action::*;
        let owners = [
            Actor::Nobody,
            Actor::Organization { id: "own".into() },
            actor("u", &[]),
            actor("u", &[Level::Viewer]),
            actor("u", &[Level::Runner]),
            actor("u", &[Level::Viewer, Level::Runner]),
            actor("u", &[Level::Editor]),
            actor("u", &[Level::Admin]),
            Actor::Operator { id: "o".into() },
        ];
        let targets = [
            Target::Appliance,
            Target::Organization("own"),
            Target::Organization("other"),
            Target::User {
                organization_id: "own",
                local: true,
                level: Some(Level::Admin),
            },
        ];
        for owner in owners {
            let all = token(owner.clone(), Scope::ALL);
            for action in [
                OwnSession,
                OwnAccount,
                OwnProfile,
                ReadDirectory,
                ChangeUsers,
                ReadTraces,
                Administer,
                IssueTokens,
                Operate,
            ] {
                for target in targets {
                    let (own, decision) = (may(&owner, action, target), may(&all, action, target));
                    let in_person = action.need() == Need::Person;
                    let expected = match own {
                        Decision::Allowed if in_person => Decision::Forbidden,
                        same => same,
                    };
                    assert_eq!(decision, expected, "{owner:?} {action:?} {target:?}");
                }
            }
        }
    }

    #[test]
    fn a_token_gives_what_its_owner_gives_and_no_admin_without_the_scope() {
        let target = Target::User {
            organization_id: "own",
            local: true,
            level: Some(Level::Viewer),
        };
        let give = |owner: &Actor, scopes: &str, to| {
            let scopes = Scopes::parse(scopes).unwrap();
            let token = token(owner.clone(), scopes.iter());
            may_grant(&token, "somebody", target, to) == Decision::Allowed
        };
        let (editor, admin) = (actor("e", &[Level::Editor]), actor("a", &[Level::Admin]));
        let own = Actor::Organization { id: "own".into() };
        for owner in [&editor, &admin, &own] {
            assert!(give(owner, "users", Some(Level::Editor)));
            assert!(!give(owner, "read admin", Some(Level::Editor)));
            assert!(!give(owner, "users", Some(Level::Admin)));
        }
        let an_admin = Target::User {
            organization_id: "own",
            local: true,
            level: Some(Level::Admin),
        };
        let touch = |scopes: &str| {
            let token = token(admin.clone(), Scopes::parse(scopes).unwrap().iter());
            may(&token, Action::ChangeUsers, an_admin)
        };
        assert_eq!(touch("users"), Decision::Forbidden);
        assert_eq!(touch("users admin"), Decision::Allowed);
        assert!(!give(&editor, "users admin", Some(Level::Admin)));
        assert!(give(&admin, "users admin", Some(Level::Admin)));
        assert!(give(&own, "users admin", Some(Level::Admin)));
    }

    fn token(owner: Actor, scopes: impl IntoIterator<Item = Scope>) -> Actor {
        Actor::Token {
            owner: Box::new(owner),
            scopes: scopes.into_iter().collect(),
        }
    }
}
