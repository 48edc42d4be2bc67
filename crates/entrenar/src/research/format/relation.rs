//! Related identifiers in the words of the formats that have them.

use std::collections::BTreeSet;

use crate::research::{
    ArtifactType, Identifier, IdentifierScheme, Reference, ReferenceKind, RelatedIdentifier,
    RelationType, ResearchArtifact,
};

/// The related identifiers, each once; the page about the artifact and the repository of its code
/// (which archives take it to supplement), and the works it
/// cites, are among them.
pub(super) fn of(artifact: &ResearchArtifact) -> Vec<RelatedIdentifier> {
    let page = artifact
        .valid_url()
        .map(|url| (url, RelationType::IsDescribedBy));
    let code = artifact
        .repository
        .as_deref()
        .and_then(super::valid_url)
        .map(|url| (url, RelationType::IsSupplementTo));
    let mut seen = BTreeSet::new();
    let own = page.into_iter().chain(code).filter_map(|(url, relation)| {
        Some(RelatedIdentifier {
            identifier: Identifier::parse(&url).ok()?,
            relation,
            artifact_type: (relation == RelationType::IsSupplementTo).then_some(ArtifactType::Code),
        })
    });
    let cited = artifact.references.iter().filter_map(cited);
    artifact
        .related
        .iter()
        .cloned()
        .chain(own)
        .chain(cited)
        .filter(|related| seen.insert((related.identifier.clone(), related.relation)))
        .collect()
}

/// A work that is cited, where it has an identifier.
fn cited(reference: &Reference) -> Option<RelatedIdentifier> {
    use ReferenceKind as K;
    let url = || Identifier::parse(reference.url.as_deref()?).ok();
    Some(RelatedIdentifier {
        identifier: reference
            .doi
            .as_ref()
            .map(Identifier::of_doi)
            .or_else(|| reference.identifiers.first().cloned())
            .or_else(url)?,
        relation: reference.relation,
        artifact_type: match reference.kind {
            K::Dataset => Some(ArtifactType::Dataset),
            K::Software => Some(ArtifactType::Code),
            K::Model => Some(ArtifactType::Model),
            K::Notebook => Some(ArtifactType::Notebook),
            K::Article | K::Preprint | K::ConferencePaper | K::Report | K::Thesis => {
                Some(ArtifactType::Paper)
            }
            _ => None,
        },
    })
}

/// A relation in lower camel case, as Zenodo has it: `isDerivedFrom`.
pub(super) fn camel(relation: RelationType) -> String {
    let name = relation.as_str();
    let (head, tail) = name.split_at_checked(1).unwrap_or((name, ""));
    head.to_ascii_lowercase() + tail
}

/// Whether DataCite 4.5, and InvenioRDM and Zenodo, which follow it, know the relation.
pub(super) fn is_in_4_5(relation: RelationType) -> bool {
    !matches!(
        relation,
        RelationType::HasTranslation | RelationType::IsTranslationOf | RelationType::Other
    )
}

/// DataCite's type of identifier and the identifier in its form; without SWHID, which came with
/// 4.7, the address at which it resolves.
pub(super) fn datacite(identifier: &Identifier, has_swhid: bool) -> (&'static str, String) {
    let value = identifier.value();
    match identifier.scheme() {
        IdentifierScheme::Swhid if !has_swhid => ("URL", identifier.uri()),
        IdentifierScheme::ArXiv => ("arXiv", format!("arXiv:{value}")),
        scheme => (scheme.as_str(), value.to_owned()),
    }
}

/// InvenioRDM's scheme and the identifier in its form. It refuses `swh`, so the address stands for
/// it.
pub(super) fn invenio(identifier: &Identifier) -> (&'static str, String) {
    let value = identifier.value();
    match identifier.scheme() {
        IdentifierScheme::Ark => ("ark", value.to_owned()),
        IdentifierScheme::ArXiv => ("arxiv", format!("arXiv:{value}")),
        IdentifierScheme::Doi => ("doi", value.to_owned()),
        IdentifierScheme::Handle => ("handle", value.to_owned()),
        IdentifierScheme::Isbn => ("isbn", value.to_owned()),
        IdentifierScheme::Issn => ("issn", value.to_owned()),
        IdentifierScheme::Pmid => ("pmid", value.to_owned()),
        IdentifierScheme::Urn => ("urn", value.to_owned()),
        IdentifierScheme::Swhid | IdentifierScheme::Url => ("url", identifier.uri()),
    }
}
