-- The whole schema of today. Migrations in src/store/migrations/ add up to exactly this; a test
-- proves it. Times are integer milliseconds UTC; ids are UUIDv7 text, provider ids 20 base32
-- characters; beside every name that is compared without case stands its folded *_key.

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Key pairs of the appliance itself. The newest active row of a kind is the one in use.
CREATE TABLE keys (
    id          TEXT PRIMARY KEY,
    kind        TEXT NOT NULL CHECK (kind IN ('saml-signing', 'saml-encryption', 'tls-ca', 'tls-leaf')),
    certificate BLOB NOT NULL,              -- DER
    private_key BLOB NOT NULL,              -- PKCS#8 DER
    state       TEXT NOT NULL CHECK (state IN ('active', 'retired')),
    created_at  INTEGER NOT NULL,
    not_after   INTEGER NOT NULL,
    begins_at   INTEGER,                    -- known to others before, in use from then
    retires_at  INTEGER                     -- housekeeping takes it out of use then
) STRICT;
CREATE INDEX keys_by_kind ON keys (kind, state, created_at);

CREATE TABLE organizations (
    id                  TEXT PRIMARY KEY,
    slug                TEXT NOT NULL UNIQUE,
    name                TEXT NOT NULL,
    default_group_level TEXT NOT NULL DEFAULT 'admin'  CHECK (default_group_level IN ('admin', 'editor', 'runner', 'viewer')),
    default_user_level  TEXT NOT NULL DEFAULT 'viewer' CHECK (default_user_level IN ('admin', 'editor', 'runner', 'viewer')),
    user_count          INTEGER NOT NULL DEFAULT 0,    -- kept by triggers, so that totalResults costs one row
    group_count         INTEGER NOT NULL DEFAULT 0,
    active_count        INTEGER NOT NULL DEFAULT 0,    -- of its users, those who may sign in
    in_use              INTEGER NOT NULL DEFAULT 0,    -- whether anybody ever signed in or had a password; kept by triggers
    local_sign_in       INTEGER NOT NULL DEFAULT 1,    -- whether its local users may use their passwords
    internal_metadata   INTEGER NOT NULL DEFAULT 0,    -- whether its admins may have metadata fetched from this network
    unknown_extensions  TEXT NOT NULL DEFAULT 'keep' CHECK (unknown_extensions IN ('keep', 'refuse')),  -- of SCIM
    skip_unknown_members INTEGER NOT NULL DEFAULT 0,   -- whether SCIM's group members who aren't here are left out, or refused
    keep_documents      INTEGER NOT NULL DEFAULT 1,    -- whether the responses of sign-ins are kept, sealed
    created_at          INTEGER NOT NULL
) STRICT;

-- How long the sessions of one level last, where the organization says so; a user's own level counts.
CREATE TABLE session_limits (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    level           TEXT NOT NULL CHECK (level IN ('admin', 'editor', 'runner', 'viewer')),
    idle_ms         INTEGER NOT NULL,
    absolute_ms     INTEGER NOT NULL,
    PRIMARY KEY (organization_id, level)
) STRICT, WITHOUT ROWID;

CREATE TABLE providers (
    id              TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    kind            TEXT NOT NULL CHECK (kind IN ('okta', 'entra', 'google', 'onelogin', 'jumpcloud',
                        'keycloak', 'adfs', 'pingfederate', 'shibboleth', 'saml')),
    name            TEXT NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('draft', 'active', 'disabled')),
    issuer          TEXT,                   -- the identity provider's entity ID
    sso_url         TEXT,                   -- HTTP-Redirect SingleSignOnService
    metadata_url    TEXT,                   -- where the identity provider publishes its metadata
    idp_initiated   INTEGER NOT NULL DEFAULT 0,
    jit             INTEGER NOT NULL DEFAULT 1,
    enforced        INTEGER NOT NULL DEFAULT 0,        -- Require SSO: no password for people of its domains
    skew_ms         INTEGER NOT NULL DEFAULT 180000,
    sha1_until      INTEGER,                -- an operator takes SHA-1 signatures until then
    link_count      INTEGER NOT NULL DEFAULT 0,        -- kept by triggers
    created_at      INTEGER NOT NULL,
    last_sign_in_at INTEGER,
    attribute_names TEXT NOT NULL DEFAULT '{}',        -- JSON: names by fact, where they aren't the kind's own
    group_levels    TEXT NOT NULL DEFAULT '{}',        -- JSON: level by value of the groups attribute
    groups_mapped   INTEGER NOT NULL DEFAULT 0         -- whether only the values in group_levels make groups
) STRICT;
CREATE INDEX providers_by_organization ON providers (organization_id);
CREATE INDEX providers_by_sso_url ON providers (sso_url) WHERE state = 'active';

