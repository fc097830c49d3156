//! The route table: every address, who may ask it, and what answers. One row each; the endpoint
//! tests walk this table, so a route can't be added without them.

use percent_encoding::percent_decode_str;

use super::signed_in::{self, SignedIn};
use super::{
    App, Problem, account, acs, api, bearer, break_glass, cross_origin, health, join, login,
    metrics, password, portal, saml, scim, slo, static_files, step_up,
};
use crate::access::api_token::Presented;
use crate::clock::{self, Timestamp};
use crate::directory::organization::{self, Organization};
use crate::directory::{Action, Actor, Decision, Need, Target, may};
use crate::edge::{Request, Response};
use crate::observe::audit::Author;
use crate::scim::bulk;

/// Who may ask a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Anybody.
    Open,
    /// Anybody, from any site: the identity provider's cross-site POST. What proves it is in it.
    OpenAcrossSites,
    /// Whoever is signed in and may do this, to the organization in the address if it names one.
    May(Action),
    /// The same, where the sign-in is recent: what lets somebody in and stays, or takes a safeguard
    /// away.
    Recent(Action),
    /// A SCIM client with a token of the organization in the address.
    ScimToken,
    /// A user of the organization in the address, by an API token of their own.
    ScimUser,
}

impl Guard {
    /// What whoever asks must be allowed to do.
    pub const fn action(self) -> Option<Action> {
        match self {
            Self::May(action) | Self::Recent(action) => Some(action),
            Self::Open | Self::OpenAcrossSites | Self::ScimToken | Self::ScimUser => None,
        }
    }
}

