//! Recovery of damaged files against a model that knows where each point and frame lies.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use entrenar_journal::layout::{file, frame, lane, segment, slot};
use entrenar_journal::{FileKind, FileName, Journal, Options, Outcome, Point, Reason, Recovery};
use proptest::prelude::*;

/// No segment fills up, which would make the disk thread copy when the model does not ask for it.
const SLOTS: u32 = 512;
const POINTS: u64 = 300;
const COPIED: u64 = 200;
const FRAMES: u64 = 30;

/// What the files hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Unit {
    Point(u64),
    Frame(u64),
}

/// A unit in a file, and the bytes that must be whole for it to be found.
#[derive(Debug)]
struct Place {
    unit: Unit,
    bytes: Range<usize>,
    /// Frames of a lane's segment: everything before them must be whole, too.
    from_start: bool,
}

struct Files {
    files: Vec<(FileName, Vec<u8>)>,
    places: Vec<Vec<Place>>,
}

fn point(index: u64) -> Point {
    Point {
        series: u32::try_from(index % 5).unwrap(),
        step: Some(index.cast_signed() - 10),
        value: 1.0 / (index as f64),
        micros: 7,
        ..Point::default()
    }
}

fn payload(index: u64) -> Vec<u8> {
    index
        .to_le_bytes()
        .repeat(usize::try_from(index % 9 * 9).unwrap())
}

/// The files of a journal: some points and frames in two journal files, the rest in segments.
static FILES: LazyLock<Files> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::create(Options {
        slots: SLOTS,
        ahead: 8,
        lane_bytes: 4096,
        file_bytes: 8000,
        write_every: Duration::from_secs(3600),
        sync_every: Duration::from_secs(3600),
        ..Options::new(folder.path(), folder.path())
    })
    .unwrap();
    let writer = journal.writer();
    let mut lane = journal.lane().unwrap();
    let mut next_frame = 0;
    for index in 0..POINTS {
        if index % 50 == 0 && index <= COPIED && index > 0 {
            journal.flush().unwrap();
        }
        while writer.log(&point(index)) == Outcome::Dropped(Reason::NoSegment) {
            std::thread::sleep(Duration::from_millis(1));
        }
        if index % 10 == 5 {
            while lane.append(&payload(next_frame)) != Outcome::Logged(next_frame) {
                std::thread::sleep(Duration::from_millis(1));
            }
            next_frame += 1;
        }
    }
    assert_eq!(next_frame, FRAMES);
    // A process that was killed here leaves exactly these bytes. The journal's threads may still prepare
    // segments: read until nothing changes.
    let mut files = read_all(folder.path());
    loop {
        std::thread::sleep(Duration::from_millis(20));
        let again = read_all(folder.path());
        if files.is_some() && files == again {
            break;
        }
        files = again;
    }
    let files = files.unwrap();
    let places = files
        .iter()
        .map(|(name, bytes)| places(*name, bytes))
        .collect();
    Files { files, places }
});

/// All files of a folder, in order; `None` where one vanished meanwhile.
fn read_all(folder: &Path) -> Option<Vec<(FileName, Vec<u8>)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let Some(name) = FileName::parse(entry.file_name().to_str().unwrap()) else {
            continue; // the lock
        };
        files.push((name, fs::read(entry.path()).ok()?));
    }
    files.sort();
    Some(files)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

/// The units of an undamaged file, by a walk of the test's own.
fn places(name: FileName, bytes: &[u8]) -> Vec<Place> {
    let mut places = Vec::new();
    let slot = |start: usize| Place {
        unit: Unit::Point(u64_at(bytes, start + slot::SEQUENCE)),
        bytes: start..start + slot::SIZE,
        from_start: false,
    };
    match name.kind {
        FileKind::Points => {
            for start in (segment::SIZE..bytes.len()).step_by(slot::SIZE) {
                if u32_at(bytes, start + slot::MARK) == slot::PUBLISHED {
                    places.push(slot(start));
                }
            }
        }
        FileKind::Lane(_) => {
            let mut at = segment::SIZE;
            while at < bytes.len()
                && u32_at(bytes, at) & lane::PUBLISHED != 0
                && u32_at(bytes, at) != lane::END
            {
                let length = (u32_at(bytes, at) & !lane::PUBLISHED) as usize;
                let end = at + lane::SIZE + length;
                let unit = Unit::Frame(u64_at(bytes, at + lane::NUMBER));
                places.push(Place {
                    unit,
                    bytes: segment::SIZE..end,
                    from_start: true,
                });
                at = end.next_multiple_of(8);
            }
        }
        FileKind::Journal => {
            let mut at = file::SIZE;
            while at < bytes.len() {
                let body = at + frame::SIZE;
                let end = body + u32_at(bytes, at + frame::LENGTH) as usize;
                match u32_at(bytes, at + frame::KIND) {
                    frame::POINTS | frame::LATE_POINTS => {
                        places.extend((body..end).step_by(slot::SIZE).map(slot));
                    }
                    frame::LANE => {
                        let unit = Unit::Frame(u64_at(bytes, body + 8));
                        places.push(Place {
                            unit,
                            bytes: at..end,
                            from_start: false,
                        });
                    }
                    _ => {}
                }
                at = end.next_multiple_of(8);
            }
        }
    }
    places
}

/// A damage to one file; numbers are taken modulo what there is.
#[derive(Debug, Clone)]
enum Harm {
    Cut(usize, usize),
    Flip(usize, usize, u8),
    Overwrite(usize, usize, Vec<u8>),
    Zeros(usize, usize, usize),
    Lost(usize),
}

