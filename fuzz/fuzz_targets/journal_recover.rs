//! Recovery of journal files and segments of any bytes: no panic, nothing invented, the same result twice.
//!
//! The input is a list of harms to a small journal written by hand, and bytes of its own as further
//! files. The reference model: a point or frame that is found was written, or came in the input's own bytes.
#![no_main]

use std::collections::BTreeSet;

use entrenar_journal::layout::{file, frame, slot};
use entrenar_journal::{FileKind, FileName, RecorderId, Recovery};
use libfuzzer_sys::fuzz_target;

const ID: RecorderId = RecorderId([7; 16]);
const POINTS: u64 = 12;

fn crc(parts: &[&[u8]]) -> u32 {
    parts.iter().fold(0, |seed, part| crc32c::crc32c_append(seed, part))
}

/// A slot by the layout's offsets alone.
fn point(sequence: u64) -> [u8; slot::SIZE] {
    let mut bytes = [0; slot::SIZE];
    bytes[slot::SEQUENCE..][..8].copy_from_slice(&sequence.to_le_bytes());
    bytes[slot::SERIES..][..4].copy_from_slice(&1_u32.to_le_bytes());
    bytes[slot::VALUE..][..8].copy_from_slice(&(sequence as f64).to_le_bytes());
    let checksum = crc(&[&ID.0, &bytes[..slot::CHECKSUM]]);
    bytes[slot::CHECKSUM..][..4].copy_from_slice(&checksum.to_le_bytes());
    bytes[slot::MARK..][..4].copy_from_slice(&slot::PUBLISHED.to_le_bytes());
    bytes
}

fn add_frame(out: &mut Vec<u8>, number: u64, kind: u32, payload: &[u8]) {
    let mut head = [0; frame::SIZE];
    head[frame::MAGIC..][..4].copy_from_slice(&frame::MAGIC_VALUE.to_le_bytes());
    head[frame::KIND..][..4].copy_from_slice(&kind.to_le_bytes());
    head[frame::LENGTH..][..4].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    head[frame::PAYLOAD_CHECKSUM..][..4].copy_from_slice(&crc(&[payload]).to_le_bytes());
    head[frame::NUMBER..][..8].copy_from_slice(&number.to_le_bytes());
    let checksum = crc(&[&ID.0, &0_u64.to_le_bytes(), &head[..frame::CHECKSUM]]);
    head[frame::CHECKSUM..][..4].copy_from_slice(&checksum.to_le_bytes());
    out.extend_from_slice(&head);
    out.extend_from_slice(payload);
    out.resize(out.len().next_multiple_of(8), 0);
}

/// A journal file; where each of its points lies.
fn journal() -> (Vec<u8>, Vec<usize>) {
    let mut bytes = vec![0; file::SIZE];
    let mut places = Vec::new();
    for number in 0..4_u64 {
        let points: Vec<u8> = (number * 3..number * 3 + 3).flat_map(point).collect();
        places.extend((0..3).map(|at| bytes.len() + frame::SIZE + at * slot::SIZE));
        add_frame(&mut bytes, number, frame::POINTS, &points);
    }
    (bytes, places)
}

fuzz_target!(|data: &[u8]| {
    let (mut bytes, places) = journal();
    let (harms, rest) = data.split_at(data.len().min(40));
    let mut harmed = BTreeSet::new();
    for harm in harms.chunks_exact(4) {
        let at = usize::from(u16::from_le_bytes([harm[0], harm[1]])) % bytes.len();
        // One in sixteen cuts the file; the others change a byte.
        if harm[2] % 16 == 0 {
            harmed.extend(at..bytes.len());
            bytes[at..].fill(0);
        } else {
            bytes[at] ^= harm[3];
            harmed.insert(at);
        }
    }
    let run = || {
        let mut recovery = Recovery::new();
        recovery.read(FileName { recorder: ID, kind: FileKind::Journal, number: 0 }, &bytes);
        // Files of another recorder, and so without an influence on the first.
        let other = RecorderId([9; 16]);
        recovery.read(FileName { recorder: other, kind: FileKind::Journal, number: 1 }, rest);
        recovery.read(FileName { recorder: other, kind: FileKind::Points, number: 0 }, rest);
        recovery.read(FileName { recorder: other, kind: FileKind::Lane(0), number: 0 }, rest);
        recovery.finish()
    };
    let (recovered, report) = run();
    let (again, report_again) = run();
    assert_eq!(report, report_again);
    let debug = |recovered: &entrenar_journal::Recovered| format!("{recovered:?}");
    assert_eq!(debug(&recovered), debug(&again));
    let found = recovered.recorders.iter().find(|recorder| recorder.id == ID).unwrap();
    let mut sequences = BTreeSet::new();
    for (sequence, found) in &found.points {
        assert!(*sequence < POINTS, "invented {sequence}");
        assert_eq!(found.value, *sequence as f64);
        sequences.insert(*sequence);
    }
    for (sequence, place) in (0..).zip(places) {
        if harmed.range(place..place + slot::SIZE).next().is_none() {
            assert!(sequences.contains(&sequence), "{sequence} is whole and was not found");
        }
    }
});
