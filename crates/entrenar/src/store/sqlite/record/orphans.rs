//! What recorders left whose processes are gone, or that ended.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::DateTime;
use entrenar_journal::{
    DamageKind, Error, FileKind, FileName, Item, RecorderId, RecorderLock, Report, recover_from,
};
use rusqlite::Connection;

use super::super::failure::Failure;
use super::super::value::Text;
use super::super::{SqliteStore, recordings};
use super::rows::RecorderRow;
use super::seal::{Sealer, Until};
use super::{failed, session};
use crate::files::FileError;
use crate::session::{SessionState, WarningKind};
use crate::store::StoreError;
use crate::store::recording::{Known, RecoveredRecorder, Sealed, Start};

/// Damaged places that are told one by one.
const SHOWN_PLACES: usize = 10;
/// Digits of a recorder's id in the name of a session that says nothing of itself.
const SHOWN_DIGITS: usize = 12;

/// Why reading a journal into the store stopped.
enum Stop {
    Journal(Error),
    Store(Failure),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Journal(error)
    }
}

impl Stop {
    fn of(self, recorder: RecorderId) -> Failure {
        match self {
            Self::Journal(error) => failed(recorder, error),
            Self::Store(failure) => failure,
        }
    }
}

/// The recorders that have files in a folder.
pub(super) fn left_in(folder: &Path) -> Result<BTreeSet<RecorderId>, StoreError> {
    let names = files(folder).map_err(FileError::at("list", folder))?;
    Ok(names.into_iter().map(|(name, _)| name.recorder).collect())
}

/// The first journal file of a recorder that is there.
pub(super) fn first_file(folder: &Path, recorder: RecorderId) -> Result<Option<u64>, Failure> {
    let names = files(folder).map_err(FileError::at("list", folder))?;
    let numbers = names
        .into_iter()
        .filter(|(name, _)| name.recorder == recorder && name.kind == FileKind::Journal)
        .map(|(name, _)| name.number);
    Ok(numbers.min())
}

/// The lock of a recorder; `None` while its process lives.
pub(super) fn lock(
    folder: &Path,
    recorder: RecorderId,
) -> Result<Option<RecorderLock>, StoreError> {
    RecorderLock::take(folder, recorder).map_err(|error| StoreError::Journal {
        recorder: recorder.to_string(),
        source: Box::new(error),
    })
}

/// Whether the process of a recorder lives.
pub(super) fn is_alive(folder: &Path, recorder: RecorderId) -> Result<bool, StoreError> {
    entrenar_journal::is_alive(folder, recorder).map_err(|error| StoreError::Journal {
        recorder: recorder.to_string(),
        source: Box::new(error),
    })
}

/// Recorders of this machine that the store has as alive, without a file in the folder and without a process.
/// Process 0 stands for [`append`](SqliteStore::append), which has none between its calls.
pub(super) fn lost(connection: &Connection, folder: &Path) -> Result<Vec<RecorderId>, Failure> {
    if !recordings::are_kept(connection)? || !folder.is_dir() {
        return Ok(Vec::new());
    }
    let left = left_in(folder)?;
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let mut statement = connection.prepare_cached(
        "SELECT recorder, pid, host FROM recorders WHERE state = 'live' AND pid <> 0",
    )?;
    let mut rows = statement.query([])?;
    let mut lost = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, pid): (String, u32) = (row.get(0)?, row.get(1)?);
        let here = row
            .get::<_, Option<Text>>(2)?
            .is_none_or(|name| name.0 == host.trim_end());
        let is_gone = here
            && Path::new("/proc/self").exists()
            && !Path::new(&format!("/proc/{pid}")).exists();
        if let Ok(id) = id.parse()
            && is_gone
            && !left.contains(&id)
        {
            lost.push(id);
        }
    }
    Ok(lost)
}