-- How messages go to a provider's identity provider: what its metadata offers, and what was chosen.
-- A provider without a row takes unsigned requests by HTTP-Redirect.
CREATE TABLE provider_bindings (
    provider_id     TEXT PRIMARY KEY REFERENCES providers (id) ON DELETE CASCADE,
    takes_redirects INTEGER NOT NULL DEFAULT 1,
    sso_post_url    TEXT,                   -- HTTP-POST SingleSignOnService
    wants_signed    INTEGER NOT NULL DEFAULT 0,        -- WantAuthnRequestsSigned
    request_binding TEXT CHECK (request_binding IN ('redirect', 'post')),  -- none: what the metadata offers
    sign_requests   INTEGER                 -- none: what the metadata wants
) STRICT, WITHOUT ROWID;

-- What requests ask for beyond a sign-in, as somebody chose. A provider without a row is asked for
-- nothing.
CREATE TABLE provider_requests (
    provider_id    TEXT PRIMARY KEY REFERENCES providers (id) ON DELETE CASCADE,
    force_authn    INTEGER NOT NULL DEFAULT 0,
    contexts       TEXT NOT NULL DEFAULT '[]',         -- JSON: AuthnContextClassRefs
    comparison     TEXT NOT NULL DEFAULT 'exact' CHECK (comparison IN ('exact', 'minimum', 'maximum', 'better')),
    name_id_format TEXT,                    -- none: no NameIDPolicy
    login_hint     TEXT NOT NULL DEFAULT 'none' CHECK (login_hint IN ('none', 'login_hint', 'LoginHint', 'subject')),
    step_up        INTEGER                  -- whether it can have a person sign in again; none: as its kind can
) STRICT, WITHOUT ROWID;

-- Single logout of a provider: where its identity provider takes it, and what was chosen.
CREATE TABLE provider_logouts (
    provider_id         TEXT PRIMARY KEY REFERENCES providers (id) ON DELETE CASCADE,
    redirect_url        TEXT,               -- HTTP-Redirect SingleLogoutService: where LogoutRequests go
    redirect_answer_url TEXT,               -- and LogoutResponses
    post_url            TEXT,               -- the same by HTTP-POST
    post_answer_url     TEXT,
    chosen_url          TEXT,               -- typed by hand; then the metadata's don't count
    unsigned_requests   INTEGER NOT NULL DEFAULT 0,    -- whether LogoutRequests without a signature are followed
    unsigned_responses  INTEGER NOT NULL DEFAULT 0     -- whether LogoutResponses without one are believed
) STRICT, WITHOUT ROWID;

