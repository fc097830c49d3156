//! Request in, Response out: routes, cookies, problem details, the pages the server makes.
//!
//! A request passes, in this order: the route table ([`route`]), the cross-origin rule
//! ([`cross_origin`]), authentication ([`signed_in`]), authority ([`crate::directory::may`]), its
//! handler, and the security headers ([`security_headers`]).

mod account;
mod acs;
mod api;
mod bearer;
mod break_glass;
mod cookie;
mod cross_origin;
mod health;
mod join;
mod login;
mod metrics;
mod onward;
mod password;
mod portal;
mod problem;
mod qr_code;
mod return_to;
mod route;
mod saml;
mod scim;
mod security_headers;
mod sign_in_test;
mod signed_in;
mod slo;
mod static_files;
mod step_up;
mod switch;
mod template;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::access::local_password::HalfWay;
use crate::access::password::Gate;
use crate::access::wrong_tokens::WrongTokens;
use crate::clock::{self, Timestamp};
use crate::directory::addresses::PublicUrl;
use crate::directory::deprovisioning_histogram::Histogram;
use crate::directory::{DirectoryError, service_keys};
use crate::edge::{Handler, Method, Request, Response};
use crate::observe::trace::Recorder;
use crate::outbound::dns::Resolvers;
use crate::saml::response::DecryptionKey;
use crate::saml::signing::SigningKey;
use crate::store::{Store, StoreError};

pub use self::problem::Problem;
pub use self::route::{Guard, ROUTES, Route};

/// The appliance as the edge sees it.
pub struct App {
    store: Store,
    gate: Gate,
    public: PublicUrl,
    half_way: HalfWay,
    keys: Mutex<Option<(KeyIds, Arc<ServiceKeys>)>>,
    self_signed: bool,
    wrong_tokens: WrongTokens,
    deprovisioning: Mutex<Histogram>,
    resolvers: OnceLock<Resolvers>,
    traces: Recorder,
    large: Arc<scim::Large>,
}

/// Which keys these are: of each kind the one in use, and all active ones.
type KeyIds = Vec<Option<String>>;

/// The service provider's certificates and decryption keys, the present ones first.
struct ServiceKeys {
    signing: SigningKey,
    signing_certificates: Vec<Vec<u8>>,
    encryption_certificates: Vec<Vec<u8>>,
    decryption: Vec<DecryptionKey>,
}

impl App {
    /// An appliance on this store, reached at `public`; `self_signed` where it shows a certificate
    /// of the local CA.
    pub fn new(store: Store, gate: Gate, public: PublicUrl, self_signed: bool) -> Arc<Self> {
        Arc::new(Self {
            traces: Recorder::new(store.clone()),
            store,
            gate,
            public,
            half_way: HalfWay::new(),
            keys: Mutex::default(),
            self_signed,
            wrong_tokens: WrongTokens::default(),
            deprovisioning: Mutex::default(),
            resolvers: OnceLock::new(),
            large: scim::Large::new(),
        })
    }

    /// Asks these DNS servers from now on instead of the system's. The first call counts.
    pub fn ask_dns_at(&self, resolvers: Resolvers) {
        self.resolvers.get_or_init(|| resolvers);
    }

    /// Whom to ask: as the system has it at the time, unless somebody has said otherwise.
    fn resolvers(&self) -> Resolvers {
        let said = self.resolvers.get().cloned();
        said.unwrap_or_else(Resolvers::system)
    }

    /// Writes the traces that were gathered and takes no more time over them. To be called once no
    /// request runs any more, before the store is closed.
    pub fn finish(&self) {
        self.traces.stop();
    }

    /// The SAML keys, made at the first need: RSA keys take a moment, and the first start should
    /// not wait for them. Read again when others are in the database, as another process may roll
    /// them.
    fn service_keys(&self) -> Result<Arc<ServiceKeys>, DirectoryError> {
        use crate::access::key::{self, Kind};
        let now = clock::now();
        let stamp = self.store.read(|conn| {
            let mut stamp = Vec::new();
            for kind in [Kind::SamlSigning, Kind::SamlEncryption] {
                stamp.push(key::in_use(conn, kind, now)?.map(|key| key.id));
                stamp.extend(key::active(conn, kind)?.into_iter().map(|key| Some(key.id)));
            }
            Ok::<_, StoreError>(stamp)
        })?;
        let mut kept = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, keys)) = kept.as_ref().filter(|(known, _)| *known == stamp) {
            return Ok(Arc::clone(keys));
        }
        let fresh = Arc::new(ServiceKeys::load(&self.store, now)?);
        *kept = Some((stamp, Arc::clone(&fresh)));
        Ok(fresh)
    }
}

impl ServiceKeys {
    /// All active keys: of the signing ones that in use first, of the others the newest.
    fn load(store: &Store, now: Timestamp) -> Result<Self, DirectoryError> {
        use crate::access::key::{self, Kind};
        let current = service_keys::ensure(store, Kind::SamlSigning, now)?;
        service_keys::ensure(store, Kind::SamlEncryption, now)?;
        let (mut signing, encryption) = store.read(|conn| {
            let signing = key::active(conn, Kind::SamlSigning)?;
            Ok::<_, StoreError>((signing, key::active(conn, Kind::SamlEncryption)?))
        })?;
        signing.sort_by_key(|key| key.id != current.id);
        let decryption = encryption
            .iter()
            .map(|key| DecryptionKey::from_pkcs8(&key.private_key))
            .collect::<Result<_, _>>()
            .map_err(|e| DirectoryError::Keys(e.to_string()))?;
        let certificates = |keys: Vec<key::Key>| keys.into_iter().map(|k| k.certificate).collect();
        Ok(Self {
            signing: SigningKey::from_pkcs8(&current.private_key, &current.certificate)
                .map_err(|e| DirectoryError::Keys(e.to_string()))?,
            signing_certificates: certificates(signing),
            encryption_certificates: certificates(encryption),
            decryption,
        })
    }
}

impl Handler for App {
    fn body_limit(&self, _method: &Method, path: &str) -> usize {
        route::body_limit(path)
    }

    fn handle(&self, request: Request) -> Response {
        let response = route::dispatch(self, &request);
        let strict = self.public.is_https() && !self.public.is_loopback();
        security_headers::add(response, &request, strict)
    }

    fn refused(&self, status: u16, reason: &'static str, path: Option<&str>) -> Response {
        let problem = Problem::new(status, "request-refused", reason);
        problem.answer(path.unwrap_or("/"))
    }

    fn body_refused(&self, status: u16, reason: &'static str, request: &Request) -> Response {
        let detail = match status {
            413 => {
                let most = route::body_limit(&request.path);
                format!("{reason}: this address takes at most {most} bytes; send less.")
            }
            _ => reason.to_owned(),
        };
        route::body_refused(
            self,
            request,
            Problem::new(status, "request-refused", detail),
        )
    }
}
