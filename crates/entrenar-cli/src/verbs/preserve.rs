use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use entrenar::bridge::Limits;
use entrenar::preserve::{self, ArtifactFolder, Parts, Written};
use entrenar::session::{EntrenarSession, SessionChain, Sha256Hash};
use entrenar::store::{ImportStatus, Store as _, StoreError};
use serde_json::{Value, json};

use super::import::{SizeLimit, status_name, warnings_json};
use crate::app::App;
use crate::errors::{Exit, Failure};
use crate::figures;
use crate::input::{Input, Read};
use crate::metadata;
use crate::packing::{Packing, cannot_build, cannot_write};
use crate::plot::{self, Frame};
use crate::series::{Drawing, Wanted};
use crate::shell::word;
use crate::statement::Statement;
use crate::summary;
use crate::term::{Line, Tone};

/// Read, keep, show and write a citable artifact folder
///
/// The session goes into the store and into a folder that others can cite, check and re-run: a
/// notebook, the original bytes, all points, a page to look at, citation files, checksums.
/// Nothing is invented: what nobody gave (author, licence, date) is left out or said to be not
/// recorded.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar preserve lora.ipynb
  entrenar preserve session.replay -o rank-64 --author 'Ana Silva' --license MIT
  entrenar preserve --id 3f2a91 --title 'LoRA, rank 64' --date 2026-11-22")]
pub(crate) struct Args {
    /// A notebook, a recording, a folder that `preserve` wrote, or `-` for standard input
    #[arg(value_name = "FILE", required_unless_present = "id")]
    file: Option<PathBuf>,
    /// Preserve a session that is in the store
    #[arg(long, conflicts_with = "file")]
    id: Option<String>,
    /// The folder to write [default: the file's name without extension, here]
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    packing: Packing,
    #[command(flatten)]
    statement: Statement,
    /// Replace the folder if it is there; one with other files in it is kept beside
    #[arg(long)]
    force: bool,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    limit: SizeLimit,
}

/// The session to preserve, as the store has it.
struct Kept {
    session: EntrenarSession,
    source: Option<Vec<u8>>,
    status: ImportStatus,
    chain: Option<SessionChain>,
    /// Whether the store has another source than the file: something was redacted there.
    redacted: bool,
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        // What is wrong in metadata files is told before anything is done.
        self.statement.check_files()?;
        let kept = match (&self.id, &self.file) {
            (Some(id), _) => stored(app, id)?,
            (None, Some(file)) => {
                // What cannot be written is told before anything is done.
                let folder = self.folder(Some(file));
                self.check(&folder)?;
                keep(app, file, self.limit.limits())?
            }
            (None, None) => return Err(Failure::usage("no file is given")),
        };
        let folder = self.folder(self.file.as_deref());
        self.check(&folder)?;
        let options = self.statement.options(app, &kept.session.id)?;
        let attachments = self.packing.attachments()?;
        let project = self.packing.project()?;
        let preregistration = self.packing.preregistration()?;
        metadata::tell_files(app, &kept.session, &options)?;
        let artifact = preserve::describe(&kept.session, &options);
        let parts = Parts {
            source: kept.source.as_deref(),
            chain: kept.chain.as_ref(),
            attachments: Some(&attachments),
            project: project.as_ref(),
            preregistration: preregistration.as_deref(),
            ..Parts::default()
        };
        let built = preserve::build(&kept.session, &artifact, &parts)
            .map_err(|error| cannot_build(&kept.session, &error))?;
        let written = preserve::write(&built, &folder, self.force)
            .map_err(|error| cannot_write(&folder, &error))?;
        let done = Done {
            kept,
            built,
            folder,
            written,
            absent: Statement::absent(&artifact),
        };
        if self.json {
            app.out.json(&done.to_json())?;
            return Ok(Exit::Done);
        }
        print_session(app, &done.kept.session)?;
        done.print(app)?;
        Ok(Exit::Done)
    }

    fn folder(&self, file: Option<&Path>) -> PathBuf {
        if let Some(folder) = &self.output {
            return folder.clone();
        }
        match (&self.id, file) {
            (Some(id), _) => match preserve::safe_file_name(id) {
                name if name.is_empty() => PathBuf::from("session"),
                name => PathBuf::from(name),
            },
            (None, Some(file)) if file != Path::new("-") => {
                let name = file.file_name().unwrap_or(OsStr::new("session"));
                let stem = file.file_stem().unwrap_or(name);
                let mut folder = stem.to_owned();
                if stem == name {
                    // The name is the file's own.
                    folder.push("-artifact");
                }
                PathBuf::from(folder)
            }
            _ => PathBuf::from("session"),
        }
    }

    /// Refuses a folder that is there, unless it may be replaced.
    fn check(&self, folder: &Path) -> Result<(), Failure> {
        if fs::symlink_metadata(folder).is_err() {
            return Ok(());
        }
        if self.force {
            return Ok(());
        }
        let failure = Failure::new(
            Exit::Output,
            format!("{} is there already", folder.display()),
        );
        Err(failure.hint("`--force` replaces it, `-o DIR` writes another"))
    }
}

fn stored(app: &App, id: &str) -> Result<Kept, Failure> {
    let (store, id) = app.find(id)?;
    Ok(Kept {
        session: store.session(&id)?,
        source: store.source(&id)?,
        chain: Some(store.chain(&id)?),
        status: ImportStatus::Unchanged,
        redacted: false,
    })
}

