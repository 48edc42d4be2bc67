//! Text search without case, for all of Unicode.
//!
//! Both texts are folded: NFC, then each character's upper case and of that the lower case, so
//! that `ß` finds `SS` and `ς` finds `Σ`. Text that is ASCII is folded by its bytes. There is no
//! index: a search reads every name, note and cell source of the sessions that meet the other
//! conditions.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use unicode_normalization::UnicodeNormalization as _;

use super::failure::Failure;

/// Folds a text for comparison without case.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let upper = text.nfc().flat_map(char::to_uppercase);
    upper.flat_map(char::to_lowercase).nfc().collect()
}

/// Gives the connection `contains_text(text, folded)`: whether a text that may be NULL holds
/// another that is folded already.
pub(super) fn register(connection: &Connection) -> Result<(), Failure> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("contains_text", 2, flags, |context| {
        let bytes = |index| match context.get_raw(index) {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes)),
            _ => None,
        };
        let (Some(text), Some(folded)) = (bytes(0), bytes(1)) else {
            return Ok(false);
        };
        Ok(contains(&text, &folded))
    })?;
    Ok(())
}

fn contains(text: &str, folded: &str) -> bool {
    // Nothing outside ASCII folds into a text that is ASCII.
    if text.is_ascii() && !folded.is_ascii() {
        return false;
    }
    fold(text).contains(folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_matter_in_any_script() {
        for (text, wanted) in [
            ("Fine-Tuning", "fine-tuning"),
            ("ÜBUNG", "übung"),
            ("STRASSE", "straße"),
            ("ΟΔΟΣ", "οδος"),
            ("u\u{308}bung", "Übung"),
            ("", ""),
        ] {
            assert!(contains(text, &fold(wanted)), "{text} {wanted}");
        }
        assert!(!contains("Bung", &fold("übung")));
    }
}
