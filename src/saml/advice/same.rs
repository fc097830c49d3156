//! Texts that several codes share and that are the same for every product, since no field of theirs
//! changes it.

pub(super) const BROKEN: &str = "\
    What came is no XML that can be read: it was cut or changed on its way, or nobody's identity \
    provider made it. Try once more; if it stays so, look for a proxy or a browser extension that \
    changes forms.";

pub(super) const FOREIGN: &str = "\
    The response isn't laid out as identity providers do it, and as it is here it could say two \
    things at once. That is how forged responses look. If your own identity provider made it, no \
    setting changes that: report it with this trace. Else somebody tried.";

pub(super) const NAMESPACES: &str = "\
    The response declares more XML namespaces, or longer ones, than this server takes. If your own \
    identity provider made it, let it send fewer attributes and groups, and report it with this \
    trace. Else somebody tried.";

pub(super) const SIGNATURE_FORM: &str = "\
    The signature is built in a way that isn't taken, because forgeries are built so: it must \
    cover the Response or the Assertion that it stands in, as a whole, by exclusive \
    canonicalization. Look for a signing profile at the identity provider and choose its default; \
    if there is none, report it with this trace.";

pub(super) const ENCRYPTION_FORM: &str = "\
    What is encrypted isn't laid out as XML Encryption has it. If your own identity provider made \
    it, report it with this trace, and leave its encryption off until then.";

pub(super) const ASSERTION_FORM: &str = "\
    The assertion is signed, and yet says something twice, or in a form that SAML doesn't have. \
    Look at custom claims, hooks or scripts at the identity provider that write into the \
    assertion; without any, report it with this trace.";

pub(super) const TOO_LATE: &str = "\
    The answer came after it had ended, by this server's clock. Compare the clock of this server \
    with the right time (NTP). If it is right, the person waited too long, and signing in again \
    helps; or the identity provider's clock is slow: raise the allowed clock skew of the provider \
    here.";

pub(super) const TOO_EARLY: &str = "\
    The answer isn't valid yet, by this server's clock. Compare the clock of this server with the \
    right time (NTP). If it is right, the identity provider's clock is fast: raise the allowed \
    clock skew of the provider here.";

pub(super) const OTHER_BROWSER: &str = "\
    The answer is to a sign-in that was not started in this browser, was already finished, or was \
    started more than 15 minutes ago. Start again from the sign-in page. If it happens each time, \
    the browser drops our cookie: the public address here must be the https one that people open.";

pub(super) const STEP_UP: &str = "\
    The session that was to be confirmed is over, or another one took its place meanwhile. Nothing \
    was done. Go back to the console and try once more.";

pub(super) const LOGOUT_FORM: &str = "\
    The logout message is no complete SAML 2.0 message: it was cut or changed on its way, or \
    nobody's identity provider made it. Where it comes from your own each time, report it with \
    this trace. The person can sign out here.";
