//! Classic BibTeX: one `@misc` whose letters outside of ASCII are LaTeX's commands, so that 8-bit
//! BibTeX and every style can take it.
//!
//! Source: O. Patashnik, BibTeXing (1988), sections 3 and 4. Fields that a style does not know,
//! such as `doi` or `version`, are ignored by it.

use chrono::Datelike as _;

use super::biblatex::Entry;
use super::facts::Facts;
use super::tex::Tex;
use crate::research::ArtifactType;

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

pub(in crate::research) fn entry(facts: &Facts<'_>, key: &str) -> String {
    let mut entry = Entry::new(Tex::Commands, "misc", key);
    entry.authors(facts);
    if facts.authors().is_empty() {
        // Styles sort by this, and make labels of it, where there is no author.
        entry.raw("key", key);
    }
    // In braces of its own, a style does not change its case.
    entry.raw(
        "title",
        &format!("{{{}}}", Tex::Commands.escaped(&facts.title())),
    );
    entry.raw(
        "howpublished",
        match facts.artifact.artifact_type {
            ArtifactType::Notebook => "Computational notebook",
            ArtifactType::Code => "Computer program",
            ArtifactType::Workflow => "Workflow",
            ArtifactType::Dataset => "Data set",
            ArtifactType::Model => "Trained model",
            ArtifactType::Paper => "Paper",
        },
    );
    entry.year(facts);
    if let Some(date) = facts.date() {
        if let Some(month) = usize::try_from(date.month0())
            .ok()
            .and_then(|month| MONTHS.get(month))
        {
            entry.month(month);
        }
        entry.raw("day", &date.day().to_string());
    }
    entry.text("publisher", &facts.publisher().unwrap_or_default());
    entry.common(facts);
    entry.end()
}
