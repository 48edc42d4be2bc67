//! A session and its description without what tells who made them, for double-blind review.
//!
//! [`anonymise`] looks for identities in everything a session holds and in what its authors
//! stated: names, affiliations, identifiers, user names, folders, hosts, e-mail addresses and
//! addresses of repositories. Each gets a stand-in (`Person1`), the same everywhere, and every
//! text is written again with the stand-ins. What can only tell who somebody is goes altogether:
//! the source document, the session's ids, funding, clock times, metadata of the notebook beyond
//! kernel and language. [`Anonymous::removals`] lists each removal by place; the mapping back to
//! what was there ([`Anonymous::identities`]) is for the authors alone.
//!
//! It is a help and no proof: a picture, a nickname or a way of writing tells, too. What no
//! program can look into is listed in [`Anonymous::unseen`].

mod dropped;
mod find;
mod identity;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;

use serde_json::{Value, json};

use super::file::Content;
use super::{ArtifactFolder, Attachments, Parts, PreserveError, texts};
use crate::export::session_json::{self, Times};
use crate::files::FileError;
use crate::research::{Author, ResearchArtifact};
use crate::session::{EntrenarSession, Sha256Hash};

use identity::Identities;
pub use identity::{Identity, IdentityKind};

/// Longest attached text that is rewritten, in bytes.
const LONGEST_TEXT: u64 = 16 << 20;
/// What stands in the place of all authors.
pub const ANONYMOUS_AUTHORS: &str = "Anonymous authors";

/// What the authors say about the search.
#[derive(Debug, Clone, Default)]
pub struct AnonymousOptions {
    /// Texts that tell who somebody is, and that are removed wherever they stand.
    pub remove: Vec<String>,
    /// Texts that stay; an identity that begins with one of them is left.
    pub keep: Vec<String>,
    /// Texts that are published beside the session, in which identities are looked for, too; see
    /// [`attached_texts`].
    pub beside: Vec<String>,
}

/// Something that was removed at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// Where, by the paths of `session.json`; `artifact.…` in the description.
    pub place: String,
    /// What it was.
    pub what: Removed,
    /// How often it stood there.
    pub count: usize,
}

/// What was removed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Removed {
    /// An identity; this stands in its place.
    Identity {
        /// Its kind.
        kind: IdentityKind,
        /// What stands in its place.
        stand_in: String,
    },
    /// The whole value, of which this says what it was.
    Value(&'static str),
}

impl Removed {
    fn of(identity: &Identity) -> Self {
        Self::Identity {
            kind: identity.kind,
            stand_in: identity.stand_in.clone(),
        }
    }
}

/// `person Person1`, or what the value was.
impl fmt::Display for Removed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity { kind, stand_in } => write!(f, "{} → {stand_in}", kind.as_str()),
            Self::Value(what) => f.write_str(what),
        }
    }
}

/// The text of a file, unless it is none or a long one.
fn text_of(content: &Content) -> Result<Option<String>, PreserveError> {
    let bytes = match content {
        Content::Bytes(bytes) => bytes.clone(),
        Content::Disk(file) if file.size() > LONGEST_TEXT => return Ok(None),
        Content::Disk(file) => fs::read(file.path()).map_err(FileError::at("read", file.path()))?,
    };
    // A byte of zero is in no text, and in nearly every binary file.
    Ok(String::from_utf8(bytes)
        .ok()
        .filter(|text| !text.contains('\0')))
}

/// A session that does not tell who made it.
#[derive(Debug, Clone)]
pub struct Anonymous {
    /// The session.
    pub session: EntrenarSession,
    /// Its description.
    pub artifact: ResearchArtifact,
    /// Everything that was removed, in the order of the places.
    pub removals: Vec<Removal>,
    /// Places of pictures and other encoded bytes, which were not looked into.
    pub unseen: Vec<String>,
    /// The mapping back: what was there, and what stands for it. For the authors alone.
    pub identities: Vec<Identity>,
    found: Identities,
}

