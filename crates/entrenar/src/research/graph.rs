//! What cites what: artifacts, the works that they build on, and everything upstream of them.
//!
//! ```
//! use entrenar::research::graph::CitationGraph;
//! use entrenar::research::{ArtifactType, Reference, ReferenceKind, ResearchArtifact};
//!
//! let mut tuned = ResearchArtifact::new("tuned", "Fine-tuned", ArtifactType::Notebook);
//! let mut base = Reference::new(ReferenceKind::Notebook);
//! base.session = Some("base".into());
//! tuned.references.push(base);
//! let mut base = ResearchArtifact::new("base", "Base", ArtifactType::Notebook);
//! base.references.push(Reference::new(ReferenceKind::Dataset).with_title("The corpus"));
//!
//! let mut graph = CitationGraph::new();
//! let tuned = graph.add_artifact(&tuned);
//! graph.add_artifact(&base);
//! assert_eq!(graph.upstream(tuned).len(), 2);
//! assert!(graph.upstream_biblatex(tuned).contains("title = {The corpus}"));
//! ```

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use sha2::{Digest as _, Sha256};

use super::citation::key;
use super::format;
use super::{CitationMetadata, Identifier, Reference, RelationType, ResearchArtifact, UsedAs};

/// A node of a [`CitationGraph`], by its place in [`nodes`](CitationGraph::nodes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(usize);

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum CitedWork {
    /// An artifact of ours.
    Artifact(Box<ResearchArtifact>),
    /// The work of somebody else, or an artifact of ours that was not added.
    Reference(Box<Reference>),
}

/// One work cites another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Citation {
    /// The one that cites.
    pub from: NodeId,
    /// The one that is cited.
    pub to: NodeId,
    /// How the one relates to the other.
    pub relation: RelationType,
    /// What the other was used as.
    pub used_as: UsedAs,
}

/// Works and which of them cites which.
///
/// A work is one node however often it is cited: an artifact by its id, another work by its DOI,
/// else its first identifier, else its address, else by what is said of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CitationGraph {
    nodes: Vec<(String, CitedWork)>,
    places: BTreeMap<String, usize>,
    edges: BTreeSet<Citation>,
}

impl CitationGraph {
    /// A graph without a work.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an artifact with the works that it cites; the order of adding does not matter.
    pub fn add_artifact(&mut self, artifact: &ResearchArtifact) -> NodeId {
        let identity = format!("session:{}", artifact.id);
        let work = CitedWork::Artifact(Box::new(artifact.clone()));
        let from = self.put(identity, work, true);
        for reference in &artifact.references {
            let to = self.add_reference(reference);
            self.edges.insert(Citation {
                from,
                to,
                relation: reference.relation,
                used_as: reference.use_or_kind(),
            });
        }
        from
    }

    /// Adds a work that nothing in the graph need cite.
    pub fn add_reference(&mut self, reference: &Reference) -> NodeId {
        let work = CitedWork::Reference(Box::new(reference.clone()));
        self.put(identity(reference), work, false)
    }

    fn put(&mut self, identity: String, work: CitedWork, replace: bool) -> NodeId {
        if let Some(at) = self.places.get(&identity) {
            if let Some((_, known)) = self.nodes.get_mut(*at)
                && (replace || is_preferred(&work, known))
            {
                *known = work;
            }
            return NodeId(*at);
        }
        let at = self.nodes.len();
        self.places.insert(identity.clone(), at);
        self.nodes.push((identity, work));
        NodeId(at)
    }

