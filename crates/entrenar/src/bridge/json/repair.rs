//! Rewrites what Python's `json` accepts and RFC 8259 does not.

/// Something that was rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Repair {
    /// A bare `NaN`, `Infinity` or `-Infinity`.
    NotFinite,
    /// An escaped surrogate without its partner.
    LoneSurrogate,
    /// A number that neither 64-bit integers nor doubles hold.
    WideNumber,
}

/// How often something was rewritten, and where first.
#[derive(Debug, Clone, Copy)]
pub(super) struct RepairCount {
    pub(super) repair: Repair,
    pub(super) first: usize,
    count: usize,
}

impl RepairCount {
    pub(super) fn message(&self) -> String {
        let more = match self.count - 1 {
            0 => String::new(),
            more => format!(" (and {more} more behind it)"),
        };
        match self.repair {
            Repair::NotFinite => format!(
                "a bare NaN or Infinity is not JSON; it was read as a string of that name{more}"
            ),
            Repair::LoneSurrogate => format!(
                "an escaped surrogate without its partner is not a character; it was replaced \
                 by U+FFFD{more}"
            ),
            Repair::WideNumber => {
                format!("a number does not fit into 64 bits; it was kept as text{more}")
            }
        }
    }
}

/// A repaired text.
#[derive(Debug)]
pub(super) struct Repaired {
    pub(super) text: String,
    /// One entry for each kind of repair.
    pub(super) counts: Vec<RepairCount>,
    /// For each repair, the end of the rewritten piece here and in the original.
    edits: Vec<(usize, usize)>,
    copied: usize,
}

impl Repaired {
    /// Whether nothing was rewritten; `text` is then incomplete.
    pub(super) fn is_clean(&self) -> bool {
        self.counts.is_empty()
    }

    /// The offset in the original of the byte at `offset` here.
    pub(super) fn original(&self, offset: usize) -> usize {
        let edits = self.edits.partition_point(|(end, _)| *end <= offset);
        let (here, there) = edits
            .checked_sub(1)
            .and_then(|last| self.edits.get(last).copied())
            .unwrap_or_default();
        let mapped = there + (offset - here);
        // Inside a rewritten piece, the mapped offset may lie behind its end.
        self.edits
            .get(edits)
            .map_or(mapped, |(_, end)| mapped.min(*end))
    }

    fn replace(&mut self, original: &str, start: usize, end: usize, by: &str, repair: Repair) {
        self.text
            .push_str(original.get(self.copied..start).unwrap_or_default());
        self.text.push_str(by);
        self.copied = end;
        self.edits.push((self.text.len(), end));
        match self.counts.iter_mut().find(|c| c.repair == repair) {
            Some(count) => count.count += 1,
            None => self.counts.push(RepairCount {
                repair,
                first: start,
                count: 1,
            }),
        }
    }
}

/// Rewrites `text`; linear in its length.
pub(super) fn repair(text: &str) -> Repaired {
    let bytes = text.as_bytes();
    let mut out = Repaired {
        text: String::new(),
        counts: Vec::new(),
        edits: Vec::new(),
        copied: 0,
    };
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at = match byte {
            b'"' => string(text, at, &mut out),
            b'N' | b'I' => word(text, at, at, &mut out),
            b'-' if bytes.get(at + 1) == Some(&b'I') => word(text, at, at + 1, &mut out),
            b'-' | b'0'..=b'9' => number(text, at, &mut out),
            _ => at + 1,
        };
    }
    if !out.is_clean() {
        out.text
            .push_str(text.get(out.copied..).unwrap_or_default());
    }
    out
}

/// Quotes the `NaN` or `Infinity` at `at` (its sign is at `start`); returns what follows.
fn word(text: &str, start: usize, at: usize, out: &mut Repaired) -> usize {
    for name in ["NaN", "Infinity"] {
        let end = at + name.len();
        if text.get(at..end) == Some(name)
            && (start == at || name == "Infinity")
            && let Some(found) = text.get(start..end)
        {
            out.replace(text, start, end, &format!("\"{found}\""), Repair::NotFinite);
            return end;
        }
    }
    at + 1
}

/// Quotes the number at `start` if 64 bits cannot hold it; returns what follows.
fn number(text: &str, start: usize, out: &mut Repaired) -> usize {
    let rest = text.as_bytes().get(start..).unwrap_or_default();
    let length = rest
        .iter()
        .position(|b| !matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
        .unwrap_or(rest.len());
    let end = start + length.max(1);
    let digits = text.get(start..end).unwrap_or_default();
    let is_integer = !digits.contains(['.', 'e', 'E']);
    let fits = if is_integer {
        digits.len() < 19 || digits.parse::<u64>().is_ok() || digits.parse::<i64>().is_ok()
    } else {
        digits.parse::<f64>().map_or(true, f64::is_finite)
    };
    if !fits && is_json_number(digits) {
        out.replace(
            text,
            start,
            end,
            &format!("\"{digits}\""),
            Repair::WideNumber,
        );
    }
    end
}

/// RFC 8259, section 6.
fn is_json_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)))
}

/// Replaces lone surrogates in the string that begins at `start`; returns what follows it.
fn string(text: &str, start: usize, out: &mut Repaired) -> usize {
    let bytes = text.as_bytes();
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => match escaped_unit(text, at) {
                Some(0xD800..=0xDBFF)
                    if matches!(escaped_unit(text, at + 6), Some(0xDC00..=0xDFFF)) =>
                {
                    at += 12;
                }
                Some(0xD800..=0xDFFF) => {
                    out.replace(text, at, at + 6, "\\uFFFD", Repair::LoneSurrogate);
                    at += 6;
                }
                _ => at += 2,
            },
            _ => at += 1,
        }
    }
    at
}

/// The UTF-16 unit of the escape `\uXXXX` at `at`.
fn escaped_unit(text: &str, at: usize) -> Option<u32> {
    let hex = text.get(at..at + 6)?.strip_prefix("\\u")?;
    hex.bytes().all(|b| b.is_ascii_hexdigit()).then_some(())?;
    u32::from_str_radix(hex, 16).ok()
}
