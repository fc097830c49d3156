//! Where to go after a sign-in: a path of our own, never anywhere else.

/// The path if it is ours, else `/`. A second `/` or a `\` would make browsers read a host;
/// control characters are dropped by some of them first.
pub(super) fn own_path(wanted: Option<&str>) -> &str {
    wanted
        .filter(|path| {
            path.len() <= 512
                && path.starts_with('/')
                && !path.starts_with("//")
                && !path.contains('\\')
                && path.bytes().all(|b| b.is_ascii_graphic())
        })
        .unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn nowhere_but_here() {
        assert_eq!(
            own_path(Some("/console/acme?tab=users#x")),
            "/console/acme?tab=users#x"
        );
        for elsewhere in [
            "//evil",
            "https://evil",
            "/\\evil",
            "\\/evil",
            "/\t/evil",
            "evil",
            "",
            "/a b",
            "/\r\n",
        ] {
            assert_eq!(own_path(Some(elsewhere)), "/", "{elsewhere:?}");
        }
        assert_eq!(own_path(Some(&format!("/{}", "a".repeat(600)))), "/");
        assert_eq!(own_path(None), "/");
    }
}
