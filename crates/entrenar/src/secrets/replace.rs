//! Replacing credentials in texts, however they stand there.

use std::collections::BTreeMap;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};

use super::gate::Report;
use super::view::View;
use super::{Credential, Fingerprint, scanner};

/// A credential that is replaced, and by what.
#[derive(Debug)]
struct Known {
    credential: Credential,
    mark: String,
}

/// Replaces all credentials that a gate stopped, each by its own mark.
#[derive(Debug)]
pub(crate) struct Replacer {
    known: Vec<Known>,
    index: BTreeMap<Fingerprint, usize>,
    search: Option<AhoCorasick>,
}

/// A text with marks in it.
pub(crate) struct Replaced {
    pub(crate) bytes: Vec<u8>,
    /// What was replaced, in order, and the length of the mark.
    pub(crate) ranges: Vec<(Range<usize>, usize)>,
}

impl Replacer {
    /// Replaces what in `report` blocks; each kind is counted on its own, in the report's order.
    pub(crate) fn new(report: &Report, mut credentials: BTreeMap<Fingerprint, Credential>) -> Self {
        let mut known = Vec::new();
        let mut index = BTreeMap::new();
        let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
        for finding in report.blocking() {
            let Some(credential) = credentials.remove(&finding.fingerprint) else {
                continue;
            };
            let count = counts.entry(finding.rule.title).or_default();
            *count += 1;
            index.insert(finding.fingerprint, known.len());
            known.push(Known {
                credential,
                mark: format!("[redacted: {} #{count}]", finding.rule.title),
            });
        }
        let patterns = known.iter().map(|known| known.credential.bytes());
        let search = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(patterns)
            // Only a search of more than 2^31 states cannot be built; then the check of the
            // finished copy stops it.
            .ok();
        Self {
            known,
            index,
            search,
        }
    }

    /// The mark of a credential.
    pub(crate) fn mark(&self, fingerprint: Fingerprint) -> Option<&str> {
        let known = self.known.get(*self.index.get(&fingerprint)?)?;
        Some(&known.mark)
    }

    /// The bytes with marks; `None` where there is nothing to replace.
    pub(crate) fn replace(&self, bytes: &[u8]) -> Option<Replaced> {
        let mut found: Vec<(Range<usize>, usize)> = Vec::new();
        scanner::scan(bytes, 0..usize::MAX, true, &mut |hit| {
            if let Some(known) = self.index.get(&Fingerprint::of(hit.secret)) {
                found.push((hit.range, *known));
            }
        });
        if let Some(search) = &self.search {
            let view = View::of(bytes);
            for one in search.find_iter(view.text.as_ref()) {
                found.push((view.origin(one.range()), one.pattern().as_usize()));
            }
        }
        if found.is_empty() {
            return None;
        }
        found.sort_by_key(|(range, known)| (range.start, std::cmp::Reverse(range.end), *known));
        let mut replaced = Replaced {
            bytes: Vec::with_capacity(bytes.len()),
            ranges: Vec::new(),
        };
        let mut end = 0;
        for (range, known) in found {
            if range.start < end {
                // Of two that overlap the whole goes.
                if let Some((last, _)) = replaced.ranges.last_mut() {
                    last.end = last.end.max(range.end);
                }
                end = end.max(range.end);
                continue;
            }
            let mark = self.known.get(known).map(|known| known.mark.as_str());
            let mark = mark.unwrap_or("[redacted]");
            replaced
                .bytes
                .extend_from_slice(bytes.get(end..range.start).unwrap_or_default());
            replaced.bytes.extend_from_slice(mark.as_bytes());
            end = range.end;
            replaced.ranges.push((range, mark.len()));
        }
        replaced
            .bytes
            .extend_from_slice(bytes.get(end..).unwrap_or_default());
        Some(replaced)
    }

    /// As [`replace`](Self::replace), for text.
    pub(crate) fn replace_text(&self, text: &str) -> Option<String> {
        let replaced = self.replace(text.as_bytes())?;
        Some(String::from_utf8_lossy(&replaced.bytes).into_owned())
    }
}
