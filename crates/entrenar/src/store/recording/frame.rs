//! The frames of a recorder's control lane: what series numbers mean, and everything that is no point.
//!
//! A frame is one JSON text, cut into parts where it is longer than a frame of the lane may be. A part:
//!
//! ```text
//! 0   1  version: 1
//! 1   1  kind of the frame (below)
//! 2   2  zero
//! 4   4  place of the part in its frame, from 0
//! 8   8  bytes of the whole text
//! 16     bytes of the text
//! ```
//!
//! Numbers are little-endian. The parts of a frame follow each other in their lane. What is damaged, the
//! lane's checksums know; what a later version wrote is passed over and reported.

mod assembler;
mod forms;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::assembler::Assembler;
use self::forms::{CellText, RunText, WarningText, fork};
use crate::session::{CellRecord, CodeCell, ForkOrigin, ImportWarning, SeriesKey, TrainingRun};

/// Version of parts.
const VERSION: u8 = 1;
/// Bytes of a part before its text.
pub const PART_HEAD_BYTES: usize = 16;
/// Longest text of a frame.
pub const MAX_FRAME_BYTES: usize = 256 << 20;
/// Longest environment, as JSON.
pub const MAX_ENVIRONMENT_BYTES: usize = 1 << 20;
/// Deepest nesting of JSON inside a frame.
pub const MAX_FRAME_DEPTH: usize = 120;

/// What a frame says.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Frame {
    /// A recorder begins. The first frame of a recorder, and said again in later journal files, so that
    /// what is left of them can be read without the store.
    Start(Box<Start>),
    /// What a series' number means; said again as [`Start`](Self::Start).
    Series(SeriesDefinition),
    /// A cell ran.
    Cell(Box<CellFrame>),
    /// An entry of the configuration; a later one replaces it.
    Config {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// A tag is added.
    Tag(String),
    /// The notes are replaced.
    Notes(Option<String>),
    /// Where the recorder runs, by name.
    Environment(Map<String, Value>),
    /// A run of the session; a later one of the same number replaces it.
    Run {
        /// Its number in the session.
        number: u32,
        /// What is known of it.
        run: TrainingRun,
    },
    /// Something that could not be recorded as it was.
    Warning(ImportWarning),
    /// The recorder ended as it should.
    End(End),
    /// A later version's; it is passed over.
    Unknown {
        /// Its version.
        version: u8,
        /// Its kind.
        kind: u8,
    },
}

/// What a recorder says of itself and its session when it begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// Id of the session.
    pub session: String,
    /// The title.
    pub name: String,
    /// Who trains.
    pub user: Option<String>,
    /// The model's architecture.
    pub architecture: Option<String>,
    /// The dataset.
    pub dataset: Option<String>,
    /// Configuration, by name.
    #[serde(default)]
    pub config: BTreeMap<String, String>,
    /// Tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Free text.
    pub notes: Option<String>,
    /// Rank of the process in a distributed training.
    pub rank: Option<u32>,
    /// The machine's name, where it may be told.
    pub host: Option<String>,
    /// The process.
    pub pid: u32,
    /// When the recorder started.
    pub started: DateTime<Utc>,
    /// The session was there before and goes on.
    #[serde(default)]
    pub resumed: bool,
    /// The session that this one goes on from, and the last step that both have.
    #[serde(default, with = "fork")]
    pub forked_from: Option<ForkOrigin>,
}

impl Start {
    /// A recorder of this process that begins at `started`.
    pub fn new(
        session: impl Into<String>,
        name: impl Into<String>,
        started: DateTime<Utc>,
    ) -> Self {
        Self {
            session: session.into(),
            name: name.into(),
            user: None,
            architecture: None,
            dataset: None,
            config: BTreeMap::new(),
            tags: Vec::new(),
            notes: None,
            rank: None,
            host: None,
            pid: std::process::id(),
            started,
            resumed: false,
            forked_from: None,
        }
    }
}

/// What a series' number in the journal means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesDefinition {
    /// The number that points carry.
    pub number: u32,
    /// The metric's name.
    pub name: String,
    /// Number of the run in the session.
    pub run: Option<u32>,
    /// Rank of the process.
    pub rank: Option<u32>,
}

