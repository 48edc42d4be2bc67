//! in-toto statements: which files somebody vouches for, and what they were made of.
//!
//! A [`Statement`] (in-toto Statement v1) names files by their SHA-256. Its predicate is the
//! in-toto link v0.3: a step of some name turned the materials into the subjects. Nothing more is
//! claimed: neither the command nor the machine is recorded, so neither is stated (SLSA provenance
//! would insist on a builder).
//! An [`Envelope`] (DSSE v1) holds the statement with signatures over it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{PublicKey, SecretKey, SigningError, hex, unhex};
use crate::base64;

/// `_type` of a statement.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// `predicateType` of the statements made here.
pub const LINK_TYPE: &str = "https://in-toto.io/attestation/link/v0.3";
/// `payloadType` of an envelope with a statement.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

const ENVELOPE: &str = "in-toto envelope";
const STATEMENT: &str = "in-toto statement";
/// A folder of a hundred thousand files has a statement of some 20 MB.
const SIZE_LIMIT: usize = 64 << 20;
/// Signatures that are looked at.
const SIGNATURE_LIMIT: usize = 64;

/// A file with its digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// Its path, with `/` between the parts.
    pub name: String,
    /// Its SHA-256; `None` where the statement has other digests only.
    pub sha256: Option<[u8; 32]>,
}

impl Subject {
    /// A file of that SHA-256.
    pub fn new(name: impl Into<String>, sha256: [u8; 32]) -> Self {
        Self {
            name: name.into(),
            sha256: Some(sha256),
        }
    }
}

/// An in-toto Statement v1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The files it is about, in its order.
    pub subjects: Vec<Subject>,
    /// What kind of predicate it has.
    pub predicate_type: String,
    /// What it says about the files.
    pub predicate: Map<String, Value>,
}

#[derive(Serialize, Deserialize)]
struct StatementJson {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<ResourceJson>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    #[serde(default)]
    predicate: Option<Map<String, Value>>,
}

#[derive(Serialize, Deserialize)]
struct ResourceJson {
    #[serde(default)]
    name: String,
    digest: Map<String, Value>,
}

impl Statement {
    /// A statement that the step `step` turned `materials` into `subjects`. Both are sorted by
    /// name.
    pub fn link(step: &str, mut subjects: Vec<Subject>, mut materials: Vec<Subject>) -> Self {
        subjects.sort();
        materials.sort();
        let materials: Vec<Value> = materials
            .iter()
            .map(|file| serde_json::json!({"name": file.name, "digest": digest(file)}))
            .collect();
        let mut predicate = Map::new();
        predicate.insert("name".into(), step.into());
        predicate.insert("materials".into(), materials.into());
        Self {
            subjects,
            predicate_type: LINK_TYPE.into(),
            predicate,
        }
    }

    /// Reads a statement of JSON.
    ///
    /// # Errors
    /// If it is none of version 1, or a digest is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, SigningError> {
        check_size(STATEMENT, bytes)?;
        let json: StatementJson = read(STATEMENT, bytes)?;
        if json.kind != STATEMENT_TYPE {
            return Err(SigningError::Unsupported {
                what: STATEMENT,
                algorithm: format!("the type {:?}", json.kind),
            });
        }
        let bad = |place: String, reason: &str| SigningError::at(STATEMENT, place, reason);
        if json.subject.is_empty() {
            return Err(bad("subject".into(), "it names no file"));
        }
        let subject = |(index, resource): (usize, ResourceJson)| {
            let place = || format!("subject[{index}].digest");
            if resource.digest.is_empty() {
                return Err(bad(place(), "it is empty"));
            }
            let sha256 = match resource.digest.get("sha256") {
                None => None,
                Some(Value::String(text)) => Some(unhex(text).ok_or_else(|| {
                    bad(place(), "sha256 is not 64 lower-case hexadecimal digits")
                })?),
                Some(_) => return Err(bad(place(), "sha256 is not a text")),
            };
            Ok(Subject {
                name: resource.name,
                sha256,
            })
        };
        Ok(Self {
            subjects: json
                .subject
                .into_iter()
                .enumerate()
                .map(subject)
                .collect::<Result<_, _>>()?,
            predicate_type: json.predicate_type,
            predicate: json.predicate.unwrap_or_default(),
        })
    }

    /// The JSON that is signed: one line, keys in the order of the specification.
    pub fn to_json(&self) -> Vec<u8> {
        let json = StatementJson {
            kind: STATEMENT_TYPE.into(),
            subject: self
                .subjects
                .iter()
                .map(|file| ResourceJson {
                    name: file.name.clone(),
                    digest: digest(file),
                })
                .collect(),
            predicate_type: self.predicate_type.clone(),
            predicate: Some(self.predicate.clone()),
        };
        serde_json::to_vec(&json).unwrap_or_default()
    }
}

