//! QR codes as SVG: one path, dark on light whatever the page's colours, so that every camera
//! reads it. Nothing in it is inline style, so our policy lets a page show it.

use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};

/// Modules of light around the code, as ISO/IEC 18004 asks.
const QUIET: i32 = 4;

/// The code of a text as an SVG document; `None` if it is longer than a code can hold.
pub(super) fn svg(text: &str) -> Option<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let side = code.size() + 2 * QUIET;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in 0..code.size() {
            if code.get_module(x, y) {
                let _ = write!(path, "M{},{}h1v1h-1z", x + QUIET, y + QUIET);
            }
        }
    }
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0,0h{side}v{side}h-{side}z\"/>\
         <path fill=\"#000\" d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::svg;

    #[test]
    fn a_picture_that_holds_no_text_of_its_own() {
        let picture = svg("otpauth://totp/Acme:\"><script>?secret=ABC").unwrap();
        assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>"));
        assert!(!picture.contains("script") && !picture.contains("ABC"));
        assert!(svg(&"x".repeat(4000)).is_none());
    }
}
