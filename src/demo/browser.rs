//! As much of a browser as a sign-in needs: cookies, redirects, forms, and where a request says it
//! comes from.
//!
//! It is strict where browsers are, so that a flow that works here works in one. Cookies belong to
//! a host and not to a port. Of a host's cookies only those with `SameSite=None` go along with a
//! POST from another site, which is why the appliance and the simulated Okta have different names
//! for this machine.

use serde_json::Value;
use ureq::Agent;

use super::http::{self, Answer, NoAnswer};

/// More than any sign-in takes; a loop ends here.
const MOST_REDIRECTS: usize = 10;

const USER_AGENT: &str = "Mozilla/5.0 (simulated by portcullis demo)";

/// One person's browser.
pub(super) struct Browser {
    agent: Agent,
    cookies: Vec<Cookie>,
}

struct Cookie {
    host: String,
    name: String,
    value: String,
    from_everywhere: bool,
}

/// What the browser shows after all redirects.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) url: String,
    pub(super) status: u16,
    pub(super) body: String,
    /// How many redirects led here.
    pub(super) redirects: usize,
}

/// A form as it stands on its page.
#[derive(Clone, Debug)]
pub(super) struct Form {
    pub(super) action: String,
    pub(super) fields: Vec<(String, String)>,
    /// The page it is on.
    from: String,
}

impl Browser {
    pub(super) fn new() -> Self {
        Self {
            agent: http::agent(),
            cookies: Vec::new(),
        }
    }

    /// Types an address.
    pub(super) fn open(&mut self, url: &str) -> Result<Page, NoAnswer> {
        let answer = self.request("GET", url, None, Vec::new(), None)?;
        self.follow(url, answer, None)
    }

    /// Presses the form's button.
    pub(super) fn submit(&mut self, form: &Form) -> Result<Page, NoAnswer> {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&form.fields)
            .finish()
            .into_bytes();
        let media_type = (
            "Content-Type",
            "application/x-www-form-urlencoded".to_owned(),
        );
        let from = Some(form.from.as_str());
        let answer = self.request("POST", &form.action, from, vec![media_type], Some(body))?;
        self.follow(&form.action, answer, from)
    }

    /// What a script of the page at the same address asks the JSON API.
    pub(super) fn api(
        &mut self,
        method: &'static str,
        url: &str,
        body: Option<&Value>,
    ) -> Result<Answer, NoAnswer> {
        let mut headers = vec![("Accept", "application/json".to_owned())];
        if body.is_some() {
            headers.push(("Content-Type", "application/json".to_owned()));
        }
        let body = body.map(|value| value.to_string().into_bytes());
        self.request(method, url, Some(url), headers, body)
    }

    fn follow(
        &mut self,
        url: &str,
        mut answer: Answer,
        from: Option<&str>,
    ) -> Result<Page, NoAnswer> {
        let mut url = url.to_owned();
        let mut redirects = 0;
        while matches!(answer.status, 302 | 303) && redirects < MOST_REDIRECTS {
            let Some(location) = answer.header("location") else {
                break;
            };
            url = resolve(&url, location);
            redirects += 1;
            answer = self.request("GET", &url, from, Vec::new(), None)?;
        }
        Ok(Page {
            url,
            status: answer.status,
            body: answer.body,
            redirects,
        })
    }

    fn request(
        &mut self,
        method: &'static str,
        url: &str,
        from: Option<&str>,
        mut headers: Vec<(&'static str, String)>,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, NoAnswer> {
        let site = match from {
            None => "none",
            Some(from) if origin(from) == origin(url) => "same-origin",
            Some(from) if host(from) == host(url) => "same-site",
            Some(_) => "cross-site",
        };
        headers.push(("Sec-Fetch-Site", site.to_owned()));
        headers.push(("User-Agent", USER_AGENT.to_owned()));
        if method != "GET"
            && let Some(from) = from
        {
            headers.push(("Origin", origin(from).to_owned()));
        }
        let every_cookie = site != "cross-site" || method == "GET";
        let sent: Vec<String> = self
            .cookies
            .iter()
            .filter(|c| c.host == host(url) && (every_cookie || c.from_everywhere))
            .map(|c| format!("{}={}", c.name, c.value))
            .collect();
        if !sent.is_empty() {
            headers.push(("Cookie", sent.join("; ")));
        }
        let answer = http::send(&self.agent, method, url, &headers, body)?;
        for line in answer.headers.get_all("set-cookie") {
            self.keep(host(url), line.to_str().unwrap_or_default());
        }
        Ok(answer)
    }

    fn keep(&mut self, host: &str, line: &str) {
        let mut parts = line.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
            return;
        };
        let (mut from_everywhere, mut gone) = (false, false);
        for attribute in parts {
            from_everywhere |= attribute.eq_ignore_ascii_case("SameSite=None");
            gone |= attribute.eq_ignore_ascii_case("Max-Age=0");
        }
        self.cookies
            .retain(|known| known.host != host || known.name != name);
        if !gone {
            self.cookies.push(Cookie {
                host: host.to_owned(),
                name: name.to_owned(),
                value: value.to_owned(),
                from_everywhere,
            });
        }
    }
}