/// Makes a session and its description anonymous.
pub fn anonymise(
    session: &EntrenarSession,
    artifact: &ResearchArtifact,
    options: &AnonymousOptions,
) -> Anonymous {
    let mut session = session.clone();
    let mut artifact = artifact.clone();
    let mut removals = Vec::new();
    let found = identities(&mut session, &mut artifact, options);

    dropped::drop_values(&mut session, &mut artifact, &mut removals);

    let search = found.search();
    let mut counts: BTreeMap<(String, Removed), usize> = BTreeMap::new();
    let mut order: Vec<String> = Vec::new();
    let mut unseen = Vec::new();
    let mut write = |place: &str, field: Option<IdentityKind>, again: bool, text: &str| {
        let other = search.replace(text, |identity| {
            if !again {
                note(&mut counts, &mut order, place, identity);
            }
        });
        // A field that holds a name holds nothing else, however short it is.
        let whole = field.is_some() && other.is_none() && is_telling(text, options);
        if whole {
            let what = Removed::Value("a field that names somebody");
            *counts.entry((place.to_owned(), what)).or_default() += 1;
            order.push(place.to_owned());
            return Some("removed".to_owned());
        }
        other
    };
    texts::visit(
        &mut session,
        &mut |spot, text| {
            let field = spot.field.filter(|_| spot.metadata);
            write(
                spot.place,
                field.and_then(find::personal_field),
                spot.again,
                text,
            )
        },
        &mut |place, kind| unseen.push(format!("{place} ({kind})")),
    );
    texts::description(&mut artifact, &mut |place, text| {
        write(place, None, false, text)
    });

    let mut listed: Vec<Removal> = counts
        .into_iter()
        .map(|((place, what), count)| Removal { place, what, count })
        .collect();
    let rank: BTreeMap<String, usize> = order
        .into_iter()
        .enumerate()
        .rev()
        .map(|(at, place)| (place, at))
        .collect();
    listed.sort_by_key(|removal| rank.get(&removal.place).copied());
    removals.extend(listed);

    session.id = id_of(&mut session);
    artifact.id.clone_from(&session.id);
    Anonymous {
        session,
        artifact,
        removals,
        unseen,
        identities: found.all().to_vec(),
        found,
    }
}

impl Anonymous {
    /// The files that the authors add: texts up to 16 MiB with the stand-ins in place, in their
    /// names, too; other files as they are, and listed as [`unseen`](Self::unseen).
    ///
    /// # Errors
    /// [`PreserveError::File`] if a file cannot be read.
    pub fn attachments(&mut self, found: &Attachments) -> Result<Attachments, PreserveError> {
        let search = self.found.search();
        let mut files = Vec::new();
        for file in &found.files {
            let mut file = file.clone();
            let mut counts: BTreeMap<Removed, usize> = BTreeMap::new();
            let mut note = |identity: &Identity| {
                *counts.entry(Removed::of(identity)).or_default() += 1;
            };
            if let Some(path) = search.replace(&file.path, &mut note) {
                // A folder's stand-in is an absolute path, and an attachment's name never is.
                file.path = path.replace("//", "/");
            }
            match text_of(&file.content)? {
                Some(text) => {
                    let text = search.replace(&text, &mut note).unwrap_or(text);
                    file.content = Content::Bytes(text.into_bytes());
                }
                None => self.unseen.push(file.path.clone()),
            }
            let place = file.path.clone();
            self.removals
                .extend(counts.into_iter().map(|(what, count)| Removal {
                    place: place.clone(),
                    what,
                    count,
                }));
            files.push(file);
        }
        Ok(Attachments {
            files,
            warnings: Vec::new(),
        })
    }

    /// Looks for identities in the finished folder: path and stand-in of each that is left.
    ///
    /// Nothing is found unless a format wrote something in another way than it stood in the
    /// session; a folder in which something is found must not be given away. Words that a file
    /// has of any session are no finding there. Files on disk, which
    /// [`attachments`](Self::attachments) left as they are, are not read again.
    ///
    /// # Errors
    /// As [`ArtifactFolder::complete`].
    pub fn leaks(&self, folder: &ArtifactFolder) -> Result<Vec<(String, String)>, PreserveError> {
        let mut folder = folder.clone();
        for file in &mut folder.files {
            if let Content::Disk(_) = file.content {
                file.content = Content::Bytes(Vec::new());
            }
        }
        let blank = EntrenarSession::empty("blank", "");
        let untitled = ResearchArtifact::new("blank", "", self.artifact.artifact_type);
        let words = self.told(&super::build(&blank, &untitled, &Parts::default())?)?;
        let mut leaks = self.told(&folder)?;
        leaks.retain(|leak| !words.contains(leak));
        Ok(leaks)
    }