type Answer = fn(&App, &Call<'_>) -> Result<Response, Problem>;

/// One row of the table.
pub struct Route {
    /// The method; GET stands for HEAD too.
    pub method: &'static str,
    /// The path; `{name}` takes one segment, `{*}` the rest.
    pub pattern: &'static str,
    /// Who may ask it.
    pub guard: Guard,
    answer: Answer,
}

const fn row(method: &'static str, pattern: &'static str, guard: Guard, answer: Answer) -> Route {
    Route {
        method,
        pattern,
        guard,
        answer,
    }
}

use Action::{
    Administer, ChangeUsers, IssueTokens, Operate, OwnAccount, OwnSession, ReadDirectory,
    ReadTraces,
};
use Guard::{May, Open, OpenAcrossSites, Recent, ScimToken, ScimUser};

/// Every address there is.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    row("GET",    "/",                     Open,            portal::show),
    row("GET",    "/login",                Open,            login::form),
    row("POST",   "/login",                Open,            login::choose_provider),
    row("GET",    "/login/password",       Open,            password::form),
    row("POST",   "/login/password",       Open,            password::sign_in),
    row("POST",   "/login/code",           Open,            password::give_code),
    row("GET",    "/join/{token}",         Open,            join::form),
    row("POST",   "/join/{token}",         Open,            join::set_password),
    row("GET",    "/account",              May(OwnAccount), account::show),
    row("POST",   "/logout",               Open,            login::sign_out),
    row("GET",    "/break-glass",          Open,            break_glass::form),
    row("POST",   "/break-glass",          Open,            break_glass::sign_in),
    row("GET",    "/step-up",              Open,            step_up::form),
    row("POST",   "/step-up",              Open,            step_up::prove),
    row("GET",    "/step-up/done",         Open,            step_up::done),
    row("GET",    "/static/{*}",           Open,            static_files::file),
    row("GET",    "/console",              Open,            static_files::console),
    row("GET",    "/console/{*}",          Open,            static_files::console),
    row("GET",    "/favicon.ico",          Open,            static_files::favicon),
    row("GET",    "/healthz",              Open,            health::alive),
    row("GET",    "/readyz",               Open,            health::ready),
    row("GET",    "/metrics",              May(Operate),    metrics::show),
    row("GET",    "/ca.pem",               Open,            health::ca),

    row("GET",    "/saml/{provider}/login",    Open,            saml::start),
    row("GET",    "/saml/{provider}/metadata", Open,            saml::metadata),
    row("POST",   "/saml/{provider}/acs",      OpenAcrossSites, acs::receive),
    row("GET",    "/saml/{provider}/slo",      OpenAcrossSites, slo::redirected),
    row("POST",   "/saml/{provider}/slo",      OpenAcrossSites, slo::posted),

    row("GET",    "/api/v1/session",       May(OwnSession), api::session::show),
    row("DELETE", "/api/v1/session",       May(OwnAccount), api::session::end),
    row("GET",    "/api/v1/account",                       May(OwnAccount), api::account::show),
    row("PATCH",  "/api/v1/account",                       May(OwnAccount), api::account::change),
    row("POST",   "/api/v1/account/password",              May(OwnAccount), api::account::set_password),
    row("POST",   "/api/v1/account/second-factor",         May(OwnAccount), api::account::begin_second_factor),
    row("POST",   "/api/v1/account/second-factor/confirm", May(OwnAccount), api::account::confirm_second_factor),
    row("DELETE", "/api/v1/account/second-factor",         May(OwnAccount), api::account::remove_second_factor),
    row("GET",    "/api/v1/account/sessions",              May(OwnAccount), api::account::own_sessions),
    row("DELETE", "/api/v1/account/sessions",              May(OwnAccount), api::account::end_other_sessions),
    row("DELETE", "/api/v1/account/sessions/{session}",    May(OwnAccount), api::account::end_session),
    row("GET",    "/api/v1/domains",       May(Operate),    api::domains::list),
    row("PATCH",  "/api/v1/domains/{domain}", Recent(Operate), api::domains::approve),
    row("DELETE", "/api/v1/domains/{domain}", May(Operate), api::domains::refuse),
    row("GET",    "/api/v1/provider-kinds", May(OwnSession), api::provider_kinds::list),
    row("GET",    "/api/v1/findings",      May(OwnSession), api::findings::list),
    row("GET",    "/api/v1/keys",          May(Operate),    api::keys::list),
    row("POST",   "/api/v1/keys",          Recent(Operate),    api::keys::roll),
    row("GET",    "/api/v1/step-up",       May(Operate),         api::step_up::show),
    row("PATCH",  "/api/v1/step-up",       Recent(IssueTokens),  api::step_up::change),
    row("GET",    "/api/v1/notices",       May(OwnSession), api::notices::list),
    row("GET",    "/api/v1/break-glass-accounts",                              May(Operate),     api::break_glass::list),
    row("POST",   "/api/v1/break-glass-accounts",                              Recent(IssueTokens), api::break_glass::create),
    row("PATCH",  "/api/v1/break-glass-accounts/{name}",                       Recent(IssueTokens), api::break_glass::change),
    row("POST",   "/api/v1/break-glass-accounts/{name}/second-factor",         Recent(IssueTokens), api::break_glass::begin),
    row("POST",   "/api/v1/break-glass-accounts/{name}/second-factor/confirm", Recent(IssueTokens), api::break_glass::confirm),
    row("DELETE", "/api/v1/break-glass-accounts/{name}/second-factor",         Recent(IssueTokens), api::break_glass::remove),
    row("GET",    "/api/v1/drills",                  May(Operate), api::break_glass::drills),
    row("GET",    "/api/v1/webhooks",                May(Operate), api::webhooks::list),
    row("POST",   "/api/v1/webhooks",                Recent(Operate), api::webhooks::create),
    row("POST",   "/api/v1/webhooks/{webhook}/test", May(Operate), api::webhooks::test),
    row("DELETE", "/api/v1/webhooks/{webhook}",      May(Operate), api::webhooks::delete),
    row("GET",    "/api/v1/organizations", May(OwnSession), api::organizations::list),
    row("POST",   "/api/v1/organizations", May(Operate),    api::organizations::create),
    row("GET",    "/api/v1/organizations/{org}",                       May(ReadDirectory), api::organizations::show),
    row("PATCH",  "/api/v1/organizations/{org}",                       May(Administer),    api::organizations::change),
    row("GET",    "/api/v1/organizations/{org}/providers",             May(ReadDirectory), api::providers::list),
    row("POST",   "/api/v1/organizations/{org}/providers",             May(Administer),    api::providers::add),
    row("GET",    "/api/v1/organizations/{org}/providers/{provider}",  May(ReadDirectory), api::providers::show),
    row("PATCH",  "/api/v1/organizations/{org}/providers/{provider}",  Recent(Administer),    api::providers::change),
    row("DELETE", "/api/v1/organizations/{org}/providers/{provider}",  Recent(Administer),    api::providers::delete),
    row("GET",    "/api/v1/organizations/{org}/providers/{provider}/deletion", May(Administer), api::providers::deletion),
    row("POST",   "/api/v1/organizations/{org}/domains/{domain}/verify", May(Administer),  api::domains::verify),
    row("GET",    "/api/v1/organizations/{org}/providers/{provider}/certificates", May(ReadDirectory), api::provider_certificates::list),
    row("POST",   "/api/v1/organizations/{org}/providers/{provider}/certificates", Recent(Administer),    api::provider_certificates::add),
    row("DELETE", "/api/v1/organizations/{org}/providers/{provider}/certificates/{fingerprint}", Recent(Administer), api::provider_certificates::remove),
    row("GET",    "/api/v1/organizations/{org}/providers/{provider}/metadata",         May(ReadDirectory), api::provider_metadata::show),
    row("PATCH",  "/api/v1/organizations/{org}/providers/{provider}/metadata",         Recent(Administer),    api::provider_metadata::change),
    row("POST",   "/api/v1/organizations/{org}/providers/{provider}/metadata/refresh", May(Administer),    api::provider_metadata::refresh),
    row("PATCH",  "/api/v1/organizations/{org}/providers/{provider}/metadata/additions/{fingerprint}", Recent(Administer), api::provider_metadata::decide),
    row("POST",   "/api/v1/organizations/{org}/providers/{provider}/tests",        May(Administer), api::provider_tests::begin),
    row("GET",    "/api/v1/organizations/{org}/providers/{provider}/tests/{test}", May(Administer), api::provider_tests::show),
    row("GET",    "/api/v1/organizations/{org}/scim/tokens",           May(Administer),    api::tokens::list),
    row("POST",   "/api/v1/organizations/{org}/scim/tokens",           Recent(Administer),    api::tokens::create),
    row("DELETE", "/api/v1/organizations/{org}/scim/tokens/{token}",   May(Administer),    api::tokens::revoke),
    row("GET",    "/api/v1/organizations/{org}/api-tokens",            May(Administer),    api::api_tokens::of_organization),
    row("POST",   "/api/v1/organizations/{org}/api-tokens",            Recent(IssueTokens),   api::api_tokens::create_for_organization),
    row("DELETE", "/api/v1/organizations/{org}/api-tokens/{token}",    May(Administer),    api::api_tokens::revoke_of_organization),
    row("GET",    "/api/v1/api-tokens",                                May(Operate),       api::api_tokens::of_operators),
    row("POST",   "/api/v1/api-tokens",                                Recent(IssueTokens),   api::api_tokens::create_for_appliance),
    row("DELETE", "/api/v1/api-tokens/{token}",                        May(Operate),       api::api_tokens::revoke_of_operators),
    row("GET",    "/api/v1/account/tokens",                            May(OwnAccount),    api::api_tokens::own),
    row("POST",   "/api/v1/account/tokens",                            Recent(OwnAccount),    api::api_tokens::create_own),
    row("DELETE", "/api/v1/account/tokens/{token}",                    May(OwnAccount),    api::api_tokens::revoke_own),
    row("GET",    "/api/v1/organizations/{org}/groups",                May(ReadDirectory), api::groups::list),
    row("GET",    "/api/v1/organizations/{org}/groups/{group}",        May(ReadDirectory), api::groups::show),
    row("PATCH",  "/api/v1/organizations/{org}/groups/{group}",        May(Administer),    api::groups::change),
    row("GET",    "/api/v1/organizations/{org}/groups/{group}/members", May(ReadDirectory), api::groups::members),
    row("GET",    "/api/v1/organizations/{org}/groups/{group}/level-change", May(Administer), api::groups::level_change),
    row("GET",    "/api/v1/organizations/{org}/sessions",              May(ReadTraces),    api::sessions::list),
    row("DELETE", "/api/v1/organizations/{org}/sessions",              May(Administer),    api::sessions::end_all),
    row("DELETE", "/api/v1/organizations/{org}/sessions/{session}",    May(Administer),    api::sessions::end),
    row("GET",    "/api/v1/organizations/{org}/users/{user}/sessions", May(ReadTraces),    api::sessions::of_user),
    row("DELETE", "/api/v1/organizations/{org}/users/{user}/sessions", May(Administer),    api::sessions::end_of_user),
    row("GET",    "/api/v1/organizations/{org}/users",                 May(ReadDirectory), api::users::list),
    row("GET",    "/api/v1/organizations/{org}/users/{user}",          May(ReadDirectory), api::users::show),
    row("POST",   "/api/v1/organizations/{org}/users",                 Recent(ChangeUsers), api::users::invite),
    row("PATCH",  "/api/v1/organizations/{org}/users/{user}",          May(ChangeUsers),   api::users::change),
    row("DELETE", "/api/v1/organizations/{org}/users/{user}",          May(Administer),    api::users::delete),
    row("DELETE", "/api/v1/organizations/{org}/users/{user}/second-factor", Recent(ChangeUsers), api::users::remove_second_factor),
    row("GET",    "/api/v1/organizations/{org}/users/{user}/invitations",   May(ReadDirectory), api::invitations::list),
    row("POST",   "/api/v1/organizations/{org}/users/{user}/invitations",   Recent(ChangeUsers), api::invitations::create),
    row("DELETE", "/api/v1/organizations/{org}/users/{user}/invitations/{invitation}", May(ChangeUsers), api::invitations::revoke),
    row("GET",    "/api/v1/organizations/{org}/users/{user}/timeline", May(ReadTraces),    api::audit::timeline),
    row("GET",    "/api/v1/organizations/{org}/levels",                May(ReadTraces),    api::audit::levels),
    row("GET",    "/api/v1/organizations/{org}/audit",                 May(ReadTraces),    api::audit::list),
    row("GET",    "/api/v1/organizations/{org}/audit/export",          May(ReadTraces),    api::audit::export),
    row("GET",    "/api/v1/audit",                                     May(Operate),       api::audit::list_all),
    row("GET",    "/api/v1/audit/export",                              May(Operate),       api::audit::export_all),
    row("GET",    "/api/v1/audit/verify",                              May(Operate),       api::audit::verify),
    row("GET",    "/api/v1/audit/checkpoint",                          May(Operate),       api::audit::checkpoint),
    row("GET",    "/api/v1/audit/retention",                           May(Operate),       api::audit_retention::show),
    row("PATCH",  "/api/v1/audit/retention",                           Recent(IssueTokens),   api::audit_retention::change),
    row("GET",    "/api/v1/organizations/{org}/deprovisioning",        May(ReadTraces),    api::deprovisioning::report),
    row("GET",    "/api/v1/organizations/{org}/traces",                May(ReadTraces),    api::traces::list),
    row("GET",    "/api/v1/organizations/{org}/traces/{reference}",    May(ReadTraces),    api::traces::show),
    row("GET",    "/api/v1/organizations/{org}/traces/{reference}/document", Recent(Administer), api::trace_documents::raw),
    row("GET",    "/api/v1/organizations/{org}/traces/{reference}/bundle",   Recent(Administer), api::trace_documents::bundle),
    row("POST",   "/api/v1/organizations/{org}/traces/{reference}/replay",   May(Administer), api::trace_documents::replay),
    row("GET",    "/api/v1/trace-retention",                           May(Operate),       api::traces::retention),
    row("PATCH",  "/api/v1/trace-retention",                           Recent(Operate),    api::traces::change_retention),
    row("GET",    "/api/v1/organizations/{org}/scim/brake",            May(ReadTraces),    api::brake::show),
    row("PATCH",  "/api/v1/organizations/{org}/scim/brake",            Recent(Administer),    api::brake::change),
    row("GET",    "/api/v1/organizations/{org}/scim/brake/holds/{hold}", May(ReadTraces),  api::brake::show_hold),
    row("POST",   "/api/v1/organizations/{org}/scim/brake/holds/{hold}/decision", Recent(Administer), api::brake::decide),

    row("GET",    "/scim/v2/{org}/Users",                  ScimToken, scim::list_users),
    row("POST",   "/scim/v2/{org}/Users",                  ScimToken, scim::create_user),
    row("GET",    "/scim/v2/{org}/Users/{id}",             ScimToken, scim::read_user),
    row("PUT",    "/scim/v2/{org}/Users/{id}",             ScimToken, scim::replace_user),
    row("PATCH",  "/scim/v2/{org}/Users/{id}",             ScimToken, scim::patch_user),
    row("DELETE", "/scim/v2/{org}/Users/{id}",             ScimToken, scim::delete_user),
    row("GET",    "/scim/v2/{org}/Groups",                 ScimToken, scim::list_groups),
    row("POST",   "/scim/v2/{org}/Groups",                 ScimToken, scim::create_group),
    row("GET",    "/scim/v2/{org}/Groups/{id}",            ScimToken, scim::read_group),
    row("PUT",    "/scim/v2/{org}/Groups/{id}",            ScimToken, scim::replace_group),
    row("PATCH",  "/scim/v2/{org}/Groups/{id}",            ScimToken, scim::patch_group),
    row("DELETE", "/scim/v2/{org}/Groups/{id}",            ScimToken, scim::delete_group),
    row("GET",    "/scim/v2/{org}",                        ScimToken, scim::list_all),
    row("POST",   "/scim/v2/{org}/.search",                ScimToken, scim::search_all),
    row("POST",   "/scim/v2/{org}/Users/.search",          ScimToken, scim::search_users),
    row("POST",   "/scim/v2/{org}/Groups/.search",         ScimToken, scim::search_groups),
    row("POST",   "/scim/v2/{org}/Bulk",                   ScimToken, scim::bulk),
    row("GET",    "/scim/v2/{org}/Me",                     ScimUser,  scim::read_me),
    row("PUT",    "/scim/v2/{org}/Me",                     ScimUser,  scim::leave_me),
    row("PATCH",  "/scim/v2/{org}/Me",                     ScimUser,  scim::leave_me),
    row("DELETE", "/scim/v2/{org}/Me",                     ScimUser,  scim::leave_me),
    row("GET",    "/scim/v2/{org}/ServiceProviderConfig",  ScimToken, scim::service_provider_config),
    row("GET",    "/scim/v2/{org}/ResourceTypes",          ScimToken, scim::resource_types),
    row("GET",    "/scim/v2/{org}/ResourceTypes/{id}",     ScimToken, scim::resource_type),
    row("GET",    "/scim/v2/{org}/Schemas",                ScimToken, scim::schemas),
    row("GET",    "/scim/v2/{org}/Schemas/{id}",           ScimToken, scim::schema),
];

