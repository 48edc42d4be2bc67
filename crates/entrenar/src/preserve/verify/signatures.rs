//! Signatures and timestamps of one thing: of a folder's `SHA256SUMS`, or of a whole zip.

use std::collections::BTreeMap;
use std::io::{self, Read};

use crate::research::signing::in_toto::{Envelope, Statement};
use crate::research::signing::timestamp::{Reply, Request};
use crate::research::signing::{PublicKey, Signature};
use crate::session::Sha256Hash;

use super::VerifyOptions;
use super::content::cause;
use super::report::{
    Problem, ProblemKind, Report, SignatureCheck, SignatureStatus, TimestampCheck, TimestampStatus,
};

/// What the names of signatures and timestamps of a file add to its name.
pub(super) const MINISIGN: &str = ".minisig";
pub(super) const IN_TOTO: &str = ".intoto.json";
pub(super) const REPLY: &str = ".tsr";
pub(super) const REQUEST: &str = ".tsq";

/// What is signed.
pub(super) struct Signed<'a> {
    /// How its signatures are named in the report, without their endings.
    pub(super) name: String,
    /// Its SHA-256.
    pub(super) sha256: Sha256Hash,
    /// Its bytes, as often as they are wanted.
    pub(super) open: &'a dyn Fn() -> io::Result<Box<dyn Read + 'a>>,
    /// The files that an in-toto statement of it names, with their digests; `None` where it
    /// names this thing itself.
    pub(super) subjects: Option<&'a BTreeMap<String, Sha256Hash>>,
}

/// Checks the signature files that are there, by their endings.
pub(super) fn check(
    signed: &Signed<'_>,
    files: &BTreeMap<&'static str, Vec<u8>>,
    options: &VerifyOptions,
    report: &mut Report,
) {
    if let Some(bytes) = files.get(MINISIGN) {
        minisign(signed, bytes, options, report);
    }
    if let Some(bytes) = files.get(IN_TOTO) {
        in_toto(signed, bytes, options, report);
    }
    if let Some(bytes) = files.get(REPLY) {
        timestamp(signed, bytes, files.get(REQUEST), options, report);
    }
}

/// What the caller insists on and is not there.
pub(super) fn check_wanted(options: &VerifyOptions, report: &mut Report) {
    let is_good = |check: &SignatureCheck| matches!(check.status, SignatureStatus::Good { .. });
    let is_told = |problem: &Problem| problem.kind == ProblemKind::Signature;
    if !options.public_keys.is_empty()
        && !report.signatures.iter().any(is_good)
        && !report.problems.iter().any(is_told)
    {
        report.problems.push(
            Problem::new(
                ProblemKind::Signature,
                "",
                "there is no signature by a key that you gave",
            )
            .hint("ask for the signature, or verify without a key"),
        );
    }
    if options.authorities.is_some() && report.timestamps.is_empty() {
        report.problems.push(Problem::new(
            ProblemKind::Timestamp,
            "",
            "there is no timestamp",
        ));
    }
}

fn bad(
    signed: &Signed<'_>,
    ending: &str,
    kind: ProblemKind,
    message: impl Into<String>,
) -> Problem {
    Problem::new(kind, format!("{}{ending}", signed.name), message)
}

/// The message where a signature names a key that is none of those that the caller gave.
fn other_key(key: &str) -> String {
    format!("it is by the key {key}, which is none that you gave")
}

fn minisign(signed: &Signed<'_>, bytes: &[u8], options: &VerifyOptions, report: &mut Report) {
    let problem = |message: String| bad(signed, MINISIGN, ProblemKind::Signature, message);
    let parsed = std::str::from_utf8(bytes)
        .map_err(|error| error.to_string())
        .and_then(|text| Signature::parse(text).map_err(|error| cause(&error)));
    let signature = match parsed {
        Ok(signature) if signature.to_text().as_bytes() == bytes => signature,
        // White space that its reader passes over.
        Ok(signature) => {
            report.problems.push(problem(
                "it is not in the form in which minisign and entrenar write it".into(),
            ));
            signature
        }
        Err(message) => return report.problems.push(problem(message)),
    };
    let key_id = signature.key_id();
    let digest = signed.sha256.to_string();
    let comment = signature.unchecked_comment();
    let mut status = SignatureStatus::UnknownKey;
    if comment
        .field("sha256")
        .is_some_and(|stated| stated != digest)
    {
        report.problems.push(
            problem("it is a signature of other bytes: its comment has another SHA-256".into())
                .hint("look for the signature that belongs to this file"),
        );
        status = SignatureStatus::Bad;
    }
    let keys: Vec<&PublicKey> = options
        .public_keys
        .iter()
        .filter(|key| key.id() == key_id)
        .collect();
    let mut failure = None;
    for key in &keys {
        let verified = match (signed.open)() {
            Ok(data) => key.verify(data, &signature).map_err(|error| cause(&error)),
            Err(error) => Err(error.to_string()),
        };
        match verified {
            Ok(comment) => {
                status = SignatureStatus::Good {
                    comment: comment.as_str().to_owned(),
                };
                failure = None;
                break;
            }
            Err(message) => {
                status = SignatureStatus::Bad;
                failure = Some(message);
            }
        }
    }
    if keys.is_empty() && !options.public_keys.is_empty() {
        failure = Some(other_key(&key_id.to_string()));
        status = SignatureStatus::Bad;
    }
    report.problems.extend(failure.map(problem));
    report.signatures.push(SignatureCheck {
        file: format!("{}{MINISIGN}", signed.name),
        key: key_id.to_string(),
        status,
    });
}

