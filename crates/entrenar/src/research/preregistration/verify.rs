//! Whether a preregistration holds: everything that is wrong, at once.

use chrono::{DateTime, Utc};

use crate::research::signing::timestamp::{TimestampError, TimestampInfo, TrustAnchors};
use crate::research::signing::{KeyId, PublicKey, SigningError};

use super::statement;
use super::{Opening, Preregistration};

/// What a preregistration is checked against, beyond itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Checks<'a> {
    /// The private opening, where it is at hand.
    pub opening: Option<&'a Opening>,
    /// The key that should have signed. Without it the signature is checked with the key that
    /// the file names, which proves that one key signed, but not whose it is.
    pub public_key: Option<&'a PublicKey>,
    /// The authorities to trust. Without them a timestamp is compared with the statement alone,
    /// and its time stays unproven.
    pub anchors: Option<&'a TrustAnchors>,
}

/// Something that does not hold.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A text is not the one that was committed to.
    #[error("the text of section {name:?} is not the one that was committed to: it was edited")]
    EditedText {
        /// The section.
        name: String,
    },
    /// A text is opened for which there is no commitment, or twice.
    #[error("the section {name:?} was opened, but never committed to")]
    NotCommitted {
        /// The section.
        name: String,
    },
    /// A text is there twice.
    #[error("the section {name:?} was opened twice")]
    OpenedTwice {
        /// The section.
        name: String,
    },
    /// Title, authors or commitments were changed.
    #[error("the commitment to the whole does not hold: title, authors or commitments were edited")]
    EditedStatement,
    /// The opening is of another preregistration.
    #[error("the opening belongs to the preregistration {found}, not to this one")]
    OtherOpening {
        /// The commitment that the opening names.
        found: String,
    },
    /// A key is expected, and nobody signed.
    #[error("it is not signed")]
    NotSigned,
    /// The signature does not hold.
    #[error("the signature: {0}")]
    Signature(SigningError),
    /// Authorities are given, and there is no timestamp.
    #[error("it has no timestamp")]
    NotStamped,
    /// The timestamp does not hold.
    #[error("the timestamp: {0}")]
    Timestamp(TimestampError),
}

/// What is known of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SectionStatus {
    /// Its text is at hand and is the one that was committed to.
    Open,
    /// Its text is not at hand.
    Sealed,
    /// The text at hand is another one.
    Edited,
}

/// A section and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionState {
    /// Its name.
    pub name: String,
    /// Whether its text is known.
    pub status: SectionStatus,
}

/// What is known of the time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stamp {
    /// An authority that the user trusts says so.
    Proven(TimestampInfo),
    /// The file says that an authority says so, and no authority to trust was given.
    Claimed(DateTime<Utc>),
    /// Nothing says when.
    None,
}

/// What was found.
#[derive(Debug)]
pub struct Report {
    /// Everything that does not hold.
    pub problems: Vec<Problem>,
    /// The sections in the order of the plan.
    pub sections: Vec<SectionState>,
    /// The key whose signature holds.
    pub signed_by: Option<KeyId>,
    /// Whether that is the key that was expected, and not just the one that the file names.
    pub key_was_given: bool,
    /// What is known of the time.
    pub stamp: Stamp,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn holds(&self) -> bool {
        self.problems.is_empty()
    }
}

impl Preregistration {
    /// Checks all there is to check: every text against its commitment, the commitments against
    /// the whole, the signature, the timestamp.
    pub fn verify(&self, checks: &Checks<'_>) -> Report {
        let mut problems = Vec::new();
        if statement::whole(statement::above_whole(&self.text)) != self.statement.whole {
            problems.push(Problem::EditedStatement);
        }
        let sections = self.check_texts(checks.opening, &mut problems);
        let signed_by = self.check_signature(checks.public_key, &mut problems);
        let stamp = self.check_timestamp(checks.anchors, &mut problems);
        Report {
            problems,
            sections,
            signed_by,
            key_was_given: checks.public_key.is_some(),
            stamp,
        }
    }