fn harm() -> impl Strategy<Value = Harm> {
    let (file, place) = (any::<usize>(), any::<usize>());
    prop_oneof![
        (file, place).prop_map(|(f, p)| Harm::Cut(f, p)),
        (file, place, 1_u8..).prop_map(|(f, p, b)| Harm::Flip(f, p, b)),
        (file, place, prop::collection::vec(any::<u8>(), 1..200))
            .prop_map(|(f, p, b)| Harm::Overwrite(f, p, b)),
        (file, place, 1_usize..5000).prop_map(|(f, p, n)| Harm::Zeros(f, p, n)),
        file.prop_map(Harm::Lost),
    ]
}

/// Ranges of bytes that changed.
type Changed = Vec<Range<usize>>;

/// Harms the files; what is left of each, and what changed in it.
fn apply(harms: &[Harm]) -> (Vec<Option<Vec<u8>>>, Vec<Changed>) {
    let original = &FILES.files;
    let mut files: Vec<_> = original
        .iter()
        .map(|(_, bytes)| Some(bytes.clone()))
        .collect();
    let mut harmed = vec![Vec::new(); files.len()];
    for harm in harms {
        let (Harm::Cut(file, _)
        | Harm::Flip(file, ..)
        | Harm::Overwrite(file, ..)
        | Harm::Zeros(file, ..)
        | Harm::Lost(file)) = harm;
        let file = file % files.len();
        let whole = original[file].1.len();
        let Some(bytes) = files[file].as_mut().filter(|bytes| !bytes.is_empty()) else {
            continue;
        };
        let length = bytes.len();
        match harm {
            Harm::Cut(_, at) => {
                bytes.truncate(at % length);
                harmed[file].push(at % length..whole);
            }
            Harm::Flip(_, at, bits) => {
                bytes[at % length] ^= bits;
                harmed[file].push(at % length..at % length + 1);
            }
            Harm::Overwrite(_, at, with) => {
                for (byte, with) in bytes[at % length..].iter_mut().zip(with) {
                    *byte = *with;
                }
                harmed[file].push(at % length..at % length + with.len());
            }
            Harm::Zeros(_, at, count) => {
                bytes[at % length..]
                    .iter_mut()
                    .take(*count)
                    .for_each(|byte| *byte = 0);
                harmed[file].push(at % length..at % length + count);
            }
            Harm::Lost(_) => {
                files[file] = None;
                harmed[file].push(0..whole);
            }
        }
    }
    (files, harmed)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_whole_is_recovered(harms in prop::collection::vec(harm(), 0..6)) {
        let (files, harmed) = apply(&harms);
        let lost_journal = FILES.files.iter().zip(&files).any(|((name, _), bytes)| name.kind == FileKind::Journal && bytes.is_none());
        let mut recovery = Recovery::new();
        for ((name, _), bytes) in FILES.files.iter().zip(&files) {
            if let Some(bytes) = bytes {
                recovery.read(*name, bytes);
            }
        }
        let (recovered, report) = recovery.finish();
        let mut found = BTreeMap::new();
        for recorder in &recovered.recorders {
            for (sequence, read) in &recorder.points {
                prop_assert!(read.same_bits(&point(*sequence)), "invented: {sequence} {read:?}");
                found.insert(Unit::Point(*sequence), ());
            }
            for lane in &recorder.lanes {
                for (number, bytes) in &lane.frames {
                    prop_assert_eq!(bytes, &payload(*number));
                    found.insert(Unit::Frame(*number), ());
                }
            }
        }
        for ((places, harmed), (name, _)) in FILES.places.iter().zip(&harmed).zip(&FILES.files) {
            // Files that are gone from the front were released: segments then add nothing to them.
            if lost_journal && name.kind != FileKind::Journal {
                continue;
            }
            for place in places {
                let whole = !harmed.iter().any(|harmed| harmed.start < place.bytes.end && place.bytes.start < harmed.end);
                if whole {
                    prop_assert!(found.contains_key(&place.unit), "{:?} of {name} is whole and was not found: {report:?}", place);
                }
            }
        }
        if harms.is_empty() {
            prop_assert_eq!(found.len() as u64, POINTS + FRAMES);
            prop_assert_eq!(&report.damage, &[]);
        }
    }
}

#[test]
fn files_hold_what_the_model_needs() {
    let kinds = |kind: fn(FileKind) -> bool| {
        FILES
            .files
            .iter()
            .filter(|(name, _)| kind(name.kind))
            .count()
    };
    assert!(kinds(|kind| kind == FileKind::Journal) >= 2);
    assert!(kinds(|kind| kind == FileKind::Points) >= 2);
    assert!(kinds(|kind| matches!(kind, FileKind::Lane(_))) >= 2);
    let ended = FILES.files.iter().any(|(name, bytes)| {
        matches!(name.kind, FileKind::Lane(_))
            && bytes.chunks(4).any(|word| word == lane::END.to_le_bytes())
    });
    assert!(ended, "no lane went on in a second segment");
    let mut units: Vec<_> = FILES
        .places
        .iter()
        .flatten()
        .map(|place| place.unit)
        .collect();
    units.sort();
    units.dedup();
    assert_eq!(units.len() as u64, POINTS + FRAMES);
    assert!(FILES.places.iter().flatten().any(|place| place.from_start));
}