    /// Each file of a folder that holds an identity, with the stand-in.
    fn told(&self, folder: &ArtifactFolder) -> Result<Vec<(String, String)>, PreserveError> {
        let search = self.found.search();
        let mut told = Vec::new();
        for (path, bytes) in folder.complete()? {
            let mut note = |identity: &Identity| {
                let found = (path.clone(), identity.stand_in.clone());
                if !told.contains(&found) {
                    told.push(found);
                }
            };
            search.replace(&path, &mut note);
            search.replace(&String::from_utf8_lossy(&bytes), &mut note);
        }
        Ok(told)
    }

    /// The mapping back, as JSON: stand-in → the ways in which it was written.
    pub fn mapping_json(&self) -> String {
        let identities: Vec<Value> = self
            .identities
            .iter()
            .map(|identity| {
                json!({
                    "stand_in": identity.stand_in,
                    "kind": identity.kind.as_str(),
                    "written": identity.written,
                })
            })
            .collect();
        let value = json!({ "entrenar_anonymous_mapping": 1, "identities": identities });
        format!("{value:#}\n")
    }
}

/// The texts among the files that the authors add, up to 16 MiB each.
///
/// # Errors
/// [`PreserveError::File`] if a file cannot be read.
pub fn attached_texts(found: &Attachments) -> Result<Vec<String>, PreserveError> {
    let texts = found.files.iter().map(|file| text_of(&file.content));
    texts.filter_map(Result::transpose).collect()
}

/// Whether the value of a field that names somebody does so.
fn is_telling(text: &str, options: &AnonymousOptions) -> bool {
    let text = text.trim();
    !text.is_empty() && !identity::is_common(text) && !options.keep.iter().any(|keep| keep == text)
}

fn note(
    counts: &mut BTreeMap<(String, Removed), usize>,
    order: &mut Vec<String>,
    place: &str,
    identity: &Identity,
) {
    let count = counts
        .entry((place.to_owned(), Removed::of(identity)))
        .or_default();
    if *count == 0 {
        order.push(place.to_owned());
    }
    *count += 1;
}

/// All identities in what the authors stated and in what the session holds.
fn identities(
    session: &mut EntrenarSession,
    artifact: &mut ResearchArtifact,
    options: &AnonymousOptions,
) -> Identities {
    let mut found = Identities::keeping(&options.keep);
    for author in &artifact.authors {
        found.add_author(author);
    }
    if let Some(user) = session
        .user
        .as_deref()
        .filter(|user| !identity::is_common(user))
    {
        found.add_author(&Author::new(user));
    }
    for text in &options.remove {
        found.add(IdentityKind::Stated, [text.as_str()]);
    }
    for funding in &artifact.funding {
        found.add(IdentityKind::Organisation, [funding.funder.as_str()]);
        let ror = funding.funder_ror.as_ref().map(|ror| ror.as_str());
        let number = funding.award_number.as_deref().filter(|n| n.len() >= 4);
        found.add(IdentityKind::Identifier, ror);
        found.add(IdentityKind::Identifier, number);
        found.add(IdentityKind::Stated, funding.award_title.as_deref());
        found.add(IdentityKind::Repository, funding.award_url.as_deref());
    }
    found.add(IdentityKind::Organisation, artifact.publisher.as_deref());
    found.add(IdentityKind::Repository, artifact.repository.as_deref());
    found.add(IdentityKind::Repository, artifact.url.as_deref());
    found.add(
        IdentityKind::Identifier,
        artifact.doi.as_ref().map(|doi| doi.as_str()),
    );
    let ids = [Some(session.id.as_str()), session.foreign_id.as_deref()];
    for id in ids.into_iter().flatten() {
        // A short id is a word of many other things.
        found.add(IdentityKind::Identifier, (id.len() >= 8).then_some(id));
    }
    if let Some(source) = &session.source {
        found.add(IdentityKind::Identifier, [source.sha256.to_string()]);
    }
    // What is only looked at stays as it is.
    texts::visit(
        session,
        &mut |spot, text| {
            if let Some(kind) = spot
                .field
                .filter(|_| spot.metadata)
                .and_then(find::personal_field)
                .filter(|_| text.chars().count() >= 3 && !identity::is_common(text.trim()))
            {
                match kind {
                    IdentityKind::Person => found.add_author(&Author::new(text)),
                    IdentityKind::User => find::add_user(text.trim(), &mut found),
                    kind => found.add(kind, [text]),
                }
            }
            find::in_text(text, &mut found);
            None
        },
        &mut |_, _| {},
    );
    texts::description(artifact, &mut |_, text| {
        find::in_text(text, &mut found);
        None
    });
    for text in &options.beside {
        find::in_text(text, &mut found);
    }
    found
}