/// What the names of a pattern stand for, percent-decoded.
type Parameters = Vec<(&'static str, String)>;

/// A request on its way to its handler, with what was found out about it.
pub(super) struct Call<'a> {
    pub(super) request: &'a Request,
    pub(super) now: Timestamp,
    parameters: Parameters,
    signed_in: Option<SignedIn>,
    /// Whose SCIM token it is.
    pushed_by: Option<Author>,
    organization: Option<Organization>,
    /// What a SCIM exchange's trace should say.
    pub(super) remarks: scim::Remarks,
}

impl<'a> Call<'a> {
    fn of(request: &'a Request, parameters: Parameters) -> Self {
        Self {
            request,
            now: clock::now(),
            parameters,
            signed_in: None,
            pushed_by: None,
            organization: None,
            remarks: scim::Remarks::default(),
        }
    }

    /// A `{name}` of the pattern, percent-decoded.
    pub(super) fn parameter(&self, name: &str) -> &str {
        self.parameters
            .iter()
            .find(|(key, _)| *key == name)
            .map_or("", |(_, value)| value)
    }

    /// Who is signed in; a guarded route always has somebody.
    pub(super) fn signed_in(&self) -> Result<&SignedIn, Problem> {
        self.signed_in.as_ref().ok_or_else(Problem::sign_in_first)
    }

