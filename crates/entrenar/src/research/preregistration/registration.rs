//! The public part: commitments, signature, timestamp, and what has been opened.

use serde::{Deserialize, Serialize};

use crate::base64;
use crate::research::signing::timestamp::{self, Reply, Request};
use crate::research::signing::{
    PublicKey, SecretKey, Signature, SigningError, TrustedComment, hex, random,
};

use super::opening::OpenedSection;
use super::statement::{self, Statement};
use super::{
    FILE_NAME, Opening, Plan, PreregistrationError, SECTION_LIMIT, SIZE_LIMIT, commitment, sha256,
};

const WHAT: &str = "preregistration";
const FORMAT: &str = "entrenar preregistration 1";

/// A public preregistration. Reading one checks its form only; [`verify`](Self::verify) checks
/// whether it holds.
#[derive(Debug, Clone)]
pub struct Preregistration {
    /// The text that is signed and stamped.
    pub(super) text: String,
    pub(super) statement: Statement,
    pub(super) signature: Option<(PublicKey, Signature)>,
    pub(super) timestamp: Option<Reply>,
    pub(super) opened: Vec<OpenedSection>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RegistrationJson {
    format: String,
    statement: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    public_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    opened: Vec<OpenedSection>,
}

impl Preregistration {
    /// Commits to a plan, with a random salt for each section. The opening is private.
    ///
    /// # Errors
    /// If the system gives no random bytes.
    pub fn commit(plan: &Plan) -> Result<(Self, Opening), PreregistrationError> {
        let mut salts = Vec::new();
        for _ in plan.sections() {
            let mut salt = [0; 32];
            random(&mut salt)?;
            salts.push(salt);
        }
        Self::commit_with(plan, &salts)
    }

    /// As [`commit`](Self::commit), with given salts.
    pub(super) fn commit_with(
        plan: &Plan,
        salts: &[[u8; 32]],
    ) -> Result<(Self, Opening), PreregistrationError> {
        let sections: Vec<OpenedSection> = plan
            .sections()
            .iter()
            .zip(salts)
            .map(|(section, salt)| OpenedSection {
                name: section.name.clone(),
                salt: *salt,
                text: section.text.clone(),
            })
            .collect();
        let digests: Vec<_> = sections
            .iter()
            .map(|section| (section.name.clone(), section.commitment()))
            .collect();
        let text = statement::text(plan.public_title.as_deref(), &plan.public_authors, &digests);
        let statement = statement::parse(&text)?;
        let opening = Opening {
            whole: statement.whole,
            sections,
        };
        let registration = Self {
            text,
            statement,
            signature: None,
            timestamp: None,
            opened: Vec::new(),
        };
        Ok((registration, opening))
    }

    /// Reads the public file.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, PreregistrationError> {
        let bad =
            |place: String, reason: &str| PreregistrationError::malformed(WHAT, place, reason);
        if bytes.len() > SIZE_LIMIT * 2 {
            return Err(bad("the file".into(), "it is larger than 32 MiB"));
        }
        let json: RegistrationJson = serde_json::from_slice(bytes).map_err(|error| {
            if Opening::parse(bytes).is_ok() {
                return PreregistrationError::IsOpening;
            }
            PreregistrationError::json(WHAT, &error)
        })?;
        if json.format != FORMAT {
            return Err(bad(
                "format".into(),
                "this is no preregistration that this version knows",
            ));
        }
        let statement = statement::parse(&json.statement)?;
        let signature = match (json.public_key, json.signature) {
            (Some(key), Some(signature)) => {
                Some((PublicKey::parse(&key)?, Signature::parse(&signature)?))
            }
            (None, None) => None,
            _ => {
                return Err(bad(
                    "signature".into(),
                    "signature and public_key belong together, and one of them is missing",
                ));
            }
        };
        let reply = |text: String| {
            let bytes = base64::decode(&text)
                .ok_or_else(|| bad("timestamp".into(), "this is not base64"))?;
            Ok::<_, PreregistrationError>(Reply::parse(&bytes)?)
        };
        if json.opened.len() > SECTION_LIMIT {
            return Err(bad("opened".into(), "there are more than 100 sections"));
        }
        Ok(Self {
            statement,
            signature,
            timestamp: json.timestamp.map(reply).transpose()?,
            opened: json.opened,
            text: json.statement,
        })
    }

