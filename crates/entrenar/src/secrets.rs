//! What looks like a credential, so that it does not leave with a session.
//!
//! [`scan`] reads everything a session would show, once and in linear time: sources and outputs
//! of cells, the text between them, notes, configuration, metadata. It knows the forms of many
//! providers, private keys, tokens in parts, passwords in addresses and headers, and random
//! values beside names such as `api_key`. Folders of a person and e-mail addresses are told, too,
//! as warnings. [`gate`] decides over everything that is about to leave.
//!
//! It is a help and no proof: an unknown form is not found. `docs/secret-gate.md` lists what is
//! known and how well it was measured to work. No finding holds the credential itself.

mod formats;
pub mod gate;
mod likely;
#[cfg(feature = "record")]
pub(crate) mod mask;
mod names;
mod personal;
#[cfg(feature = "preserve")]
pub(crate) mod replace;
mod scanner;
mod session;
mod stream;
mod structures;
mod view;

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::session::EntrenarSession;

/// Findings after which a scan ends.
const MOST_FINDINGS: usize = 1000;
/// First bytes of what a fingerprint covers.
const DOMAIN: &[u8] = b"entrenar secret 1\0";

/// What a finding means for what is about to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It looks like a credential; nothing leaves with it.
    Blocks,
    /// It tells something about a person.
    Warns,
}

/// What a finding looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rule {
    /// The rule's name, such as `github-token`.
    pub id: &'static str,
    /// The same for a person: `GitHub token`.
    pub title: &'static str,
    /// What it means.
    pub severity: Severity,
}

impl Rule {
    /// Rules with a lower rank know more of what they find.
    fn rank(&self) -> u8 {
        match self.id {
            "private-key" => 0,
            "named-key" => 5,
            "named-secret" | "named-password" => 4,
            "authorization-header" | "login-password" | "azure-sas" => 3,
            "openai-key" => 2,
            "email" | "personal-path" => 6,
            _ => 1,
        }
    }
}

/// Stands for a credential without telling it: the first 8 bytes of a SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 8]);

impl Fingerprint {
    /// The fingerprint of a credential: of SHA-256 over `entrenar secret 1`, a zero byte, and the
    /// credential. Of a private key the characters of its base64 count, not how they stand in
    /// lines.
    pub fn of(secret: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(DOMAIN);
        hasher.update(scanner::canonical(secret));
        let digest: [u8; 32] = hasher.finalize().into();
        let mut first = [0; 8];
        for (to, from) in first.iter_mut().zip(digest) {
            *to = from;
        }
        Self(first)
    }
}

/// 16 hexadecimal digits.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A text that is no fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint has 16 hexadecimal digits, as the report shows it")]
pub struct ParseFingerprintError;

impl FromStr for Fingerprint {
    type Err = ParseFingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() != 16 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(ParseFingerprintError);
        }
        let number =
            u64::from_str_radix(text, 16).map_err(|_not_hexadecimal| ParseFingerprintError)?;
        let mut bytes = [0; 8];
        for (byte, shift) in bytes.iter_mut().zip([56, 48, 40, 32, 24, 16, 8, 0]) {
            *byte = u8::try_from(number >> shift & 0xff).unwrap_or_default();
        }
        Ok(Self(bytes))
    }
}

/// A credential, to be replaced; nothing shows it.
#[cfg_attr(
    not(feature = "preserve"),
    expect(dead_code, reason = "only copies of folders replace it")
)]
pub(crate) struct Credential(Vec<u8>);

impl Credential {
    #[cfg(feature = "preserve")]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(…)")
    }
}

/// A place that looks like a credential; it never holds the credential.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretFinding {
    /// The text it is in, such as `cells[3].source`, by the paths of `session.json`; or the path
    /// of a file.
    pub place: String,
    /// The line in that text, from 1.
    pub line: usize,
    /// The character in that line, from 1.
    pub column: usize,
    /// What it looks like.
    pub rule: Rule,
    /// What stands for the credential.
    pub fingerprint: Fingerprint,
    /// Its length in bytes.
    pub length: usize,
}

/// Looks for credentials in everything a session would show.
pub fn scan(session: &EntrenarSession) -> Vec<SecretFinding> {
    let mut findings = Vec::new();
    session::scan(session, &mut |finding, _| {
        if findings.len() < MOST_FINDINGS && finding.rule.severity == Severity::Blocks {
            findings.push(finding);
        }
    });
    findings
}

/// Looks for credentials in one text, which is at `place`.
pub fn scan_text(place: &str, text: &str) -> Vec<SecretFinding> {
    let mut findings = Vec::new();
    session::text(place, text, &mut |finding, _| {
        if findings.len() < MOST_FINDINGS && finding.rule.severity == Severity::Blocks {
            findings.push(finding);
        }
    });
    findings
}

/// For the fuzz target of the scan.
#[cfg(all(fuzzing, feature = "preserve"))]
pub fn fuzz_scan(bytes: &[u8]) {
    let gate = gate::SecretGate::new();
    let mut look = gate.check_to_replace();
    look.bytes("file", bytes);
    let (report, credentials) = look.finish_to_replace();
    let lines = bytes.split(|byte| *byte == b'\n').count();
    for finding in &report.findings {
        assert!(
            finding
                .places
                .iter()
                .all(|place| place.line <= lines.max(1))
        );
    }
    let found: Vec<Fingerprint> = report.blocking().map(|one| one.fingerprint).collect();
    let replacer = replace::Replacer::new(&report, credentials);
    let Some(replaced) = replacer.replace(bytes) else {
        // Packed files and UTF-16 are not replaced in.
        return;
    };
    let mut look = gate.check();
    look.bytes("file", &replaced.bytes);
    for left in look.finish().blocking() {
        assert!(!found.contains(&left.fingerprint), "{}", left.rule.id);
    }
}

#[cfg(test)]
mod tests;
