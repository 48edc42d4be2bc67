//! Whether a value is one that somebody has to keep.

use super::super::{likely, structures};
use super::Kind;
use super::value::{By, Value};

pub(super) fn has_symbol(text: &[u8]) -> bool {
    text.iter()
        .any(|byte| byte.is_ascii_punctuation() && !b"_-./".contains(byte))
}

/// A path, a name of a file, an address, or what an expression looks like.
fn is_other(value: &[u8]) -> bool {
    let first = value.first().copied().unwrap_or_default();
    let path = matches!(first, b'/' | b'~' | b'.')
        && value.iter().filter(|byte| **byte == b'/').count() >= 2
        && likely::is_wordy(value)
        || value.starts_with(b"./")
        || value.starts_with(b"../")
        || value.starts_with(b"/content")
        || value.starts_with(b"/home")
        || value.starts_with(b"/Users");
    let address = memchr::memmem::find(value, b"://").is_some();
    let file = [
        &b".json"[..],
        b".pem",
        b".txt",
        b".csv",
        b".py",
        b".key",
        b".yaml",
        b".yml",
        b".html",
        b".pt",
        b".pkl",
        b".png",
    ]
    .iter()
    .any(|end| value.ends_with(end));
    path || address || file || memchr::memmem::find(value, b"<|").is_some()
}

/// Whether a value is one that a program made.
pub(super) fn is_token(value: &[u8], how: &Value, kind: Kind) -> Option<()> {
    let least = match (kind, how.by) {
        (Kind::Perhaps, _) | (_, By::Prose) => 20,
        _ => 15,
    };
    let plain = value.iter().all(|byte| byte.is_ascii_graphic());
    if value.len() < least
        || !plain
        || is_other(value)
        || likely::is_placeholder(value)
        || likely::is_made_up(value)
    {
        return None;
    }
    if kind == Kind::Perhaps && structures::is_login(value) {
        return Some(());
    }
    let hex = value.iter().all(u8::is_ascii_hexdigit);
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let upper = value.iter().any(u8::is_ascii_uppercase);
    let lower = value.iter().any(u8::is_ascii_lowercase);
    let entropy = likely::entropy(value);
    if digits == value.len() || is_number(value) {
        return None;
    }
    if hex && (value.len() < 20 || entropy < 3.0) || !hex && entropy < 3.2 {
        return None;
    }
    if likely::is_wordy(value)
        || digits == 0 && !(upper && lower && value.len() >= 20 && entropy >= 4.0)
    {
        return None;
    }
    if !how.quoted {
        // It may be an expression.
        let odd = value
            .iter()
            .any(|byte| !byte.is_ascii_alphanumeric() && !b"_-+/=~.!@#%^*:$".contains(byte));
        let dotted =
            value.contains(&b'.') && value.split(|byte| *byte == b'.').any(likely::is_wordy);
        if odd
            || dotted
            || (!(upper && lower) && value.iter().filter(|byte| **byte == b'_').count() >= 3)
            || digits < 2
        {
            return None;
        }
    }
    if kind == Kind::Perhaps || how.by == By::Prose {
        let telling = if hex {
            value.len() >= 32
        } else {
            entropy >= 3.5 && digits >= 2 && (upper || lower)
        };
        return telling.then_some(());
    }
    Some(())
}

fn is_number(value: &[u8]) -> bool {
    value
        .iter()
        .all(|byte| byte.is_ascii_digit() || b"+-.eE_,:".contains(byte))
}

/// Whether a value is a password that somebody chose.
pub(super) fn is_password(value: &[u8], how: &Value, name: &[u8]) -> Option<()> {
    let plain = value
        .iter()
        .all(|byte| !byte.is_ascii_whitespace() && !byte.is_ascii_control());
    if !(6..=128).contains(&value.len())
        || !plain
        || is_other(value)
        || likely::is_placeholder(value)
        || likely::is_sequence(value)
    {
        return None;
    }
    if how.by == By::Prose
        || is_number(value)
        || value.eq_ignore_ascii_case(name)
        || likely::entropy(value) < 2.2
    {
        return None;
    }
    let mixed = likely::is_mixed(value);
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    if how.quoted {
        let cases =
            value.iter().any(u8::is_ascii_uppercase) && value.iter().any(u8::is_ascii_lowercase);
        let telling = mixed
            || has_symbol(value) && !is_sentence(value)
            || cases && !likely::is_wordy(value) && value.len() >= 8;
        return telling.then_some(());
    }
    // A setting of a shell, or an expression.
    let expression = value.contains(&b'(')
        || value.contains(&b'[')
        || value.contains(&b'{')
        || value.split(|byte| *byte == b'.').all(|part| {
            part.iter()
                .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
                && likely::is_wordy(part)
        }) && how.spaced
            && how.by == By::Sign;
    let telling = !expression
        && value.len() >= 8
        && mixed
        && !(how.spaced && likely::is_wordy(value) && how.by == By::Sign && digits < 2);
    telling.then_some(())
}

/// Punctuation at the end alone.
fn is_sentence(value: &[u8]) -> bool {
    let letters = value
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    value.len() - letters <= 3
        && value
            .iter()
            .skip(letters)
            .all(|byte| b".:!?,;".contains(byte))
}
