//! One pass over a text: an automaton finds the words that credentials begin with or stand
//! beside, and at each the rules look at what is there.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::formats::FORMATS;
use super::structures::{self, ANCHORS, Anchor};
use super::view::View;
use super::{Fingerprint, Rule, Severity, names, personal};

/// Bytes that are looked at together. A credential is shorter than [`OVERLAP`].
pub(super) const WINDOW: usize = 4 << 20;
/// Bytes that two windows have in common.
pub(super) const OVERLAP: usize = 256 << 10;

/// Something that a rule found; it has no `Debug`, for it holds the credential.
pub(super) struct Hit<'v> {
    pub(super) rule: Rule,
    /// Where it stands in the text.
    pub(super) range: Range<usize>,
    /// The credential as a reader sees it.
    pub(super) secret: &'v [u8],
}

/// What a keyword leads to.
#[derive(Debug, Clone, Copy)]
enum Lead {
    Format(usize),
    Anchor(Anchor),
    Name,
    Personal,
}

struct Automaton {
    words: AhoCorasick,
    leads: Vec<Lead>,
}

static AUTOMATON: LazyLock<Automaton> = LazyLock::new(|| {
    let mut patterns: Vec<&str> = Vec::new();
    let mut leads = Vec::new();
    for (index, format) in FORMATS.iter().enumerate() {
        patterns.push(format.prefix);
        leads.push(Lead::Format(index));
    }
    for (word, anchor) in ANCHORS {
        patterns.push(word);
        leads.push(Lead::Anchor(anchor));
    }
    for word in names::WORDS {
        patterns.push(word);
        leads.push(Lead::Name);
    }
    for word in personal::WORDS {
        patterns.push(word);
        leads.push(Lead::Personal);
    }
    #[expect(
        clippy::unwrap_used,
        reason = "the words are constants; every test builds this"
    )]
    let words = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .kind(Some(AhoCorasickKind::DFA))
        .build(&patterns)
        .unwrap();
    Automaton { words, leads }
});

/// Shows all that looks like a credential in `bytes` and begins in `wanted`, in the order of its
/// places. Where the bytes are no text, what only warns is left out.
pub(super) fn scan(
    bytes: &[u8],
    wanted: Range<usize>,
    is_text: bool,
    report: &mut dyn FnMut(Hit<'_>),
) {
    let mut found: Vec<(Range<usize>, Rule, Vec<u8>)> = Vec::new();
    // Encoded bytes of pictures are no text, and may be most of it.
    for part in without_data(bytes) {
        let view = View::of(bytes.get(part.clone()).unwrap_or_default());
        in_view(&view.text, &mut |rule, range| {
            let secret = view.text.get(range.clone()).unwrap_or_default();
            let origin = view.origin(range);
            let origin = part.start + origin.start..part.start + origin.end;
            let is_wanted = is_text || rule.severity == Severity::Blocks;
            if is_wanted && wanted.contains(&origin.start) {
                found.push((origin, rule, secret.to_vec()));
            }
        });
    }
    for (range, rule, secret) in apart(found) {
        if !is_published(&secret) {
            report(Hit {
                rule,
                range,
                secret: &secret,
            });
        }
    }
}

fn in_view(text: &[u8], report: &mut dyn FnMut(Rule, Range<usize>)) {
    for found in AUTOMATON.words.find_overlapping_iter(text) {
        let range = found.range();
        let lead = AUTOMATON.leads.get(found.pattern().as_usize());
        let hit = match lead.copied() {
            Some(Lead::Format(index)) => FORMATS.get(index).and_then(|format| {
                let end = format.end(text, range.start)?;
                if format.rule.id == "aws-access-key"
                    && let Some((rule, range)) = structures::aws_secret(text, end)
                {
                    report(rule, range);
                }
                Some((format.rule, range.start..end))
            }),
            Some(Lead::Anchor(anchor)) => structures::found(text, anchor, range),
            Some(Lead::Name) => names::found(text, range),
            Some(Lead::Personal) => personal::found(text, range),
            None => None,
        };
        if let Some((rule, range)) = hit {
            report(rule, range);
        }
    }
}

/// The ranges of `bytes` between pictures that are written as addresses (RFC 2397).
fn without_data(bytes: &[u8]) -> Vec<Range<usize>> {
    const MARK: &[u8] = b";base64,";
    let mut parts = Vec::new();
    let mut start = 0;
    for at in memchr::memmem::find_iter(bytes, MARK) {
        if at < start {
            continue;
        }
        let before = bytes.get(at.saturating_sub(40)..at).unwrap_or_default();
        let is_text = [&b"text/"[..], b"json", b"xml", b"javascript"]
            .iter()
            .any(|kind| memchr::memmem::find(before, kind).is_some());
        if is_text {
            continue;
        }
        let data = at + MARK.len();
        let length = bytes
            .get(data..)
            .unwrap_or_default()
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte))
            .count();
        if length > 1024 {
            parts.push(start..data);
            start = data + length;
        }
    }
    parts.push(start..bytes.len());
    parts
}

/// One finding for each place: of those that overlap the one whose rule knows most.
fn apart(mut found: Vec<(Range<usize>, Rule, Vec<u8>)>) -> Vec<(Range<usize>, Rule, Vec<u8>)> {
    found.sort_by_key(|one| (one.0.start, one.1.rank(), one.0.end));
    let mut apart: Vec<(Range<usize>, Rule, Vec<u8>)> = Vec::new();
    for next in found {
        match apart.last_mut() {
            Some(last) if next.0.start < last.0.end => {
                if (next.1.rank(), last.0.len()) < (last.1.rank(), next.0.len()) {
                    *last = next;
                }
            }
            _ => apart.push(next),
        }
    }
    apart
}

/// What rules call a secret, without what depends on how it is written: the lines of a key.
pub(super) fn canonical(secret: &[u8]) -> Cow<'_, [u8]> {
    if secret.starts_with(b"-----BEGIN") {
        let plain = secret
            .iter()
            .copied()
            .filter(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte));
        return Cow::Owned(plain.collect());
    }
    Cow::Borrowed(secret)
}

/// Fingerprints of values that providers publish: the account key of Azure's storage emulator, two
/// test keys of Stripe's documentation, the example of jwt.io, Neptune's token of nobody.
const PUBLISHED: [&str; 5] = [
    "0c1224c54841b638",
    "f2a2f6d7cf2434fa",
    "8f4c0bcbd29698b4",
    "48729e2648340b39",
    "a6f4420599f14fac",
];

fn is_published(secret: &[u8]) -> bool {
    let fingerprint = Fingerprint::of(secret).to_string();
    PUBLISHED.contains(&fingerprint.as_str())
}
