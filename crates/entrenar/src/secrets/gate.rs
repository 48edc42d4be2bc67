//! The gate: nothing leaves with a credential in it.
//!
//! ```
//! use entrenar::secrets::gate::SecretGate;
//! use entrenar::session::EntrenarSession;
//!
//! let mut session = EntrenarSession::new("sess-001", "Fine-tuning");
//! session.notes = Some("the password: \"hunter2!\"".into());
//! let gate = SecretGate::new();
//! let report = gate.check_session(&session);
//! assert!(report.blocks());
//!
//! // What somebody looked at and found to be harmless can be allowed.
//! let fingerprint = report.findings[0].fingerprint;
//! assert!(!gate.allow(fingerprint).check_session(&session).blocks());
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{self, Read};

use super::stream::{self, Kind};
use super::{Credential, Fingerprint, Rule, SecretFinding, Severity, session};
use crate::session::EntrenarSession;

/// Distinct credentials after which the rest is only counted.
const MOST_SECRETS: usize = 1000;
/// Places of one credential that are listed.
const MOST_PLACES: usize = 50;

/// Decides whether something may leave.
#[derive(Debug, Clone, Default)]
pub struct SecretGate {
    allowed: BTreeSet<Fingerprint>,
    own: BTreeSet<Fingerprint>,
}

/// Where a credential stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretPlace {
    /// The text, by the paths of `session.json`, such as `cells[3].source`; or the path of a file.
    pub text: String,
    /// The line in it, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
}

/// `cells[3].source line 2 column 9`.
impl fmt::Display for SecretPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} line {} column {}", self.text, self.line, self.column)
    }
}

/// One credential, with all its places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateFinding {
    /// What it looks like.
    pub rule: Rule,
    /// What stands for it.
    pub fingerprint: Fingerprint,
    /// Its length in bytes.
    pub length: usize,
    /// Whether somebody allowed it.
    pub allowed: bool,
    /// The first of its places.
    pub places: Vec<SecretPlace>,
    /// How many places there are.
    pub count: usize,
}

impl GateFinding {
    /// Whether nothing may leave because of it.
    pub fn blocks(&self) -> bool {
        self.rule.severity == Severity::Blocks && !self.allowed
    }
}

/// A file that was not looked into.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unseen {
    /// Its path.
    pub path: String,
    /// Why: `gzip`, `zip` …
    pub reason: &'static str,
}

/// What the gate found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Everything that was found: what blocks first, then in the order of the places.
    pub findings: Vec<GateFinding>,
    /// Files that nobody looked into.
    pub unseen: Vec<Unseen>,
    /// Whether there are more findings than are listed.
    pub more: bool,
}

impl Report {
    /// Whether nothing may leave.
    pub fn blocks(&self) -> bool {
        self.more || self.findings.iter().any(GateFinding::blocks)
    }

    /// The findings because of which nothing may leave.
    pub fn blocking(&self) -> impl Iterator<Item = &GateFinding> {
        self.findings.iter().filter(|finding| finding.blocks())
    }
}

impl SecretGate {
    /// A gate that lets nothing pass that looks like a credential.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the credential of that fingerprint pass.
    #[must_use]
    pub fn allow(mut self, fingerprint: Fingerprint) -> Self {
        self.allowed.insert(fingerprint);
        self
    }

    /// Does not tell of that e-mail address: an author states it.
    #[must_use]
    pub fn own_email(mut self, address: &str) -> Self {
        self.own.insert(Fingerprint::of(address.as_bytes()));
        self
    }

    /// Looks at a session.
    pub fn check_session(&self, session: &EntrenarSession) -> Report {
        let mut check = self.check();
        check.session(session);
        check.finish()
    }

