//! Takes out what can only tell who somebody is, and what nobody needs for a review.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{ANONYMOUS_AUTHORS, Removal, Removed};
use crate::research::{Author, ResearchArtifact};
use crate::session::{CellRecord, DocumentCell, EntrenarSession, TimeSource};

/// Takes out the values that can only tell who somebody is.
pub(super) fn drop_values(
    session: &mut EntrenarSession,
    artifact: &mut ResearchArtifact,
    removals: &mut Vec<Removal>,
) {
    let mut dropped = |place: &str, what: &'static str, count: usize| {
        if count > 0 {
            removals.push(Removal {
                place: place.to_owned(),
                what: Removed::Value(what),
                count,
            });
        }
    };
    dropped("artifact.authors", "authors", artifact.authors.len());
    artifact.authors = vec![Author::organisation(ANONYMOUS_AUTHORS)];
    dropped("artifact.funding", "funding", artifact.funding.len());
    artifact.funding.clear();
    dropped("artifact.related", "related works", artifact.related.len());
    artifact.related.clear();
    let own = artifact.references.len();
    artifact
        .references
        .retain(|reference| reference.session.is_none());
    let own = own - artifact.references.len();
    dropped("artifact.references", "own sessions", own);
    for (place, what, value) in [
        ("artifact.url", "a page", artifact.url.take().is_some()),
        (
            "artifact.repository",
            "a repository",
            artifact.repository.take().is_some(),
        ),
        (
            "artifact.publisher",
            "a publisher",
            artifact.publisher.take().is_some(),
        ),
        ("artifact.doi", "a DOI", artifact.doi.take().is_some()),
        ("metadata.user", "the user", session.user.take().is_some()),
        (
            "metadata.foreign_id",
            "an id",
            session.foreign_id.take().is_some(),
        ),
        (
            "metadata.forked_from",
            "an id",
            session.forked_from.take().is_some(),
        ),
        (
            "metadata.environment",
            "the environment",
            !std::mem::take(&mut session.environment).is_empty(),
        ),
        (
            "metadata.source",
            "the source document",
            session.source.take().is_some(),
        ),
    ] {
        dropped(place, what, usize::from(value));
    }
    if artifact
        .license
        .as_ref()
        .is_some_and(|license| license.as_str().contains("Ref-"))
    {
        // A licence of one's own names its owner.
        artifact.license = None;
        dropped("artifact.license", "a licence of one's own", 1);
    }
    times(session, artifact, &mut dropped);
    metadata(session, &mut dropped);
}

/// Clock times tell when somebody worked, which other records tell, too; durations stay.
fn times(
    session: &mut EntrenarSession,
    artifact: &mut ResearchArtifact,
    dropped: &mut impl FnMut(&str, &'static str, usize),
) {
    // The day alone stays, where no other was stated: the crate insists on one.
    artifact.release_date = artifact
        .release_date
        .or_else(|| Some(artifact.completed_at?.date_naive()));
    artifact.created_at = None;
    artifact.completed_at = None;
    let take = |time: &mut Option<DateTime<Utc>>| usize::from(time.take().is_some());
    let mut count = take(&mut session.started_at) + take(&mut session.ended_at);
    for run in &mut session.runs {
        count += take(&mut run.started_at) + take(&mut run.ended_at);
    }
    session
        .cell_records
        .resize(session.code_history.len(), CellRecord::default());
    for (cell, record) in session
        .code_history
        .iter_mut()
        .zip(&mut session.cell_records)
    {
        count += take(&mut record.ended_at);
        if record.time_source == TimeSource::Recorded {
            count += 1;
        }
        record.time_source = TimeSource::Derived;
        cell.timestamp = DateTime::UNIX_EPOCH;
    }
    session.derived.remove("started_at");
    session.derived.remove("ended_at");
    session
        .derived
        .insert("cells.timestamp".into(), "removed for review".into());
    count += session
        .metrics
        .series()
        .iter()
        .flat_map(|series| series.points())
        .filter(|point| point.time_us.is_some())
        .count();
    dropped("session", "clock times", count);
}

/// Of the metadata of notebook and cells stays what names kernel, language and layout.
fn metadata(session: &mut EntrenarSession, dropped: &mut impl FnMut(&str, &'static str, usize)) {
    const DOCUMENT: [&str; 6] = [
        "kernelspec",
        "language_info",
        "kernel",
        "language",
        "ruchy_version",
        "accelerator",
    ];
    const CELL: [&str; 6] = [
        "tags",
        "collapsed",
        "scrolled",
        "slideshow",
        "jupyter",
        "trusted",
    ];
    let keep = |map: &mut Map<String, Value>, names: &[&str]| {
        let before = map.len();
        map.retain(|name, _| names.contains(&name.as_str()));
        before - map.len()
    };
    let document = &mut session.document;
    let count = keep(&mut document.metadata, &DOCUMENT) + keep(&mut document.extra, &[]);
    dropped("document.metadata", "metadata of the document", count);
    let mut count = 0;
    for record in &mut session.cell_records {
        count += keep(&mut record.metadata, &CELL) + keep(&mut record.extra, &[]);
    }
    for cell in &mut document.cells {
        if let DocumentCell::Markdown(cell) | DocumentCell::Raw(cell) = cell {
            count += keep(&mut cell.metadata, &CELL) + keep(&mut cell.extra, &[]);
        }
    }
    dropped("cells.metadata", "metadata of cells", count);
}