impl SeriesDefinition {
    /// What identifies the series in the session.
    pub fn key(&self) -> SeriesKey {
        SeriesKey {
            name: self.name.clone(),
            run: self.run,
            rank: self.rank,
        }
    }
}

/// A cell that ran. Its `execution_order` is given anew in the session.
#[derive(Debug, Clone, PartialEq)]
pub struct CellFrame {
    /// The cell.
    pub cell: CodeCell,
    /// Outputs, error, mode and the rest.
    pub record: CellRecord,
}

/// A recorder ended as it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// When.
    pub at: DateTime<Utc>,
    /// Whether the training failed.
    #[serde(default)]
    pub failed: bool,
}

/// A frame could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The frame has more bytes than are read back; leave something out.
    #[error("a frame ({kind}) has {bytes} bytes, more than {limit}")]
    TooLarge {
        /// What it says.
        kind: &'static str,
        /// Its bytes.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// JSON in the frame is nested more deeply than is read back.
    #[error("a frame ({kind}) is nested more than {MAX_FRAME_DEPTH} levels deep")]
    TooDeep {
        /// What it says.
        kind: &'static str,
    },
    /// A part has no head, or does not follow the part before it.
    #[error("a part of a frame is missing")]
    MissingPart,
    /// The text is not what its kind says.
    #[error("a frame ({kind}) cannot be read")]
    Text {
        /// What it says.
        kind: &'static str,
        /// Why.
        source: serde_json::Error,
    },
}

/// Kinds and their names in messages.
const KINDS: [(u8, &str); 10] = [
    (1, "start"),
    (2, "series"),
    (3, "cell"),
    (4, "config"),
    (5, "tag"),
    (6, "notes"),
    (7, "environment"),
    (8, "run"),
    (9, "warning"),
    (10, "end"),
];

fn kind_name(kind: u8) -> Option<&'static str> {
    let (_, name) = KINDS.iter().find(|(known, _)| *known == kind)?;
    Some(name)
}

impl Frame {
    fn kind(&self) -> u8 {
        match self {
            Self::Start(_) => 1,
            Self::Series(_) => 2,
            Self::Cell(_) => 3,
            Self::Config { .. } => 4,
            Self::Tag(_) => 5,
            Self::Notes(_) => 6,
            Self::Environment(_) => 7,
            Self::Run { .. } => 8,
            Self::Warning(_) => 9,
            Self::End(_) => 10,
            Self::Unknown { kind, .. } => *kind,
        }
    }

    /// The frame's parts, each at most `longest` bytes (of at least 32), to be appended to one lane without
    /// another frame between.
    ///
    /// # Errors
    /// [`FrameError::TooLarge`] and [`FrameError::TooDeep`].
    pub fn parts(&self, longest: usize) -> Result<Vec<Vec<u8>>, FrameError> {
        let kind = self.kind();
        let text = self.text()?;
        let room = longest.max(2 * PART_HEAD_BYTES) - PART_HEAD_BYTES;
        let total = u64::try_from(text.len()).unwrap_or(u64::MAX);
        let part = |(place, text): (u32, &[u8])| {
            let mut bytes = Vec::with_capacity(PART_HEAD_BYTES + text.len());
            bytes.extend_from_slice(&[VERSION, kind, 0, 0]);
            bytes.extend_from_slice(&place.to_le_bytes());
            bytes.extend_from_slice(&total.to_le_bytes());
            bytes.extend_from_slice(text);
            bytes
        };
        Ok((0..).zip(text.chunks(room)).map(part).collect())
    }

    fn text(&self) -> Result<Vec<u8>, FrameError> {
        let kind = kind_name(self.kind()).unwrap_or("unknown");
        let written = match self {
            Self::Start(start) => serde_json::to_vec(start),
            Self::Series(series) => serde_json::to_vec(series),
            Self::Cell(cell) => {
                let record = &cell.record;
                let maps = [&record.metadata, &record.extra];
                let values = maps.iter().flat_map(|map| map.values());
                check_depth(kind, values.chain(&record.outputs))?;
                serde_json::to_vec(&CellText::of(cell))
            }
            Self::Config { name, value } => serde_json::to_vec(&(name, value)),
            Self::Tag(tag) => serde_json::to_vec(tag),
            Self::Notes(notes) => serde_json::to_vec(notes),
            Self::Environment(map) => {
                check_depth(kind, map.values())?;
                serde_json::to_vec(map)
            }
            Self::Run { number, run } => serde_json::to_vec(&RunText::of(*number, run)),
            Self::Warning(warning) => serde_json::to_vec(&WarningText::of(warning)),
            Self::End(end) => serde_json::to_vec(end),
            Self::Unknown { .. } => Ok(b"null".to_vec()),
        };
        let text = written.map_err(|source| FrameError::Text { kind, source })?;
        let limit = match self {
            Self::Environment(_) => MAX_ENVIRONMENT_BYTES,
            _ => MAX_FRAME_BYTES,
        };
        if text.len() > limit {
            return Err(FrameError::TooLarge {
                kind,
                bytes: text.len(),
                limit,
            });
        }
        Ok(text)
    }

