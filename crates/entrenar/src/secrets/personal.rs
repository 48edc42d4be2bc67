//! Folders of a person and e-mail addresses: no credentials, but a reader may want to know.

use std::ops::Range;

use super::structures::{Found, run_before};
use super::{Rule, Severity};

/// What they begin with or stand around.
pub(super) const WORDS: [&str; 4] = ["/home/", "/Users/", "\\Users\\", "@"];

const PATH: Rule = Rule {
    id: "personal-path",
    title: "folder of a person",
    severity: Severity::Warns,
};
const EMAIL: Rule = Rule {
    id: "email",
    title: "e-mail address",
    severity: Severity::Warns,
};

/// Longest name of a person's folder, and longest part of an address (RFC 5321, 4.5.3.1).
const LONGEST: usize = 64;
/// Names of folders that many have.
const COMMON: [&str; 22] = [
    "runner",
    "jovyan",
    "user",
    "username",
    "ubuntu",
    "root",
    "conda",
    "vscode",
    "ec2-user",
    "codespace",
    "public",
    "shared",
    "default",
    "you",
    "me",
    "name",
    "your_name",
    "yourname",
    "your-name",
    "admin",
    "travis",
    "appuser",
];
/// Sites and ends of addresses that are nobody's.
const NOBODY: [&str; 8] = [
    "example.com",
    "example.org",
    "example.net",
    "localhost",
    "users.noreply.github.com",
    "email.com",
    "domain.com",
    "test.com",
];

pub(super) fn found(text: &[u8], word: Range<usize>) -> Option<Found> {
    if text.get(word.clone())? == b"@" {
        return email(text, word.start);
    }
    let written = text.get(word.clone())?;
    if written != b"/home/" && written != b"/Users/" && !written.starts_with(b"\\") {
        return None;
    }
    let length = text
        .get(word.end..)?
        .iter()
        .take(LONGEST)
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte) || **byte >= 0x80)
        .count();
    let name = text.get(word.end..word.end + length)?;
    // What stands before it is a path, too, or nothing: `example.org/home/x` is a page.
    let before = run_before(text, word.start, 2, |byte| {
        byte.is_ascii_alphanumeric() || b"._-".contains(&byte)
    });
    let drive =
        text.get(..word.start)?.ends_with(b":") || text.get(..word.start)?.ends_with(b"/mnt/c");
    let is_it = length >= 2
        && (before == 0 || drive)
        && !COMMON
            .iter()
            .any(|common| name.eq_ignore_ascii_case(common.as_bytes()))
        && !name.iter().all(|byte| !byte.is_ascii_alphanumeric());
    is_it.then_some((PATH, word.start..word.end + length))
}

fn email(text: &[u8], at: usize) -> Option<Found> {
    let local = run_before(text, at, LONGEST, |byte| {
        byte.is_ascii_alphanumeric() || b"._%+-".contains(&byte)
    });
    let host = text
        .get(at + 1..)?
        .iter()
        .take(LONGEST)
        .take_while(|byte| byte.is_ascii_alphanumeric() || b".-".contains(byte))
        .count();
    let start = at - local;
    let name = text.get(start..at)?;
    let site = std::str::from_utf8(text.get(at + 1..at + 1 + host)?).ok()?;
    let site = site.trim_end_matches(['.', '-']);
    let end = at + 1 + site.len();
    let (domain, top) = site.rsplit_once('.')?;
    let known = matches!(
        top,
        "com"
            | "org"
            | "net"
            | "edu"
            | "gov"
            | "mil"
            | "int"
            | "info"
            | "biz"
            | "dev"
            | "app"
            | "io"
            | "ai"
            | "me"
            | "xyz"
            | "cloud"
            | "science"
            | "academy"
    ) || (top.len() == 2
        && top.bytes().all(|byte| byte.is_ascii_lowercase())
        && !matches!(top, "py" | "js" | "rs" | "sh" | "md" | "so" | "pt"));
    // A call of a product of matrices; where a repository is; a password's `@host`.
    let after = text.get(end).copied().unwrap_or_default();
    let before = start
        .checked_sub(1)
        .and_then(|at| text.get(at))
        .copied()
        .unwrap_or_default();
    let is_it = name.first().is_some_and(u8::is_ascii_alphanumeric)
        && name != b"git"
        && known
        && !domain.is_empty()
        && domain.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !matches!(after, b'(' | b'[')
        && !matches!(before, b'/' | b':' | b'@')
        && !NOBODY
            .iter()
            .any(|nobody| site.eq_ignore_ascii_case(nobody) || site.ends_with(".example"));
    is_it.then_some((EMAIL, start..end))
}