fn in_toto(signed: &Signed<'_>, bytes: &[u8], options: &VerifyOptions, report: &mut Report) {
    let problem = |message: String| bad(signed, IN_TOTO, ProblemKind::Signature, message);
    let envelope = match Envelope::parse(bytes) {
        Ok(envelope) => envelope,
        Err(error) => return report.problems.push(problem(cause(&error))),
    };
    if envelope.to_json() != bytes {
        report.problems.push(problem(
            "it is not in the form in which entrenar writes an envelope".into(),
        ));
    }
    let statement = match envelope.unchecked_statement() {
        Ok(statement) => statement,
        Err(error) => return report.problems.push(problem(cause(&error))),
    };
    let mut status = SignatureStatus::UnknownKey;
    if let Some(message) = other_subjects(signed, &statement) {
        report.problems.push(problem(message));
        status = SignatureStatus::Bad;
    }
    let key_ids: Vec<_> = envelope.key_ids().map(str::to_owned).collect();
    let by = options
        .public_keys
        .iter()
        .find(|key| envelope.verify(key).is_ok());
    let key = match by {
        Some(key) => {
            if status != SignatureStatus::Bad {
                status = SignatureStatus::Good {
                    comment: format!("{} files", statement.subjects.len()),
                };
            }
            key.id().to_string()
        }
        None => {
            let named = key_ids.join(", ");
            let is_known = options
                .public_keys
                .iter()
                .any(|key| key_ids.contains(&key.id().to_string()));
            if is_known {
                status = SignatureStatus::Bad;
                report.problems.push(problem(
                    "the signature is not one of this statement by the key that it names".into(),
                ));
            } else if !options.public_keys.is_empty() {
                status = SignatureStatus::Bad;
                report.problems.push(problem(other_key(&named)));
            }
            named
        }
    };
    report.signatures.push(SignatureCheck {
        file: format!("{}{IN_TOTO}", signed.name),
        key,
        status,
    });
}

/// Why the statement is not about what is signed.
fn other_subjects(signed: &Signed<'_>, statement: &Statement) -> Option<String> {
    let Some(files) = signed.subjects else {
        let is_this = statement
            .subjects
            .iter()
            .any(|subject| subject.sha256.as_ref() == Some(signed.sha256.as_bytes()));
        return (!is_this).then(|| "it is a statement about other bytes".to_owned());
    };
    let mut named = BTreeMap::new();
    for subject in &statement.subjects {
        let expected = files.get(&subject.name).or_else(|| {
            // A statement may name the checksums, too.
            signed
                .name
                .ends_with(&subject.name)
                .then_some(&signed.sha256)
        });
        if subject.sha256.as_ref() != expected.map(Sha256Hash::as_bytes) || expected.is_none() {
            return Some(format!(
                "it is a statement about another {:?} than the checksums list",
                subject.name
            ));
        }
        named.insert(&subject.name, ());
    }
    files
        .keys()
        .find(|path| !named.contains_key(path))
        .map(|path| format!("it says nothing about {path:?}, which the checksums list"))
}

fn timestamp(
    signed: &Signed<'_>,
    bytes: &[u8],
    request: Option<&Vec<u8>>,
    options: &VerifyOptions,
    report: &mut Report,
) {
    let problem = |message: String| bad(signed, REPLY, ProblemKind::Timestamp, message);
    let reply = match Reply::parse(bytes) {
        Ok(reply) => reply,
        Err(error) => {
            report.timestamps.push(TimestampCheck {
                file: format!("{}{REPLY}", signed.name),
                time: None,
                authority: None,
                status: TimestampStatus::Bad,
            });
            return report.problems.push(problem(cause(&error)));
        }
    };
    let mut check = TimestampCheck {
        file: format!("{}{REPLY}", signed.name),
        time: Some(reply.unchecked_time()),
        authority: None,
        status: TimestampStatus::UnknownAuthority,
    };
    if reply.unchecked_sha256() != *signed.sha256.as_bytes() {
        check.status = TimestampStatus::Bad;
        report.problems.push(
            problem("it is a timestamp of other bytes".into())
                .hint("look for the timestamp that belongs to this file, or ask for a new one"),
        );
    } else if let Some(anchors) = &options.authorities {
        match reply.verify(signed.sha256.as_bytes(), anchors) {
            Ok(info) => {
                check.time = Some(info.time);
                check.authority = Some(info.tsa_name);
                check.status = TimestampStatus::Good;
            }
            Err(error) => {
                check.status = TimestampStatus::Bad;
                report.problems.push(problem(cause(&error)));
            }
        }
    }
    if let Some(request) = request {
        let answered = Request::parse(request)
            .map_err(|error| cause(&error))
            .and_then(|request| reply.check_request(&request).map_err(|error| cause(&error)));
        if let Err(message) = answered {
            report
                .problems
                .push(bad(signed, REQUEST, ProblemKind::Timestamp, message));
        }
    }
    report.timestamps.push(check);
}
