//! The embedded files: strong entity tags, compressed once on first use.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{LazyLock, OnceLock};

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use flate2::Compression;
use flate2::write::GzEncoder;
use include_dir::{Dir, include_dir};

use super::route::Call;
use super::{App, Problem};
use crate::edge::{Request, Response};

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/static");

static ASSETS: LazyLock<BTreeMap<&'static str, Asset>> = LazyLock::new(|| {
    let mut assets = BTreeMap::new();
    collect(&FILES, &mut assets);
    assets
});

struct Asset {
    content: &'static [u8],
    content_type: &'static str,
    tag: OnceLock<String>,
    gzip: OnceLock<Option<Vec<u8>>>,
}

fn collect(dir: &'static Dir<'static>, assets: &mut BTreeMap<&'static str, Asset>) {
    for file in dir.files() {
        if let Some(path) = file.path().to_str() {
            let asset = Asset {
                content: file.contents(),
                content_type: content_type(path),
                tag: OnceLock::new(),
                gzip: OnceLock::new(),
            };
            assets.insert(path, asset);
        }
    }
    dir.dirs().for_each(|dir| collect(dir, assets));
}

impl Asset {
    fn tag(&self) -> &str {
        self.tag.get_or_init(|| {
            let hash = digest::digest(&digest::SHA256, self.content);
            HEXLOWER.encode(hash.as_ref().get(..16).unwrap_or_default())
        })
    }

    /// The content under gzip, where that is smaller.
    fn gzip(&'static self) -> Option<&'static [u8]> {
        self.gzip
            .get_or_init(|| {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
                encoder.write_all(self.content).ok()?;
                encoder
                    .finish()
                    .ok()
                    .filter(|small| small.len() < self.content.len())
            })
            .as_deref()
    }
}

/// `GET /static/...`
pub(super) fn file(_: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let path = call
        .request
        .path
        .strip_prefix("/static/")
        .unwrap_or_default();
    if path.starts_with("pages/") {
        return Err(Problem::not_found());
    }
    answer(path, call.request)
}

/// `GET /console/...`: one page, whose module reads the address.
pub(super) fn console(_: &App, call: &Call<'_>) -> Result<Response, Problem> {
    answer("console/index.html", call.request)
}

/// `GET /favicon.ico`, which browsers ask for unasked.
pub(super) fn favicon(_: &App, call: &Call<'_>) -> Result<Response, Problem> {
    answer("favicon.svg", call.request)
}

/// The source of a page template; empty if there is none, which a test rules out.
pub(super) fn template(name: &str) -> &'static str {
    let path = format!("pages/{name}");
    ASSETS
        .get(path.as_str())
        .and_then(|asset| std::str::from_utf8(asset.content).ok())
        .unwrap_or_default()
}

fn answer(path: &str, request: &Request) -> Result<Response, Problem> {
    let asset = ASSETS.get(path).ok_or_else(Problem::not_found)?;
    let compressed = if accepts_gzip(request) {
        asset.gzip()
    } else {
        None
    };
    // A strong tag names the bytes sent, so the two encodings have different ones
    // (RFC 9110 section 8.8.3.3).
    let tag = match compressed {
        Some(_) => format!("\"{}-gzip\"", asset.tag()),
        None => format!("\"{}\"", asset.tag()),
    };
    let known = request.header("if-none-match").is_some_and(|tags| {
        tags.split(',').any(|t| {
            let t = t.trim();
            t == "*" || t.strip_prefix("W/").unwrap_or(t) == tag
        })
    });
    let response = Response::new(if known { 304 } else { 200 })
        .header("ETag", tag)
        .header("Vary", "Accept-Encoding")
        .header("Cache-Control", "no-cache");
    if known {
        return Ok(response);
    }
    Ok(match compressed {
        Some(bytes) => response
            .header("Content-Encoding", "gzip")
            .body(asset.content_type, bytes),
        None => response.body(asset.content_type, asset.content),
    })
}

fn accepts_gzip(request: &Request) -> bool {
    request.header("accept-encoding").is_some_and(|accepted| {
        accepted.split(',').any(|coding| {
            let mut parts = coding.split(';');
            let name = parts.next().unwrap_or_default().trim();
            let refused = parts.any(|p| matches!(p.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
            (name.eq_ignore_ascii_case("gzip") || name == "*") && !refused
        })
    })
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_embedded() {
        for name in [
            "account.html",
            "code.html",
            "join.html",
            "login.html",
            "password.html",
            "portal.html",
            "break-glass.html",
            "failed.html",
            "message.html",
        ] {
            assert!(!template(name).is_empty(), "{name}");
        }
    }
}
