//! An artifact as a work that is cited.

use super::{Reference, ReferenceKind};
use crate::research::text::{distinct, one_line};
use crate::research::{ArtifactType, PartialDate, ResearchArtifact};

impl From<&ResearchArtifact> for Reference {
    /// What a citation says of the artifact; nothing that nobody gave.
    fn from(artifact: &ResearchArtifact) -> Self {
        let (kind, genre) = match artifact.artifact_type {
            ArtifactType::Dataset => (ReferenceKind::Dataset, None),
            ArtifactType::Model => (ReferenceKind::Model, Some("Trained model")),
            ArtifactType::Code => (ReferenceKind::Software, None),
            ArtifactType::Paper => (ReferenceKind::Preprint, None),
            ArtifactType::Notebook => (ReferenceKind::Notebook, Some("Computational notebook")),
            ArtifactType::Workflow => (ReferenceKind::Software, Some("Workflow")),
        };
        let text = |text: &str| Some(one_line(text)).filter(|text| !text.is_empty());
        let mut reference = Self::new(kind);
        reference.genre = genre.map(ToOwned::to_owned);
        reference.title = text(&artifact.title);
        reference.authors = artifact.named_authors().cloned().collect();
        reference.issued = artifact.release_date.and_then(PartialDate::from_day);
        reference.doi = artifact.doi.clone();
        reference.url = artifact.valid_url().or_else(|| artifact.repository.clone());
        reference.publisher = artifact.publisher.as_deref().and_then(text);
        reference.version = text(&artifact.version);
        reference.language = artifact.language.as_ref().map(ToString::to_string);
        reference.abstract_text = artifact.abstract_text.clone();
        reference.keywords = distinct(&artifact.keywords);
        reference.license = artifact.license.as_ref().map(ToString::to_string);
        reference.session = text(&artifact.id);
        reference
    }
}