    /// All works, in the order in which they were added first.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &CitedWork)> {
        let nodes = self.nodes.iter().enumerate();
        nodes.map(|(at, (_, work))| (NodeId(at), work))
    }

    /// The work of a node.
    pub fn work(&self, node: NodeId) -> Option<&CitedWork> {
        self.nodes.get(node.0).map(|(_, work)| work)
    }

    /// All citations, sorted.
    pub fn citations(&self) -> impl Iterator<Item = &Citation> {
        self.edges.iter()
    }

    /// What `node` cites itself, sorted.
    pub fn cited_by(&self, node: NodeId) -> impl Iterator<Item = &Citation> {
        self.edges.iter().filter(move |edge| edge.from == node)
    }

    /// The artifacts that are cited and were not added: their ids, sorted.
    pub fn missing_artifacts(&self) -> Vec<&str> {
        let mut ids: Vec<&str> = self
            .nodes
            .iter()
            .filter_map(|(_, work)| match work {
                CitedWork::Reference(reference) => reference.session.as_deref(),
                CitedWork::Artifact(_) => None,
            })
            .collect();
        ids.sort_unstable();
        ids
    }

    /// Everything that `node` cites, and that those cite, and so on: each once, the nearer before
    /// the farther. The node itself is not among them, even where the citations go round in a
    /// circle.
    pub fn upstream(&self, node: NodeId) -> Vec<NodeId> {
        let mut cited: BTreeMap<NodeId, Vec<NodeId>> = BTreeMap::new();
        for edge in &self.edges {
            cited.entry(edge.from).or_default().push(edge.to);
        }
        let mut seen = BTreeSet::from([node]);
        let mut found = Vec::new();
        let mut next = VecDeque::from([node]);
        while let Some(at) = next.pop_front() {
            for to in cited.get(&at).into_iter().flatten() {
                if seen.insert(*to) {
                    found.push(*to);
                    next.push_back(*to);
                }
            }
        }
        found
    }

    /// Whether `node` cites `other`, itself or through others.
    pub fn cites(&self, node: NodeId, other: NodeId) -> bool {
        self.upstream(node).contains(&other)
    }

    /// A key for each work: the one that its bibliography gave, else author, year, a word of the
    /// title and six digits of a digest. No two are alike, whatever the case of their letters; a
    /// given key that two works share is kept by one and gets a digest for the others.
    pub fn keys(&self) -> BTreeMap<NodeId, String> {
        let mut by_identity: Vec<(usize, &str, &CitedWork)> = self
            .nodes
            .iter()
            .enumerate()
            .map(|(at, (identity, work))| (at, identity.as_str(), work))
            .collect();
        by_identity.sort_by_key(|(_, identity, _)| *identity);
        let mut taken = BTreeSet::new();
        let mut keys = BTreeMap::new();
        for (at, identity, work) in by_identity {
            let mut key = match work {
                CitedWork::Artifact(artifact) => CitationMetadata::without_year(artifact).key(),
                CitedWork::Reference(reference) => {
                    given_key(reference).unwrap_or_else(|| key::of_reference(reference, identity))
                }
            };
            let mut digits = 6;
            let plain = key.clone();
            while !taken.insert(key.to_lowercase()) {
                key = format!("{plain}_{}", digest(identity, digits));
                digits += 2;
            }
            keys.insert(NodeId(at), key);
        }
        keys
    }

    /// These works as BibLaTeX entries, sorted by their keys.
    pub fn biblatex(&self, nodes: &[NodeId]) -> String {
        let keys = self.keys();
        let mut entries: Vec<(&str, String)> = nodes
            .iter()
            .filter_map(|node| {
                let key = keys.get(node)?.as_str();
                Some((
                    key,
                    match self.work(*node)? {
                        CitedWork::Artifact(artifact) => {
                            CitationMetadata::without_year(artifact).to_bibtex()
                        }
                        CitedWork::Reference(reference) => format::reference::entry(reference, key),
                    },
                ))
            })
            .collect();
        entries.sort();
        let entries: Vec<&str> = entries.iter().map(|(_, entry)| entry.trim_end()).collect();
        let mut text = entries.join("\n\n");
        if !text.is_empty() {
            text.push('\n');
        }
        text
    }

    /// Everything [`upstream`](Self::upstream) of `node` as BibLaTeX entries.
    pub fn upstream_biblatex(&self, node: NodeId) -> String {
        self.biblatex(&self.upstream(node))
    }
}

/// Which of two descriptions of one work is kept, whatever came first: one with a key.
fn is_preferred(new: &CitedWork, known: &CitedWork) -> bool {
    let (CitedWork::Reference(new), CitedWork::Reference(known)) = (new, known) else {
        return false;
    };
    let rank = |work: &Reference| {
        let key = work.key.as_deref().unwrap_or_default();
        (work.key.is_none(), work.to_csl_json(key).to_string())
    };
    rank(new) < rank(known)
}

/// What makes a work the same one wherever it is cited.
pub fn identity(reference: &Reference) -> String {
    if let Some(session) = &reference.session {
        return format!("session:{session}");
    }
    if let Some(doi) = &reference.doi {
        return format!("doi:{}", doi.as_str().to_lowercase());
    }
    // the number of a journal or book says nothing of the article in it
    let own = |identifier: &&Identifier| {
        use super::IdentifierScheme as Scheme;
        !matches!(identifier.scheme(), Scheme::Issn | Scheme::Isbn)
    };
    if let Some(identifier) = reference.identifiers.iter().find(own) {
        let value = identifier.value();
        // each preprint of arXiv has a DOI of that form, without a version
        if identifier.scheme() == super::IdentifierScheme::ArXiv {
            let id = match value.rsplit_once('v') {
                Some((id, version)) if version.bytes().all(|c| c.is_ascii_digit()) => id,
                _ => value,
            };
            return format!("doi:10.48550/arxiv.{}", id.to_lowercase());
        }
        return identifier.to_string().to_lowercase();
    }
    if let Some(url) = &reference.url {
        return format!("url:{}", url.trim_end_matches('/'));
    }
    // Everything but the key, by which another file may call it differently.
    let mut told = reference.clone();
    told.key = None;
    told.relation = RelationType::Cites;
    told.used_as = None;
    format!("text:{}", digest(&told.to_csl_json("").to_string(), 64))
}

