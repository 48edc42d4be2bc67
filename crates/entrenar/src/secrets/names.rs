//! Values beside names that say what they are: `API_KEY = "…"`, `--token …`, `"password": "…"`.

mod judge;
mod value;
mod words;

use std::ops::Range;

use super::likely;
use super::structures::{self, Found, LOGIN};
use super::{Rule, Severity};

use judge::{has_symbol, is_password, is_token};
use value::{By, at, is_quote, spaces, value};
use words::Words;

/// Words that names of secrets are made of; at each the name around it is looked at.
pub(super) const WORDS: [&str; 12] = [
    "pass",
    "pwd",
    "secret",
    "token",
    "key",
    "auth",
    "credential",
    "cookie",
    "_pat",
    "webhook",
    "dsn",
    "sas",
];

/// Longest name.
const LONGEST_NAME: usize = 80;

/// What a name says of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Chosen by a person.
    Password,
    /// Made by a program, and named as a credential.
    Token,
    /// Its name may say something else as well.
    Perhaps,
}

/// The value of the name that the word at `word` is part of, if it looks like a secret.
pub(super) fn found(text: &[u8], word: Range<usize>) -> Option<Found> {
    let is_name =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$');
    let start = word.start - structures::run_before(text, word.start, LONGEST_NAME, is_name);
    let after = text
        .get(word.end..)?
        .iter()
        .take(LONGEST_NAME)
        .take_while(|byte| is_name(**byte))
        .count();
    let mut end = word.end + after;
    // The point that ends a sentence, and `->`.
    while end > word.end
        && text
            .get(end - 1)
            .is_some_and(|byte| matches!(byte, b'.' | b'-'))
    {
        end -= 1;
    }
    let name = text.get(start..end)?;
    let words = Words::of(name);
    let kind = match words.kind()? {
        // `an API key`
        Kind::Perhaps if words.is("key") && is_said_key(text, start) => Kind::Token,
        kind => kind,
    };
    if kind == Kind::Perhaps && !is_near_login(text, start, &words) && words.is("key") {
        return None;
    }
    if words.ends_with("auth")
        && let Some(found) = second_string(text, end)
    {
        return Some(found);
    }
    let value = value(text, start, end)?;
    let bytes = text.get(value.range.clone())?;
    let kind = if value.by == By::Prose && kind == Kind::Perhaps {
        return None;
    } else {
        kind
    };
    let title = match kind {
        Kind::Password => {
            is_password(bytes, &value, name)?;
            ("named-password", "password")
        }
        Kind::Token => {
            is_token(bytes, &value, kind)?;
            ("named-secret", words.title())
        }
        Kind::Perhaps => {
            is_token(bytes, &value, kind)?;
            ("named-key", "key")
        }
    };
    let rule = Rule {
        id: title.0,
        title: title.1,
        severity: Severity::Blocks,
    };
    Some((rule, value.range))
}

/// Whether the word before says what the key is for.
fn is_said_key(text: &[u8], start: usize) -> bool {
    let before = text.get(start.saturating_sub(8)..start).unwrap_or_default();
    let before = before.to_ascii_lowercase();
    [&b"api "[..], b"access ", b"secret ", b"license ", b"auth "]
        .iter()
        .any(|word| before.ends_with(word))
}

/// `key` alone is the name of anything, but not beside a login.
fn is_near_login(text: &[u8], start: usize, words: &Words) -> bool {
    if !words.is("key") {
        return true;
    }
    let before = text
        .get(start.saturating_sub(160)..start)
        .unwrap_or_default()
        .to_ascii_lowercase();
    [
        "login",
        "wandb",
        "kaggle",
        "username",
        "api",
        "credential",
        "geocod",
        "client(",
        "maps",
    ]
    .iter()
    .any(|word| memchr::memmem::find(&before, word.as_bytes()).is_some())
}

/// `auth=("user", "password")`, `HTTPBasicAuth("user", "password")`.
pub(super) fn second_string(text: &[u8], from: usize) -> Option<Found> {
    let mut here = from;
    if at(text, here) == b'=' {
        here += 1;
        let wrapper = text
            .get(here..)?
            .iter()
            .take(40)
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'.')
            .count();
        here += wrapper;
    }
    if at(text, here) != b'(' {
        return None;
    }
    here += 1;
    let mut values = Vec::new();
    for _ in 0..2 {
        here += spaces(text, here, 8);
        let quote = Some(at(text, here)).filter(|byte| is_quote(*byte))?;
        let length = text
            .get(here + 1..)?
            .iter()
            .take(200)
            .position(|byte| *byte == quote || *byte == b'\n')?;
        values.push(here + 1..here + 1 + length);
        here += length + 2;
        here += spaces(text, here, 8);
        if at(text, here) != b',' {
            break;
        }
        here += 1;
    }
    let [user, password] = values.as_slice() else {
        return None;
    };
    let (user, secret) = (text.get(user.clone())?, text.get(password.clone())?);
    let telling = secret.len() >= 4
        && secret != user
        && !likely::is_placeholder(secret)
        && (likely::is_mixed(secret) || has_symbol(secret) && !likely::is_wordy(secret))
        && !secret.contains(&b' ');
    telling.then_some((LOGIN, password.clone()))
}
