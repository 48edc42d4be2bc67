//! JSON read piece by piece, so that a recording is never in memory as one tree, so that one
//! odd value costs no more than itself, and so that a document that was cut off gives what is
//! whole.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use crate::bridge::{BridgeError, Position, json};
use crate::session::{ImportWarning, Place, WarningKind};

/// A JSON value as text, with its place in the document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raw<'a> {
    /// The text; of a document that was cut off, it may lack its end.
    pub text: &'a str,
    /// Byte offset in the document's text.
    pub at: usize,
    budget: &'a Budget,
}

/// How many JSON values of a document may still be kept as trees, which take up to 36 times
/// the memory of their text.
#[derive(Debug)]
pub(super) struct Budget {
    left: Cell<usize>,
    /// Where the first value is that was kept as text for want of budget.
    exceeded: Cell<Option<usize>>,
}

impl Budget {
    pub(super) fn new(values: usize) -> Self {
        Self {
            left: Cell::new(values),
            exceeded: Cell::new(None),
        }
    }

    fn admits(&self, raw: Raw<'_>) -> bool {
        match self.left.get().checked_sub(most_values(raw.text)) {
            Some(left) => {
                self.left.set(left);
                true
            }
            None => {
                let first = self.exceeded.get().unwrap_or(raw.at);
                self.exceeded.set(Some(first));
                false
            }
        }
    }

    /// Warns where values were kept as text.
    pub(super) fn report(&self, warnings: &mut Warnings) {
        if let Some(at) = self.exceeded.get() {
            warnings.add(
                WarningKind::Limit,
                Place::byte(at),
                "there are more values than the limit; those that the format does not have are \
                 kept as text from here",
            );
        }
    }
}

/// An upper bound of the number of values in a JSON text.
pub(super) fn most_values(text: &str) -> usize {
    let separators = text
        .bytes()
        .filter(|byte| matches!(byte, b',' | b':' | b'[' | b'{'));
    separators.count() + 1
}

/// Checks that `text` is JSON, or begins like JSON and was cut off.
///
/// Gives the error of a document that was cut off.
pub(super) fn check(text: &str) -> Result<Option<BridgeError>, BridgeError> {
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => Ok(None),
        Err(error) if error.is_eof() && text.trim_start().starts_with('{') => {
            Ok(Some(json::json_error(text, &error)))
        }
        Err(error) => Err(json::json_error(text, &error)),
    }
}

/// Line, column and byte of the byte offset `at` in `text`.
pub(super) fn position(text: &str, at: usize) -> Position {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Position {
        line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
        column: before.len() - line_start + 1,
        byte: at,
    }
}

impl<'a> Raw<'a> {
    /// The whole document.
    pub(super) fn document(text: &'a str, budget: &'a Budget) -> Self {
        Self {
            text,
            at: 0,
            budget,
        }
    }

    fn first(self) -> Option<char> {
        self.text.trim_start().chars().next()
    }

    pub(super) fn is_null(self) -> bool {
        self.text.trim() == "null"
    }

    pub(super) fn is_object(self) -> bool {
        self.first() == Some('{')
    }

    pub(super) fn is_array(self) -> bool {
        self.first() == Some('[')
    }

    /// The whole fields of an object; none for anything else.
    pub(super) fn fields(self) -> Fields<'a> {
        Fields(Pieces::new(self, '{'))
    }

    /// The whole items of an array; none for anything else.
    pub(super) fn items(self) -> Items<'a> {
        Items(Pieces::new(self, '['))
    }

    /// Decodes the value, if it is of that type.
    pub(super) fn get<T: DeserializeOwned>(self) -> Option<T> {
        serde_json::from_str(self.text).ok()
    }

    /// The text of a string. Half surrogates become U+FFFD.
    pub(super) fn string(self) -> Option<Cow<'a, str>> {
        let text = self.text.trim();
        if !text.starts_with('"') {
            return None;
        }
        let inner = text.get(1..text.len().checked_sub(1)?)?;
        if !inner.contains('\\') {
            return Some(Cow::Borrowed(inner));
        }
        Some(Cow::Owned(
            self.get().unwrap_or_else(|| with_half_surrogates(inner)),
        ))
    }

    /// The value, to be kept as it is: a value that is nested too deeply, or too large for the
    /// budget, as its text.
    pub(super) fn value(self) -> Value {
        let tree = self.budget.admits(self).then(|| self.get()).flatten();
        tree.or_else(|| Some(Value::String(self.string()?.into_owned())))
            .unwrap_or_else(|| Value::String(self.text.to_owned()))
    }

    pub(super) fn place(self, path: impl Into<String>) -> Place {
        Place {
            path: Some(path.into()),
            ..Place::byte(self.at)
        }
    }
}