/// A key for `reference` that is none of `taken` (in lower case), and adds it there: its own where
/// that is free.
pub fn unique_key(reference: &Reference, taken: &mut BTreeSet<String>) -> String {
    let identity = identity(reference);
    let key = given_key(reference).unwrap_or_else(|| key::of_reference(reference, &identity));
    free_key(key, &identity, taken)
}

fn free_key(mut key: String, identity: &str, taken: &mut BTreeSet<String>) -> String {
    let plain = key.clone();
    let mut digits = 6;
    while !taken.insert(key.to_lowercase()) {
        key = format!("{plain}_{}", digest(identity, digits));
        digits += 2;
    }
    key
}

fn digest(text: &str, digits: usize) -> String {
    let mut hex: String = Sha256::digest(text.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    hex.truncate(digits);
    hex
}

/// The key that the bibliography gave, in characters that every program takes.
fn given_key(reference: &Reference) -> Option<String> {
    let key = reference.key.as_deref()?.trim();
    let plain: String = key
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "_-:.+/".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    plain
        .contains(|c: char| c.is_ascii_alphanumeric())
        .then_some(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::research::{ArtifactType, Author, PartialDate, ReferenceKind};

    fn work(author: &str, title: &str, key: Option<&str>) -> Reference {
        let mut work = Reference::new(ReferenceKind::Article)
            .with_title(title)
            .with_author(Author::new(author))
            .with_issued(PartialDate::from_year(2020).unwrap());
        work.key = key.map(ToOwned::to_owned);
        work
    }

    fn session(id: &str) -> Reference {
        let mut reference = Reference::new(ReferenceKind::Notebook);
        reference.session = Some(id.to_owned());
        reference
    }

    fn artifact(id: &str, references: Vec<Reference>) -> ResearchArtifact {
        let mut artifact = ResearchArtifact::new(id, "Runs", ArtifactType::Notebook);
        artifact.references = references;
        artifact
    }

    #[test]
    fn circles_end_and_each_work_comes_once() {
        let data = work("Doe", "Data", None);
        let mut graph = CitationGraph::new();
        let a = graph.add_artifact(&artifact("a", vec![session("b"), data.clone()]));
        let b = graph.add_artifact(&artifact("b", vec![session("c"), data]));
        let c = graph.add_artifact(&artifact(
            "c",
            vec![session("a"), session("c"), session("d")],
        ));
        assert_eq!(graph.upstream(a).len(), 4);
        assert_eq!(graph.upstream(c).len(), 4);
        assert!(graph.cites(a, c) && graph.cites(c, b) && !graph.cites(a, a));
        assert_eq!(graph.missing_artifacts(), ["d"]);
        assert_eq!(graph.citations().count(), 7);
    }

    #[test]
    fn keys_are_kept_where_they_can_be_and_never_alike() {
        let mut graph = CitationGraph::new();
        for reference in [
            work("Hu", "LoRA", Some("hu")),
            work("Hu", "LoRA again", Some("Hu")),
            work("Hu", "LoRA", None),
            work("Hu", "LoRA: more", None),
            work("Müller", "Größe", Some("ü, {x}")),
            work("Müller", "Größe 2", Some("é")),
        ] {
            graph.add_reference(&reference);
        }
        // The third is the first again: only the key differs.
        assert_eq!(graph.nodes().count(), 5);
        let keys = graph.keys();
        let shown: BTreeSet<String> = keys.values().map(|key| key.to_lowercase()).collect();
        assert_eq!(shown.len(), 5);
        assert!(
            keys.values().any(|key| key.eq_ignore_ascii_case("hu")),
            "{keys:?}"
        );
        assert!(keys.values().any(|key| key == "____x_"), "{keys:?}");
        assert!(
            keys.values()
                .any(|key| key.starts_with("muller_2020_grosse_")),
            "{keys:?}"
        );
    }

    proptest! {
        #[test]
        fn keys_do_not_depend_on_the_order(
            mut titles in prop::collection::vec("[ab]{1,2}", 1..8), seed in 0_usize..8,
        ) {
            let keys = |titles: &[String]| {
                let mut graph = CitationGraph::new();
                for title in titles {
                    graph.add_reference(&work("X", title, Some("x")));
                }
                let nodes: Vec<NodeId> = graph.nodes().map(|(node, _)| node).collect();
                graph.biblatex(&nodes)
            };
            let one = keys(&titles);
            let middle = seed % titles.len();
            titles.rotate_left(middle);
            prop_assert_eq!(one, keys(&titles));
        }
    }
}