/// Seals what a recorder left, then deletes it. The caller holds its lock.
pub(super) fn seal(
    store: &mut SqliteStore,
    folder: &Path,
    recorder: RecorderId,
    known: Option<Known<'_>>,
) -> Result<RecoveredRecorder, StoreError> {
    let mut places = BTreeSet::from([folder.to_path_buf()]);
    let mut recovered = store.write(|transaction, clock| {
        if let Some(row) = RecorderRow::of(transaction, recorder)?
            && row.state != SessionState::Live
        {
            // A crash kept its files from being deleted.
            let each = |item: Item<'_>| {
                note_place(&item, &mut places);
                Ok::<(), Error>(())
            };
            let left = recover_from(folder, recorder, 0, each);
            left.map_err(|error| failed(recorder, error))?;
            return Ok(RecoveredRecorder {
                recorder,
                session: session::id_of(transaction, row.session)?,
                state: row.state,
                sealed: Sealed::default(),
                notes: Vec::new(),
            });
        }
        let mut sealer = Sealer::new(transaction, clock, recorder)?;
        if let Some(known) = known {
            sealer.known(known)?;
        }
        let read = recover_from(folder, recorder, sealer.file(), |item| {
            note_place(&item, &mut places);
            sealer.item(&item).map_err(Stop::Store)
        });
        let (found, report) = read.map_err(|stop| stop.of(recorder))?;
        let found = found.recorders.first();
        if !sealer.has_begun() && sealer.has_content() {
            sealer.begin(&unknown_session(
                recorder,
                found.and_then(|found| found.started),
                found.and_then(|found| found.pid),
            ))?;
            sealer.warn(
                WarningKind::Missing,
                "what the recorder said of its session is lost: the name stands in for it",
            );
        }
        if !sealer.has_begun() {
            return Ok(nothing(recorder));
        }
        sealer.begin_at(found.and_then(|found| found.files.first().copied()));
        sealer.dropped(found.map_or(0, |found| found.dropped));
        let mut notes = damage(&report);
        for note in &notes {
            sealer.warn(WarningKind::Missing, note);
        }
        if found.is_none() {
            let note = "no journal of the recorder was found: what it had not sealed is lost";
            sealer.warn(WarningKind::Missing, note);
            notes.push(note.to_owned());
        }
        let (session, state, more) = sealer.tell_end();
        notes.extend(more);
        let sealed = sealer.finish(Until::End)?;
        Ok(RecoveredRecorder {
            recorder,
            session,
            state,
            sealed,
            notes,
        })
    })?;
    recovered.notes.extend(delete(recorder, &places));
    Ok(recovered)
}

/// A recorder that recorded nothing.
fn nothing(recorder: RecorderId) -> RecoveredRecorder {
    RecoveredRecorder {
        recorder,
        session: String::new(),
        state: SessionState::Finished,
        sealed: Sealed::default(),
        notes: vec!["nothing was recorded".to_owned()],
    }
}

/// A session for points whose recorder's first frame is lost.
fn unknown_session(recorder: RecorderId, started: Option<i64>, pid: Option<u32>) -> Start {
    let digits: String = recorder.to_string().chars().take(SHOWN_DIGITS).collect();
    let started = started
        .and_then(DateTime::from_timestamp_micros)
        .unwrap_or_default();
    let mut start = Start::new(
        format!("recovered-{digits}"),
        "Recovered recording",
        started,
    );
    start.pid = pid.unwrap_or(0);
    start
}

fn note_place(item: &Item<'_>, places: &mut BTreeSet<PathBuf>) {
    if let Item::Place(place) = item {
        places.insert(place.clone());
    }
}

/// What was damaged or is missing, in plain words.
pub(super) fn damage(report: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    let (points, frames) = (report.missing_points, report.missing_frames);
    if points > 0 {
        notes.push(format!("{points} points are missing in the journal"));
    }
    if frames > 0 {
        notes.push(format!("{frames} frames are missing in the journal"));
    }
    let is_whole = points == 0 && frames == 0;
    let mut places: Vec<String> = report
        .damage
        .iter()
        // What was being written when the process ended is in the segments as well.
        .filter(|damage| !(is_whole && damage.kind == DamageKind::Cut))
        .map(ToString::to_string)
        .collect();
    let more = places.len().saturating_sub(SHOWN_PLACES);
    let more = report.more_damage + u64::try_from(more).unwrap_or(u64::MAX);
    places.truncate(SHOWN_PLACES);
    notes.extend(places);
    if more > 0 {
        notes.push(format!("{more} more places in the journal are damaged"));
    }
    notes
}

/// Deletes all files of a recorder, the journal last: it says where the segments are. Gives what went wrong.
fn delete(recorder: RecorderId, places: &BTreeSet<PathBuf>) -> Vec<String> {
    let mut found: Vec<(FileName, PathBuf)> = places
        .iter()
        .flat_map(|place| files(place).unwrap_or_default())
        .filter(|(name, _)| name.recorder == recorder)
        .collect();
    found.sort_by_key(|(name, _)| (name.kind == FileKind::Journal, name.number));
    found
        .into_iter()
        .filter_map(|(_, path)| {
            let error = fs::remove_file(&path).err()?;
            let is_gone = error.kind() == std::io::ErrorKind::NotFound;
            (!is_gone).then(|| format!("{} cannot be deleted: {error}", path.display()))
        })
        .collect()
}

/// Our files of a folder. A folder that does not exist has none.
fn files(folder: &Path) -> std::io::Result<Vec<(FileName, PathBuf)>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        if let Some(name) = entry.file_name().to_str().and_then(FileName::parse) {
            files.push((name, entry.path()));
        }
    }
    files.sort();
    Ok(files)
}