/// Decodes the inside of a JSON string that serde_json refuses for half surrogates.
fn with_half_surrogates(inner: &str) -> String {
    let mut units: Vec<u16> = Vec::new();
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        let (plain, tail) = rest.split_at(at);
        units.extend(plain.encode_utf16());
        let mut chars = tail.chars().skip(1);
        let escape = chars.next().unwrap_or('\\');
        let mut length = 1 + escape.len_utf8();
        let unit = match escape {
            'n' => 0x0A,
            'r' => 0x0D,
            't' => 0x09,
            'b' => 0x08,
            'f' => 0x0C,
            'u' => {
                let digits = tail.get(2..6).unwrap_or_default();
                length += digits.len();
                u16::from_str_radix(digits, 16).unwrap_or(0xFFFD)
            }
            other => u16::try_from(u32::from(other)).unwrap_or(0xFFFD),
        };
        units.push(unit);
        rest = tail.get(length..).unwrap_or_default();
    }
    units.extend(rest.encode_utf16());
    String::from_utf16_lossy(&units)
}

/// The pieces between the brackets of an object or an array.
struct Pieces<'a> {
    rest: &'a str,
    at: usize,
    open: bool,
    budget: &'a Budget,
}

impl<'a> Pieces<'a> {
    fn new(raw: Raw<'a>, bracket: char) -> Self {
        let mut pieces = Self {
            rest: raw.text,
            at: raw.at,
            open: true,
            budget: raw.budget,
        };
        pieces.open = pieces.take(bracket);
        pieces
    }

    fn advance(&mut self, bytes: usize) {
        self.at += bytes;
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn skip_space(&mut self) {
        self.advance(self.rest.len() - self.rest.trim_start().len());
    }

    fn take(&mut self, token: char) -> bool {
        self.skip_space();
        let found = self.rest.starts_with(token);
        if found {
            self.advance(token.len_utf8());
        }
        found
    }

    /// The next value; what is left of the document where that was cut off inside the value.
    fn value(&mut self) -> Option<(Raw<'a>, bool)> {
        self.skip_space();
        let mut values = serde_json::Deserializer::from_str(self.rest).into_iter::<IgnoredAny>();
        let mut whole = values.next()?.is_ok();
        let length = if whole {
            values.byte_offset()
        } else {
            self.rest.len()
        };
        // Behind a whole value there is at least the closing bracket: digits or letters at the
        // very end may lack their rest.
        whole &= length < self.rest.len() || self.rest.ends_with(['}', ']', '"']);
        let raw = Raw {
            text: self.rest.get(..length)?,
            at: self.at,
            budget: self.budget,
        };
        self.advance(length);
        self.open = whole;
        Some((raw, whole))
    }

    /// Goes to the next piece.
    fn next(&mut self, close: char) -> Option<()> {
        if self.open && (self.take(',') || !self.rest.starts_with(close)) && !self.rest.is_empty() {
            return Some(());
        }
        self.open = false;
        None
    }
}

/// The fields of an object.
pub(super) struct Fields<'a>(Pieces<'a>);

impl<'a> Iterator for Fields<'a> {
    /// Key and value.
    type Item = (Cow<'a, str>, Raw<'a>);

    /// A value that was cut off is given too if it is an object or an array.
    fn next(&mut self) -> Option<Self::Item> {
        self.0.skip_space();
        self.0.next('}')?;
        let (key, _) = self.0.value()?;
        if !self.0.take(':') {
            self.0.open = false;
            return None;
        }
        let (value, whole) = self.0.value()?;
        let key = key.string()?;
        (whole || value.is_array() || value.is_object()).then_some((key, value))
    }
}

/// The items of an array.
pub(super) struct Items<'a>(Pieces<'a>);

impl<'a> Iterator for Items<'a> {
    type Item = Raw<'a>;

    fn next(&mut self) -> Option<Raw<'a>> {
        self.0.skip_space();
        self.0.next(']')?;
        let (value, whole) = self.0.value()?;
        whole.then_some(value)
    }
}

/// Collects warnings; the same one is kept once, with its first place and how often it came.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    seen: BTreeMap<(WarningKind, String), usize>,
    list: Vec<(ImportWarning, usize)>,
    more: usize,
}

