//! What stands behind a name: the value, and by which sign.

use std::ops::Range;

use super::super::formats::Alphabet;
use super::super::structures;

/// Longest value.
const LONGEST_VALUE: usize = 512;

/// How a value stands behind a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// `=`, `:`, `=>`, `<-` …
    Sign,
    /// A comma, where the name is a string: `("TOKEN", "x")`.
    Comma,
    /// A space: `--token x`, `ENV TOKEN x`.
    Space,
    /// Words between: `Paste an API key from your profile: x`.
    Prose,
}

pub(super) struct Value {
    pub(super) range: Range<usize>,
    pub(super) quoted: bool,
    pub(super) by: By,
    /// Whether white space stands around the sign.
    pub(super) spaced: bool,
}

pub(super) fn at(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or_default()
}

pub(super) fn spaces(text: &[u8], from: usize, most: usize) -> usize {
    text.get(from..)
        .unwrap_or_default()
        .iter()
        .take(most)
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count()
}

pub(super) fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

/// What stands behind the name that ends at `end`.
pub(super) fn value(text: &[u8], start: usize, end: usize) -> Option<Value> {
    let mut here = end;
    let name_quoted = is_quote(at(text, here));
    // `"name"`, `["name"]`, `[name]`, `{name}`, `**name**`.
    while matches!(at(text, here), b'"' | b'\'' | b'`' | b']' | b'*') && here < end + 4 {
        here += 1;
    }
    let before_sign = here;
    here += spaces(text, here, 24);
    // A table of Markdown or of a terminal.
    let (mut by, signed) = match (at(text, here), at(text, here + 1)) {
        (b'=', b'=') | (b':', b':') | (b'!', _) => return None,
        (b'=', b'>') | (b':', b'=') | (b'<', b'-') => (By::Sign, 2),
        (b'-', b'>') => return None,
        (b'=', _) => (By::Sign, 1),
        (b':', _) => (By::Sign, 1),
        (b'|' | 0xe2, _) if before_sign < here => {
            (By::Sign, if at(text, here) == b'|' { 1 } else { 3 })
        }
        (b',', _) if name_quoted => (By::Comma, 1),
        (b'>', _)
            if text
                .get(..start)
                .is_some_and(|before| before.ends_with(b"<")) =>
        {
            (By::Sign, 1)
        }
        _ => (By::Space, 0),
    };
    here += signed;
    if by == By::Sign && at(text, here) == b'=' {
        return None;
    }
    let spaced = by != By::Sign || before_sign + signed < here || at(text, here) == b' ';
    if by == By::Space {
        if here == before_sign {
            return None;
        }
        let flag = text
            .get(start..)
            .is_some_and(|name| name.starts_with(b"--"));
        let command = structures::line_before(text, start, 200);
        let command = command.trim_ascii_end();
        let said = [
            &b"ENV"[..],
            b"%env",
            b"%set_env",
            b"setenv",
            b"set",
            b"login",
            b"machine",
        ]
        .iter()
        .any(|word| command.ends_with(word))
            || (memchr::memmem::find(command, b"machine ").is_some()
                && memchr::memmem::find(command, b"login ").is_some())
            || memchr::memmem::find(command, b"configure set").is_some()
            || memchr::memmem::find(command, b"config set").is_some();
        if !flag && !said {
            return prose(text, here);
        }
    }
    here += spaces(text, here, 40);
    // A type before the value: `token: str = "x"`, and a comma-separated header.
    if at(text, here.wrapping_sub(1)) != b'='
        && at(text, here).is_ascii_alphabetic()
        && by == By::Sign
    {
        here = behind_type(text, here);
    }
    // A value in the next line.
    if matches!(at(text, here), b'(' | b'\\') || at(text, here) == b'\n' {
        let line = here + usize::from(at(text, here) != b'\n');
        if at(text, line) == b'\n' {
            let next = line + 1 + spaces(text, line + 1, 40);
            if is_quote(at(text, next)) {
                here = next;
            }
        } else if at(text, here) == b'(' && is_quote(at(text, here + 1)) {
            here += 1;
        }
    }
    here = behind_wrapper(text, here);
    let quote = Some(at(text, here)).filter(|byte| is_quote(*byte));
    if by == By::Comma && quote.is_none() {
        return None;
    }
    here += usize::from(quote.is_some());
    // `"""x"""`
    while quote.is_some_and(|quote| at(text, here) == quote) && at(text, here + 1) == at(text, here)
    {
        here += 1;
    }
    for word in [&b"Bearer "[..], b"bearer ", b"Token ", b"token ", b"Basic "] {
        if text.get(here..).is_some_and(|rest| rest.starts_with(word)) {
            here += word.len();
        }
    }
    let rest = text.get(here..)?;
    let rest = rest.get(..rest.len().min(LONGEST_VALUE + 1))?;
    let length = rest.iter().position(|byte| match quote {
        Some(quote) => *byte == quote || *byte == b'\n',
        None => byte.is_ascii_whitespace() || b",;)\"'`&<>|]}".contains(byte),
    });
    let length = match length {
        Some(length) => length,
        None if rest.len() <= LONGEST_VALUE => rest.len(),
        None => return None,
    };
    // Without its other quote it is no string, but a piece of prose.
    let closed = quote.is_none_or(|quote| at(text, here + length) == quote);
    if !closed && length > 0 && rest.get(..length)?.contains(&b' ') {
        return None;
    }
    if quote.is_none() && at(text, here + length) == b'(' {
        by = By::Prose;
    }
    Some(Value {
        range: here..here + length,
        quoted: quote.is_some(),
        by,
        spaced,
    })
}

