//! The README of an artifact folder.

use std::fmt::Write as _;

use crate::research::ResearchArtifact;
use crate::session::EntrenarSession;

use super::file::ArtifactFile;
use super::{EVENTS, PREREGISTRATION, attachments, name, project};

/// The README of a folder that holds `files`, and if `is_crate` the metadata of RO-Crate.
pub(super) fn text(
    session: &EntrenarSession,
    artifact: &ResearchArtifact,
    files: &[ArtifactFile],
    is_crate: bool,
) -> String {
    let has = |path: &str| files.iter().any(|file| file.path == path);
    let has_folder = |folder: &str| {
        let inside = |path: &str| {
            path.strip_prefix(folder)
                .is_some_and(|p| p.starts_with('/'))
        };
        files.iter().any(|file| inside(&file.path))
    };
    let mut out = format!("# {}\n\n", inline(&artifact.title));
    if let Some(how) = &artifact.title_derived_from {
        let _infallible = writeln!(
            out,
            "Nobody gave a title; this one was derived from {}.\n",
            inline(how)
        );
    }
    if let Some(description) = &artifact.description {
        let _infallible = writeln!(out, "{}\n", inline(description));
    }
    out.push_str(
        "This folder preserves one machine-learning session: the code that ran, what it printed, \
         and the metrics that were read from it. It was written by entrenar.\n\n\
         | file | what it is |\n|---|---|\n",
    );
    let mut row = |file: &str, what: &str| {
        let _infallible = writeln!(out, "| `{file}` | {what} |");
    };
    row(
        "index.html",
        "the session as one page, for any browser; it needs no network and runs no script",
    );
    row(
        "notebook.ipynb",
        "all cells as a Jupyter notebook (nbformat 4.5), re-runnable where its kernel exists",
    );
    if has("session.ruchy") {
        row(
            "session.ruchy",
            "the cells that ran, as a script: `ruchy session.ruchy`",
        );
    }
    row("metrics.csv", "every point of every metric, a row each");
    row(
        "session.json",
        "the whole session; `entrenar import` reads it back",
    );
    if has_folder(name::SOURCE_FOLDER) {
        let file = format!("{}/{}", name::SOURCE_FOLDER, name::of_source(session));
        row(
            &file.replace('`', "'").replace('|', "\\|"),
            "the original document, byte for byte",
        );
    }
    row(
        "CITATION.cff",
        "how to cite it (Citation File Format 1.2.0)",
    );
    row("citation.bib", "how to cite it (BibLaTeX)");
    for (file, what) in [
        (
            "codemeta.json",
            "a description for software indexes (CodeMeta 3.1)",
        ),
        (
            "datacite.json",
            "a description for DOI registries (DataCite 4.5)",
        ),
    ] {
        if has(file) {
            row(file, what);
        }
    }
    if has("metrics.parquet") {
        row("metrics.parquet", "the same points as Parquet");
    }
    if has(PREREGISTRATION) {
        row(
            PREREGISTRATION,
            "what was planned, committed to before the training; `entrenar verify` checks it",
        );
    }
    if has(EVENTS) {
        row(
            EVENTS,
            "what happened to the session since it was kept; each entry names the hash before it",
        );
    }
    if has_folder(attachments::FOLDER) {
        row("attachments/", "files that were added");
    }
    if has_folder(project::FOLDER) {
        row(
            "environment/",
            "lock files and git state of the project, as found when this was made",
        );
    }
    if is_crate {
        row(
            "ro-crate-metadata.json",
            "all of this described for programs (RO-Crate, Process Run Crate 0.5)",
        );
        row("ro-crate-preview.html", "the same for people");
    }
    row("SHA256SUMS", "checksums of all other files");
    out.push_str(
        "\n## Check that nothing was changed\n\n```\nsha256sum -c SHA256SUMS\n```\n\n\
         ## Read it back\n\n```\nentrenar import .\n```\n\n\
         In `session.json` and `metrics.csv`, `NaN`, `Infinity` and `-Infinity` are values like \
         any other. A time that was not recorded is absent. What was derived and not recorded is \
         named in `metadata.derived` of `session.json`.\n",
    );
    let _infallible = match &artifact.license {
        Some(license) => writeln!(out, "\n## Licence\n\n{}", inline(license.as_str())),
        None => writeln!(
            out,
            "\n## Licence\n\nNone was stated: ask the authors before you reuse it."
        ),
    };
    out
}

/// Text on one line that Markdown takes as text.
fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
    {
        match c {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '#' | '|' | '!' | '~'
            | '&' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}