    /// The id of the session by which this is asked; a token has none.
    pub(super) fn session_id(&self) -> Result<Option<&str>, Problem> {
        Ok(self.signed_in()?.session().ok().map(|s| s.id.as_str()))
    }

    /// Whether they may do this to the appliance as well, for what counts more when they may.
    pub(super) fn may_operate(&self) -> Result<bool, Problem> {
        let actor = self.signed_in()?.actor();
        Ok(may(&actor, Operate, Target::Appliance) == Decision::Allowed)
    }

    /// Asks for a recent sign-in, where only part of what a route does needs one.
    ///
    /// # Errors
    /// 403 with the address that makes it recent.
    pub(super) fn demand_recent(&self, app: &App) -> Result<(), Problem> {
        let signed_in = self.signed_in()?;
        let demanded = app
            .store
            .read(|conn| step_up::demanded(conn, signed_in, self.now))?;
        demanded.map_or(Ok(()), Err)
    }

    /// Who asks, as the audit log names them: who is signed in, or the SCIM token.
    pub(super) fn author(&self) -> Result<Author, Problem> {
        if let Some(token) = &self.pushed_by {
            return Ok(token.clone());
        }
        Ok(self.signed_in()?.author(self.request.client.address))
    }

    /// The organization in the address.
    pub(super) fn organization(&self) -> Result<&Organization, Problem> {
        self.organization.as_ref().ok_or_else(Problem::not_found)
    }
}