/// Behind `str = ` in `token: str = "x"`, else `here`.
fn behind_type(text: &[u8], here: usize) -> usize {
    let length = text
        .get(here..)
        .unwrap_or_default()
        .iter()
        .take(60)
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"[]._| ".contains(byte))
        .count();
    let sign = here + length;
    if at(text, sign) == b'=' && at(text, sign + 1) != b'=' {
        sign + 1 + spaces(text, sign + 1, 8)
    } else {
        here
    }
}

/// Behind `SecretStr(`, `b`, `f` and the like, where a quote follows.
fn behind_wrapper(text: &[u8], here: usize) -> usize {
    const WRAPPERS: [&[u8]; 10] = [
        b"SecretStr(",
        b"Secret(",
        b"str(",
        b"String(",
        b"AzureKeyCredential(",
        b"ApiKey(",
        b"TokenCredential(",
        b"quote(",
        b"quote_plus(",
        b"HTTPBearer(",
    ];
    let rest = text.get(here..).unwrap_or_default();
    let rest = rest.get(..rest.len().min(120)).unwrap_or_default();
    for wrapper in WRAPPERS {
        // With the module before it: `pydantic.SecretStr(`.
        if let Some(at) = memchr::memmem::find(rest, wrapper)
            && rest
                .iter()
                .take(at)
                .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'.')
            && rest.get(at + wrapper.len()).copied().is_some_and(is_quote)
        {
            return here + at + wrapper.len();
        }
    }
    let prefix = rest
        .iter()
        .take(2)
        .take_while(|byte| b"bBrRfFuU@".contains(byte))
        .count();
    if prefix > 0 && is_quote(at(text, here + prefix)) {
        here + prefix
    } else {
        here
    }
}

/// A value at the end of a sentence that asked for it.
fn prose(text: &[u8], here: usize) -> Option<Value> {
    let rest = text.get(here..)?;
    let rest = rest.get(..rest.len().min(100))?;
    let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    let line = rest.get(..end)?;
    let sign = line
        .windows(2)
        .position(|pair| pair == b": ")
        .or_else(|| memchr::memmem::find(line, b" is "));
    let sign = sign?;
    let between = line.get(..sign)?;
    // A list of something, a mapping, a digest.
    if between.iter().any(|byte| b"=[](){}\"'|".contains(byte)) || has_digest(between) {
        return None;
    }
    let skip = if line.get(sign) == Some(&b':') { 2 } else { 4 };
    let mut start = here + sign + skip;
    start += spaces(text, start, 4);
    let quoted = is_quote(at(text, start));
    start += usize::from(quoted);
    let length = text
        .get(start..)?
        .iter()
        .take(LONGEST_VALUE)
        .take_while(|byte| Alphabet::Dotted.has(**byte) || b"+/".contains(byte))
        .count();
    Some(Value {
        range: start..start + length,
        quoted,
        by: By::Prose,
        spaced: true,
    })
}

fn has_digest(text: &[u8]) -> bool {
    let text = text.to_ascii_lowercase();
    [
        "sha", "md5", "hash", "digest", "checksum", "commit", "revision", "uuid", " id",
    ]
    .iter()
    .any(|word| memchr::memmem::find(&text, word.as_bytes()).is_some())
}