    /// Looks at several things, one after the other.
    pub fn check(&self) -> GateCheck<'_> {
        GateCheck {
            gate: self,
            found: BTreeMap::new(),
            report: Report::default(),
            credentials: None,
        }
    }

    /// As [`check`](Self::check); what blocks is kept to be replaced.
    #[cfg(feature = "preserve")]
    pub(crate) fn check_to_replace(&self) -> GateCheck<'_> {
        GateCheck {
            credentials: Some(BTreeMap::new()),
            ..self.check()
        }
    }

    /// Whether the gate lets that credential pass.
    pub fn allows(&self, fingerprint: Fingerprint) -> bool {
        self.allowed.contains(&fingerprint)
    }
}

/// A check that goes on.
#[derive(Debug)]
pub struct GateCheck<'g> {
    gate: &'g SecretGate,
    /// Fingerprint → index in the findings.
    found: BTreeMap<Fingerprint, usize>,
    report: Report,
    credentials: Option<BTreeMap<Fingerprint, Credential>>,
}

impl GateCheck<'_> {
    /// Looks at all texts of a session. Come here before the files that are made of it: a
    /// credential is told at the places where it was found first.
    pub fn session(&mut self, session: &EntrenarSession) {
        session::scan(session, &mut |finding, secret| self.add(finding, secret));
    }

    /// Looks at one text, such as a title, which is at `place`.
    pub fn text(&mut self, place: &str, text: &str) {
        session::text(place, text, &mut |finding, secret| {
            self.add(finding, secret);
        });
    }

    /// Looks at a file in memory, and at its name.
    pub fn bytes(&mut self, path: &str, mut bytes: &[u8]) {
        // Bytes in memory are read without an error.
        let read = self.read(path, &mut bytes);
        debug_assert!(read.is_ok());
    }

    /// Looks at a file of any size, and at its name; memory stays bounded.
    ///
    /// # Errors
    /// What `reader` says.
    pub fn read(&mut self, path: &str, reader: &mut dyn Read) -> io::Result<()> {
        self.text(&format!("name of {path}"), path);
        match stream::scan(path, reader, &mut |finding, secret| {
            self.add(finding, secret);
        })? {
            Kind::Seen => {}
            Kind::Packed(reason) => self.report.unseen.push(Unseen {
                path: path.to_owned(),
                reason,
            }),
        }
        Ok(())
    }

    /// What was found.
    pub fn finish(mut self) -> Report {
        let severity = |finding: &GateFinding| (!finding.blocks(), finding.rule.severity);
        // A stable sort: the order of the places stays.
        self.report.findings.sort_by_key(severity);
        self.report.unseen.sort();
        self.report
    }

    /// What was found, and what of it blocks.
    #[cfg(feature = "preserve")]
    pub(crate) fn finish_to_replace(mut self) -> (Report, BTreeMap<Fingerprint, Credential>) {
        let credentials = self.credentials.take().unwrap_or_default();
        (self.finish(), credentials)
    }

    fn add(&mut self, finding: SecretFinding, secret: &[u8]) {
        if self.gate.own.contains(&finding.fingerprint) {
            return;
        }
        let place = SecretPlace {
            text: finding.place,
            line: finding.line,
            column: finding.column,
        };
        if let Some(known) = self.found.get(&finding.fingerprint) {
            if let Some(known) = self.report.findings.get_mut(*known) {
                known.count += 1;
                if known.places.len() < MOST_PLACES && !known.places.contains(&place) {
                    known.places.push(place);
                }
            }
            return;
        }
        if self.report.findings.len() >= MOST_SECRETS {
            self.report.more |=
                finding.rule.severity == Severity::Blocks && !self.gate.allows(finding.fingerprint);
            return;
        }
        if let Some(credentials) = &mut self.credentials
            && finding.rule.severity == Severity::Blocks
            && !self.gate.allows(finding.fingerprint)
        {
            credentials.insert(finding.fingerprint, Credential(secret.to_vec()));
        }
        self.found
            .insert(finding.fingerprint, self.report.findings.len());
        self.report.findings.push(GateFinding {
            rule: finding.rule,
            fingerprint: finding.fingerprint,
            length: finding.length,
            allowed: self.gate.allows(finding.fingerprint),
            places: vec![place],
            count: 1,
        });
    }
}