    fn check_texts(
        &self,
        opening: Option<&Opening>,
        problems: &mut Vec<Problem>,
    ) -> Vec<SectionState> {
        let private = match opening {
            Some(opening) if opening.whole != self.statement.whole => {
                problems.push(Problem::OtherOpening {
                    found: opening.whole(),
                });
                None
            }
            other => other,
        };
        let known: Vec<&str> = self.section_names().collect();
        let mut seen: Vec<&str> = Vec::new();
        for section in &self.opened {
            let name = section.name.as_str();
            if !known.contains(&name) {
                problems.push(Problem::NotCommitted { name: name.into() });
            } else if seen.contains(&name) {
                problems.push(Problem::OpenedTwice { name: name.into() });
            }
            seen.push(name);
        }
        let private = private.map(|opening| opening.sections.as_slice());
        let state = |(name, digest): &(String, [u8; 32])| {
            let texts = self.opened.iter().chain(private.unwrap_or_default());
            let mut status = SectionStatus::Sealed;
            for text in texts.filter(|text| text.name == *name) {
                if text.commitment() != *digest {
                    problems.push(Problem::EditedText { name: name.clone() });
                    status = SectionStatus::Edited;
                    break;
                }
                status = SectionStatus::Open;
            }
            SectionState {
                name: name.clone(),
                status,
            }
        };
        self.statement.sections.iter().map(state).collect()
    }

    fn check_signature(
        &self,
        expected: Option<&PublicKey>,
        problems: &mut Vec<Problem>,
    ) -> Option<KeyId> {
        let Some((named, signature)) = &self.signature else {
            if expected.is_some() {
                problems.push(Problem::NotSigned);
            }
            return None;
        };
        let key = expected.unwrap_or(named);
        match key.verify(self.text.as_bytes(), signature) {
            Ok(_) => Some(key.id()),
            Err(error) => {
                problems.push(Problem::Signature(error));
                None
            }
        }
    }

