//! The header fields of a request.

use std::ops::Range;

/// Header fields with lower-case names, in the order they came.
///
/// All text lies in one buffer, so that a request costs two allocations for its headers, however
/// many there are.
#[derive(Clone, Default)]
pub struct Headers {
    text: Vec<u8>,
    fields: Vec<Field>,
}

#[derive(Clone)]
struct Field {
    name: Range<usize>,
    value: Range<usize>,
}

impl Headers {
    pub(super) fn with_capacity(fields: usize, bytes: usize) -> Self {
        Self {
            text: Vec::with_capacity(bytes),
            fields: Vec::with_capacity(fields),
        }
    }

    /// The first value under `name` (lower-case); `None` if there is none or it isn't UTF-8.
    pub fn get(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.raw(name).next()?).ok()
    }

    /// All values under `name` (lower-case) in the order they came, less those that aren't UTF-8.
    pub fn all<'a, 'n>(
        &'a self,
        name: &'n str,
    ) -> impl DoubleEndedIterator<Item = &'a str> + use<'a, 'n> {
        self.raw(name)
            .filter_map(|value| std::str::from_utf8(value).ok())
    }

    /// Adds a field at the end; the name is made lower-case.
    pub fn insert(&mut self, name: &str, value: &str) {
        self.push(name, value.as_bytes());
    }

    /// Whether there is a field of that name (lower-case), readable or not.
    pub fn contains(&self, name: &str) -> bool {
        self.raw(name).next().is_some()
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    pub(super) fn push(&mut self, name: &str, value: &[u8]) {
        let start = self.text.len();
        self.text
            .extend(name.bytes().map(|byte| byte.to_ascii_lowercase()));
        let middle = self.text.len();
        self.text.extend_from_slice(value);
        self.fields.push(Field {
            name: start..middle,
            value: middle..self.text.len(),
        });
    }

    /// Forgets all fields for whose name `unwanted` says true.
    pub(super) fn drop_if(&mut self, unwanted: impl Fn(&[u8]) -> bool) {
        let text = &self.text;
        self.fields
            .retain(|field| !unwanted(text.get(field.name.clone()).unwrap_or_default()));
    }

    fn raw<'a, 'n>(
        &'a self,
        name: &'n str,
    ) -> impl DoubleEndedIterator<Item = &'a [u8]> + use<'a, 'n> {
        self.fields
            .iter()
            .filter(move |field| self.text.get(field.name.clone()) == Some(name.as_bytes()))
            .map(|field| self.text.get(field.value.clone()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_case_and_order_is_kept() {
        let mut headers = Headers::default();
        headers.insert("Accept", "a");
        headers.insert("X-One", "1");
        headers.insert("ACCEPT", "b");
        assert_eq!(headers.get("accept"), Some("a"));
        assert_eq!(headers.all("accept").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(headers.get("x-two"), None);
        headers.drop_if(|name| name.starts_with(b"x-"));
        assert_eq!(headers.len(), 2);
    }

    #[test]
    fn a_value_that_is_not_utf8_is_not_readable() {
        let mut headers = Headers::default();
        headers.push("x-raw", b"\xff");
        assert_eq!(headers.get("x-raw"), None);
        assert!(headers.contains("x-raw"));
    }
}