    /// The public file.
    pub fn to_json(&self) -> Vec<u8> {
        let json = RegistrationJson {
            format: FORMAT.into(),
            statement: self.text.clone(),
            public_key: self.signature.as_ref().map(|(key, _)| key.to_line()),
            signature: self
                .signature
                .as_ref()
                .map(|(_, signature)| signature.to_text()),
            timestamp: self
                .timestamp
                .as_ref()
                .map(|reply| base64::encode(reply.as_bytes())),
            opened: self.opened.clone(),
        };
        let mut bytes = serde_json::to_vec_pretty(&json).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// The text that is signed and stamped.
    pub fn statement(&self) -> &str {
        &self.text
    }

    /// SHA-256 of that text, which a timestamp is of.
    pub fn statement_sha256(&self) -> [u8; 32] {
        sha256(&[self.text.as_bytes()])
    }

    /// The commitment to everything, in hexadecimal: short enough for a paper's footnote.
    pub fn whole(&self) -> String {
        hex(&self.statement.whole)
    }

    /// The public title.
    pub fn title(&self) -> Option<&str> {
        self.statement.title.as_deref()
    }

    /// The public authors.
    pub fn authors(&self) -> &[String] {
        &self.statement.authors
    }

    /// The names of the sections, in the order of the plan.
    pub fn section_names(&self) -> impl Iterator<Item = &str> {
        self.statement
            .sections
            .iter()
            .map(|(name, _)| name.as_str())
    }

    /// Signs the statement; an earlier signature is replaced.
    ///
    /// # Errors
    /// None with the keys that there are; kept for other kinds of keys.
    pub fn sign(&mut self, key: &SecretKey) -> Result<(), SigningError> {
        let comment = TrustedComment::of_file(FILE_NAME, &self.statement_sha256())?;
        let signature = key.sign(self.text.as_bytes(), comment)?;
        self.signature = Some((key.public_key(), signature));
        Ok(())
    }

    /// The request for a timestamp of the statement.
    pub fn timestamp_request(&self, nonce: u64) -> Vec<u8> {
        timestamp::request(&self.statement_sha256(), nonce)
    }

    /// Takes in the reply of an authority; an earlier one is replaced.
    ///
    /// # Errors
    /// If it is no reply, a refusal, of another content, or does not answer `request`.
    pub fn attach_timestamp(
        &mut self,
        reply: &[u8],
        request: Option<&Request>,
    ) -> Result<(), PreregistrationError> {
        let reply = Reply::parse(reply)?;
        reply.check_content(&self.statement_sha256())?;
        if let Some(request) = request {
            reply.check_request(request)?;
        }
        self.timestamp = Some(reply);
        Ok(())
    }

    /// Whether a signature is attached, which may hold or not.
    pub fn is_signed(&self) -> bool {
        self.signature.is_some()
    }

    /// Whether a timestamp is attached.
    pub fn has_timestamp(&self) -> bool {
        self.timestamp.is_some()
    }

    /// Puts texts and salts of those sections into the public record; of all, if `names` is
    /// empty.
    ///
    /// # Errors
    /// If the opening is of another preregistration, was edited, or lacks a section. Nothing is
    /// opened then.
    pub fn open(&mut self, opening: &Opening, names: &[&str]) -> Result<(), PreregistrationError> {
        if opening.whole != self.statement.whole {
            return Err(PreregistrationError::OtherOpening {
                expected: self.whole(),
                found: opening.whole(),
            });
        }
        let known: Vec<String> = self
            .section_names()
            .map(|name| format!("{name:?}"))
            .collect();
        let names: Vec<&str> = if names.is_empty() {
            self.section_names().collect()
        } else {
            names.to_vec()
        };
        let mut opened = self.opened.clone();
        for name in names {
            let missing = || PreregistrationError::NoSuchSection {
                name: name.into(),
                known: known.join(", "),
            };
            let section = opening.sections.iter().find(|section| section.name == name);
            let section = section.ok_or_else(missing)?;
            let (_, digest) = self
                .statement
                .sections
                .iter()
                .find(|(known, _)| known == name)
                .ok_or_else(missing)?;
            if commitment(&section.salt, &section.name, &section.text) != *digest {
                return Err(PreregistrationError::EditedText { name: name.into() });
            }
            opened.retain(|other| other.name != name);
            opened.push(section.clone());
        }
        // In the order of the plan.
        let order: Vec<String> = self.section_names().map(str::to_owned).collect();
        opened.sort_by_key(|section| order.iter().position(|name| *name == section.name));
        self.opened = opened;
        Ok(())
    }

    /// Sentences about it for the crate of a later session: title and description.
    pub fn in_words(&self) -> (String, String) {
        let title = match self.title() {
            Some(title) => format!("Preregistration: {title}"),
            None => "Preregistration".to_owned(),
        };
        let names: Vec<&str> = self.section_names().collect();
        let mut text = format!(
            "Salted SHA-256 commitments to {} of the study, made beforehand; commitment {}.",
            names.join(", "),
            self.whole()
        );
        if let Some((key, _)) = &self.signature {
            text.push_str(&format!(" Signed with the key {}.", key.id()));
        }
        text.push_str(if self.timestamp.is_some() {
            " A timestamp of an authority (RFC 3161) says since when it exists."
        } else {
            " No timestamp says since when it exists."
        });
        (title, text)
    }
}
