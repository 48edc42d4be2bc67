//! The private part: texts and salts.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::research::signing::{hex, unhex};

use super::{PreregistrationError, SIZE_LIMIT, commitment};

const WHAT: &str = "opening";
pub(super) const FORMAT: &str = "entrenar preregistration opening 1";

/// A section with what opens its commitment.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OpenedSection {
    pub(super) name: String,
    #[serde(with = "hex_salt")]
    pub(super) salt: [u8; 32],
    pub(super) text: String,
}

impl OpenedSection {
    pub(super) fn commitment(&self) -> [u8; 32] {
        commitment(&self.salt, &self.name, &self.text)
    }
}

/// Texts and salts of a preregistration. Whoever has them can read the plan: keep them private
/// until it is published, and keep them, for without them nobody can open it.
#[derive(Clone, PartialEq, Eq)]
pub struct Opening {
    pub(super) whole: [u8; 32],
    pub(super) sections: Vec<OpenedSection>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpeningJson {
    format: String,
    warning: String,
    whole: String,
    sections: Vec<OpenedSection>,
}

impl Opening {
    /// Reads the private file.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, PreregistrationError> {
        let bad = |place: &str, reason: &str| PreregistrationError::malformed(WHAT, place, reason);
        if bytes.len() > SIZE_LIMIT * 2 {
            return Err(bad("the file", "it is larger than 32 MiB"));
        }
        let json: OpeningJson = serde_json::from_slice(bytes)
            .map_err(|error| PreregistrationError::json(WHAT, &error))?;
        if json.format != FORMAT {
            return Err(bad("format", "this is no opening that this version knows"));
        }
        Ok(Self {
            whole: unhex(&json.whole)
                .ok_or_else(|| bad("whole", "a digest is 64 lower-case hexadecimal digits"))?,
            sections: json.sections,
        })
    }

    /// The private file.
    pub fn to_json(&self) -> Vec<u8> {
        let json = OpeningJson {
            format: FORMAT.into(),
            warning:
                "private: whoever has this file can read the plan; without it nobody can open it"
                    .into(),
            whole: hex(&self.whole),
            sections: self.sections.clone(),
        };
        let mut bytes = serde_json::to_vec_pretty(&json).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// The commitment of the preregistration that it belongs to, in hexadecimal.
    pub fn whole(&self) -> String {
        hex(&self.whole)
    }
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opening({}, …)", hex(&self.whole))
    }
}

impl fmt::Debug for OpenedSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenedSection({:?}, …)", self.name)
    }
}

mod hex_salt {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use crate::research::signing::{hex, unhex};

    pub(super) fn serialize<S: Serializer>(
        salt: &[u8; 32],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex(salt))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<[u8; 32], D::Error> {
        let text = String::deserialize(deserializer)?;
        unhex(&text).ok_or_else(|| D::Error::custom("a salt is 64 lower-case hexadecimal digits"))
    }
}
