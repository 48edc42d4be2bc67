//! Values beside names that say what they are: `API_KEY = "…"`, `--token …`, `"password": "…"`.

use std::ops::Range;

use super::formats::Alphabet;
use super::likely;
use super::structures::{self, Found, LOGIN};
use super::{Rule, Severity};

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

/// Longest name, and longest value.
const LONGEST_NAME: usize = 80;
const LONGEST_VALUE: usize = 512;

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

/// How a value stands behind a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// `=`, `:`, `=>`, `<-` …
    Sign,
    /// A comma, where the name is a string: `("TOKEN", "x")`.
    Comma,
    /// A space: `--token x`, `ENV TOKEN x`.
    Space,
    /// Words between: `Paste an API key from your profile: x`.
    Prose,
}

struct Value {
    range: Range<usize>,
    quoted: bool,
    by: By,
    /// Whether white space stands around the sign.
    spaced: bool,
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

/// The words of a name in lower case: `wandbApiKey`, `WANDB_API_KEY` and `wandb-api-key` alike.
struct Words {
    all: Vec<String>,
    /// All words without anything between.
    joined: String,
}

/// Names that end so hold no secret, whatever they begin with.
const BENIGN: [&str; 47] = [
    "id",
    "ids",
    "name",
    "names",
    "path",
    "file",
    "type",
    "types",
    "count",
    "counts",
    "length",
    "len",
    "size",
    "index",
    "idx",
    "url",
    "uri",
    "endpoint",
    "field",
    "hash",
    "version",
    "expiry",
    "expires",
    "limit",
    "prefix",
    "suffix",
    "env",
    "var",
    "dir",
    "format",
    "fn",
    "func",
    "function",
    "class",
    "cls",
    "map",
    "list",
    "dict",
    "set",
    "embedding",
    "embeddings",
    "embed",
    "error",
    "exception",
    "date",
    "digest",
    "fingerprint",
];
/// Words before `key` that say that it is no secret: of a dictionary, a table, a keyboard.
const PLAIN_KEYS: [&str; 36] = [
    "primary",
    "foreign",
    "sort",
    "sorted",
    "group",
    "cache",
    "dict",
    "index",
    "join",
    "column",
    "row",
    "foreign",
    "public",
    "pub",
    "label",
    "metric",
    "feature",
    "config",
    "registry",
    "storage",
    "image",
    "data",
    "state",
    "input",
    "output",
    "partition",
    "hash",
    "lookup",
    "translation",
    "prng",
    "rng",
    "random",
    "jax",
    "loss",
    "monitor",
    "host",
];

impl Words {
    fn of(name: &[u8]) -> Self {
        let mut all: Vec<String> = Vec::new();
        let mut open = String::new();
        let mut before = 0_u8;
        for (at, byte) in name.iter().copied().enumerate() {
            let next = name.get(at + 1).copied().unwrap_or_default();
            let begins = byte.is_ascii_uppercase()
                && (before.is_ascii_lowercase()
                    || before.is_ascii_uppercase() && next.is_ascii_lowercase());
            let ends = !byte.is_ascii_alphanumeric();
            if (begins || ends) && !open.is_empty() {
                all.push(std::mem::take(&mut open));
            }
            if !ends {
                open.push(char::from(byte.to_ascii_lowercase()));
            }
            before = byte;
        }
        if !open.is_empty() {
            all.push(open);
        }
        // `password2`, `API_KEY_1`.
        if let Some(last) = all.last_mut() {
            let plain = last.trim_end_matches(|c: char| c.is_ascii_digit()).len();
            last.truncate(plain);
        }
        all.retain(|word| !word.is_empty());
        Self {
            joined: all.concat(),
            all,
        }
    }

    fn is(&self, word: &str) -> bool {
        self.joined == word
    }

    fn has(&self, word: &str) -> bool {
        self.all.iter().any(|one| one == word)
    }

    fn ends_with(&self, word: &str) -> bool {
        self.joined.ends_with(word)
    }

    fn kind(&self) -> Option<Kind> {
        let last = self.all.last()?.as_str();
        if BENIGN.contains(&last) {
            return None;
        }
        const PASSWORDS: [&str; 8] = [
            "password",
            "passwd",
            "passphrase",
            "passcode",
            "passwort",
            "userpass",
            "dbpass",
            "pgpass",
        ];
        if PASSWORDS.iter().any(|word| self.ends_with(word))
            || self.has("password")
            || self.has("passwd")
            || self.has("passphrase")
        {
            return Some(Kind::Password);
        }
        if matches!(last, "pass" | "pwd" | "pw") {
            return Some(Kind::Password);
        }
        const TOKENS: [&str; 30] = [
            "apikey",
            "apisecret",
            "secretkey",
            "accesskey",
            "authkey",
            "privatekey",
            "encryptionkey",
            "signingkey",
            "accountkey",
            "sharedkey",
            "sharedaccesskey",
            "storagekey",
            "masterkey",
            "servicekey",
            "subscriptionkey",
            "licensekey",
            "sessionkey",
            "appkey",
            "applicationkey",
            "userkey",
            "writekey",
            "deploykey",
            "adminkey",
            "clientsecret",
            "secret",
            "token",
            "credentials",
            "credential",
            "authorization",
            "accesskeyid",
        ];
        if TOKENS.iter().any(|word| self.ends_with(word)) && last != "tokenizer" {
            // Ids are public, the first half of a pair.
            return (!self.ends_with("accesskeyid")).then_some(Kind::Token);
        }
        if self.has("secret")
            || self.has("token")
            || self.has("apikey")
            || self.joined.contains("apikey")
            || self.joined.contains("accesstoken")
            || self.joined.contains("authtoken")
        {
            return Some(Kind::Token);
        }
        if matches!(
            last,
            "auth" | "cookie" | "pat" | "dsn" | "sas" | "webhook" | "creds" | "cred"
        ) {
            return Some(Kind::Perhaps);
        }
        if last.ends_with("key") {
            let before = self.all.iter().rev().nth(1).map(String::as_str);
            let plain = before.is_some_and(|before| PLAIN_KEYS.contains(&before))
                || matches!(last, "monkey" | "turkey" | "hotkey" | "keykey");
            return (!plain).then_some(Kind::Perhaps);
        }
        None
    }

    fn title(&self) -> &'static str {
        if self.joined.contains("apikey") {
            "API key"
        } else if self.ends_with("key") {
            "secret key"
        } else if self.has("token") || self.ends_with("token") {
            "token"
        } else {
            "secret"
        }
    }
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

fn at(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or_default()
}

fn spaces(text: &[u8], from: usize, most: usize) -> usize {
    text.get(from..)
        .unwrap_or_default()
        .iter()
        .take(most)
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count()
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

/// What stands behind the name that ends at `end`.
fn value(text: &[u8], start: usize, end: usize) -> Option<Value> {
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

fn has_symbol(text: &[u8]) -> bool {
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
fn is_token(value: &[u8], how: &Value, kind: Kind) -> Option<()> {
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
fn is_password(value: &[u8], how: &Value, name: &[u8]) -> Option<()> {
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
