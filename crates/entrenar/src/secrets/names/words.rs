//! The words that a name is made of, and what they say of its value.

use super::Kind;

/// The words of a name in lower case: `wandbApiKey`, `WANDB_API_KEY` and `wandb-api-key` alike.
pub(super) struct Words {
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
    pub(super) fn of(name: &[u8]) -> Self {
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

    pub(super) fn is(&self, word: &str) -> bool {
        self.joined == word
    }

    pub(super) fn has(&self, word: &str) -> bool {
        self.all.iter().any(|one| one == word)
    }

    pub(super) fn ends_with(&self, word: &str) -> bool {
        self.joined.ends_with(word)
    }

    pub(super) fn kind(&self) -> Option<Kind> {
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

    pub(super) fn title(&self) -> &'static str {
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