    fn check_timestamp(
        &self,
        anchors: Option<&TrustAnchors>,
        problems: &mut Vec<Problem>,
    ) -> Stamp {
        let Some(reply) = &self.timestamp else {
            if anchors.is_some() {
                problems.push(Problem::NotStamped);
            }
            return Stamp::None;
        };
        let digest = self.statement_sha256();
        let Some(anchors) = anchors else {
            if let Err(error) = reply.check_content(&digest) {
                problems.push(Problem::Timestamp(error));
                return Stamp::None;
            }
            return Stamp::Claimed(reply.unchecked_time());
        };
        match reply.verify(&digest, anchors) {
            Ok(info) => Stamp::Proven(info),
            Err(error) => {
                problems.push(Problem::Timestamp(error));
                Stamp::None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::research::preregistration::{Plan, Section};
    use crate::research::signing::{LockedKey, SecretKey};

    fn plan() -> Plan {
        let section = |name: &str, text: &str| Section {
            name: name.into(),
            text: text.into(),
        };
        let mut plan = Plan::new(vec![
            section("hypothesis", "Rank 64 beats rank 8."),
            section("method", "Three seeds each."),
            section("analysis", "A t-test; α = 0.05."),
        ])
        .unwrap();
        plan.public_title = Some("Ranks \"64\"\nand 8".into());
        plan.public_authors = vec!["Ana Silva".into()];
        plan
    }

    fn made() -> (Preregistration, Opening, SecretKey) {
        let key = "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAma/JNT40MijsGP7/xIiq19OOHypU/MO4LI/sI0PhyqUE3qHoW7hDJZcj/Hxd6MVz+k4Vab7jXNtGz1KZePej8NqcKWzB6uNkAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        let key = LockedKey::parse(key).unwrap().unlock(None).unwrap();
        let salts = [[1; 32], [2; 32], [3; 32]];
        let (mut public, private) = Preregistration::commit_with(&plan(), &salts).unwrap();
        public.sign(&key).unwrap();
        (public, private, key)
    }

    fn problems(json: &str, checks: &Checks<'_>) -> Vec<String> {
        let report = Preregistration::parse(json.as_bytes())
            .unwrap()
            .verify(checks);
        report.problems.iter().map(Problem::to_string).collect()
    }

    #[test]
    fn the_files_are_what_the_documentation_says() {
        let (mut public, private, _) = made();
        public.open(&private, &["method"]).unwrap();
        insta::assert_snapshot!(String::from_utf8(public.to_json()).unwrap());
        insta::assert_snapshot!(String::from_utf8(private.to_json()).unwrap());
        let read = Preregistration::parse(&public.to_json()).unwrap();
        assert_eq!(read.to_json(), public.to_json());
        assert_eq!(Opening::parse(&private.to_json()).unwrap(), private);
        assert_eq!(
            format!("{private:?}"),
            format!("Opening({}, …)", private.whole())
        );
    }

    #[test]
    fn every_edit_is_found_and_named() {
        let (mut public, private, key) = made();
        let sealed = public.verify(&Checks::default());
        assert!(sealed.holds());
        assert!(
            sealed
                .sections
                .iter()
                .all(|section| section.status == SectionStatus::Sealed)
        );
        public.open(&private, &[]).unwrap();
        let json = String::from_utf8(public.to_json()).unwrap();
        let public_key = key.public_key();
        let strict = Checks {
            public_key: Some(&public_key),
            ..Checks::default()
        };
        assert!(public.verify(&strict).holds());

        let edited = json
            .replace("Rank 64 beats", "Rank 32 beats")
            .replace("Three seeds", "Five seeds");
        assert_eq!(
            problems(&edited, &Checks::default()),
            [
                "the text of section \"hypothesis\" is not the one that was committed to: it was edited",
                "the text of section \"method\" is not the one that was committed to: it was edited",
            ]
        );
        let salt = json.replace(&"01".repeat(32), &"07".repeat(32));
        assert_eq!(problems(&salt, &Checks::default()).len(), 1);
        let title = json.replace("and 8", "and 9");
        assert_eq!(
            problems(&title, &Checks::default()),
            [
                "the commitment to the whole does not hold: title, authors or commitments were edited",
                "the signature: the signature is not of this content: it was changed, or belongs to another file",
            ]
        );
        let renamed = json.replace("\"name\": \"method\"", "\"name\": \"power\"");
        assert_eq!(
            problems(&renamed, &Checks::default()),
            ["the section \"power\" was opened, but never committed to"]
        );

        // A forger makes everything anew, with another key: only the expected key tells.
        let mut plan = plan();
        plan.public_authors.clear();
        let (mut forged, _) = Preregistration::commit(&plan).unwrap();
        let other = SecretKey::generate().unwrap();
        forged.sign(&other).unwrap();
        assert!(forged.verify(&Checks::default()).holds());
        assert!(matches!(
            forged.verify(&strict).problems[..],
            [Problem::Signature(SigningError::OtherKey { .. })]
        ));
        forged.signature = None;
        assert!(matches!(
            forged.verify(&strict).problems[..],
            [Problem::NotSigned]
        ));
        let with = Checks {
            opening: Some(&private),
            ..Checks::default()
        };
        assert!(matches!(
            forged.verify(&with).problems[..],
            [Problem::OtherOpening { .. }]
        ));
        forged.open(&private, &[]).unwrap_err();
    }

    #[test]
    fn an_edited_opening_opens_nothing() {
        let (mut public, private, _) = made();
        let edited = String::from_utf8(private.to_json())
            .unwrap()
            .replace("Three", "Five");
        let edited = Opening::parse(edited.as_bytes()).unwrap();
        let error = public.open(&edited, &[]).unwrap_err();
        assert!(error.to_string().contains("\"method\""), "{error}");
        assert!(public.opened.is_empty());
        public.open(&edited, &["hypothesis"]).unwrap();
        let report = public.verify(&Checks {
            opening: Some(&edited),
            ..Checks::default()
        });
        assert!(matches!(&report.problems[..], [Problem::EditedText { name }] if name == "method"));
        assert!(
            public
                .open(&private, &["power"])
                .unwrap_err()
                .to_string()
                .contains("\"analysis\"")
        );
    }

    #[test]
    fn what_is_no_preregistration_says_why() {
        let (public, private, _) = made();
        let json = String::from_utf8(public.to_json()).unwrap();
        let error = |text: &str| {
            Preregistration::parse(text.as_bytes())
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            error(""),
            "preregistration, line 1 column 0: EOF while parsing a value"
        );
        assert_eq!(
            error(&String::from_utf8(private.to_json()).unwrap()),
            "this is the private opening of a preregistration, not the public file"
        );
        assert!(
            error(&json.replace("whole ", "part "))
                .contains("line 7 of the statement: this line is not known here")
        );
        assert!(
            error(&json.replace("registration 1\\n", "registration 2\\n"))
                .contains("line 1 of the statement")
        );
        assert!(
            error(&json.replace("\"format\"", "\"x\": 1, \"format\""))
                .contains("unknown field `x`")
        );
        assert!(
            error(&json.replace("\"public_key\": \"RW", "\"public_key\": \""))
                .contains("public key, line 1")
        );
        assert!(
            error(&json.replace("\"public_key\"", "\"timestamp\"")).contains("belong together")
        );
        assert!(error(&json.replace("\\\"method\\\"", "\\\"analysis\\\"")).contains("twice"));
    }
}
