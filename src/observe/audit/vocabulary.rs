//! The actions there are. The words are part of the published format: one may be added, none
//! changes its meaning.

/// Each action and what it says happened. `noun.verb`, in the past.
pub const ACTIONS: &[(&str, &str)] = &[
    (
        "appliance.changed",
        "A setting of the appliance was changed",
    ),
    ("organization.created", "An organization was made"),
    (
        "organization.changed",
        "An organization's name, defaults or limits were changed",
    ),
    ("provider.added", "An identity provider was added"),
    (
        "provider.changed",
        "An identity provider's keys, addresses, domains or settings were changed",
    ),
    (
        "provider.certificate-added",
        "A certificate was pinned for an identity provider",
    ),
    (
        "provider.certificate-removed",
        "A pinned certificate of an identity provider was taken away",
    ),
    (
        "provider.certificate-waiting",
        "An identity provider's metadata published a certificate that waits for an admin's word",
    ),
    (
        "provider.certificate-refused",
        "An admin refused a certificate that metadata had published",
    ),
    (
        "key.rolled",
        "The appliance got another SAML key pair beside the present one",
    ),
    (
        "key.retired",
        "A SAML key pair of the appliance went out of use",
    ),
    ("provider.deleted", "An identity provider was deleted"),
    (
        "domain.approved",
        "An operator let a domain count that an organization's admin had added",
    ),
    (
        "domain.proved",
        "A DNS record proved a domain that an organization's admin had added; it counts",
    ),
    (
        "domain.refused",
        "An operator took away a domain that waited for approval",
    ),
    ("user.created", "A user was made"),
    ("user.changed", "A user's attributes were changed"),
    (
        "user.deactivated",
        "A user was switched off; everything that let them in ended",
    ),
    ("user.reactivated", "A user may sign in again"),
    ("user.deleted", "A user was removed"),
    ("user.level-changed", "A user's direct level was changed"),
    ("user.signed-in", "A user signed in"),
    (
        "user.sign-in-refused",
        "Somebody gave a wrong password or code for a local user, or one that doesn't count now",
    ),
    ("user.password-set", "A local user's password was set"),
    ("user.second-factor-set", "A user set up a second factor"),
    (
        "user.second-factor-removed",
        "A user's second factor was taken away",
    ),
    (
        "user.handed-over",
        "An identity provider answers for a local user from now on; the password ended",
    ),
    ("invitation.created", "A link to set a password was made"),
    ("invitation.revoked", "A link to set a password was revoked"),
    ("user.signed-out", "A user signed out"),
    (
        "user.logout-answered",
        "An identity provider said whether a user who signed out here is signed out there",
    ),
    ("group.created", "A group was made"),
    ("group.changed", "A group's name or members were changed"),
    ("group.level-changed", "A group's level was changed"),
    ("group.deleted", "A group was removed"),
    ("session.ended", "A session was ended by somebody"),
    ("token.created", "A token was made"),
    ("token.revoked", "A token was revoked"),
    ("break-glass.created", "A break-glass account was made"),
    (
        "break-glass.changed",
        "From where or when a break-glass account opens was changed",
    ),
    ("break-glass.used", "A break-glass account signed in"),
    ("break-glass.signed-out", "A break-glass account signed out"),
    (
        "break-glass.password-reset",
        "A break-glass account got another password",
    ),
    ("break-glass.disabled", "A break-glass account was disabled"),
    ("break-glass.enabled", "A break-glass account was enabled"),
    (
        "break-glass.armed",
        "A break-glass account was armed for some hours",
    ),
    ("break-glass.disarmed", "A break-glass account was disarmed"),
    ("break-glass.drilled", "A break-glass drill was run"),
    (
        "break-glass.code-refused",
        "A break-glass password was right and its code was not",
    ),
    (
        "break-glass.second-factor-added",
        "A break-glass account got a second factor",
    ),
    (
        "break-glass.second-factor-removed",
        "A break-glass account's second factor was taken away",
    ),
    (
        "brake.held",
        "SCIM changes were held: too many people, or the last admin",
    ),
    (
        "brake.allowed",
        "Somebody let the held SCIM changes pass for an hour",
    ),
    ("brake.refused", "Somebody said no to the held SCIM changes"),
    (
        "brake.closed",
        "A question of the brake's was closed, as its requests had stopped for a day",
    ),
    ("brake.changed", "The limits of the brake were changed"),
    (
        "traces.retention-changed",
        "How many traces are kept and for how long was changed",
    ),
    ("webhook.created", "A webhook was made"),
    ("webhook.deleted", "A webhook was deleted"),
    ("webhook.tested", "A test was sent to a webhook"),
    (
        "audit.pruned",
        "The oldest lines of this log were removed, as its retention says",
    ),
    (
        "audit.retention-changed",
        "How long lines of this log are kept was changed",
    ),
];

/// How much a collector should make of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// It happens all day.
    Ordinary,
    /// Somebody may or may not do something now.
    Notable,
    /// It should be known to a person.
    Grave,
}

pub(super) fn weight(action: &str) -> Weight {
    match action.split_once('.') {
        Some(("break-glass" | "audit" | "appliance" | "brake", _)) => Weight::Grave,
        Some(("provider" | "token" | "organization", _)) => Weight::Notable,
        Some((_, "level-changed" | "deactivated" | "deleted")) => Weight::Notable,
        _ => Weight::Ordinary,
    }
}

/// What an action says happened; a word that isn't known says nothing.
pub(super) fn sentence(action: &str) -> &'static str {
    ACTIONS.iter().find(|(word, _)| *word == action).map_or(
        "Something that this version has no word for",
        |(_, said)| said,
    )
}
