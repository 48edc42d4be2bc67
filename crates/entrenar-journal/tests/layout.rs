//! `docs/journal-format.md` draws the bytes that the code writes.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use entrenar_journal::layout::{VERSION, file, frame, lane, lane_frame, mark, seal, segment, slot};

/// Rows (offset, field) of the table behind `<!-- name -->`.
fn table<'a>(page: &'a str, name: &str) -> Vec<(usize, &'a str)> {
    let start = page.find(&format!("<!-- {name} -->\n")).unwrap();
    let table = page[start..]
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('|'));
    let rows = table.skip(2).map(|row| {
        let mut cells = row.split('|').map(str::trim).skip(1);
        (
            cells.next().unwrap().parse().unwrap(),
            cells.next().unwrap(),
        )
    });
    rows.collect()
}

macro_rules! rows {
    ($module:ident: $($field:ident)*) => { vec![$(($module::$field, stringify!($field))),*] };
}

#[test]
fn the_page_draws_the_constants() {
    let page = include_str!("../../../docs/journal-format.md");
    assert!(page.contains(&format!("version {VERSION}.")));
    let drawn = [
        (
            "slot",
            rows!(slot: SEQUENCE SERIES FLAGS STEP VALUE MICROS EPOCH RESERVED CHECKSUM MARK SIZE),
        ),
        (
            "segment",
            rows!(segment: MAGIC VERSION KIND RECORDER NUMBER CAPACITY STARTED PID LANE DROPPED
            CHECKSUM RESERVED SEAL_COUNT SEAL_CHECKSUM SEAL_MARK SIZE),
        ),
        ("lane", rows!(lane: LENGTH CHECKSUM NUMBER SIZE)),
        (
            "file",
            rows!(file: MAGIC VERSION PID RECORDER NUMBER STARTED SLOTS CHECKSUM RESERVED SIZE),
        ),
        (
            "frame",
            rows!(frame: MAGIC KIND LENGTH PAYLOAD_CHECKSUM NUMBER CHECKSUM RESERVED SIZE),
        ),
        ("lane_frame", rows!(lane_frame: LANE RESERVED NUMBER SIZE)),
        ("mark", rows!(mark: COPIED DROPPED EXCEPTIONS LANES SIZE)),
        ("seal", rows!(seal: COUNT DROPPED SIZE)),
    ];
    for (name, constants) in drawn {
        assert_eq!(table(page, name), constants, "{name}");
    }
    let kinds: Vec<(u32, &str)> = rows!(frame: POINTS LATE_POINTS LANE MARK PLACE SEAL);
    for (kind, name) in kinds {
        assert!(
            page.contains(&format!("| {kind} {name} |")),
            "{kind} {name}"
        );
    }
    for (text, value) in [
        ("PNT!", slot::PUBLISHED),
        ("SEAL", segment::SEALED),
        ("FRM!", frame::MAGIC_VALUE),
    ] {
        assert_eq!(value.to_le_bytes(), text.as_bytes());
        assert!(page.contains(&format!("| `{text}` |")));
    }
}
