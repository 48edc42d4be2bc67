//! The form in which entrenar writes a zip: stored, the first time that the format knows,
//! permissions 0644, no extra field, in the order of all writers. With it every byte of the zip
//! follows from its files.

use super::directory::{CENTRAL, Directory, LOCAL, NotAZip, Record};
use super::{Bytes, Problem, ProblemKind};
use crate::preserve::SHA256SUMS;
use crate::preserve::verify::bag;

/// Length of the record that ends a zip, and of those before it where there is Zip64.
const END: u64 = 22;
const END_64: u64 = 56 + 20;
const END_SIGNATURE: u32 = 0x0605_4b50;

/// Version 1.0 of the format, on Unix (APPNOTE 4.4.2 and 4.4.3).
const NEEDED: u16 = 10;
const MADE_BY: u16 = 3 << 8 | NEEDED;
/// The name is UTF-8 (APPNOTE 4.4.4, bit 11).
const UTF_8: u16 = 1 << 11;
/// 1980-01-01.
const DATE: u16 = 1 << 5 | 1;
const ATTRIBUTES: u32 = 0o100_644 << 16;
const LOCAL_LENGTH: u64 = 30;

/// Compares the bytes outside the files with those that entrenar writes. Where no file has our
/// headers, another program wrote the zip, and that is a note.
pub(super) fn check(
    bytes: &Bytes,
    directory: &Directory,
    problems: &mut Vec<Problem>,
    notes: &mut Vec<String>,
) -> Result<(), NotAZip> {
    let tail = bytes.length() - directory.end;
    let is_whole = |tail: u64| tail.checked_sub(directory.comment);
    let wide = is_whole(tail) == Some(END + END_64);
    if !wide && is_whole(tail) != Some(END) {
        problems.push(layout(
            "",
            "there are bytes behind the directory that belong to nothing",
            directory.end,
        ));
        return Ok(());
    }
    let mut others = Vec::new();
    let mut ours = 0_usize;
    for record in &directory.records {
        if is_canonical(bytes, record)? {
            ours += 1;
        } else if !is_large(record) {
            others.push(record);
        }
    }
    if ours == 0 {
        if !directory.records.is_empty() {
            notes.push(
                "another program wrote the zip: of what is around its files, only that nothing \
                 is hidden there was checked"
                    .to_owned(),
            );
        }
        return Ok(());
    }
    problems.extend(others.into_iter().map(|record| {
        layout(
            &record.name,
            "its headers are not as entrenar writes them",
            record.offset,
        )
    }));
    let mut pairs = directory
        .records
        .iter()
        .zip(directory.records.iter().skip(1));
    if let Some((_, second)) =
        pairs.find(|(one, two)| order(&one.name) >= order(&two.name) || one.offset >= two.offset)
    {
        problems.push(layout(
            &second.name,
            "the files are not in the order in which entrenar writes them",
            second.offset,
        ));
    }
    if !wide && bytes.read(directory.end, tail)? != end(directory) {
        problems.push(layout(
            "",
            "the end of the directory is not as entrenar writes it",
            directory.end,
        ));
    }
    Ok(())
}

fn layout(file: &str, message: &str, at: u64) -> Problem {
    Problem::new(ProblemKind::Layout, file, message).at(format!("byte {at}"))
}

/// Its sizes need fields that the check of the directory compares, and no other.
fn is_large(record: &Record) -> bool {
    let limit = u64::from(u32::MAX);
    record.size >= limit || record.offset >= limit
}

/// Where a file stands: by path, the checksums behind all that they list, a bag's own files last.
fn order(name: &str) -> (bool, bool, bool, &str) {
    let last = name.rsplit('/').next().unwrap_or(name);
    let is_tag = bag::is_tag_file(last) && !name.contains(bag::PAYLOAD);
    let is_manifest_of_tags = last.starts_with("tagmanifest") && is_tag;
    (
        is_tag,
        is_manifest_of_tags,
        last == SHA256SUMS && is_sums(name),
        name,
    )
}

/// The list at the top of the crate, not one among its attachments.
fn is_sums(name: &str) -> bool {
    let folder = name.strip_suffix(SHA256SUMS).unwrap_or_default();
    folder.is_empty() || folder.ends_with(bag::PAYLOAD)
}

/// The fields that both headers have.
fn common(record: &Record) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(26);
    let flags = if record.raw_name.is_ascii() { 0 } else { UTF_8 };
    for number in [NEEDED, flags, 0, 0, DATE] {
        out.extend(number.to_le_bytes());
    }
    let size = u32::try_from(record.size).ok()?;
    for number in [record.crc, size, size] {
        out.extend(number.to_le_bytes());
    }
    out.extend(u16::try_from(record.raw_name.len()).ok()?.to_le_bytes());
    out.extend([0, 0]);
    Some(out)
}

fn is_canonical(bytes: &Bytes, record: &Record) -> Result<bool, NotAZip> {
    let (Some(common), Ok(offset)) = (common(record), u32::try_from(record.offset)) else {
        return Ok(false);
    };
    let mut central = CENTRAL.to_le_bytes().to_vec();
    central.extend(MADE_BY.to_le_bytes());
    central.extend(&common);
    central.extend([0; 6]);
    central.extend(ATTRIBUTES.to_le_bytes());
    central.extend(offset.to_le_bytes());
    central.extend(&record.raw_name);
    if record.header != central {
        return Ok(false);
    }
    let mut local = LOCAL.to_le_bytes().to_vec();
    local.extend(common);
    let length = LOCAL_LENGTH.min(bytes.length().saturating_sub(record.offset));
    Ok(bytes.read(record.offset, length)? == local)
}

/// The record that ends a zip without Zip64 (APPNOTE 4.3.16).
fn end(directory: &Directory) -> Vec<u8> {
    let mut out = END_SIGNATURE.to_le_bytes().to_vec();
    out.extend([0; 4]);
    let count = u16::try_from(directory.records.len()).unwrap_or(u16::MAX);
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    for number in [directory.end - directory.start, directory.start] {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        out.extend(number.to_le_bytes());
    }
    out.extend([0, 0]);
    out
}