/// An id made of what the session holds now.
fn id_of(session: &mut EntrenarSession) -> String {
    session.id = String::new();
    let digest = Sha256Hash::of(&session_json::to_vec(session, Times::Recorded)).to_string();
    format!("anonymous-{}", digest.get(..16).unwrap_or(&digest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{CellRecord, CodeCell, output};
    use chrono::DateTime;

    fn session() -> (EntrenarSession, ResearchArtifact) {
        let mut session = EntrenarSession::empty("s1", "Ana Silva's LoRA")
            .with_user("asilva")
            .with_config("wandb_entity", "silva-lab")
            .with_config("lr", "0.1")
            .with_tag("for Jürgen");
        session.metrics.add_loss(0.5);
        session.add_recorded_cell(
            CodeCell {
                execution_order: 1,
                source: "open('/home/asilva/thesis/x.csv')".into(),
                output: Some("mail ana@uni-x.de".into()),
                timestamp: DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
                duration_ms: Some(5),
            },
            CellRecord {
                outputs: vec![
                    output::stream("stdout", "mail ana@uni-x.de"),
                    json!({"output_type": "display_data", "metadata": {},
                        "data": {"image/png": "QW5h", "text/plain": "silvaLab"}}),
                ],
                metadata: json!({"executionInfo": {"user": {"displayName": "Jürgen Groß"}}})
                    .as_object()
                    .cloned()
                    .unwrap(),
                ..CellRecord::default()
            },
        );
        let artifact = crate::ecosystem::session_to_artifact(&session)
            .unwrap()
            .with_authors([Author::new("Ana Silva")]);
        (session, artifact)
    }

    #[test]
    fn nothing_tells_who_it_was() {
        let (session, artifact) = session();
        let anonymous = anonymise(&session, &artifact, &AnonymousOptions::default());
        let json = session_json::to_vec(&anonymous.session, Times::All);
        let text = String::from_utf8(json).unwrap().to_lowercase();
        for telling in [
            "silva", "\"ana", "jürgen", "groß", "uni-x", "thesis", "2023",
        ] {
            assert!(!text.contains(telling), "{telling}: {text}");
        }
        let cell = &anonymous.session.code_history[0];
        assert_eq!(cell.source, "open('/anonymous/folder1/x.csv')");
        assert_eq!(
            cell.output.as_deref(),
            Some("mail person1@anonymous.invalid")
        );
        assert_eq!(anonymous.session.config["lr"], "0.1");
        assert_eq!(anonymous.artifact.title, "Person1's LoRA");
        assert_eq!(anonymous.unseen.len(), 1);
        let parts = Parts::default();
        let mut folder =
            crate::preserve::build(&anonymous.session, &anonymous.artifact, &parts).unwrap();
        assert_eq!(anonymous.leaks(&folder).unwrap(), []);
        folder.files[0].content = Content::Bytes(b"by SILVA".to_vec());
        assert_eq!(
            anonymous.leaks(&folder).unwrap(),
            [(folder.files[0].path.clone(), "Person1".to_owned())]
        );
        assert!(anonymous.mapping_json().contains("Ana Silva"));
    }

    #[test]
    fn the_same_session_gives_the_same() {
        let (session, artifact) = session();
        let options = AnonymousOptions::default();
        let one = anonymise(&session, &artifact, &options);
        let two = anonymise(&session, &artifact, &options);
        assert_eq!((one.session, one.removals), (two.session, two.removals));
    }

    #[test]
    fn what_is_kept_stays_and_what_is_named_goes() {
        let (session, artifact) = session();
        let options = AnonymousOptions {
            remove: vec!["LoRA".into()],
            keep: vec!["/home/asilva/thesis".into()],
            beside: Vec::new(),
        };
        let anonymous = anonymise(&session, &artifact, &options);
        assert_eq!(anonymous.session.name, "Person1's removed1");
        assert_eq!(
            anonymous.session.code_history[0].source,
            "open('/home/Person1/thesis/x.csv')"
        );
    }
}