fn digest(file: &Subject) -> Map<String, Value> {
    let sha256 = file
        .sha256
        .map(|digest| ("sha256".to_owned(), hex(&digest).into()));
    sha256.into_iter().collect()
}

/// A DSSE v1 envelope: bytes of a stated type with signatures over both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    payload_type: String,
    payload: Vec<u8>,
    signatures: Vec<(String, Vec<u8>)>,
}

#[derive(Serialize, Deserialize)]
struct EnvelopeJson {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<SignatureJson>,
}

#[derive(Serialize, Deserialize)]
struct SignatureJson {
    #[serde(default)]
    keyid: String,
    sig: String,
}

impl Envelope {
    /// Signs a statement. The same statement and key always give the same envelope.
    pub fn sign(statement: &Statement, key: &SecretKey) -> Self {
        let payload = statement.to_json();
        let signature = key.sign_bytes(&pre_authentication(PAYLOAD_TYPE, &payload));
        Self {
            payload_type: PAYLOAD_TYPE.into(),
            payload,
            signatures: vec![(key.id().to_string(), signature.to_vec())],
        }
    }

    /// Reads an envelope.
    ///
    /// # Errors
    /// If it is none, or holds something else than an in-toto statement.
    pub fn parse(bytes: &[u8]) -> Result<Self, SigningError> {
        check_size(ENVELOPE, bytes)?;
        let json: EnvelopeJson = read(ENVELOPE, bytes)?;
        let bad = |place: String, reason: &str| SigningError::at(ENVELOPE, place, reason);
        if json.payload_type != PAYLOAD_TYPE {
            return Err(SigningError::Unsupported {
                what: ENVELOPE,
                algorithm: format!("the payload type {:?}", json.payload_type),
            });
        }
        let payload = base64::decode(&json.payload)
            .ok_or_else(|| bad("payload".into(), "this is not base64"))?;
        if json.signatures.is_empty() {
            return Err(bad("signatures".into(), "there is none"));
        }
        if json.signatures.len() > SIGNATURE_LIMIT {
            return Err(bad("signatures".into(), "there are more than 64"));
        }
        let signature = |(index, signature): (usize, SignatureJson)| {
            base64::decode(&signature.sig)
                .map(|bytes| (signature.keyid, bytes))
                .ok_or_else(|| bad(format!("signatures[{index}].sig"), "this is not base64"))
        };
        Ok(Self {
            payload_type: json.payload_type,
            payload,
            signatures: json
                .signatures
                .into_iter()
                .enumerate()
                .map(signature)
                .collect::<Result<_, _>>()?,
        })
    }