/// The largest body a path takes. SAML: 256 KiB of XML as base64, percent-encoded at worst.
/// SCIM: a group with 100,000 members as we show it, addresses and all, since that comes back in a
/// PUT.
pub(super) fn body_limit(path: &str) -> usize {
    if path.starts_with("/scim/") {
        if path.contains("/Groups") {
            32 << 20
        } else if path.contains("/Bulk") {
            bulk::MAX_PAYLOAD
        } else {
            1 << 20
        }
    } else if path.starts_with("/saml/") {
        1 << 20
    } else if path.starts_with("/api/") {
        // Metadata is pasted whole.
        2 << 20
    } else {
        16 << 10
    }
}

pub(super) fn dispatch(app: &App, request: &Request) -> Response {
    answer(app, request).unwrap_or_else(|problem| {
        if problem.status == 401 && wants_page(request) {
            return Response::new(303).header("Location", "/login");
        }
        problem.answer(&request.path)
    })
}

/// Programs ask here, so that API tokens count and a refusal is no page.
pub(super) fn takes_tokens(path: &str) -> bool {
    path.starts_with("/api/") || path == "/metrics"
}

fn wants_page(request: &Request) -> bool {
    !takes_tokens(&request.path) && !request.path.starts_with("/scim/")
}

/// The answer to a request whose body was refused before it was read whole; a SCIM client's is
/// traced.
pub(super) fn body_refused(app: &App, request: &Request, problem: Problem) -> Response {
    let told = scim::unhandled(app, &Call::of(request, Vec::new()), &problem);
    told.err().unwrap_or(problem).answer(&request.path)
}

