//! Recognises a web page where XML should be: people paste Okta's page instead of its metadata,
//! and proxies put their own page in a form.

/// Whether `text` starts like a web page.
pub(super) fn is_page(text: &str) -> bool {
    let start: String = text
        .trim_start_matches('\u{FEFF}')
        .trim_start()
        .chars()
        .take(512)
        .collect::<String>()
        .to_ascii_lowercase();
    start.starts_with("<!doctype html")
        || start.starts_with("<html")
        || (start.starts_with('<') && start.contains("<html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_documents() {
        assert!(is_page("\n<!DOCTYPE html>\n<html lang=en>"));
        assert!(is_page("<?xml version=\"1.0\"?><HTML>"));
        assert!(!is_page("<md:EntityDescriptor/>"));
        assert!(!is_page("html"));
    }
}
