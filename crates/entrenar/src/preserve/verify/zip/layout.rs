//! Where everything in a zip lies: no byte is outside a file, its headers and the directory.

use super::directory::{DESCRIPTOR, Directory, Fields, LOCAL, NotAZip, Record, ZIP64};
use super::{Bytes, Problem, ProblemKind};

const LOCAL_LENGTH: u64 = 30;
const DESCRIPTOR_SIGNATURE: u32 = 0x0807_4b50;

/// What a file takes of the zip.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    start: u64,
    end: u64,
    /// Where its bytes begin; `None` where its header cannot be used.
    pub(super) data: Option<u64>,
}

/// Compares each file's own header with the directory, and looks for bytes that belong to
/// nothing and for files that overlap.
pub(super) fn check(
    bytes: &Bytes,
    directory: &Directory,
    problems: &mut Vec<Problem>,
    notes: &mut Vec<String>,
) -> Result<Vec<Span>, NotAZip> {
    let mut spans = Vec::with_capacity(directory.records.len());
    for record in &directory.records {
        if String::from_utf8(record.raw_name.clone()).is_err() {
            problems.push(Problem::new(
                ProblemKind::Name,
                &record.name,
                "the name is not UTF-8",
            ));
        }
        match local(bytes, directory, record)? {
            Ok(span) => spans.push(span),
            Err(message) => {
                problems.push(Problem::new(ProblemKind::Layout, &record.name, message));
                spans.push(Span {
                    start: record.offset,
                    end: record.offset,
                    data: None,
                });
            }
        }
    }
    gaps(directory, &spans, problems);
    super::canonical::check(bytes, directory, problems, notes)?;
    Ok(spans)
}

/// The file's own header, which must say what the directory says.
fn local(
    bytes: &Bytes,
    directory: &Directory,
    record: &Record,
) -> Result<Result<Span, String>, NotAZip> {
    let outside = || Ok(Err("it lies outside the zip".to_owned()));
    let limit = directory.start;
    if record
        .offset
        .checked_add(LOCAL_LENGTH)
        .is_none_or(|end| end > limit)
    {
        return outside();
    }
    let head = bytes.read(record.offset, LOCAL_LENGTH)?;
    let mut fields = Fields(&head);
    let mut read = || {
        let signature = fields.u32()?;
        fields.u16()?;
        let (flags, method) = (fields.u16()?, fields.u16()?);
        let (time, date) = (fields.u16()?, fields.u16()?);
        let (crc, packed, size) = (fields.u32()?, fields.u32()?, fields.u32()?);
        let (name, extra) = (fields.u16()?, fields.u16()?);
        Some((
            signature,
            [flags, method, time, date],
            crc,
            [packed, size],
            name,
            extra,
        ))
    };
    let Some((LOCAL, common, crc, [packed, size], name_length, extra_length)) = read() else {
        return Ok(Err("the header before it is broken".into()));
    };
    let rest = u64::from(name_length) + u64::from(extra_length);
    let data = record.offset + LOCAL_LENGTH + rest;
    let Some(mut end) = data.checked_add(record.packed).filter(|end| *end <= limit) else {
        return outside();
    };
    if data > limit {
        return outside();
    }
    let name = bytes.read(record.offset + LOCAL_LENGTH, name_length.into())?;
    let extra = bytes.read(
        record.offset + LOCAL_LENGTH + u64::from(name_length),
        extra_length.into(),
    )?;
    if name != record.raw_name {
        return Ok(Err(format!(
            "the header before it has another name: {:?}",
            String::from_utf8_lossy(&name)
        )));
    }
    let said = [record.flags, record.method, record.time, record.date];
    let differs = || {
        Ok(Err(
            "the header before it and the directory differ".to_owned()
        ))
    };
    if common != said {
        return differs();
    }
    let (mut wide_size, mut wide_packed) = (u64::from(size), u64::from(packed));
    let mut extra = Fields(&extra);
    while extra.0.len() >= 4 {
        let mut part = || {
            let (id, length) = (extra.u16()?, extra.u16()?);
            Some((id, extra.bytes(length.into())?))
        };
        let Some((id, part)) = part() else {
            return Ok(Err("the header before it is broken".into()));
        };
        if id == ZIP64 {
            let mut part = Fields(part);
            for (value, narrow) in [(&mut wide_size, size), (&mut wide_packed, packed)] {
                if narrow == u32::MAX {
                    *value = part.u64().unwrap_or(u64::MAX);
                }
            }
        }
    }
    let sizes = (crc, wide_packed, wide_size);
    if record.flags & DESCRIPTOR == 0 {
        if sizes != (record.crc, record.packed, record.size) {
            return differs();
        }
    } else {
        let unknown = sizes == (0, 0, 0) || sizes == (record.crc, record.packed, record.size);
        match descriptor(bytes, record, end, limit)? {
            Some(length) if unknown => end += length,
            _ => return Ok(Err("the record behind it and the directory differ".into())),
        }
    }
    Ok(Ok(Span {
        start: record.offset,
        end,
        data: Some(data),
    }))
}

/// The length of the data descriptor at `at` (APPNOTE 4.3.9), if it is that of the file.
fn descriptor(bytes: &Bytes, record: &Record, at: u64, limit: u64) -> Result<Option<u64>, NotAZip> {
    let (crc, packed, size) = (record.crc, record.packed, record.size);
    for (signed, wide) in [(true, false), (true, true), (false, false), (false, true)] {
        let length = 4 * u64::from(signed) + if wide { 20 } else { 12 };
        if at.checked_add(length).is_none_or(|end| end > limit) {
            continue;
        }
        let data = bytes.read(at, length)?;
        let mut fields = Fields(&data);
        let mut matches = || {
            if signed && fields.u32()? != DESCRIPTOR_SIGNATURE {
                return None;
            }
            let found = if wide {
                (fields.u32()?, fields.u64()?, fields.u64()?)
            } else {
                (fields.u32()?, fields.u32()?.into(), fields.u32()?.into())
            };
            (found == (crc, packed, size)).then_some(())
        };
        if matches().is_some() {
            return Ok(Some(length));
        }
    }
    Ok(None)
}

/// Bytes that belong to nothing, and files that share bytes.
fn gaps(directory: &Directory, spans: &[Span], problems: &mut Vec<Problem>) {
    if spans.iter().any(|span| span.data.is_none()) {
        // Where the others end is not known.
        return;
    }
    let mut sorted: Vec<_> = spans.iter().zip(&directory.records).collect();
    sorted.sort_by_key(|(span, _)| (span.start, span.end));
    let mut at = 0;
    let mut hidden = |from: u64, to: u64| {
        let message = format!("{} bytes belong to no file", to - from);
        problems.push(
            Problem::new(ProblemKind::Layout, "", message)
                .at(format!("byte {from}"))
                .hint("they may hide something; do not trust the zip"),
        );
    };
    let mut overlaps = Vec::new();
    for (span, record) in sorted {
        if span.start > at {
            hidden(at, span.start);
        }
        if span.start < at {
            overlaps.push(Problem::new(
                ProblemKind::Layout,
                &record.name,
                "it shares bytes with the file before it",
            ));
        }
        at = at.max(span.end);
    }
    if directory.start > at {
        hidden(at, directory.start);
    }
    problems.append(&mut overlaps);
    if directory.comment > 0 {
        problems.push(Problem::new(
            ProblemKind::Layout,
            "",
            format!("the zip has a comment of {} bytes", directory.comment),
        ));
    }
}