fn answer(app: &App, request: &Request) -> Result<Response, Problem> {
    let (route, parameters) = match find(request) {
        Ok(found) => found,
        Err(problem) => {
            scim::unhandled(app, &Call::of(request, Vec::new()), &problem)?;
            return Err(problem);
        }
    };
    let mut call = Call::of(request, parameters);
    match route.guard {
        Guard::OpenAcrossSites => {}
        Guard::ScimToken => {
            let (organization, author) = scim::authenticate(app, &call)?;
            call.organization = Some(organization);
            call.pushed_by = Some(author);
            return scim::traced(app, &call, route.answer);
        }
        Guard::ScimUser => {
            let (organization, signed_in) = scim::authenticate_person(app, &call)?;
            call.organization = Some(organization);
            call.signed_in = Some(signed_in);
            return scim::traced(app, &call, route.answer);
        }
        Guard::Open => own_origin(app, request)?,
        Guard::May(action) | Guard::Recent(action) => {
            let presented = bearer::presented(request);
            if presented == Presented::Nothing {
                own_origin(app, request)?;
            }
            let recent = matches!(route.guard, Guard::Recent(_));
            admit(app, &mut call, presented, action, recent)?;
        }
    }
    (route.answer)(app, &call)
}

fn own_origin(app: &App, request: &Request) -> Result<(), Problem> {
    let safe = matches!(request.method.as_str(), "GET" | "HEAD" | "OPTIONS");
    if safe || cross_origin::is_own(request, app.public.origin()) {
        Ok(())
    } else {
        Err(Problem::new(
            403,
            "cross-origin",
            "This request came from another site's page.",
        ))
    }
}

