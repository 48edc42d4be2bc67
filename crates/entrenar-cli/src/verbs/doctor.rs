use entrenar::store::recording::{RecoveredRecorder, journal_folder};
use entrenar::store::{Finding, ListQuery, SqliteStore, Store as _, StoreError};
use serde_json::{Value, json};

use crate::app::App;
use crate::errors::{DOCTOR_HINT, Exit, Failure};
use crate::figures;
use crate::term::{Line, Tone};

/// Recover what killed recorders left, and look for damage in the store
///
/// A recorder whose process was killed leaves its journal beside the store. It is moved into the
/// store, where its session is then marked as interrupted; recorders that are at work are left alone.
///
/// Checks the file's pages, the hashes of all documents, that every series can be read, and the
/// chain of the log. Ends with exit code 4 where something is damaged.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar doctor
  entrenar --store copy.db doctor --json")]
pub(crate) struct Args {
    /// Leave the journals of killed recorders where they are
    #[arg(long)]
    no_recover: bool,
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        self.look(app).map_err(|failure| {
            failure.other_hint(DOCTOR_HINT, "bring back a copy made by `entrenar backup`")
        })
    }

    fn look(self, app: &mut App) -> Result<Exit, Failure> {
        let path = app.store_path()?;
        let folder = journal_folder(&path);
        let mut store = app.store_to_examine()?;
        let mut recovered = Vec::new();
        if !self.no_recover && has_left(store.as_ref(), &folder)? {
            let mut writable = app.store_to_write()?;
            recovered = writable.recover_orphans(&folder)?;
            store = Some(writable);
        }
        let left = match &store {
            Some(store) => store.orphans(&folder)?.len(),
            None => 0,
        };
        let (sessions, findings) = match &store {
            Some(store) => (store.list(&ListQuery::default())?.len(), store.check()?),
            None => (0, Vec::new()),
        };
        let failed = recovered.iter().any(Result::is_err);
        let exit = if findings.is_empty() && !failed {
            Exit::Done
        } else {
            Exit::Store
        };
        if self.json {
            let found = |f: &Finding| json!({ "session": f.session, "message": f.message });
            app.out.json(&json!({
                "store": path.to_string_lossy(),
                "exists": store.is_some(),
                "sessions": sessions,
                "recovered": recovered.iter().map(recovered_json).collect::<Vec<_>>(),
                "not_recovered": left,
                "findings": findings.iter().map(found).collect::<Vec<_>>(),
            }))?;
            return Ok(exit);
        }
        app.out
            .long_line(&Line::of(Tone::Dim, "store ").plain(path.display().to_string()))?;
        if store.is_none() {
            app.out
                .line(&Line::new().dim("not there yet; the first import makes it"))?;
            return Ok(exit);
        }
        for recovered in &recovered {
            for line in recovered_lines(recovered) {
                app.out.long_line(&line)?;
            }
        }
        if left > 0 {
            let left = figures::count(left, "killed recorder", "killed recorders");
            app.out.long_line(
                &Line::of(Tone::Bad, "not recovered ").plain(format!("{left} left a journal")),
            )?;
        }
        for finding in &findings {
            let mut line = Line::of(Tone::Bad, "damaged ");
            if let Some(id) = &finding.session {
                line.push(Tone::Id, id);
                line.push(Tone::Plain, " ");
            }
            app.out.long_line(&line.plain(&finding.message))?;
        }
        if exit == Exit::Done {
            let sessions = figures::count(sessions, "session", "sessions");
            app.out
                .line(&Line::of(Tone::Good, "sound ").dim(format!("({sessions})")))?;
        }
        Ok(exit)
    }
}

/// Whether a recorder left something whose process is gone.
fn has_left(store: Option<&SqliteStore>, folder: &std::path::Path) -> Result<bool, StoreError> {
    match store {
        Some(store) => Ok(!store.orphans(folder)?.is_empty() || !store.in_state(LIVE)?.is_empty()),
        // The store was deleted; its journals were not.
        None => Ok(std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())),
    }
}

const LIVE: entrenar::session::SessionState = entrenar::session::SessionState::Live;

type Outcome = Result<RecoveredRecorder, StoreError>;

fn recovered_json(outcome: &Outcome) -> Value {
    match outcome {
        Ok(recovered) => json!({
            "recorder": recovered.recorder.to_string(),
            "session": recovered.session,
            "state": recovered.state.as_str(),
            "points": recovered.sealed.points,
            "cells": recovered.sealed.cells,
            "notes": recovered.notes,
        }),
        Err(error) => json!({ "error": chain_of(error) }),
    }
}

fn recovered_lines(outcome: &Outcome) -> Vec<Line> {
    let recovered = match outcome {
        Ok(recovered) => recovered,
        Err(error) => return vec![Line::of(Tone::Bad, "not recovered ").plain(chain_of(error))],
    };
    let count = |number: u64, one: &str, several: &str| {
        figures::count(usize::try_from(number).unwrap_or(usize::MAX), one, several)
    };
    let what = format!(
        " ({}, {}, {})",
        recovered.state.as_str(),
        count(recovered.sealed.points, "point", "points"),
        count(recovered.sealed.cells, "cell", "cells"),
    );
    let first = Line::of(Tone::Good, "recovered ")
        .plain(&recovered.session)
        .dim(what);
    let notes = recovered
        .notes
        .iter()
        .map(|note| Line::new().dim(format!("  {note}")));
    std::iter::once(first).chain(notes).collect()
}

/// An error with its causes.
fn chain_of(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