    /// The file, one line of JSON.
    pub fn to_json(&self) -> Vec<u8> {
        let json = EnvelopeJson {
            payload: base64::encode(&self.payload),
            payload_type: self.payload_type.clone(),
            signatures: self
                .signatures
                .iter()
                .map(|(keyid, sig)| SignatureJson {
                    keyid: keyid.clone(),
                    sig: base64::encode(sig),
                })
                .collect(),
        };
        let mut bytes = serde_json::to_vec(&json).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// The ids of the keys that are said to have signed.
    pub fn key_ids(&self) -> impl Iterator<Item = &str> {
        self.signatures.iter().map(|(id, _)| id.as_str())
    }

    /// The statement, if one of the signatures is by `key`.
    ///
    /// # Errors
    /// If none is, or the payload is no statement.
    pub fn verify(&self, key: &PublicKey) -> Result<Statement, SigningError> {
        let message = pre_authentication(&self.payload_type, &self.payload);
        let holds = self.signatures.iter().any(|(_, signature)| {
            // The key id is a hint and proves nothing.
            <&[u8; 64]>::try_from(signature.as_slice())
                .is_ok_and(|signature| key.verify_bytes(&message, signature).is_ok())
        });
        if !holds {
            return Err(SigningError::BadSignature);
        }
        Statement::parse(&self.payload)
    }

    /// The statement, whoever signed it: nothing is checked.
    ///
    /// # Errors
    /// If the payload is no statement.
    pub fn unchecked_statement(&self) -> Result<Statement, SigningError> {
        Statement::parse(&self.payload)
    }
}

/// What is signed: type and payload with their lengths ("PAE" of the DSSE specification).
fn pre_authentication(kind: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    bytes.extend(payload);
    bytes
}

fn check_size(what: &'static str, bytes: &[u8]) -> Result<(), SigningError> {
    if bytes.len() > SIZE_LIMIT {
        return Err(SigningError::TooLarge {
            what,
            size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            limit: u64::try_from(SIZE_LIMIT).unwrap_or(u64::MAX),
        });
    }
    Ok(())
}

fn read<'a, T: Deserialize<'a>>(what: &'static str, bytes: &'a [u8]) -> Result<T, SigningError> {
    serde_json::from_slice(bytes).map_err(|error| {
        let place = format!("line {} column {}", error.line(), error.column());
        let text = error.to_string();
        let reason = text
            .split_once(" at line ")
            .map_or(text.as_str(), |(reason, _)| reason);
        SigningError::at(what, place, reason)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement() -> Statement {
        Statement::link(
            "preserve",
            vec![Subject::new("b", [2; 32]), Subject::new("a", [1; 32])],
            vec![Subject::new("source/x.ipynb", [3; 32])],
        )
    }

    #[test]
    fn the_pre_authentication_is_that_of_the_specification() {
        // The example of the DSSE specification, protocol.md.
        let bytes = pre_authentication("http://example.com/HelloWorld", b"hello world");
        assert_eq!(
            bytes,
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn a_statement_is_sorted_json() {
        insta::assert_snapshot!(String::from_utf8(statement().to_json()).unwrap(), @r#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","digest":{"sha256":"0101010101010101010101010101010101010101010101010101010101010101"}},{"name":"b","digest":{"sha256":"0202020202020202020202020202020202020202020202020202020202020202"}}],"predicateType":"https://in-toto.io/attestation/link/v0.3","predicate":{"name":"preserve","materials":[{"name":"source/x.ipynb","digest":{"sha256":"0303030303030303030303030303030303030303030303030303030303030303"}}]}}"#);
        assert_eq!(
            Statement::parse(&statement().to_json()).unwrap(),
            statement()
        );
    }

    #[test]
    fn an_envelope_holds_for_its_key_alone() {
        let key = SecretKey::generate().unwrap();
        let envelope = Envelope::sign(&statement(), &key);
        let read = Envelope::parse(&envelope.to_json()).unwrap();
        assert_eq!(read, envelope);
        assert_eq!(read.verify(&key.public_key()).unwrap(), statement());
        let other = SecretKey::generate().unwrap().public_key();
        assert!(matches!(
            read.verify(&other),
            Err(SigningError::BadSignature)
        ));
        let mut edited = read.clone();
        edited.payload[80] ^= 1;
        assert!(matches!(
            edited.verify(&key.public_key()),
            Err(SigningError::BadSignature)
        ));
        // A signature over the payload alone is none over the envelope.
        let mut bare = read;
        bare.signatures[0].1 = key.sign_bytes(&bare.payload).to_vec();
        assert!(bare.verify(&key.public_key()).is_err());
    }

    #[test]
    fn says_what_is_wrong() {
        let envelope = |text: &str| Envelope::parse(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(
            envelope("{"),
            "in-toto envelope, line 1 column 1: EOF while parsing an object"
        );
        assert_eq!(
            envelope(r#"{"payload":"","payloadType":"text/plain","signatures":[]}"#),
            "in-toto envelope uses the payload type \"text/plain\", which is not supported"
        );
        let with = |payload: &str, signatures: &str| {
            envelope(&format!(
                r#"{{"payload":"{payload}","payloadType":"{PAYLOAD_TYPE}","signatures":[{signatures}]}}"#
            ))
        };
        assert_eq!(
            with("?", ""),
            "in-toto envelope, payload: this is not base64"
        );
        assert_eq!(with("", ""), "in-toto envelope, signatures: there is none");
        assert_eq!(
            with("", r#"{"sig":"?"}"#),
            "in-toto envelope, signatures[0].sig: this is not base64"
        );
        let statement = |subject: &str| {
            let text = format!(
                r#"{{"_type":"{STATEMENT_TYPE}","subject":[{subject}],"predicateType":"x"}}"#
            );
            Statement::parse(text.as_bytes()).unwrap_err().to_string()
        };
        assert_eq!(
            statement(""),
            "in-toto statement, subject: it names no file"
        );
        assert_eq!(
            statement(r#"{"name":"a","digest":{}}"#),
            "in-toto statement, subject[0].digest: it is empty"
        );
        assert!(statement(r#"{"digest":{"sha256":"ABC"}}"#).contains("64 lower-case"));
    }
}