/// Reads a file and keeps its session. What was kept before has its tags, notes and name in the
/// store, and those are preserved.
fn keep(app: &App, file: &Path, limits: Limits) -> Result<Kept, Failure> {
    let input = match fs::metadata(file) {
        _ if file == Path::new("-") => Input::Stdin,
        Ok(found) if found.is_dir() && preserve::is_artifact_folder(file) => {
            Input::Artifact(file.to_owned())
        }
        Ok(found) if found.is_dir() => {
            let name = file.display();
            return Err(Failure::new(
                Exit::InputFailed,
                format!("cannot preserve the folder {name}"),
            )
            .hint(format!(
                "keep its sessions: `entrenar import {}`",
                word(file)
            ))
            .hint("then preserve one: `entrenar preserve --id ID`"));
        }
        _ => Input::File(file.to_owned()),
    };
    let Read { session, source } = input.read(limits)?;
    let mut store = app.store_to_write()?;
    let status = store.import(&session, source.as_deref())?;
    let chain = match store.chain(&session.id) {
        Ok(chain) => Some(chain),
        // The same source may be there under another id.
        Err(StoreError::NotFound { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let read = Kept {
        session,
        chain,
        source,
        status,
        redacted: false,
    };
    if status == ImportStatus::Imported {
        return Ok(read);
    }
    let id = &read.session.id;
    match store.session(id) {
        Ok(session) => Ok(Kept {
            // What was redacted in the store stays redacted, whatever the file holds.
            source: store.source(id)?,
            redacted: digest(&session) != digest(&read.session),
            session,
            chain: read.chain,
            status,
        }),
        // The same source may be there under another id; what was read is preserved then.
        Err(StoreError::NotFound { .. }) => Ok(read),
        Err(error) => Err(error.into()),
    }
}

fn digest(session: &EntrenarSession) -> Option<Sha256Hash> {
    session.source.as_ref().map(|source| source.sha256)
}

/// What was trained: metrics and one chart.
fn print_session(app: &mut App, session: &EntrenarSession) -> Result<(), Failure> {
    app.out.line(&summary::title(session))?;
    for line in summary::facts(session) {
        app.out.line(&line)?;
    }
    let Some(table) = summary::metrics(session) else {
        app.out.gap()?;
        let cells = figures::count(session.code_history.len(), "cell", "cells");
        let line = Line::new().dim(format!("{cells}; nothing in them was read as a metric"));
        return Ok(app.out.line(&line)?);
    };
    app.heading("Metrics")?;
    for line in table.lines(app.out.columns()) {
        app.out.line(&line)?;
    }
    let sessions = std::slice::from_ref(session);
    let drawing = Drawing::of(sessions, Wanted::default())?;
    let series = drawing.series();
    // A point or two say nothing as a line.
    if series.iter().any(|one| one.points.len() > 2) {
        let frame = Frame {
            columns: app.chart_columns().min(100),
            rows: 10,
            colour: app.out.has_colour(),
        };
        app.out.gap()?;
        let lines = plot::chart(&series, &drawing.options(), frame);
        for line in lines.iter().chain(&plot::legend(&series)) {
            app.out.line(line)?;
        }
    }
    Ok(())
}

/// A folder that was written.
struct Done {
    kept: Kept,
    built: ArtifactFolder,
    folder: PathBuf,
    written: Written,
    /// Flags that could have said what is not known.
    absent: Vec<&'static str>,
}

impl Done {
    fn print(&self, app: &mut App) -> Result<(), Failure> {
        app.out.gap()?;
        let session = &self.kept.session;
        for line in summary::warnings(&session.warnings, false) {
            app.out.line(&line)?;
        }
        // What the import warned of has been said.
        let own = self
            .built
            .warnings
            .iter()
            .filter(|w| !session.warnings.contains(w));
        for line in summary::warnings(own, true) {
            app.out.line(&line)?;
        }
        if self.kept.redacted {
            let text = "the file was redacted in the store; what is preserved is that";
            app.out.line(&Line::of(Tone::Warning, "! ").plain(text))?;
        }
        if let Some(moved) = &self.written.kept {
            let line = Line::of(Tone::Warning, "! ").plain("what was there is kept as ");
            app.out
                .long_line(&line.plain(moved.display().to_string()))?;
        }
        let line = Line::of(Tone::Good, "preserved ")
            .and(Tone::Strong, self.folder.join("").display().to_string())
            .dim(format!(
                "  {}, {}",
                figures::count(self.written.files, "file", "files"),
                figures::bytes(self.written.bytes),
            ));
        app.out.long_line(&line)?;
        let page = self.folder.join("index.html");
        app.out.long_line(
            &Line::new()
                .dim("look at   ")
                .plain(page.display().to_string()),
        )?;
        let show = app.command(&format!("show {}", word(&session.id)));
        app.out
            .long_line(&Line::new().dim("in store  ").plain(show))?;
        if !self.absent.is_empty() {
            app.out
                .line(&Line::new().dim(format!("not given {}", self.absent.join(", "))))?;
        }
        Ok(())
    }

    fn to_json(&self) -> Value {
        let session = &self.kept.session;
        json!({
            "id": session.id,
            "sha256": digest(session).map(|hash| hash.to_string()),
            "status": status_name(self.kept.status),
            "cells": session.code_history.len(),
            "points": session.metrics.point_count(),
            "folder": self.folder.to_string_lossy(),
            "files": self.built.paths(),
            "warnings": warnings_json(&self.built.warnings),
        })
    }
}