/// Number of different warnings that are kept for one document.
const MAX_WARNINGS: usize = 1000;

impl Warnings {
    pub(super) fn add(&mut self, kind: WarningKind, place: Place, message: impl Into<String>) {
        let message = message.into();
        if self.list.len() >= MAX_WARNINGS && !self.seen.contains_key(&(kind, message.clone())) {
            self.more += 1;
            return;
        }
        let next = self.list.len();
        let index = *self.seen.entry((kind, message.clone())).or_insert(next);
        match self.list.get_mut(index) {
            Some((_, count)) => *count += 1,
            None => self
                .list
                .push((ImportWarning::new(kind, place, message), 1)),
        }
    }

    /// A field that the format does not have; it is kept.
    pub(super) fn unknown(&mut self, key: &str, raw: Raw<'_>, path: &str) {
        self.add(
            WarningKind::UnknownField,
            raw.place(format!("{path}.{key}")),
            format!("the field {key:?} is not one of the format's; it is kept"),
        );
    }

    /// A value of another type than the format's; it is kept.
    pub(super) fn invalid(&mut self, expected: &str, key: &str, raw: Raw<'_>, path: &str) {
        self.add(
            WarningKind::InvalidValue,
            raw.place(format!("{path}.{key}")),
            format!("{key:?} is not {expected}; it is kept"),
        );
    }

    pub(super) fn finish(self) -> impl Iterator<Item = ImportWarning> {
        let more = (self.more > 0).then(|| {
            ImportWarning::new(
                WarningKind::Limit,
                Place::default(),
                format!("{} more warnings are not listed", self.more),
            )
        });
        let listed = self.list.into_iter().map(|(mut warning, count)| {
            if count > 1 {
                warning.message.push_str(&format!(" ({count} times)"));
            }
            warning
        });
        listed.chain(more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Raw<'_> {
        Raw::document(text, Box::leak(Box::new(Budget::new(1000))))
    }

    fn keys(text: &str) -> Vec<String> {
        document(text)
            .fields()
            .map(|(key, value)| format!("{key}={}", value.text))
            .collect()
    }

    #[test]
    fn fields_and_items_are_found_with_their_places() {
        let text = r#" {"a" : [1, "x]", {"b":2}] , "c\n": null}"#;
        assert_eq!(keys(text), ["a=[1, \"x]\", {\"b\":2}]", "c\n=null"]);
        let (_, list) = document(text).fields().next().unwrap();
        let items: Vec<_> = list.items().collect();
        assert_eq!(items.len(), 3);
        for item in items {
            assert!(text[item.at..].starts_with(item.text));
        }
        assert_eq!(keys("{}"), [""; 0]);
        assert_eq!(document("[ ]").items().count(), 0);
        assert_eq!(document("7").items().count(), 0);
    }

    #[test]
    fn a_document_that_was_cut_off_gives_what_is_whole() {
        let text = r#"{"a": 1, "list": [{"x": 1}, {"x": 2}, {"y": 3}]}"#;
        for end in 0..text.len() {
            let cut = &text[..end];
            assert!(check(cut).is_err() == cut.is_empty(), "{cut}");
            let whole = cut.matches('}').count();
            let items = document(cut)
                .fields()
                .find(|(key, _)| key == "list")
                .map_or(0, |(_, list)| list.items().count());
            assert_eq!(items, whole.min(3), "{cut}");
        }
    }

    #[test]
    fn half_surrogates_become_the_replacement_character() {
        let raw = document(r#""a\ud800b\n\ud83d\ude00\u00e9\"""#);
        assert_eq!(raw.string().unwrap(), "a\u{FFFD}b\n😀é\"");
    }

    #[test]
    fn values_beyond_the_budget_are_kept_as_text() {
        let budget = Budget::new(4);
        let raw = Raw::document("[1, 2]", &budget);
        assert_eq!(raw.value(), serde_json::json!([1, 2]));
        assert_eq!(raw.value(), "[1, 2]");
        let mut warnings = Warnings::default();
        budget.report(&mut warnings);
        assert_eq!(warnings.finish().count(), 1);
    }

    #[test]
    fn the_same_warning_is_kept_once_with_its_number() {
        let mut warnings = Warnings::default();
        for at in 0..3 {
            warnings.add(WarningKind::Time, Place::byte(at), "odd");
        }
        let all: Vec<_> = warnings.finish().collect();
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].message, "odd (3 times)");
        assert_eq!(all[0].place.byte, Some(0));
    }
}