impl Page {
    /// The page's first form.
    pub(super) fn form(&self) -> Option<Form> {
        self.forms().next()
    }

    /// All forms, in order.
    pub(super) fn forms(&self) -> impl Iterator<Item = Form> {
        self.body
            .split("<form")
            .skip(1)
            .filter_map(|rest| self.read_form(rest))
    }

    fn read_form(&self, after_name: &str) -> Option<Form> {
        let inside = after_name.split("</form>").next()?;
        let mut tags = inside.split('<');
        let action = attribute(tags.next()?, "action");
        let fields = tags
            .filter(|tag| tag.starts_with("input"))
            .filter_map(|tag| {
                let value = attribute(tag, "value").unwrap_or_default();
                Some((attribute(tag, "name")?, value))
            })
            .collect();
        Some(Form {
            action: resolve(&self.url, action.as_deref().unwrap_or(&self.url)),
            fields,
            from: self.url.clone(),
        })
    }

    /// The text of the first element `<name>` without attributes.
    pub(super) fn text_of(&self, name: &str) -> Option<String> {
        let rest = self.body.split_once(&format!("<{name}>"))?.1;
        Some(unescape(rest.split('<').next()?.trim()))
    }

    /// The path, without the query, for showing.
    pub(super) fn path(&self) -> &str {
        let rest = self.url.get(origin(&self.url).len()..).unwrap_or_default();
        rest.split('?').next().unwrap_or_default()
    }

    /// The page's origin.
    pub(super) fn origin(&self) -> &str {
        origin(&self.url)
    }
}

impl Form {
    /// The value of a field.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// This form with a field filled in.
    #[must_use]
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// The origin of an absolute address.
fn origin(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url.get(start..).and_then(|rest| rest.find(['/', '?', '#']));
    end.and_then(|end| url.get(..start + end)).unwrap_or(url)
}

/// The host, which is a site here: nobody in the story has a public suffix.
fn host(url: &str) -> &str {
    let origin = origin(url);
    let authority = origin.split_once("://").map_or(origin, |(_, rest)| rest);
    authority
        .rsplit_once(':')
        .map_or(authority, |(host, _)| host)
}

fn resolve(base: &str, target: &str) -> String {
    if target.starts_with('/') {
        format!("{}{target}", origin(base))
    } else {
        target.to_owned()
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let tag = tag.split('>').next()?;
    let rest = tag.split_once(&format!(" {name}=\""))?.1;
    Some(unescape(rest.split('"').next()?))
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        assert_eq!(origin("http://a:1/b?c"), "http://a:1");
        assert_eq!(origin("http://a:1?c"), "http://a:1");
        assert_eq!(host("http://a:1/b"), "a");
        assert_eq!(resolve("http://a:1/b", "/c"), "http://a:1/c");
        assert_eq!(resolve("http://a:1/b", "http://d/e"), "http://d/e");
    }

    #[test]
    fn forms_are_read() {
        let page = Page {
            url: "http://a:1/b".to_owned(),
            status: 200,
            body: r#"<p>x</p><form method="post" action="/go?a=1&amp;b=2">
                <input type="hidden" name="k" value="v&quot;w"><input name="e"><button>Go</button>
                </form><code>7F3K</code>"#
                .to_owned(),
            redirects: 0,
        };
        let form = page.form().unwrap().with("e", "filled");
        assert_eq!(form.action, "http://a:1/go?a=1&b=2");
        assert_eq!(form.value("k"), Some("v\"w"));
        assert_eq!(form.value("e"), Some("filled"));
        assert_eq!(page.text_of("code").as_deref(), Some("7F3K"));
    }

    #[test]
    fn cookies_come_and_go() {
        let mut browser = Browser::new();
        browser.keep("a", "one=1; Path=/; SameSite=Lax");
        browser.keep("a", "two=2; SameSite=None");
        browser.keep("b", "one=3");
        browser.keep("a", "one=; Max-Age=0");
        let kept: Vec<_> = browser
            .cookies
            .iter()
            .map(|c| (&*c.host, &*c.name, c.from_everywhere))
            .collect();
        assert_eq!(kept, [("a", "two", true), ("b", "one", false)]);
    }
}