/// Authentication and authority, in one read of the database.
fn admit(
    app: &App,
    call: &mut Call<'_>,
    presented: Presented<'_>,
    action: Action,
    recent: bool,
) -> Result<(), Problem> {
    let slug = call.parameter("org").to_owned();
    let request = call.request;
    let now = call.now;
    let found = app.store.read(|conn| {
        let who = match presented {
            Presented::Nothing => signed_in::find(conn, request, now)?,
            Presented::Token(token) => signed_in::of_token(conn, token, now)?,
            Presented::Other => None,
        };
        let Some(who) = who else {
            return Ok(None);
        };
        let asked = if slug.is_empty() {
            None
        } else {
            // That there is no such organization is told to operators only; to everybody else it
            // looks like one that is not theirs.
            Some(
                organization::find(conn, &slug).map_err(|error| match who.organization() {
                    None => error.into(),
                    Some(_) => Problem::not_found(),
                })?,
            )
        };
        let demanded = match recent {
            true => step_up::demanded(conn, &who, now)?,
            false => None,
        };
        Ok::<_, Problem>(Some((who, asked, demanded)))
    })?;
    let Some((who, asked, demanded)) = found else {
        return Err(match presented {
            Presented::Nothing => Problem::sign_in_first(),
            Presented::Token(_) | Presented::Other => bearer::refused(app, request, now),
        });
    };
    let target = asked
        .as_ref()
        .map_or(Target::Appliance, |o| Target::Organization(&o.id));
    match may(&who.actor(), action, target) {
        Decision::Allowed => {}
        Decision::SignInFirst => return Err(Problem::sign_in_first()),
        Decision::Forbidden => return Err(forbidden(&who, action)),
        Decision::Hidden => return Err(Problem::not_found()),
    }
    if let Some(demanded) = demanded {
        return Err(demanded);
    }
    signed_in::touch(app, &who, request.client.address, now);
    call.signed_in = Some(who);
    call.organization = asked;
    Ok(())
}

/// What is said to somebody who is known and may not do this: to a token that lacks the scope,
/// which one.
fn forbidden(who: &SignedIn, action: Action) -> Problem {
    let Actor::Token { scopes, .. } = who.actor() else {
        return Problem::forbidden();
    };
    match action.need() {
        Need::Person => Problem::in_person(),
        Need::Scope(scope) if !scopes.contains(scope) => Problem::scope_missing(scope),
        Need::Scope(_) | Need::Nothing => Problem::forbidden(),
    }
}

fn find(request: &Request) -> Result<(&'static Route, Parameters), Problem> {
    let method = match request.method.as_str() {
        "HEAD" => "GET",
        other => other,
    };
    let mut other_methods = Vec::new();
    for route in ROUTES {
        if route.method == method {
            if let Some(parameters) = matches(route.pattern, &request.path) {
                return Ok((route, parameters));
            }
        } else if matches(route.pattern, &request.path).is_some() {
            other_methods.push(route.method);
        }
    }
    let scim_path = request.path.strip_prefix("/scim/");
    if other_methods.is_empty() {
        return Err(scim_path.map_or_else(Problem::not_found, |_| scim::nothing_there()));
    }
    if other_methods.contains(&"GET") {
        other_methods.push("HEAD");
    }
    Err(Problem {
        allow: Some(other_methods.join(", ")),
        ..Problem::new(
            405,
            "method-not-allowed",
            "This address is not asked this way.",
        )
    })
}

/// Whether the pattern takes the path, and what its names stand for. An empty segment in a SCIM
/// path is passed over: a base URL with a slash at its end gives `//Users`.
fn matches(pattern: &'static str, path: &str) -> Option<Parameters> {
    let scim = path.starts_with("/scim/");
    let mut parameters = Vec::new();
    let mut segments = path.split('/').skip(1).filter(|s| !(scim && s.is_empty()));
    for wanted in pattern.split('/').skip(1) {
        if wanted == "{*}" {
            return Some(parameters);
        }
        let segment = segments.next()?;
        match wanted.strip_prefix('{').and_then(|w| w.strip_suffix('}')) {
            Some(name) => {
                if segment.is_empty() || segment.len() > 512 {
                    return None;
                }
                let value = percent_decode_str(segment).decode_utf8().ok()?;
                parameters.push((name, value.into_owned()));
            }
            None if wanted == segment => {}
            None => return None,
        }
    }
    segments.next().is_none().then_some(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_and_paths() {
        assert_eq!(matches("/", "/").unwrap(), vec![]);
        assert_eq!(
            matches("/a/{x}/b", "/a/1%2F2/b").unwrap(),
            vec![("x", "1/2".to_owned())]
        );
        assert!(matches("/a/{x}", "/a/").is_none());
        assert!(matches("/a/{x}", "/a/%FF").is_none());
        assert!(matches("/a/{*}", "/a/b/c").is_some());
        assert!(matches("/a", "/a/").is_none());
        assert!(matches("/scim/v2/{org}/Users", "/scim/v2/acme//Users/").is_some());
    }
}