    fn read(kind: u8, text: &[u8]) -> Result<Self, FrameError> {
        Ok(match kind {
            1 => Self::Start(Box::new(parse("start", text)?)),
            2 => Self::Series(parse("series", text)?),
            3 => Self::Cell(Box::new(parse::<CellText>("cell", text)?.into_frame())),
            4 => {
                let (name, value) = parse("config", text)?;
                Self::Config { name, value }
            }
            5 => Self::Tag(parse("tag", text)?),
            6 => Self::Notes(parse("notes", text)?),
            7 => Self::Environment(parse("environment", text)?),
            8 => parse::<RunText>("run", text)?.into_frame(),
            9 => Self::Warning(parse::<WarningText>("warning", text)?.into_warning()),
            10 => Self::End(parse("end", text)?),
            _ => Self::Unknown {
                version: VERSION,
                kind,
            },
        })
    }
}

fn parse<T: DeserializeOwned>(kind: &'static str, text: &[u8]) -> Result<T, FrameError> {
    serde_json::from_slice(text).map_err(|source| FrameError::Text { kind, source })
}

fn check_depth<'a>(
    kind: &'static str,
    values: impl Iterator<Item = &'a Value>,
) -> Result<(), FrameError> {
    let mut pending: Vec<(&Value, usize)> = values.map(|value| (value, 4)).collect();
    while let Some((value, depth)) = pending.pop() {
        if depth >= MAX_FRAME_DEPTH {
            return Err(FrameError::TooDeep { kind });
        }
        match value {
            Value::Array(items) => pending.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(map) => pending.extend(map.values().map(|item| (item, depth + 1))),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::session::{CellError, Place, RunStatus, TimeSource, WarningKind};

    fn time(micros: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(micros).unwrap()
    }

    fn frames() -> Vec<Frame> {
        let at = time(1_700_000_000_123_456);
        let mut start = Start::new("s-1", "A\0name", at);
        start.user = Some("alice".into());
        start.config.insert("rank".into(), "64".into());
        start.tags = vec!["a".into()];
        start.rank = Some(3);
        start.forked_from = Some(ForkOrigin {
            session: "s-0".into(),
            step: Some(-7),
        });
        let cell = CellFrame {
            cell: CodeCell {
                execution_order: 1,
                source: "train()".into(),
                output: Some("é\u{1b}[0m".repeat(100)),
                timestamp: at,
                duration_ms: Some(u64::MAX),
            },
            record: CellRecord {
                execution_count: Some(-1),
                outputs: vec![
                    json!({"output_type": "stream", "text": ["a\n", "b"]}),
                    json!(1.5),
                ],
                error: Some(CellError {
                    name: "ValueError".into(),
                    message: "no".into(),
                    traceback: vec!["1".into()],
                }),
                time_source: TimeSource::Derived,
                ended_at: Some(at),
                ..CellRecord::default()
            },
        };
        let run = TrainingRun {
            name: Some("run".into()),
            started_at: Some(at),
            status: RunStatus::Failed,
            ..TrainingRun::default()
        };
        let Value::Object(environment) = json!({"os": "Linux", "cpus": 2, "git": {"dirty": true}})
        else {
            unreachable!()
        };
        let warning = ImportWarning::new(
            WarningKind::Limit,
            Place::path("recording"),
            "7 were dropped",
        );
        vec![
            Frame::Start(Box::new(start)),
            Frame::Series(SeriesDefinition {
                number: u32::MAX,
                name: "val/loss".into(),
                run: Some(1),
                rank: None,
            }),
            Frame::Cell(Box::new(cell)),
            Frame::Config {
                name: "lr".into(),
                value: "1e-3".into(),
            },
            Frame::Tag(String::new()),
            Frame::Notes(None),
            Frame::Notes(Some("n".into())),
            Frame::Environment(environment),
            Frame::Run { number: 2, run },
            Frame::Warning(warning),
            Frame::End(End { at, failed: true }),
        ]
    }

    #[test]
    fn frames_come_back_from_parts_of_any_length() {
        for longest in [32, 33, 100, 1 << 18] {
            let mut assembler = Assembler::default();
            for frame in frames() {
                let parts = frame.parts(longest).unwrap();
                assert!(parts.iter().all(|part| part.len() <= longest));
                let (last, others) = parts.split_last().unwrap();
                for part in others {
                    assert_eq!(assembler.push(part).unwrap(), None);
                    // As after a restart.
                    assembler = Assembler::resume(&assembler.unfinished().unwrap());
                }
                assert_eq!(assembler.push(last).unwrap(), Some(frame));
                assert_eq!(assembler.unfinished(), None);
            }
        }
    }

    #[test]
    fn a_lost_part_costs_its_frame_alone() {
        let frames = frames();
        let parts = frames[2].parts(64).unwrap();
        for lost in 0..parts.len() {
            let mut assembler = Assembler::default();
            let mut errors = 0;
            let kept = parts.iter().enumerate().filter(|(place, _)| *place != lost);
            for (_, part) in kept {
                match assembler.push(part) {
                    Ok(frame) => assert_eq!(frame, None),
                    Err(error) => {
                        assert!(matches!(error, FrameError::MissingPart));
                        errors += 1;
                    }
                }
            }
            for (frame, part) in frames[3..6].iter().zip(
                frames[3..6]
                    .iter()
                    .flat_map(|frame| frame.parts(1 << 10).unwrap()),
            ) {
                assert_eq!(
                    assembler.push(&part).unwrap().as_ref(),
                    Some(frame),
                    "{lost}"
                );
            }
            // The last part's loss shows when the next frame begins, which is read all the same.
            assert_eq!(errors, usize::from(lost + 1 < parts.len()), "{lost}");
        }
    }

    #[test]
    fn what_a_later_version_wrote_is_passed_over() {
        let mut assembler = Assembler::default();
        for (place, expected) in [(0, true), (1, false)] {
            let mut part = vec![2, 77, 0, 0, place, 0, 0, 0, 99, 0, 0, 0, 0, 0, 0, 0];
            part.extend_from_slice(b"later");
            let read = assembler.push(&part).unwrap();
            assert_eq!(
                read,
                expected.then_some(Frame::Unknown {
                    version: 2,
                    kind: 77
                })
            );
        }
        let tag = Frame::Tag("t".into());
        assert_eq!(
            assembler.push(&tag.parts(99).unwrap()[0]).unwrap(),
            Some(tag)
        );
    }

    #[test]
    fn what_cannot_be_read_back_is_refused() {
        let mut deep = json!(1);
        for _ in 0..130 {
            deep = json!([deep]);
        }
        let map = Map::from_iter([("deep".to_owned(), deep)]);
        assert!(matches!(
            Frame::Environment(map).parts(1 << 18),
            Err(FrameError::TooDeep { .. })
        ));
        let map = Map::from_iter([("long".to_owned(), json!("x".repeat(MAX_ENVIRONMENT_BYTES)))]);
        assert!(matches!(
            Frame::Environment(map).parts(1 << 18),
            Err(FrameError::TooLarge { .. })
        ));
    }

    proptest! {
        #[test]
        fn any_parts_are_read_or_refused(
            parts in proptest::collection::vec(
                (0_u8..3, 0_u8..13, 0_u8..3, 0_u8..40, proptest::collection::vec(any::<u8>(), 0..40)),
                0..20,
            ),
        ) {
            let mut assembler = Assembler::default();
            for (version, kind, place, total, text) in parts {
                let mut part = vec![version, kind, 0, 0, place, 0, 0, 0, total];
                part.extend_from_slice(&[0; 7]);
                part.extend_from_slice(&text);
                drop(assembler.push(&part));
            }
            let tag = Frame::Tag("after".into());
            let read = assembler.push(&tag.parts(1 << 10).unwrap()[0]).unwrap();
            prop_assert_eq!(read, Some(tag));
        }
    }
}