CREATE TABLE provider_certificates (
    provider_id TEXT NOT NULL REFERENCES providers (id) ON DELETE CASCADE,
    fingerprint TEXT NOT NULL,              -- SHA-256 of the DER, lower-case hex
    der         BLOB NOT NULL,
    source      TEXT NOT NULL CHECK (source IN ('metadata', 'manual')),
    not_after   INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    first_used_at INTEGER,                  -- the first and the last sign-in it verified
    last_used_at  INTEGER,
    PRIMARY KEY (provider_id, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE TABLE domains (
    domain          TEXT PRIMARY KEY,       -- lower-case A-label form
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    provider_id     TEXT REFERENCES providers (id) ON DELETE SET NULL,
    state           TEXT NOT NULL CHECK (state IN ('active', 'pending')),
    created_at      INTEGER NOT NULL,
    challenge       TEXT NOT NULL           -- what a DNS record has to say, as proof
) STRICT, WITHOUT ROWID;
CREATE INDEX domains_by_provider ON domains (provider_id);
CREATE INDEX domains_by_organization ON domains (organization_id);
CREATE INDEX domains_by_state ON domains (state, domain);

CREATE TABLE users (
    id              TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    user_name       TEXT NOT NULL,
    user_name_key   TEXT NOT NULL,
    external_id     TEXT,
    email           TEXT,                   -- the primary address
    email_key       TEXT,
    email_verified  INTEGER NOT NULL DEFAULT 0,
    display_name    TEXT,                   -- the name to show, never empty for want of one
    display_name_key TEXT,                  -- of the resource's own displayName, if it has one
    active          INTEGER NOT NULL DEFAULT 1,
    active_shown    INTEGER DEFAULT 1       -- what SCIM shows and filters by: the same, or NULL where it was removed
                    CHECK (CASE WHEN active_shown IS NULL THEN NOT active ELSE active_shown = active END),
    origin          TEXT NOT NULL CHECK (origin IN ('scim', 'saml', 'local')),
    resource        TEXT NOT NULL,          -- the SCIM resource as received, less password and read-only parts
    version         INTEGER NOT NULL DEFAULT 1,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    last_sign_in_at INTEGER,
    unmanaged_at    INTEGER,                -- since when no identity provider answers for this user any more
    UNIQUE (organization_id, user_name_key)
) STRICT;
CREATE INDEX users_by_external_id ON users (organization_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX users_by_email ON users (organization_id, email_key) WHERE email_key IS NOT NULL;
CREATE INDEX users_by_display_name ON users (organization_id, display_name_key) WHERE display_name_key IS NOT NULL;
CREATE INDEX users_in_order ON users (organization_id, id);
CREATE INDEX users_by_active ON users (organization_id, active_shown, id);
CREATE INDEX users_by_creation ON users (organization_id, created_at, id);
CREATE INDEX users_by_change ON users (organization_id, updated_at, id);
CREATE TRIGGER users_counted_in AFTER INSERT ON users BEGIN
    UPDATE organizations SET user_count = user_count + 1, active_count = active_count + new.active
    WHERE id = new.organization_id;
END;
CREATE TRIGGER users_counted_out AFTER DELETE ON users BEGIN
    UPDATE organizations SET user_count = user_count - 1, active_count = active_count - old.active
    WHERE id = old.organization_id;
END;
CREATE TRIGGER users_switched AFTER UPDATE OF active ON users WHEN new.active <> old.active BEGIN
    UPDATE organizations SET active_count = active_count + new.active - old.active
    WHERE id = new.organization_id;
END;

CREATE TRIGGER users_signed_in AFTER UPDATE OF last_sign_in_at ON users
WHEN new.last_sign_in_at IS NOT NULL AND old.last_sign_in_at IS NULL BEGIN
    UPDATE organizations SET in_use = 1 WHERE id = new.organization_id AND NOT in_use;
END;

-- A user's addresses but the primary one, so that each can be searched.
CREATE TABLE other_addresses (
    user_id         TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    email_key       TEXT NOT NULL,
    PRIMARY KEY (user_id, email_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX other_addresses_by_email ON other_addresses (organization_id, email_key);

-- Which NameID of which provider is which user.
CREATE TABLE links (
    provider_id TEXT NOT NULL REFERENCES providers (id) ON DELETE CASCADE,
    name_id     TEXT NOT NULL,
    user_id     TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (provider_id, name_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX links_by_user ON links (user_id);
CREATE TRIGGER links_counted_in AFTER INSERT ON links BEGIN
    UPDATE providers SET link_count = link_count + 1 WHERE id = new.provider_id;
END;
CREATE TRIGGER links_counted_out AFTER DELETE ON links BEGIN
    UPDATE providers SET link_count = link_count - 1 WHERE id = old.provider_id;
END;

CREATE TABLE groups (
    id               TEXT PRIMARY KEY,
    organization_id  TEXT NOT NULL REFERENCES organizations (id),
    display_name     TEXT NOT NULL,
    display_name_key TEXT NOT NULL,
    external_id      TEXT,
    level            TEXT NOT NULL CHECK (level IN ('admin', 'editor', 'runner', 'viewer')),
    origin           TEXT NOT NULL CHECK (origin IN ('scim', 'saml', 'local')),
    resource         TEXT NOT NULL,
    version          INTEGER NOT NULL DEFAULT 1,
    member_count     INTEGER NOT NULL DEFAULT 0,       -- kept by triggers
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    provider_id      TEXT REFERENCES providers (id),   -- whose attribute says who is in it; only with origin saml
    UNIQUE (organization_id, display_name_key)
) STRICT;
CREATE INDEX groups_by_external_id ON groups (organization_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX groups_in_order ON groups (organization_id, id);
CREATE INDEX groups_by_provider ON groups (provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX groups_of_admins ON groups (organization_id) WHERE level = 'admin' AND member_count > 0;
CREATE INDEX groups_by_creation ON groups (organization_id, created_at, id);
CREATE INDEX groups_by_change ON groups (organization_id, updated_at, id);
CREATE TRIGGER groups_counted_in AFTER INSERT ON groups BEGIN
    UPDATE organizations SET group_count = group_count + 1 WHERE id = new.organization_id;
END;
CREATE TRIGGER groups_counted_out AFTER DELETE ON groups BEGIN
    UPDATE organizations SET group_count = group_count - 1 WHERE id = old.organization_id;
END;

CREATE TABLE members (
    group_id TEXT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    user_id  TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_user ON members (user_id, group_id);
CREATE TRIGGER members_counted_in AFTER INSERT ON members BEGIN
    UPDATE groups SET member_count = member_count + 1 WHERE id = new.group_id;
END;
CREATE TRIGGER members_counted_out AFTER DELETE ON members BEGIN
    UPDATE groups SET member_count = member_count - 1 WHERE id = old.group_id;
END;

-- Levels given to one user directly.
CREATE TABLE grants (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    source  TEXT NOT NULL CHECK (source IN ('default', 'direct')),
    level   TEXT NOT NULL CHECK (level IN ('admin', 'editor', 'runner', 'viewer')),
    PRIMARY KEY (user_id, source)
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_of_admins ON grants (user_id) WHERE level = 'admin';

-- The password of a local user.
CREATE TABLE passwords (
    user_id    TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    hash       TEXT NOT NULL,               -- PHC string, Argon2id
    changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER passwords_let_in AFTER INSERT ON passwords BEGIN
    UPDATE organizations SET in_use = 1
    WHERE id = (SELECT organization_id FROM users WHERE id = new.user_id) AND NOT in_use;
END;

-- Links that are copied to a person: to join, or to set another password. Each is used once.
CREATE TABLE invitations (
    id          TEXT PRIMARY KEY,
    token_hash  BLOB NOT NULL UNIQUE,       -- SHA-256 of what is in the link
    kind        TEXT NOT NULL CHECK (kind IN ('join', 'reset')),
    user_id     TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_by  TEXT NOT NULL,              -- the author's name, for the list
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    used_at     INTEGER,
    revoked_at  INTEGER
) STRICT;
CREATE INDEX invitations_by_user ON invitations (user_id, created_at);

-- Break-glass accounts. They are no users: no organization, no SCIM, no link.
CREATE TABLE operators (
    id                  TEXT PRIMARY KEY,
    name                TEXT NOT NULL,
    name_key            TEXT NOT NULL UNIQUE,
    password_hash       TEXT NOT NULL,      -- PHC string, Argon2id
    disabled_at         INTEGER,
    created_at          INTEGER NOT NULL,
    password_changed_at INTEGER NOT NULL,
    last_used_at        INTEGER,
    networks            TEXT NOT NULL DEFAULT '[]',    -- JSON array of CIDR; empty: from anywhere
    needs_arming        INTEGER NOT NULL DEFAULT 0,    -- whether it opens only while armed
    armed_until         INTEGER
) STRICT;

-- Proof that a break-glass account opens; without a reference, as it must outlive the account.
CREATE TABLE drills (
    id            TEXT PRIMARY KEY,
    operator_id   TEXT NOT NULL,
    operator_name TEXT NOT NULL,
    at            INTEGER NOT NULL,
    passed        INTEGER NOT NULL,
    detail        TEXT NOT NULL             -- JSON: each check and what came of it
) STRICT;
CREATE INDEX drills_by_time ON drills (at);

-- Time-based one-time passwords (RFC 6238) of users and break-glass accounts.
CREATE TABLE second_factors (
    subject_id   TEXT PRIMARY KEY,          -- a user's or an operator's id
    secret       BLOB NOT NULL,
    confirmed_at INTEGER,                   -- until then it is only offered
    last_step    INTEGER NOT NULL DEFAULT 0,           -- no step counts twice (RFC 6238 section 5.2)
    created_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE recovery_codes (
    subject_id TEXT NOT NULL REFERENCES second_factors (subject_id) ON DELETE CASCADE,
    code_hash  BLOB NOT NULL,               -- SHA-256; the codes are random
    used_at    INTEGER,
    PRIMARY KEY (subject_id, code_hash)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER second_factor_of_user AFTER DELETE ON users BEGIN
    DELETE FROM second_factors WHERE subject_id = old.id;
END;
CREATE TRIGGER second_factor_of_operator AFTER DELETE ON operators BEGIN
    DELETE FROM second_factors WHERE subject_id = old.id;
END;

CREATE TABLE sessions (
    token_hash    BLOB PRIMARY KEY,         -- SHA-256 of the cookie's value
    id            TEXT NOT NULL UNIQUE,
    user_id       TEXT REFERENCES users (id) ON DELETE CASCADE,
    operator_id   TEXT REFERENCES operators (id) ON DELETE CASCADE,
    provider_id   TEXT REFERENCES providers (id) ON DELETE CASCADE,
    method        TEXT NOT NULL CHECK (method IN ('saml', 'password', 'break-glass')),
    name_id       TEXT,
    name_id_format     TEXT,                -- with the two qualifiers: among which names it is one
    name_qualifier     TEXT,
    sp_name_qualifier  TEXT,
    session_index TEXT,
    client        TEXT NOT NULL,            -- address at sign-in
    user_agent    TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    authenticated_at INTEGER NOT NULL,      -- when its owner last proved who they are
    last_seen_at  INTEGER NOT NULL,
    idle_ms       INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,         -- absolute limit
    CHECK ((user_id IS NULL) <> (operator_id IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_user ON sessions (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX sessions_by_operator ON sessions (operator_id) WHERE operator_id IS NOT NULL;
CREATE INDEX sessions_by_provider ON sessions (provider_id, name_id) WHERE provider_id IS NOT NULL;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE tokens (
    id              TEXT PRIMARY KEY,
    hash            BLOB NOT NULL UNIQUE,   -- SHA-256 of the token
    kind            TEXT NOT NULL CHECK (kind IN ('scim', 'api')),
    organization_id TEXT REFERENCES organizations (id),  -- an operator's API token has none
    user_id         TEXT REFERENCES users (id) ON DELETE CASCADE,          -- whose API token it is; no more may be
    operator_id     TEXT REFERENCES operators (id) ON DELETE CASCADE,      -- done with it than its owner may at the time
    provider_id     TEXT REFERENCES providers (id) ON DELETE SET NULL,     -- the provider a SCIM token was made for
    scopes          TEXT NOT NULL DEFAULT '',            -- words, separated by spaces
    name            TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER,
    revoked_at      INTEGER,
    last_used_at    INTEGER,
    last_used_from  TEXT,
    CHECK (kind = 'api' OR organization_id IS NOT NULL)
) STRICT;
CREATE INDEX tokens_by_organization ON tokens (organization_id, created_at);
CREATE INDEX tokens_by_user ON tokens (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX tokens_by_operator ON tokens (operator_id) WHERE operator_id IS NOT NULL;
CREATE INDEX tokens_by_provider ON tokens (provider_id) WHERE provider_id IS NOT NULL;

-- Sign-ins that an admin asked for to see whether a provider works. They let nobody in.
CREATE TABLE sign_in_tests (
    id          TEXT PRIMARY KEY,
    hash        BLOB NOT NULL UNIQUE,       -- SHA-256 of the token in its link
    provider_id TEXT NOT NULL REFERENCES providers (id) ON DELETE CASCADE,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    started_at  INTEGER,                    -- when somebody last opened the link
    reference   TEXT                        -- the trace of the answer; then it is over
) STRICT;
CREATE INDEX sign_in_tests_by_provider ON sign_in_tests (provider_id, created_at);
CREATE INDEX sign_in_tests_by_expiry ON sign_in_tests (expires_at);

-- AuthnRequests that wait for their response; each is used once.
CREATE TABLE sign_in_requests (
    id           TEXT PRIMARY KEY,          -- the AuthnRequest's ID
    relay_state  TEXT NOT NULL UNIQUE,      -- the opaque handle sent as RelayState
    provider_id  TEXT NOT NULL REFERENCES providers (id) ON DELETE CASCADE,
    browser_hash BLOB NOT NULL,             -- SHA-256 of the sign-in cookie
    session_hash BLOB,                      -- of the session that this browser has: the new one replaces it
    client       TEXT NOT NULL,             -- address, of IPv6 the /64
    number       INTEGER NOT NULL,          -- counts the client's requests, so that the oldest go first
    test_id      TEXT REFERENCES sign_in_tests (id) ON DELETE CASCADE,  -- it opens no session then
    return_to    TEXT NOT NULL,
    force_authn  INTEGER NOT NULL DEFAULT 0,           -- the person is to sign in anew
    step_up      TEXT,                      -- id of the session whose owner is to sign in again
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX sign_in_requests_by_expiry ON sign_in_requests (expires_at);
CREATE INDEX sign_in_requests_by_browser ON sign_in_requests (browser_hash);
CREATE INDEX sign_in_requests_by_test ON sign_in_requests (test_id) WHERE test_id IS NOT NULL;
CREATE UNIQUE INDEX sign_in_requests_by_client ON sign_in_requests (client, number);

-- LogoutRequests of ours that wait for their answer; each is used once.
CREATE TABLE logout_requests (
    id           TEXT PRIMARY KEY,          -- the LogoutRequest's ID
    relay_state  TEXT NOT NULL UNIQUE,      -- the opaque handle sent as RelayState
    provider_id  TEXT NOT NULL REFERENCES providers (id) ON DELETE CASCADE,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,    -- who signed out
    browser_hash BLOB NOT NULL,             -- SHA-256 of the sign-out cookie
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX logout_requests_by_expiry ON logout_requests (expires_at);
CREATE INDEX logout_requests_by_user ON logout_requests (user_id, created_at);
CREATE INDEX logout_requests_by_provider ON logout_requests (provider_id);

-- LogoutRequests that were followed: an assertion that was made before opens no session after.
CREATE TABLE followed_logouts (
    provider_id   TEXT NOT NULL REFERENCES providers (id) ON DELETE CASCADE,
    name_id       TEXT NOT NULL,
    session_index TEXT NOT NULL,            -- empty: all of them
    issued_at     INTEGER NOT NULL,         -- by the identity provider's clock
    expires_at    INTEGER NOT NULL,
    PRIMARY KEY (provider_id, name_id, session_index)
) STRICT, WITHOUT ROWID;
CREATE INDEX followed_logouts_by_expiry ON followed_logouts (expires_at);

CREATE TABLE seen_assertions (
    provider_id  TEXT NOT NULL REFERENCES providers (id) ON DELETE CASCADE,
    assertion_id TEXT NOT NULL,
    expires_at   INTEGER NOT NULL,
    PRIMARY KEY (provider_id, assertion_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX seen_assertions_by_expiry ON seen_assertions (expires_at);

CREATE TABLE throttles (
    key        TEXT PRIMARY KEY,            -- 'account:<name key>' or 'address:<ip or /64>'
    failures   INTEGER NOT NULL,
    next_at    INTEGER NOT NULL,            -- no attempt counts before this
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX throttles_by_update ON throttles (updated_at);

-- The brake on SCIM: how many people's access a client may take before somebody is asked. An
-- organization without a row has the ordinary limits.
CREATE TABLE brakes (
    organization_id TEXT PRIMARY KEY REFERENCES organizations (id),
    armed           INTEGER NOT NULL,
    share           INTEGER NOT NULL,       -- percent of its active users
    people          INTEGER NOT NULL,
    window_ms       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Whose access SCIM took lately, once each, and how many that were in each ten seconds: the sum of
-- some rows, however many people. Whoever is let in again doesn't count.
CREATE TABLE brake_takings (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    user_id         TEXT NOT NULL,          -- who may be gone by now
    slot            INTEGER NOT NULL,
    PRIMARY KEY (organization_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX brake_takings_by_time ON brake_takings (slot);
CREATE TABLE brake_slots (
    organization_id TEXT NOT NULL,
    slot            INTEGER NOT NULL,       -- ten-second periods since 1970
    people          INTEGER NOT NULL,
    PRIMARY KEY (organization_id, slot)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER brake_takings_counted_in AFTER INSERT ON brake_takings BEGIN
    INSERT INTO brake_slots (organization_id, slot, people) VALUES (new.organization_id, new.slot, 1)
    ON CONFLICT (organization_id, slot) DO UPDATE SET people = people + 1;
END;
CREATE TRIGGER brake_takings_counted_out AFTER DELETE ON brake_takings BEGIN
    UPDATE brake_slots SET people = people - 1
    WHERE organization_id = old.organization_id AND slot = old.slot;
    DELETE FROM brake_slots
    WHERE organization_id = old.organization_id AND slot = old.slot AND people <= 0;
END;
CREATE TRIGGER brake_counts_who_came_back_out AFTER UPDATE OF active ON users
WHEN new.active AND NOT old.active BEGIN
    DELETE FROM brake_takings WHERE organization_id = new.organization_id AND user_id = new.id;
END;

-- An active admin of each organization, as far as was last looked; looked at again before it counts.
CREATE TABLE known_admins (
    organization_id TEXT PRIMARY KEY REFERENCES organizations (id),
    user_id         TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What the brake held, for an admin's yes or no.
CREATE TABLE brake_holds (
    id              TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    token_id        TEXT NOT NULL,          -- whose requests; it may be gone by now
    token_name      TEXT NOT NULL,
    client          TEXT,                   -- address of the first request
    reason          TEXT NOT NULL CHECK (reason IN ('share', 'last-admin')),
    state           TEXT NOT NULL CHECK (state IN ('open', 'allowed', 'refused', 'closed')),
    opened_at       INTEGER NOT NULL,
    last_at         INTEGER NOT NULL,       -- of the latest request that was held
    attempts        INTEGER NOT NULL,       -- requests that were held
    people          INTEGER NOT NULL,       -- how many are named in brake_held
    passed          INTEGER NOT NULL,       -- whose access had been taken before, within the window
    active          INTEGER NOT NULL,       -- of so many active people
    decided_at      INTEGER,
    decided_by      TEXT,
    until           INTEGER                 -- how long the answer counts
) STRICT;
CREATE UNIQUE INDEX brake_holds_open ON brake_holds (organization_id, token_id, reason) WHERE state = 'open';
CREATE INDEX brake_holds_by_organization ON brake_holds (organization_id, opened_at);
CREATE INDEX brake_holds_by_token ON brake_holds (organization_id, token_id, reason, opened_at);
CREATE TABLE brake_held (
    hold_id   TEXT NOT NULL REFERENCES brake_holds (id) ON DELETE CASCADE,
    user_id   TEXT NOT NULL,
    user_name TEXT NOT NULL,
    change    TEXT NOT NULL CHECK (change IN ('deactivation', 'deletion', 'removal')),
    at        INTEGER NOT NULL,             -- of the first request
    PRIMARY KEY (hold_id, user_id)
) STRICT, WITHOUT ROWID;

-- What one exchange was, with each check's result; redacted before it is written.
CREATE TABLE traces (
    id              INTEGER PRIMARY KEY,
    reference       TEXT NOT NULL UNIQUE,   -- what a person reads out to their administrator
    at              INTEGER NOT NULL,
    kind            TEXT NOT NULL CHECK (kind IN ('saml', 'scim', 'break-glass')),
    organization_id TEXT,
    provider_id     TEXT,
    outcome         TEXT NOT NULL CHECK (outcome IN ('accepted', 'refused')),
    code            TEXT NOT NULL,          -- the failed check, or 'ok'
    method          TEXT,                   -- of the request
    status          INTEGER,                -- of the answer
    resource        TEXT,                   -- id of the user or group that it was about
    token           TEXT,                   -- id of the token it was asked with
    summary         TEXT NOT NULL,
    detail          TEXT NOT NULL           -- JSON
) STRICT;
CREATE INDEX traces_by_organization ON traces (organization_id, at);
CREATE INDEX traces_by_time ON traces (at, outcome);
CREATE INDEX traces_refused ON traces (organization_id, at) WHERE outcome = 'refused';
CREATE INDEX traces_by_resource ON traces (resource, at) WHERE resource IS NOT NULL;

-- The SAML responses behind traces, as they came; sealed with a key of the appliance and bound to
-- their trace. They go with it.
CREATE TABLE trace_documents (
    trace_id        INTEGER PRIMARY KEY REFERENCES traces (id) ON DELETE CASCADE,
    organization_id TEXT NOT NULL,
    outcome         TEXT NOT NULL CHECK (outcome IN ('accepted', 'refused')),
    bytes           INTEGER NOT NULL,       -- of the document
    nonce           BLOB NOT NULL,
    sealed          BLOB NOT NULL           -- AES-256-GCM
) STRICT;
CREATE INDEX trace_documents_by_organization ON trace_documents (organization_id, outcome, trace_id);

-- How many there are and how large; kept by triggers, so that a bound costs one row.
CREATE TABLE trace_document_rooms (
    organization_id TEXT NOT NULL,
    outcome         TEXT NOT NULL,
    documents       INTEGER NOT NULL,
    bytes           INTEGER NOT NULL,
    PRIMARY KEY (organization_id, outcome)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER trace_documents_counted_in AFTER INSERT ON trace_documents BEGIN
    INSERT INTO trace_document_rooms (organization_id, outcome, documents, bytes)
    VALUES (new.organization_id, new.outcome, 1, new.bytes)
    ON CONFLICT (organization_id, outcome) DO UPDATE
    SET documents = documents + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER trace_documents_counted_out AFTER DELETE ON trace_documents BEGIN
    UPDATE trace_document_rooms SET documents = documents - 1, bytes = bytes - old.bytes
    WHERE organization_id = old.organization_id AND outcome = old.outcome;
END;

-- How many refused exchanges came from one source lately, and the traces that only count those
-- beyond its quota.
CREATE TABLE trace_quotas (
    source  TEXT PRIMARY KEY,               -- 'address:<ip or /64>' or 'organization:<id>'
    since   INTEGER NOT NULL,
    refused INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX trace_quotas_by_time ON trace_quotas (since);
CREATE TABLE trace_summaries (
    source          TEXT NOT NULL,
    organization_id TEXT NOT NULL,          -- whose exchanges it counts; '' if that isn't known
    since           INTEGER NOT NULL,       -- the quota's
    reference       TEXT NOT NULL,          -- the trace
    codes           TEXT NOT NULL,          -- JSON: how many of each
    PRIMARY KEY (source, organization_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX trace_summaries_by_time ON trace_summaries (since);

-- Who did what. Each row's hash covers the row and the hash before it, so that nothing can be
-- changed, taken out or put in without the rest of the chain telling.
CREATE TABLE audit (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    at              INTEGER NOT NULL,
    organization_id TEXT,
    actor_kind      TEXT NOT NULL,
    actor_id        TEXT,
    actor_name      TEXT NOT NULL,
    client          TEXT,                   -- address
    via             TEXT NOT NULL,          -- console, api, cli, saml, scim, ...
    action          TEXT NOT NULL,
    target_kind     TEXT NOT NULL,
    target_id       TEXT,
    target_name     TEXT NOT NULL,
    detail          TEXT NOT NULL,          -- JSON: before, after and what else is worth knowing, redacted
    hash            BLOB NOT NULL
) STRICT;
CREATE INDEX audit_by_organization ON audit (organization_id, seq);
CREATE INDEX audit_by_target ON audit (target_id, seq);
CREATE INDEX audit_by_actor ON audit (actor_id, seq);
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_by_action ON audit (organization_id, action, seq);
CREATE INDEX audit_of_groups ON audit (organization_id, seq) WHERE target_kind = 'group';

-- Where the chain begins after retention took its oldest part.
CREATE TABLE audit_anchors (
    seq     INTEGER PRIMARY KEY,            -- the last row that was removed
    hash    BLOB NOT NULL,                  -- and its hash
    removed INTEGER NOT NULL,               -- how many rows went with it
    at      INTEGER NOT NULL
) STRICT;
CREATE TRIGGER audit_rows_stay BEFORE UPDATE ON audit BEGIN
    SELECT raise(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_rows_are_kept BEFORE DELETE ON audit
WHEN old.seq > (SELECT coalesce(max(seq), 0) FROM audit_anchors) BEGIN
    SELECT raise(ABORT, 'the audit log is append-only');
END;

-- Things that happened and that somebody may want to be told of.
CREATE TABLE events (
    id              TEXT PRIMARY KEY,
    at              INTEGER NOT NULL,
    organization_id TEXT,                   -- none: the appliance's own
    kind            TEXT NOT NULL,
    data            TEXT NOT NULL           -- JSON
) STRICT;
CREATE INDEX events_by_kind ON events (kind, at);
CREATE INDEX events_by_time ON events (at);

-- Where events are sent to.
CREATE TABLE webhooks (
    id              TEXT PRIMARY KEY,
    organization_id TEXT REFERENCES organizations (id),
    url             TEXT NOT NULL,
    secret          BLOB NOT NULL,          -- signs each delivery (Standard Webhooks)
    kinds           TEXT NOT NULL,          -- words, separated by spaces; empty: all
    disabled_at     INTEGER,
    created_at      INTEGER NOT NULL
) STRICT;
CREATE TABLE deliveries (
    event_id     TEXT NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    webhook_id   TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    attempts     INTEGER NOT NULL DEFAULT 0,
    next_at      INTEGER,                   -- none: delivered or given up
    delivered_at INTEGER,
    last_error   TEXT,
    PRIMARY KEY (webhook_id, event_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_due ON deliveries (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX deliveries_by_event ON deliveries (event_id);

-- How the published metadata of a provider is followed, and what came of the last look.
CREATE TABLE metadata_watches (
    provider_id TEXT PRIMARY KEY REFERENCES providers (id) ON DELETE CASCADE,
    mode        TEXT NOT NULL DEFAULT 'ask' CHECK (mode IN ('off', 'ask', 'automatic')),
    trust       BLOB,                       -- DER: the metadata must be signed with this key
    operators   TEXT,                       -- the metadata URL that an operator gave, who may reach further
    next_at     INTEGER,                    -- when the URL is looked at again
    looked_at   INTEGER,
    failure     TEXT,                       -- why the last look came to nothing
    differences TEXT NOT NULL DEFAULT '[]'  -- JSON: what was published and isn't so here
) STRICT, WITHOUT ROWID;

-- Certificates that metadata published and that wait for somebody's word, or had it.
CREATE TABLE metadata_additions (
    provider_id TEXT NOT NULL REFERENCES providers (id) ON DELETE CASCADE,
    fingerprint TEXT NOT NULL,
    der         BLOB NOT NULL,
    refused_at  INTEGER,                    -- not asked again
    seen_at     INTEGER NOT NULL,
    PRIMARY KEY (provider_id, fingerprint)
) STRICT, WITHOUT ROWID;

-- Which ends of certificates were announced: each threshold once.
CREATE TABLE expiry_warnings (
    subject TEXT NOT NULL,                  -- provider:<id>:<fingerprint>, key:<id>, tls:<fingerprint>
    days    INTEGER NOT NULL,               -- 60, 30, 14, 3 or 0
    at      INTEGER NOT NULL,
    PRIMARY KEY (subject, days)
) STRICT, WITHOUT ROWID;
