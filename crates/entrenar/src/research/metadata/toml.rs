//! `entrenar.toml` and what `entrenar artifact edit` keeps: TOML 1.1 with places.

use ::toml::Spanned;
use ::toml::de::{DeArray, DeTable, DeValue};

use super::node::{Content, Entry, Node, Problems};
use super::{ArtifactMetadata, MetadataError, MetadataField, document};

/// Whose TOML it is, which decides what it may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TomlScope {
    /// The project's `entrenar.toml`: everything but a DOI, which belongs to one session.
    Project,
    /// The user's: what is true of all sessions, such as authors and licence.
    User,
    /// What was written for one session: everything.
    Session,
}

impl TomlScope {
    /// Why the field may not stand here.
    pub(super) fn refuses(self, field: MetadataField) -> Option<&'static str> {
        match self {
            Self::Session => None,
            Self::Project if field == MetadataField::Doi => {
                Some("a DOI belongs to one session; `entrenar artifact edit ID` sets it")
            }
            Self::User if field.is_of_one_session() => Some(
                "it cannot be the same for all sessions; write it into the project's \
                 entrenar.toml, or set it with `entrenar artifact edit ID`",
            ),
            Self::Project | Self::User => None,
        }
    }
}

/// Reads an `entrenar.toml`. `file` names it in problems.
///
/// ```
/// use entrenar::research::metadata::{TomlScope, read_toml};
///
/// let text = "license = \"MIT\"\n\n[[authors]]\nname = \"Ana Silva\"\norcid = \"0000-0002-1825-0098\"\n";
/// let error = read_toml("entrenar.toml", text.as_bytes(), TomlScope::Project).unwrap_err();
/// assert!(error.to_string().starts_with("entrenar.toml:5:9: authors[0].orcid: "));
/// ```
///
/// # Errors
/// Everything that is wrong with it: bytes that are no UTF-8, more than
/// [`MAX_FILE_BYTES`](super::MAX_FILE_BYTES), syntax,
/// unknown keys, wrong types, values that are not what they should be.
pub fn read_toml(
    file: &str,
    bytes: &[u8],
    scope: TomlScope,
) -> Result<ArtifactMetadata, MetadataError> {
    let text = super::text_of(file, bytes)?;
    let mut problems = Problems::new(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let at = error.span().map(|span| span.start);
        problems.add(at, "", error.message().trim().replace('\n', "; "));
    }
    let node = Node {
        at: 0,
        value: table_of(table.get_ref()),
    };
    // Behind an error of syntax a key may stand in a table it was not meant for.
    let metadata = if errors.is_empty() {
        document::read(&node, scope, &mut problems)
    } else {
        ArtifactMetadata::default()
    };
    problems.finish(file, metadata)
}

fn table_of(table: &DeTable<'_>) -> Content {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            at: key.span().start,
            value: node_of(value),
        })
        .collect();
    entries.sort_by_key(|entry| entry.at);
    Content::Table(entries)
}

fn list_of(array: &DeArray<'_>) -> Content {
    Content::List(array.iter().map(node_of).collect())
}

fn node_of(value: &Spanned<DeValue<'_>>) -> Node {
    let content = match value.get_ref() {
        DeValue::String(text) => Content::Text(text.to_string()),
        DeValue::Integer(number) => Content::Number(number.to_string()),
        DeValue::Float(number) => Content::Number(number.to_string()),
        DeValue::Boolean(value) => Content::Bool(*value),
        DeValue::Datetime(time) => Content::Time(time.to_string()),
        DeValue::Array(array) => list_of(array),
        DeValue::Table(table) => table_of(table),
    };
    Node {
        at: value.span().start,
        value: content,
    }
}
